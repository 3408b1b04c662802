"""Which private thread is a pair's (rule 33)."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select, update

from core.db.tables import communities, members, seats
from core.db.unit import Transaction
from core.rules.states import SeatState


async def seats_of_pair(
    tx: Transaction, community_id: int, student_user_id: int, mentor_id: int
) -> Sequence[RowMapping]:
    """The pair's seats with their threads, the live one first, then the latest; and where threads are opened."""
    return await tx.all(
        select(seats.c.id, seats.c.thread_id, communities.c.sessions_channel_id)
        .join(members, members.c.id == seats.c.student_id)
        .join(communities, communities.c.id == seats.c.community_id)
        .where(
            seats.c.community_id == community_id,
            seats.c.mentor_id == mentor_id,
            members.c.user_id == student_user_id,
        )
        .order_by(seats.c.state == SeatState.RELEASED, seats.c.id.desc())
    )


async def note_thread(tx: Transaction, seat_id: int, before: int | None, opened: int) -> int:
    """The seat's thread: the one that was opened, unless another was noted since `before` was read."""
    noted = await tx.run(
        update(seats)
        .where(seats.c.id == seat_id, seats.c.thread_id.is_not_distinct_from(before))
        .values(thread_id=opened)
    )
    if noted.rowcount == 1:
        return opened
    other: int | None = await tx.value(select(seats.c.thread_id).where(seats.c.id == seat_id))
    return other or opened
