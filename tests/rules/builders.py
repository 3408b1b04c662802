"""Facts that hold for an ordinary pair, to be changed in the one point that a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.rules.balance import Pack
from core.rules.booking import BookingFacts
from core.rules.hours import Interval, WeeklyHours
from core.rules.refusals import Reason, Refused
from core.rules.settings import Settings
from core.rules.states import SeatState

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday, a month before Europe changes its clocks
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SETTINGS = Settings()

EVERY_DAY = tuple(WeeklyHours(weekday, 9 * 60, 17 * 60) for weekday in range(7))
ALWAYS = tuple(WeeklyHours(weekday, 0, 1440) for weekday in range(7))

PACK = Pack(id=1, total=4, remaining=4, held=0, session_minutes=60, expires_at=NOW + 60 * DAY)
BOOKING = BookingFacts(
    now=NOW,
    seat_state=SeatState.ACTIVE,
    packs=(PACK,),
    hours=EVERY_DAY,
    overrides=(),
    zone="Etc/UTC",
    buffer_minutes=15,
    notice_hours=24,
    horizon_days=60,
)


def a_pack(**changes: Any) -> Pack:
    """A fresh pack of four, good for sixty days."""
    return replace(PACK, **changes)


def a_booking(**changes: Any) -> BookingFacts:
    """An active seat with a fresh pack, and a mentor who is open daily from 9 to 17 UTC."""
    return replace(BOOKING, **changes)


def between(starts_at: datetime, **length: float) -> Interval:
    return Interval(starts_at, starts_at + timedelta(**length))


def reason(answer: object) -> Reason | None:
    """Why it was refused, if it was."""
    return answer.reason if isinstance(answer, Refused) else None
