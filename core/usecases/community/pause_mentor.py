"""A mentor takes a break, and comes back (rule 39)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, select

from core.db.history import Change, by_member, record
from core.db.mentors import mentor_to_manage, paid_seats_of, pause_mentor_row
from core.db.notices import Owed, owe
from core.db.seats import lock_members
from core.db.tables import sessions
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind, cycle_at
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import SessionState
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.community.let_run import let_run


@dataclass(frozen=True, slots=True)
class Paused:
    """`booked` sessions take place all the same."""

    name: str
    students: int
    booked: int


@dataclass(frozen=True, slots=True)
class Resumed:
    name: str
    students: int
    since: datetime


@transaction
async def pause_mentor(tx: Transaction, asker: Asker, mentor_id: int) -> Paused | Refused:
    """No checkouts, offers or bookings from now on; booked sessions stay; expiry and grace stop. Students are told."""
    found = await staff_and_mentor(tx, asker, mentor_id)
    if isinstance(found, Refused):
        return found
    who, mentor = found
    if not await pause_mentor_row(tx, mentor_id, tx.now):
        return refuse(Reason.ALREADY_PAUSED, mentor=mentor["name"], since=mentor["paused_at"])
    living = await paid_seats_of(tx, mentor_id)
    booked: int = await tx.value(
        select(func.count())
        .select_from(sessions)
        .where(
            sessions.c.mentor_id == mentor_id,
            sessions.c.state == SessionState.SCHEDULED,
            sessions.c.starts_at > tx.now,
        )
    )
    cycle = cycle_at(tx.now)
    told = [Owed(NoticeKind.MENTOR_PAUSED, seat["id"], seat["student_id"], cycle) for seat in living]
    change = Change("mentor", mentor_id, "active", "paused", "pause")
    await tx.write_all(
        record(who.community_id, tx.now, by_member(who.member_id), change),
        *([owe(tx, who.community_id, *told)] if told else []),
    )
    return Paused(mentor["name"], len(living), booked)


@transaction
async def resume_mentor(tx: Transaction, asker: Asker, mentor_id: int) -> Resumed | Refused:
    """The mentor can be booked again, and nobody lost a minute. Students are told."""
    found = await staff_and_mentor(tx, asker, mentor_id)
    if isinstance(found, Refused):
        return found
    who, mentor = found
    if mentor["paused_at"] is None:
        return refuse(Reason.NOT_PAUSED)
    students = await let_run(tx, mentor, by_member(who.member_id))
    if students is None:
        return refuse(Reason.NOT_PAUSED)
    return Resumed(mentor["name"], students, mentor["paused_at"])


async def staff_and_mentor(tx: Transaction, asker: Asker, mentor_id: int) -> tuple[Known, RowMapping] | Refused:
    """Staff who manage this mentor, and the mentor, about whose pairs nobody else decides from now on."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    await lock_members(tx, mentor_id)
    mentor = await mentor_to_manage(tx, who.community_id, mentor_id)
    if mentor is None:
        return refuse(Reason.UNKNOWN_MENTOR)
    return who, mentor
