"""Which times can be booked: one decision for listing and for accepting (rules 14 and 15)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from core.rules.balance import Pack, pack_to_draw
from core.rules.hours import Interval, Override, WeeklyHours, blackouts, day_openings, merged
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import SeatState

HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFacts:
    """What is known of a pair when a time is asked for. Its packs say how long a session is.

    `mentor_busy` are the mentor's blocks as stored, each as `mentor_block` made it on the day that it was booked;
    `student_busy` are the student's.
    """

    now: datetime
    seat_state: SeatState | None
    packs: tuple[Pack, ...]
    hours: tuple[WeeklyHours, ...]
    overrides: tuple[Override, ...]
    zone: str
    buffer_minutes: int
    notice_hours: int
    horizon_days: int
    mentor_busy: tuple[Interval, ...] = ()
    student_busy: tuple[Interval, ...] = ()
    paused: bool = False
    student_is_mentor: bool = False


def mentor_block(starts_at: datetime, ends_at: datetime, buffer_minutes: int) -> Interval:
    """What a session takes of its mentor's calendar: itself and the buffer behind it.

    On one side only, so that two sessions are one buffer apart and not two: the earlier one's. Touching is allowed.
    """
    return Interval(starts_at, ends_at + timedelta(minutes=buffer_minutes))


def why_not_book(facts: BookingFacts, starts_at: datetime) -> Refused | None:
    """Why the pair cannot meet at this time: first the seat, then the pack, then the time."""
    chosen = choose(facts, starts_at)
    return chosen if isinstance(chosen, Refused) else None


def choose(facts: BookingFacts, starts_at: datetime) -> Pack | Refused:
    """The pack that a session at this time will draw on, or why the pair cannot meet."""
    window = Interval(starts_at, starts_at + _longest_session(facts))
    return _choose(facts, _calendar(facts, window), starts_at)


def free_slots(facts: BookingFacts, window: Interval, step: timedelta = HALF_HOUR) -> tuple[datetime, ...]:
    """The starts inside the window that `choose` accepts, counted in steps from the start of each stated opening."""
    if step <= timedelta():
        raise ValueError("a step goes forward")
    first = max(window.starts_at, facts.now + timedelta(hours=facts.notice_hours))
    last = min(window.ends_at, facts.now + timedelta(days=facts.horizon_days) + step)
    if last <= first:
        return ()

    asked = Interval(first, last)
    calendar = _calendar(facts, Interval(first, last + _longest_session(facts)))
    openings = day_openings(facts.hours, facts.overrides, facts.zone, asked)
    starts = sorted({start for opening in openings for start in _steps(opening, asked, step)})
    return tuple(start for start in starts if isinstance(_choose(facts, calendar, start), Pack))


def by_day(slots: Iterable[datetime], zone: str) -> dict[date, tuple[datetime, ...]]:
    """The slots under the dates that the zone's calendar shows for them, in order."""
    shown_in = ZoneInfo(zone)
    days = groupby(sorted(slots), key=lambda slot: slot.astimezone(shown_in).date())
    return {day: tuple(of_day) for day, of_day in days}


def _longest_session(facts: BookingFacts) -> timedelta:
    return timedelta(minutes=max((pack.session_minutes for pack in facts.packs), default=0))


def _steps(opening: Interval, asked: Interval, step: timedelta) -> Iterator[datetime]:
    behind = max(asked.starts_at - opening.starts_at, timedelta())
    start = opening.starts_at + -(-behind // step) * step
    while start < min(opening.ends_at, asked.ends_at):
        yield start
        start += step


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The facts that lie in time, each merged, so that one slot is decided by bisection."""

    openings: tuple[Interval, ...]
    closures: tuple[Interval, ...]
    mentor_busy: tuple[Interval, ...]
    student_busy: tuple[Interval, ...]


def _calendar(facts: BookingFacts, window: Interval) -> _Calendar:
    return _Calendar(
        openings=merged(day_openings(facts.hours, facts.overrides, facts.zone, window)),
        closures=blackouts(facts.overrides, facts.zone, window),
        mentor_busy=merged(facts.mentor_busy),
        student_busy=merged(facts.student_busy),
    )


def _choose(facts: BookingFacts, calendar: _Calendar, starts_at: datetime) -> Pack | Refused:
    """The one decision. The calendar covers the slot that it is asked for."""
    if refused := _why_not_from_this_seat(facts):
        return refused
    pack = pack_to_draw(facts.packs, starts_at, facts.now)
    if isinstance(pack, Refused):
        return pack
    slot = Interval(starts_at, starts_at + timedelta(minutes=pack.session_minutes))
    return _why_not_so_near_or_far(facts, starts_at) or _why_not_then(facts, calendar, slot) or pack


def _why_not_from_this_seat(facts: BookingFacts) -> Refused | None:
    if facts.student_is_mentor:
        return refuse(Reason.OWN_MENTOR)
    if facts.paused:
        return refuse(Reason.MENTOR_PAUSED)
    match facts.seat_state:
        case SeatState.ACTIVE:
            return None
        case SeatState.GRACE:
            return refuse(Reason.SEAT_IN_GRACE)
        case SeatState.HELD:
            return refuse(Reason.SEAT_NOT_PAID)
        case SeatState.OFFERED | SeatState.RELEASED | None:
            return refuse(Reason.NO_SEAT)


def _why_not_so_near_or_far(facts: BookingFacts, starts_at: datetime) -> Refused | None:
    earliest = facts.now + timedelta(hours=facts.notice_hours)
    latest = facts.now + timedelta(days=facts.horizon_days)
    if starts_at < facts.now:
        return refuse(Reason.IN_THE_PAST)
    if starts_at < earliest:
        return refuse(Reason.TOO_SOON, earliest=earliest, hours=facts.notice_hours)
    if starts_at > latest:
        return refuse(Reason.TOO_FAR_AHEAD, latest=latest, days=facts.horizon_days)
    return None


def _why_not_then(facts: BookingFacts, calendar: _Calendar, slot: Interval) -> Refused | None:
    opening = _first_after(calendar.openings, slot.starts_at)
    if opening is None or slot.starts_at < opening.starts_at or opening.ends_at < slot.ends_at:
        return refuse(Reason.OUTSIDE_HOURS)
    if _meets(calendar.closures, slot):
        return refuse(Reason.BLACKED_OUT)
    if _meets(calendar.mentor_busy, mentor_block(slot.starts_at, slot.ends_at, facts.buffer_minutes)):
        return refuse(Reason.MENTOR_BUSY)
    if _meets(calendar.student_busy, slot):
        return refuse(Reason.STUDENT_BUSY)
    return None


def _first_after(intervals: tuple[Interval, ...], instant: datetime) -> Interval | None:
    """The first of merged intervals that is not over at the instant."""
    index = bisect_right(intervals, instant, key=lambda interval: interval.ends_at)
    return intervals[index] if index < len(intervals) else None


def _meets(intervals: tuple[Interval, ...], slot: Interval) -> bool:
    found = _first_after(intervals, slot.starts_at)
    return found is not None and found.overlaps(slot)
