"""One mentor as somebody sees them who may become their student."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, select

from core.db.calendar import calendar_of
from core.db.people import products_of_mentors
from core.db.seats import occupied_of
from core.db.tables import communities, members, mentors, seats
from core.db.unit import Transaction, reading
from core.rules.balance import Pack
from core.rules.booking import BookingFacts, free_slots
from core.rules.hours import Interval, WeeklyHours, tidied
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import SeatState
from core.usecases.asker import Asker
from core.usecases.booking.facts import busy_in, hours_in, overrides_in
from core.usecases.community.mentors import ProductCard, products_from

_MOST_TIMES = 5
_SOON = 14  # days: as a rule the next free times lie within them, and nobody need look further


@dataclass(frozen=True, slots=True)
class Profile:
    """A mentor, and how the asker stands to them.

    `next_times` are those at which a new student could meet them, were it the asker: their own sessions are left out.
    """

    mentor_id: int
    user_id: int
    name: str
    time_zone: str
    hours: tuple[WeeklyHours, ...]
    session_minutes: int
    capacity: int
    seats_free: int
    paused: bool
    products: tuple[ProductCard, ...]
    next_times: tuple[datetime, ...]
    seat_state: SeatState | None
    is_asker: bool


@reading
async def profile(tx: Transaction, asker: Asker, mentor_id: int) -> Profile | Refused:
    """The mentor, unless they teach here no more. Three statements."""
    row = await _mentor(tx, asker, mentor_id)
    if row is None:
        return refuse(Reason.NOT_SET_UP)
    if row["member_id"] is None:
        return refuse(Reason.UNKNOWN_MENTOR)
    horizon = Interval(tx.now, tx.now + timedelta(days=row["horizon_days"] + 1))
    calendar = await calendar_of(tx, mentor_id, row["asker_id"], horizon)
    return Profile(
        mentor_id=mentor_id,
        user_id=row["user_id"],
        name=row["name"],
        time_zone=row["time_zone"],
        hours=tidied(hours_in(calendar)),
        session_minutes=row["session_minutes"],
        capacity=row["capacity"],
        seats_free=max(row["capacity"] - row["occupied"], 0),
        paused=row["paused_at"] is not None,
        products=products_from(await products_of_mentors(tx, [mentor_id]), mentor_id),
        next_times=_next_times(_facts(row, calendar, tx.now), horizon),
        seat_state=row["seat_state"],
        is_asker=row["asker_id"] == mentor_id,
    )


async def _mentor(tx: Transaction, asker: Asker, mentor_id: int) -> RowMapping | None:
    """The community, the mentor with their taken places, and the asker with their seat; each of them may be missing."""
    person, other = members.alias("person"), members.alias("other")
    return await tx.one(
        select(
            mentors,
            person.c.user_id,
            person.c.name,
            other.c.id.label("asker_id"),
            seats.c.state.label("seat_state"),
            occupied_of(mentors.c.member_id).correlate(mentors).scalar_subquery().label("occupied"),
        )
        .select_from(communities)
        .outerjoin(
            mentors,
            (mentors.c.community_id == communities.c.id)
            & (mentors.c.member_id == mentor_id)
            & mentors.c.removed_at.is_(None),
        )
        .outerjoin(person, person.c.id == mentors.c.member_id)
        .outerjoin(other, (other.c.community_id == communities.c.id) & (other.c.user_id == asker.user_id))
        .outerjoin(
            seats,
            (seats.c.student_id == other.c.id)
            & (seats.c.mentor_id == mentors.c.member_id)
            & (seats.c.state != SeatState.RELEASED),
        )
        .where(communities.c.guild_id == asker.guild_id)
    )


def _facts(row: RowMapping, calendar: Sequence[RowMapping], now: datetime) -> BookingFacts:
    """As if the asker had a seat and one session of today's length to book."""
    calendar = list(calendar)
    beyond = now + timedelta(days=row["horizon_days"] + 1)
    session = Pack(id=0, total=1, remaining=1, held=0, session_minutes=row["session_minutes"], expires_at=beyond)
    return BookingFacts(
        now=now,
        seat_state=SeatState.ACTIVE,
        packs=(session,),
        hours=hours_in(calendar),
        overrides=overrides_in(calendar),
        zone=row["time_zone"],
        buffer_minutes=row["buffer_minutes"],
        notice_hours=row["notice_hours"],
        horizon_days=row["horizon_days"],
        mentor_busy=busy_in(calendar, row["member_id"]),
        student_busy=busy_in(calendar, row["asker_id"]),
        paused=row["paused_at"] is not None,
    )


def _next_times(facts: BookingFacts, horizon: Interval) -> tuple[datetime, ...]:
    soon = Interval(horizon.starts_at, min(horizon.ends_at, horizon.starts_at + timedelta(days=_SOON)))
    found = free_slots(facts, soon)
    return (found if len(found) >= _MOST_TIMES else free_slots(facts, horizon))[:_MOST_TIMES]
