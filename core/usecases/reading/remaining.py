"""What a student has left with each mentor: packs, balance, expiry, the seat and its deadline, the next session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, exists, func, or_, select

from core.db.tables import communities, members, mentors, orders, packs, seats, sessions
from core.db.unit import Transaction, reading
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import OrderState, PackState, SeatState, SessionState
from core.usecases.asker import Asker


@dataclass(frozen=True, slots=True)
class PackCard:
    """A pack; `available` can still be booked, `held` is booked. `frozen`: its expiry stands still."""

    pack_id: int
    total: int
    remaining: int
    held: int
    available: int
    expires_at: datetime
    state: PackState
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class WithMentor:
    """One pair. No `seat_state`: the seat is gone and some sessions are left. `packs` with sessions, or the last.

    `is_paying`: money of theirs is on its way, or staff look at it, so there is nothing to pay. `is_paused`: the
    mentor takes a break, and no time runs. `is_removed`: the mentor teaches no more.
    """

    mentor_id: int
    mentor_name: str
    seat_state: SeatState | None
    grace_ends_at: datetime | None
    packs: tuple[PackCard, ...]
    next_session_at: datetime | None
    is_paying: bool = False
    is_paused: bool = False
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class Remaining:
    mentors: tuple[WithMentor, ...]


@reading
async def remaining(tx: Transaction, asker: Asker, mentor_id: int | None = None) -> Remaining | Refused:
    """What the asker has with this mentor, or with every one of theirs, by name. Three statements at most."""
    rows = await _seats(tx, asker, mentor_id)
    if not rows:
        return refuse(Reason.NOT_SET_UP)
    student_id = rows[0]["student_id"]
    of_packs = [] if student_id is None else await _packs(tx, student_id, mentor_id)
    upcoming = {} if student_id is None else await _next_sessions(tx, student_id)

    # A seat that was released may have left sessions behind.
    found_at = {row["mentor_id"]: row for row in (*rows, *of_packs) if row["mentor_id"] is not None}
    seat_of = {row["mentor_id"]: row for row in rows}
    found = tuple(
        _pair(found_at[each], seat_of.get(each), of_packs, upcoming.get(each))
        for each in sorted(found_at, key=lambda each: (found_at[each]["mentor_name"].casefold(), each))
    )
    if mentor_id is not None and not found:
        return refuse(Reason.NO_SEAT if rows[0]["known_mentor"] is not None else Reason.UNKNOWN_MENTOR)
    return Remaining(found)


def _pair(
    mentor: RowMapping, seat: RowMapping | None, of_packs: Sequence[RowMapping], next_at: datetime | None
) -> WithMentor:
    return WithMentor(
        mentor_id=mentor["mentor_id"],
        mentor_name=mentor["mentor_name"],
        seat_state=seat["state"] if seat else None,
        grace_ends_at=seat["grace_ends_at"] if seat else None,
        packs=tuple(
            PackCard(
                pack_id=row["id"],
                total=row["total"],
                remaining=row["remaining"],
                held=row["held"],
                available=row["remaining"] - row["held"],
                expires_at=row["expires_at"],
                state=row["state"],
                frozen=row["frozen_at"] is not None,
            )
            for row in of_packs
            if row["mentor_id"] == mentor["mentor_id"]
        ),
        next_session_at=next_at,
        is_paying=bool(seat and seat["is_paying"]),
        is_paused=mentor["paused_at"] is not None,
        is_removed=mentor["removed_at"] is not None,
    )


async def _seats(tx: Transaction, asker: Asker, mentor_id: int | None) -> Sequence[RowMapping]:
    """The community with the asker's live seats: one row for each, or one without a seat."""
    student, mentor, terms = members.alias("student"), members.alias("mentor"), mentors.alias("terms")
    live = (seats.c.student_id == student.c.id) & (seats.c.state != SeatState.RELEASED)
    if mentor_id is not None:
        live &= seats.c.mentor_id == mentor_id
    return await tx.all(
        select(
            student.c.id.label("student_id"),
            seats.c.mentor_id,
            seats.c.state,
            seats.c.grace_ends_at,
            mentor.c.name.label("mentor_name"),
            terms.c.paused_at,
            terms.c.removed_at,
            mentors.c.member_id.label("known_mentor"),
            exists()
            .where(
                orders.c.student_id == student.c.id,
                orders.c.mentor_id == seats.c.mentor_id,
                orders.c.state.in_([OrderState.PENDING, OrderState.PARKED]),
            )
            .label("is_paying"),
        )
        .select_from(communities)
        .outerjoin(student, (student.c.community_id == communities.c.id) & (student.c.user_id == asker.user_id))
        .outerjoin(seats, live)
        .outerjoin(mentor, mentor.c.id == seats.c.mentor_id)
        .outerjoin(terms, terms.c.member_id == seats.c.mentor_id)
        .outerjoin(mentors, (mentors.c.member_id == mentor_id) & (mentors.c.community_id == communities.c.id))
        .where(communities.c.guild_id == asker.guild_id)
    )


async def _packs(tx: Transaction, student_id: int, mentor_id: int | None) -> Sequence[RowMapping]:
    """The packs with sessions left, by expiry, and each live pair's last one: in grace it says '0 of 4'."""
    of_pair = packs.alias("of_pair")
    last = (
        select(func.max(of_pair.c.id))
        .where(
            of_pair.c.student_id == packs.c.student_id,
            of_pair.c.mentor_id == packs.c.mentor_id,
            of_pair.c.mentor_id.in_(
                select(seats.c.mentor_id).where(seats.c.student_id == student_id, seats.c.state != SeatState.RELEASED)
            ),
        )
        .correlate(packs)
        .scalar_subquery()
    )
    found = (
        select(packs, members.c.name.label("mentor_name"), mentors.c.paused_at, mentors.c.removed_at)
        .join(members, members.c.id == packs.c.mentor_id)
        .join(mentors, mentors.c.member_id == packs.c.mentor_id)
        .where(packs.c.student_id == student_id, or_(packs.c.remaining > 0, packs.c.id == last))
        .order_by(packs.c.expires_at, packs.c.id)
    )
    return await tx.all(found if mentor_id is None else found.where(packs.c.mentor_id == mentor_id))


async def _next_sessions(tx: Transaction, student_id: int) -> dict[int, datetime]:
    rows = await tx.all(
        select(sessions.c.mentor_id, func.min(sessions.c.starts_at).label("starts_at"))
        .where(
            sessions.c.student_id == student_id,
            sessions.c.state == SessionState.SCHEDULED,
            sessions.c.ends_at > tx.now,
        )
        .group_by(sessions.c.mentor_id)
    )
    return {row["mentor_id"]: row["starts_at"] for row in rows}
