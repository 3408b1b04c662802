"""The times at which a student and a mentor can meet, by the same decision that accepts a booking."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.db.unit import Transaction, reading
from core.rules.booking import by_day, free_slots, why_not_book
from core.rules.hours import Interval
from core.rules.refusals import Reason, Refused
from core.usecases.asker import Asker
from core.usecases.booking.facts import facts_of, wish_of

_OF_NO_TIME = frozenset(
    {
        Reason.OWN_MENTOR,
        Reason.MENTOR_PAUSED,
        Reason.SEAT_IN_GRACE,
        Reason.SEAT_NOT_PAID,
        Reason.NO_SEAT,
        Reason.NO_SESSIONS_LEFT,
        Reason.ALL_SESSIONS_BOOKED,
        Reason.PACK_FROZEN,
        Reason.PACK_EXPIRES_FIRST,
    }
)
"""Why a pair cannot meet at any time; the other reasons are those of one slot."""


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """What can be booked now, under the dates of the student's zone. Nothing at all is an empty `by_day`."""

    mentor_id: int
    mentor_name: str
    zone: str
    by_day: dict[date, tuple[datetime, ...]]


@reading
async def free_times(
    tx: Transaction, asker: Asker, mentor_id: int | None = None, days: int | None = None
) -> FreeTimes | Refused:
    """The free times from now on, so many days ahead at most, never beyond the mentor's horizon. Three statements.

    A refusal if no time at all can be booked for a reason of seat or pack.
    """
    wish = await wish_of(tx, asker, mentor_id)
    if isinstance(wish, Refused):
        return wish
    beyond_horizon = wish.row["horizon_days"] + 1
    ahead = beyond_horizon if days is None else min(days, beyond_horizon)
    window = Interval(tx.now, tx.now + timedelta(days=ahead))
    facts = await facts_of(tx, wish, window)
    slots = free_slots(facts, window)
    if not slots:
        earliest = tx.now + timedelta(hours=facts.notice_hours)
        refused = why_not_book(facts, earliest)
        if refused and refused.reason in _OF_NO_TIME:
            return refused
    return FreeTimes(wish.mentor_id, wish.mentor_name, wish.student_zone, by_day(slots, wish.student_zone))
