"""Release a student's seat at once, by staff's word (rule 12): what is booked is cancelled, what is left is kept."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, func, select

from core.db.history import Change, by_member, note
from core.db.notices import Owed, owe
from core.db.orders import order_of_pair
from core.db.seats import lock_members, move_seat, seat_of
from core.db.tables import packs, sessions
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import PAID_FOR, SeatEvent, after
from core.rules.states import FreezeCause, SeatState, SessionState
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.packs.freeze import Stop, future_sessions, stop_pair
from core.usecases.reason import tidy_reason


@dataclass(frozen=True, slots=True)
class ReleasePreview:
    """What a release would do: `canceled` sessions to come, `kept` left afterwards, `waiting` for their outcome."""

    seat_id: int
    student_name: str
    mentor_name: str
    reason: str
    canceled: int
    kept: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ReleasedByStaff:
    seat_id: int
    student_name: str
    mentor_name: str
    canceled: int
    kept: int


@transaction
async def preview_release(tx: Transaction, asker: Asker, seat_id: int, reason: str) -> ReleasePreview | Refused:
    """What `release_by_staff` would do now, or why it would refuse. Nothing is changed."""
    wish = await _wish(tx, asker, seat_id, reason)
    if isinstance(wish, Refused):
        return wish
    of_pair = (sessions.c.student_id == wish.seat["student_id"]) & (sessions.c.mentor_id == wish.seat["mentor_id"])
    scheduled: int = await tx.value(
        select(func.count()).select_from(sessions).where(of_pair, sessions.c.state == SessionState.SCHEDULED)
    )
    to_come = len(await tx.all(future_sessions(tx, wish.seat["student_id"], wish.seat["mentor_id"])))
    return ReleasePreview(
        seat_id=seat_id,
        student_name=wish.seat["student_name"],
        mentor_name=wish.seat["mentor_name"],
        reason=wish.reason,
        canceled=to_come,
        kept=to_come + await _left(tx, wish.seat),
        waiting=scheduled - to_come,
    )


@transaction
async def release_by_staff(tx: Transaction, asker: Asker, seat_id: int, reason: str) -> ReleasedByStaff | Refused:
    """The seat is free, and student, mentor and staff will be told why.

    Sessions to come are cancelled and returned; those that have started wait for their outcome as before. What is
    left is kept, and its expiry stands still until the pair has a seat again.
    """
    wish = await _wish(tx, asker, seat_id, reason)
    if isinstance(wish, Refused):
        return wish
    seat, by = wish.seat, by_member(wish.by.member_id)
    await move_seat(tx, seat_id, PAID_FOR, SeatState.RELEASED)
    stop = Stop(wish.by.community_id, by, "release", wish.reason, FreezeCause.STAFF_RELEASE, wish.by.settings)
    canceled = await stop_pair(tx, seat["student_id"], seat["mentor_id"], stop)
    change = Change("seat", seat_id, seat["state"], SeatState.RELEASED, "release", wish.reason)
    cycle = await note(tx, wish.by.community_id, by, change)
    await tx.run(
        owe(
            tx,
            wish.by.community_id,
            Owed(NoticeKind.STAFF_RELEASED, seat_id, seat["student_id"], cycle),
            Owed(NoticeKind.STAFF_RELEASED_MENTOR, seat_id, seat["mentor_id"], cycle),
            Owed(NoticeKind.STAFF_RELEASED_STAFF, seat_id, None, cycle),
        )
    )
    return ReleasedByStaff(seat_id, seat["student_name"], seat["mentor_name"], canceled, await _left(tx, seat))


@dataclass(frozen=True, slots=True)
class _Wish:
    """A seat that staff may release, under the lock on its pair."""

    by: Known
    seat: RowMapping
    reason: str


async def _wish(tx: Transaction, asker: Asker, seat_id: int, reason: str) -> _Wish | Refused:
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    found = await seat_of(tx, who.community_id, seat_id)
    if found is None:
        return refuse(Reason.UNKNOWN_STUDENT)
    # A purchase of the pair takes the same lock: either it finds the seat released, or its order is seen here.
    await lock_members(tx, found["student_id"], found["mentor_id"])
    # Money first: a payment takes no lock, but whose order is settled here has moved the seat that is read next.
    money_moves = await tx.value(select(order_of_pair(found["student_id"], found["mentor_id"])))
    seat = await seat_of(tx, who.community_id, seat_id)
    if seat is None or seat["state"] is SeatState.RELEASED:
        return refuse(Reason.SEAT_IS_RELEASED)
    if money_moves or after(seat["state"], SeatEvent.STAFF_RELEASED) is None:
        return refuse(Reason.ORDER_UNSETTLED)
    return _Wish(who, seat, tidy)


async def _left(tx: Transaction, seat: RowMapping) -> int:
    """The sessions that the pair has left and not booked."""
    left: int = await tx.value(
        select(func.coalesce(func.sum(packs.c.remaining - packs.c.held), 0)).where(
            packs.c.student_id == seat["student_id"], packs.c.mentor_id == seat["mentor_id"]
        )
    )
    return left
