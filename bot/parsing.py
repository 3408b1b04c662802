"""What people type, as values; None for what cannot be read."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.rules.hours import instant_of

_TIMESTAMP = re.compile(r"<t:([0-9]{1,11})(?::[tTdDfFR])?>")
_SECONDS = re.compile(r"[0-9]{9,11}")
_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)  # midnights of zones beyond may be no datetime
_WALL_CLOCK = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})[ T]+([0-9]{1,2}):([0-9]{2})")


def when_of(text: str, zone: str) -> datetime | None:
    """The instant of '2026-11-30 15:00' on the zone's clock, of '<t:…>', or of a choice from our list (seconds)."""
    text = text.strip()
    if found := _TIMESTAMP.fullmatch(text) or _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(found[found.re.groups]), UTC)
    if found := _WALL_CLOCK.fullmatch(text):
        try:
            year, month, day, hour, minute = map(int, found.groups())
            wall = time(hour, minute)
            return instant_of(date(year, month, day), wall.hour * 60 + wall.minute, ZoneInfo(zone))
        except (ValueError, OverflowError):
            return None
    return None


def day_of(text: str) -> date | None:
    """The day of '2026-11-30', of those that there can be here."""
    found = _DAY.fullmatch(text.strip())
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
    return day if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None


def day_of_number(number: int) -> date | None:
    """The day that a button carries; None for 0 and for what is no such day."""
    return date.fromordinal(number) if _FIRST_DAY.toordinal() <= number <= _LAST_DAY.toordinal() else None


def instant_of_seconds(seconds: int) -> datetime | None:
    """The instant, or None for a number that no date has."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None


def id_of(text: str | None) -> int | None:
    """The row's id that a choice from our list carries."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 18 else None
