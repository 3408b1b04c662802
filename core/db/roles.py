"""The mentor's student role: which seats are to be brought in line with Discord, and what was brought (rule 12).

`seats.role_due_at` says that the student's role may not be as the seat says. It is set in the statement that moves the
seat, and cleared by whoever made the role right, unless it was set again meanwhile. `seats.role_id` is the role that
the student may have by this seat: it is written down before it is given.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Case, ColumnElement, Exists, RowMapping, Select, case, exists, literal, null, or_, select, update
from sqlalchemy.sql.dml import Update

from core.db.due import LEASE_FOR
from core.db.notices import later_than
from core.db.tables import communities, members, mentors, notices, seats
from core.db.types import UtcDateTime
from core.db.unit import Transaction
from core.rules.notices import NoticeKind
from core.rules.seats import PAID_FOR
from core.rules.states import SeatState

_LIVE = list(PAID_FOR)


def role_due_when_taken(mentor_id: int, state: SeatState, now: datetime) -> ColumnElement[Any]:
    """What a new seat says."""
    if state not in PAID_FOR:
        return null()
    return case((_has_role(literal(mentor_id)), literal(now, UtcDateTime)), else_=null())


def role_due_when_moved(after: SeatState, now: datetime) -> ColumnElement[Any]:
    """What a seat says that moves to this state: due now, if there is a role to give or to take."""
    there_is: ColumnElement[bool] = seats.c.role_id.is_not(None)
    if after in PAID_FOR:
        there_is = or_(there_is, _has_role(seats.c.mentor_id))
    moved: Case[Any] = case((there_is, literal(now, UtcDateTime)), else_=seats.c.role_due_at)
    return moved


def _has_role(mentor_id: ColumnElement[int]) -> Exists:
    return exists().where(mentors.c.member_id == mentor_id, mentors.c.student_role_id.is_not(None))


def ask_for_roles_of(tx: Transaction, mentor_id: int) -> Update:
    """The write after which the roles of all this mentor's students are looked at."""
    of_mentor = seats.c.mentor_id == mentor_id
    return _ask(tx).where(of_mentor, or_(seats.c.state.in_(_LIVE), seats.c.role_id.is_not(None)))


def ask_for_roles_in(tx: Transaction, community_id: int | Select[tuple[int]]) -> Update:
    """The write after which roles that wait in this community are tried now. It is named by its id, or by a query."""
    here = seats.c.community_id.in_([community_id] if isinstance(community_id, int) else community_id)
    return _ask(tx).where(here, seats.c.role_due_at.is_not(None))


def ask_for_roles_of_student(tx: Transaction, student_id: int) -> Update:
    """The write after which this student's roles are looked at, with whichever mentors."""
    has_role = _has_role(seats.c.mentor_id)
    return _ask(tx).where(seats.c.student_id == student_id, seats.c.state.in_(_LIVE), has_role)


def ask_for_same_role(tx: Transaction, seat_id: int, student_id: int, role_id: int) -> Update:
    """The write after which other seats that give the student this role are looked at: it may just have been taken."""
    gives_it = exists().where(mentors.c.member_id == seats.c.mentor_id, mentors.c.student_role_id == role_id)
    return _ask(tx).where(seats.c.id != seat_id, seats.c.student_id == student_id, seats.c.state.in_(_LIVE), gives_it)


def forget_role(community_id: int, role_id: int) -> Update:
    """The write after which nobody has this role by a seat: Discord took it from all when it was deleted."""
    return update(seats).where(seats.c.community_id == community_id, seats.c.role_id == role_id).values(role_id=None)


def _ask(tx: Transaction) -> Update:
    return update(seats).values(role_due_at=tx.now, role_attempts=0)


async def claim_roles(tx: Transaction, after: tuple[datetime, int] | None, limit: int) -> Sequence[RowMapping]:
    """Seats whose role is due, this caller's for as long as a lease: (id, at)."""
    at, key = seats.c.role_due_at, seats.c.id
    rows = await tx.all(
        select(key, at.label("at"))
        .where(at <= tx.now, later_than(at, key, after))
        .order_by(at, key)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if rows:
        ids = [row["id"] for row in rows]
        await tx.run(update(seats).where(key.in_(ids)).values(role_due_at=tx.now + LEASE_FOR))
    return rows


async def role_of_seat(tx: Transaction, seat_id: int) -> RowMapping | None:
    """What the seat's role was and is to be; None if it is not due. `kept` by another seat of the student's."""
    other, its_mentor = seats.alias("other"), mentors.alias("its_mentor")
    kept = (
        exists()
        .where(
            other.c.student_id == seats.c.student_id,
            other.c.id != seats.c.id,
            other.c.state.in_(_LIVE),
            its_mentor.c.member_id == other.c.mentor_id,
            its_mentor.c.removed_at.is_(None),
            its_mentor.c.student_role_id == seats.c.role_id,
        )
        .correlate(seats)
    )
    return await tx.one(
        select(
            seats,
            mentors.c.student_role_id,
            mentors.c.removed_at,
            members.c.user_id,
            communities.c.guild_id,
            communities.c.left_at,
            kept.label("kept"),
        )
        .join(mentors, mentors.c.member_id == seats.c.mentor_id)
        .join(members, members.c.id == seats.c.student_id)
        .join(communities, communities.c.id == seats.c.community_id)
        .where(seats.c.id == seat_id, seats.c.role_due_at.is_not(None))
    )


async def note_role(tx: Transaction, seat_id: int, role_id: int | None) -> None:
    """From now on the student may have this role by this seat, and no other."""
    await tx.run(update(seats).where(seats.c.id == seat_id).values(role_id=role_id))


async def end_role(tx: Transaction, seat_id: int, due_at: datetime) -> None:
    """The role is as the seat says, unless that changed since `due_at` was read.

    If another's work came between ours and this, nobody knows whose call reached Discord last: it is looked at again.
    """
    mine = update(seats).where(seats.c.id == seat_id, seats.c.role_due_at == due_at)
    if (await tx.run(mine.values(role_due_at=None, role_attempts=0))).rowcount == 0:
        await tx.run(_ask(tx).where(seats.c.id == seat_id, seats.c.role_due_at.is_(None)))


async def put_off_role(tx: Transaction, seat_id: int, due_at: datetime, pause: timedelta) -> None:
    """The role is tried again after this pause, or at once if the seat moved meanwhile."""
    await tx.run(
        update(seats)
        .where(seats.c.id == seat_id, seats.c.role_due_at == due_at)
        .values(role_due_at=tx.now + pause, role_attempts=seats.c.role_attempts + 1)
    )


async def staff_know_of_role(tx: Transaction, mentor_id: int, since: datetime) -> bool:
    """Whether staff were told since then that this mentor's role cannot be changed."""
    told = exists().where(
        notices.c.kind == NoticeKind.ROLE_FAILED_STAFF,
        notices.c.subject_id == seats.c.id,
        notices.c.created_at >= since,
        seats.c.mentor_id == mentor_id,
    )
    return bool(await tx.value(select(told)))
