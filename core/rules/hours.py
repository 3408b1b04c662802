"""When a mentor's clock on the wall says open, as instants; and how hours are written and read (rules 14 and 18).

A wall-clock time means one instant: in a gap of the clock it is the moment at which the clock jumps, in a fold it is
the first of the two. So hours never turn round, entries that touch still touch, and what lies between two times is
elapsed time: 01:00 to 04:00 is two hours long on the night that loses one, four on the night that gains one.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby, product
from zoneinfo import ZoneInfo, available_timezones

from core.rules.refusals import Reason, Refused, refuse

DAY_MINUTES = 24 * 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class WeeklyHours:
    """Open every week from minute to minute of a day; 0 is Monday. Past midnight is another entry on the next day."""

    weekday: int
    starts_minute: int
    ends_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError(f"no weekday {self.weekday}")
        _require_part_of_a_day(self.starts_minute, self.ends_minute)


@dataclass(frozen=True, slots=True)
class Override:
    """One date's exception: open besides the weekly hours, or closed. Closed wins; a whole day is 0 to 1440."""

    on: date
    starts_minute: int
    ends_minute: int
    open: bool

    def __post_init__(self) -> None:
        _require_part_of_a_day(self.starts_minute, self.ends_minute)


def _require_part_of_a_day(starts_minute: int, ends_minute: int) -> None:
    if not 0 <= starts_minute < ends_minute <= DAY_MINUTES:
        raise ValueError(f"no part of a day: minutes {starts_minute} to {ends_minute}")


@dataclass(frozen=True, slots=True)
class Interval:
    """Instants from `starts_at` up to and without `ends_at`, in UTC."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        # Arithmetic in another zone is arithmetic on its wall clock, so only UTC is let in.
        if self.starts_at.utcoffset() != timedelta() or self.ends_at.utcoffset() != timedelta():
            raise ValueError("an interval is made of UTC instants")
        if self.ends_at < self.starts_at:
            raise ValueError("an interval does not end before it starts")

    def overlaps(self, other: "Interval") -> bool:
        """Whether both have an instant in common; touching is not overlapping."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def clipped(self, window: "Interval") -> "Interval":
        """The part inside a window that it overlaps."""
        return Interval(max(self.starts_at, window.starts_at), min(self.ends_at, window.ends_at))


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same instants as sorted intervals that neither overlap nor touch."""
    result: list[Interval] = []
    for interval in sorted(intervals, key=lambda interval: interval.starts_at):
        if result and interval.starts_at <= result[-1].ends_at:
            result[-1] = Interval(result[-1].starts_at, max(result[-1].ends_at, interval.ends_at))
        else:
            result.append(interval)
    return tuple(result)


def instant_of(on: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant at which the zone's clock shows this minute of the day; gaps and folds as above."""
    wall = datetime.combine(on, time.min, tzinfo=zone) + timedelta(minutes=minute)
    instant = wall.astimezone(UTC)
    landed = instant.astimezone(zone)
    if landed == wall:  # datetimes of one zone compare by what the clock shows
        return instant

    # In a gap, fold=1 reads the time with the offset after the jump, and so lands before it.
    earliest = int(wall.replace(fold=1).timestamp())
    seconds = range(earliest, int(instant.timestamp()) + 1)
    jump = bisect_left(
        seconds, True, key=lambda second: datetime.fromtimestamp(second, zone).utcoffset() == landed.utcoffset()
    )
    return datetime.fromtimestamp(seconds[jump], UTC)


def day_openings(
    hours: Iterable[WeeklyHours], overrides: Iterable[Override], zone_name: str, window: Interval
) -> tuple[Interval, ...]:
    """Each stated opening that overlaps the window, whole and for itself, closures not taken off."""
    zone = ZoneInfo(zone_name)
    weekly = [
        (day, entry.starts_minute, entry.ends_minute)
        for day, entry in product(_days(window, zone), hours)
        if entry.weekday == day.weekday()
    ]
    extra = [(item.on, item.starts_minute, item.ends_minute) for item in overrides if item.open]
    return tuple(_overlapping([*weekly, *extra], zone, window))


def blackouts(overrides: Iterable[Override], zone_name: str, window: Interval) -> tuple[Interval, ...]:
    """What is closed inside the window, merged."""
    closed = [(item.on, item.starts_minute, item.ends_minute) for item in overrides if not item.open]
    return merged(interval.clipped(window) for interval in _overlapping(closed, ZoneInfo(zone_name), window))


def open_intervals(
    hours: Iterable[WeeklyHours], overrides: Iterable[Override], zone_name: str, window: Interval
) -> tuple[Interval, ...]:
    """What is open inside the window, merged: weekly hours and extra openings, without what is closed."""
    overrides = tuple(overrides)
    stated = merged(opening.clipped(window) for opening in day_openings(hours, overrides, zone_name, window))
    closed = blackouts(overrides, zone_name, window)
    return tuple(part for opening in stated for part in _without(opening, closed))


def _days(window: Interval, zone: ZoneInfo) -> Iterator[date]:
    """The zone's dates that can touch the window. One to spare: a fold at midnight shows the day before once more."""
    day = window.starts_at.astimezone(zone).date()
    last = window.ends_at.astimezone(zone).date() + _DAY
    while day <= last:
        yield day
        day += _DAY


def _overlapping(stated: Iterable[tuple[date, int, int]], zone: ZoneInfo, window: Interval) -> Iterator[Interval]:
    for on, starts_minute, ends_minute in stated:
        interval = Interval(instant_of(on, starts_minute, zone), instant_of(on, ends_minute, zone))
        if interval.starts_at < interval.ends_at and interval.overlaps(window):
            yield interval


def _without(opening: Interval, closed: Iterable[Interval]) -> Iterator[Interval]:
    """What is left of an opening; `closed` is merged."""
    starts_at = opening.starts_at
    for hole in closed:
        if hole.overlaps(opening):
            if starts_at < hole.starts_at:
                yield Interval(starts_at, hole.starts_at)
            starts_at = hole.ends_at
    if starts_at < opening.ends_at:
        yield Interval(starts_at, opening.ends_at)


@cache
def _zones() -> frozenset[str]:
    # Not places: one is whatever this machine is set to, the other stands for 'not configured yet'.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def known_zone(name: str) -> bool:
    """Whether this is the exact name of an IANA time zone."""
    return name in _zones()


_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DASHES = re.compile(r"\s*[-‐‑‒–—−]\s*")
_DAYS = re.compile(r"([a-z]{3,9})(?:-([a-z]{3,9}))?:?")
_TIMES = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?-([0-9]{1,2})(?:[:.]([0-9]{2}))?")
_LONGEST_PIECE = 40


def parse_hours(text: str) -> tuple[WeeklyHours, ...] | Refused:
    """Weekly hours from 'Mon-Fri 17:00-21:00, Sat 10-12', tidied; or a refusal with the piece that says nothing.

    Days, then their times; commas, semicolons and spaces only separate. Times that end before they start go on after
    midnight, on the next day.
    """
    pieces = re.split(r"[\s,;]+", _DASHES.sub("-", text.lower()).strip(" ,;\n\t"))
    days: list[int] = []
    days_have_hours = False
    found: list[WeeklyHours] = []
    for piece in pieces:
        if named := _days_named(piece):
            days = named if days_have_hours else [*days, *named]
            days_have_hours = False
        elif days and (times := _times_named(piece)):
            found += [entry for day in days for entry in _over_midnight(day, *times)]
            days_have_hours = True
        else:
            return refuse(Reason.BAD_HOURS, piece=piece[:_LONGEST_PIECE])
    if not days_have_hours:
        return refuse(Reason.BAD_HOURS, piece=pieces[-1][:_LONGEST_PIECE])
    return tidied(found)


def _days_named(piece: str) -> list[int]:
    """The weekdays of 'mon', 'monday' or 'fri-mon'; none if it is something else."""
    match = _DAYS.fullmatch(piece)
    if not match:
        return []
    first, last = (_weekday(word) for word in (match[1], match[2] or match[1]))
    if first is None or last is None:
        return []
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _weekday(word: str) -> int | None:
    return next((day for day, name in enumerate(_DAY_NAMES) if name.startswith(word)), None)


def _times_named(piece: str) -> tuple[int, int] | None:
    """The minutes of '17:00-21', or None; 24:00 is an end only, and nothing lasts from a time to itself."""
    match = _TIMES.fullmatch(piece)
    if not match:
        return None
    (starts, starts_past), (ends, ends_past) = (
        (int(hour) * 60 + int(past or 0), int(past or 0)) for hour, past in (match.group(1, 2), match.group(3, 4))
    )
    if max(starts_past, ends_past) > 59 or starts >= DAY_MINUTES or ends > DAY_MINUTES or starts == ends:
        return None
    return starts, ends


def _over_midnight(day: int, starts: int, ends: int) -> Iterator[WeeklyHours]:
    if starts < ends:
        yield WeeklyHours(day, starts, ends)
        return
    yield WeeklyHours(day, starts, DAY_MINUTES)
    if ends > 0:
        yield WeeklyHours((day + 1) % 7, 0, ends)


def tidied(hours: Iterable[WeeklyHours]) -> tuple[WeeklyHours, ...]:
    """The same hours sorted, those of one day that overlap or touch as one."""
    result: list[WeeklyHours] = []
    for entry in sorted(hours):
        last = result[-1] if result else None
        if last and last.weekday == entry.weekday and entry.starts_minute <= last.ends_minute:
            result[-1] = replace(last, ends_minute=max(last.ends_minute, entry.ends_minute))
        else:
            result.append(entry)
    return tuple(result)


def say_hours(hours: Iterable[WeeklyHours]) -> str:
    """The hours in the notation that `parse_hours` reads: 'Mon–Fri 17:00–21:00, Sat 10:00–12:00'."""
    of_day = {
        day: " ".join(f"{_clock(entry.starts_minute)}–{_clock(entry.ends_minute)}" for entry in entries)
        for day, entries in groupby(tidied(hours), key=lambda entry: entry.weekday)
    }
    said = []
    for times, days in groupby(range(7), key=of_day.get):
        first, *others = days
        if times:
            name = _DAY_NAMES[first][:3].title()
            said.append(f"{name}–{_DAY_NAMES[others[-1]][:3].title()} {times}" if others else f"{name} {times}")
    return ", ".join(said)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
