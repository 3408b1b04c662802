"""A mentor's hours looked at as a whole: how many they are, when they come next, what is booked beside them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.rules.hours import Interval, Override, WeeklyHours, open_intervals

_DAY = timedelta(days=1)


def minutes_a_week(hours: Iterable[WeeklyHours]) -> int:
    """How long the mentor can be booked in a week, as the clock on the wall counts. The hours do not overlap."""
    return sum(entry.ends_minute - entry.starts_minute for entry in hours)


def next_openings(
    hours: Iterable[WeeklyHours],
    overrides: Iterable[Override],
    zone: str,
    now: datetime,
    *,
    most: int = 3,
    days: int = 30,
) -> tuple[Interval, ...]:
    """The next openings that begin at this instant or later, within so many days, without what is closed."""
    # From the day before on, or an opening that is under way would seem to begin now.
    window = Interval(now - _DAY, now + days * _DAY)
    coming = (opening for opening in open_intervals(hours, overrides, zone, window) if opening.starts_at >= now)
    return tuple(coming)[:most]


def outside(
    hours: Iterable[WeeklyHours], overrides: Iterable[Override], zone: str, booked: Iterable[Interval]
) -> tuple[Interval, ...]:
    """The booked times that do not lie whole in one opening: they were agreed on, and stay."""
    booked = tuple(booked)
    if not booked:
        return ()
    window = Interval(min(each.starts_at for each in booked), max(each.ends_at for each in booked))
    openings = open_intervals(hours, overrides, zone, window)
    return tuple(each for each in booked if not any(_within(each, opening) for opening in openings))


def _within(inner: Interval, outer: Interval) -> bool:
    return outer.starts_at <= inner.starts_at and inner.ends_at <= outer.ends_at
