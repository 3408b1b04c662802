"""A member who is no longer in the guild, as Discord's errors tell: nothing changes, and who works with them hears it.

Without the members intent nobody else says so (rule 39).
"""

from sqlalchemy import exists, select, update

from core.db.history import SYSTEM, Change, record
from core.db.notices import Owed, owe
from core.db.roles import ask_for_roles_of_student
from core.db.tables import communities, members, mentors, seats
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind, cycle_at
from core.rules.seats import PAID_FOR


@transaction
async def note_gone(tx: Transaction, member_id: int) -> bool:
    """Whether that is news. Each mentor with whom they have a seat is told, and staff; of a mentor staff alone.

    Not while the bot itself is out of the guild: then Discord says the same of everybody.
    """
    here = exists().where(communities.c.id == members.c.community_id, communities.c.left_at.is_(None))
    community_id: int | None = await tx.value(
        update(members)
        .where(members.c.id == member_id, members.c.gone_at.is_(None), here)
        .values(gone_at=tx.now)
        .returning(members.c.community_id)
    )
    if community_id is None:
        return False
    living = await tx.all(
        select(seats.c.id, seats.c.mentor_id)
        .where(seats.c.student_id == member_id, seats.c.state.in_(list(PAID_FOR)))
        .order_by(seats.c.id)
    )
    cycle = cycle_at(tx.now)
    told = [Owed(NoticeKind.STUDENT_GONE, seat["id"], seat["mentor_id"], cycle) for seat in living]
    told += [Owed(NoticeKind.STUDENT_GONE_STAFF, seat["id"], None, cycle) for seat in living]
    if await tx.value(
        select(mentors.c.member_id).where(mentors.c.member_id == member_id, mentors.c.removed_at.is_(None))
    ):
        told.append(Owed(NoticeKind.MENTOR_GONE_STAFF, member_id, None, cycle))
    await tx.write_all(
        record(community_id, tx.now, SYSTEM, Change("member", member_id, "here", "gone", "leave")),
        *([owe(tx, community_id, *told)] if told else []),
    )
    return True


async def note_seen(tx: Transaction, community_id: int, member_id: int) -> None:
    """Who was called gone is here: they did something. Their roles are looked at, as Discord took them.

    Their direct messages were closed to us as they were gone: they are tried again.
    """
    await tx.write_all(
        update(members).where(members.c.id == member_id).values(gone_at=None, dm_closed_at=None),
        ask_for_roles_of_student(tx, member_id),
        record(community_id, tx.now, SYSTEM, Change("member", member_id, "gone", "here", "come back")),
    )
