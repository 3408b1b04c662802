"""Write a notice for a test, as a use case would owe it."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select, update

from core.db.notices import Owed, owe
from core.db.tables import notices
from core.db.unit import Database
from core.rules.notices import Audience, NoticeKind, audience_of
from core.rules.states import NoticeState, PackState, SeatState
from tests.builders import Pair, a_pair, row_of


async def a_pair_in_grace(db: Database, **pair: Any) -> Pair:
    """A student whose one session is used, in grace for three days."""
    return await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED, **pair)


async def a_notice(
    db: Database, pair: Pair, kind: NoticeKind, subject_id: int, *, cycle: int = 1, due_at: datetime | None = None
) -> int:
    """A notice of this kind to whom it goes, due now."""
    to = {Audience.STUDENT: pair.student.id, Audience.MENTOR: pair.mentor.id, Audience.STAFF: None}[audience_of(kind)]
    async with db.begin() as tx:
        await tx.run(owe(tx, pair.community.id, Owed(kind, subject_id, to, cycle, due_at)))
        notice_id: int = await tx.value(
            select(notices.c.id).where(
                notices.c.kind == kind, notices.c.subject_id == subject_id, notices.c.cycle == cycle
            )
        )
        return notice_id


async def notice(db: Database, notice_id: int) -> RowMapping:
    return await row_of(db, notices, notice_id)


async def states(db: Database) -> dict[NoticeKind, NoticeState]:
    async with db.look() as tx:
        rows = await tx.all(select(notices.c.kind, notices.c.state))
    return {row["kind"]: row["state"] for row in rows}


async def at_attempt(db: Database, notice_id: int, attempts: int) -> None:
    """The notice as so many failed attempts leave it."""
    async with db.begin() as tx:
        await tx.run(update(notices).where(notices.c.id == notice_id).values(attempts=attempts))
