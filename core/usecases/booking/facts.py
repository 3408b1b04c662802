"""What is known when a pair wants to meet: the same facts for the times that are shown and for the one booked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from core.db.calendar import calendar_of, parties
from core.db.packs import packs_of_pair
from core.db.unit import Transaction
from core.rules.booking import BookingFacts
from core.rules.hours import Interval, Override, WeeklyHours
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import SeatState
from core.usecases.asker import Asker

_DAY = timedelta(days=1)
_BEYOND_EVERY_HORIZON = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody of a community who wants to meet one of its mentors. Who never was a student here has no id."""

    community_id: int
    student_id: int | None
    student_zone: str
    mentor_id: int
    mentor_name: str
    row: RowMapping


async def wish_of(tx: Transaction, asker: Asker, mentor_id: int | None) -> Wish | Refused:
    """Who wants to meet whom; without a mentor's id it is the one whose seat the asker has. One statement."""
    rows = await parties(tx, asker.guild_id, asker.user_id, mentor_id)
    if not rows:
        return refuse(Reason.NOT_SET_UP)
    if mentor_id is None:
        rows = _of_own_seats(rows)
        if len(rows) != 1:
            return refuse(Reason.CHOOSE_MENTOR if rows else Reason.NO_SEAT_ANYWHERE)
    row = rows[0]
    if row["mentor_id"] is None:
        return refuse(Reason.UNKNOWN_MENTOR)
    return Wish(row["community_id"], row["student_id"], row["student_zone"], row["mentor_id"], row["mentor_name"], row)


def _of_own_seats(rows: list[RowMapping]) -> list[RowMapping]:
    """The seats that can mean anything here: active ones, or any if there is no active one."""
    living = [row for row in rows if row["mentor_id"] is not None]
    return [row for row in living if row["seat_state"] is SeatState.ACTIVE] or living


def why_not_near(starts_at: datetime, now: datetime) -> Refused | None:
    """Why a time is out of every mentor's reach: a calendar around it may not even have dates to look at."""
    if starts_at < now - _DAY:
        return refuse(Reason.IN_THE_PAST)
    return refuse(Reason.TOO_FAR_AHEAD) if starts_at > now + _BEYOND_EVERY_HORIZON else None


async def facts_of(tx: Transaction, wish: Wish, window: Interval) -> BookingFacts:
    """What the rule needs to decide about any start in the window. Two statements."""
    packs = () if wish.student_id is None else await packs_of_pair(tx, wish.student_id, wish.mentor_id)
    calendar = await calendar_of(tx, wish.mentor_id, wish.student_id, window)
    return BookingFacts(
        now=tx.now,
        seat_state=wish.row["seat_state"],
        packs=packs,
        hours=hours_in(calendar),
        overrides=overrides_in(calendar),
        zone=wish.row["mentor_zone"],
        buffer_minutes=wish.row["buffer_minutes"],
        notice_hours=wish.row["notice_hours"],
        horizon_days=wish.row["horizon_days"],
        mentor_busy=busy_in(calendar, wish.mentor_id),
        student_busy=busy_in(calendar, wish.student_id),
        paused=wish.row["paused_at"] is not None,
        student_is_mentor=wish.student_id == wish.mentor_id,
    )


def hours_in(calendar: list[RowMapping]) -> tuple[WeeklyHours, ...]:
    """The weekly hours among the rows of `calendar_of`."""
    return tuple(
        WeeklyHours(row["weekday"], row["starts_minute"], row["ends_minute"])
        for row in calendar
        if row["what"] == "hours"
    )


def overrides_in(calendar: list[RowMapping]) -> tuple[Override, ...]:
    """The single dates' exceptions among them."""
    return tuple(
        Override(row["on_date"], row["starts_minute"], row["ends_minute"], row["is_open"])
        for row in calendar
        if row["what"] == "override"
    )


def busy_in(calendar: list[RowMapping], member_id: int | None) -> tuple[Interval, ...]:
    """When this member is taken."""
    return tuple(
        Interval(row["starts_at"], row["ends_at"])
        for row in calendar
        if row["what"] == "block" and row["member_id"] == member_id
    )
