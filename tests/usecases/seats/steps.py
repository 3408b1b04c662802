"""What must have happened before a seat is released."""

from sqlalchemy import insert, select

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.states import Channel, NoticeState


async def warn(
    db: Database, seat_id: int, state: NoticeState = NoticeState.DELIVERED, channel: Channel = Channel.DM
) -> None:
    """The final warning of the seat's present grace went this way."""
    async with db.begin() as tx:
        seat = (await tx.run(select(tables.seats).where(tables.seats.c.id == seat_id))).mappings().one()
        await tx.run(
            insert(tables.notices).values(
                community_id=seat["community_id"],
                kind=NoticeKind.FINAL_WARNING,
                subject_id=seat_id,
                cycle=seat["grace_number"],
                to_member_id=seat["student_id"],
                state=state,
                channel=channel,
                due_at=tx.now,
                next_attempt_at=tx.now,
                created_at=tx.now,
            )
        )
