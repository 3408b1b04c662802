from datetime import UTC, date, datetime, timedelta

from core.rules.availability import minutes_a_week, next_openings, outside
from core.rules.hours import Interval, Override, WeeklyHours
from tests.clocks import NOW

HOUR = timedelta(hours=1)
MONDAYS = (WeeklyHours(0, 9 * 60, 17 * 60),)


def at(hour: int, day: int = 2) -> datetime:
    """So late on a day of March; the second is the Monday of the tests' clock."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def an_hour_from(hour: int, day: int = 2) -> Interval:
    return Interval(at(hour, day), at(hour, day) + HOUR)


def test_a_week_is_as_long_as_its_hours_together() -> None:
    assert minutes_a_week(()) == 0
    assert minutes_a_week([*MONDAYS, WeeklyHours(2, 0, 45)]) == 8 * 60 + 45


def test_the_next_openings_begin_later_and_what_is_under_way_is_not_among_them() -> None:
    assert at(9) < NOW < at(17)

    coming = next_openings(MONDAYS, (), "Etc/UTC", NOW, most=2)

    assert coming == (Interval(at(9, 9), at(17, 9)), Interval(at(9, 16), at(17, 16)))


def test_an_opening_that_begins_at_this_instant_is_the_next() -> None:
    assert next_openings(MONDAYS, (), "Etc/UTC", at(9), most=1) == (Interval(at(9), at(17)),)
    assert next_openings(MONDAYS, (), "Etc/UTC", at(9) + timedelta(microseconds=1), most=1)[0].starts_at == at(9, 9)


def test_what_is_closed_does_not_come_and_what_is_open_besides_does() -> None:
    overrides = (Override(date(2026, 3, 9), 0, 1440, open=False), Override(date(2026, 3, 10), 600, 660, open=True))

    coming = next_openings(MONDAYS, overrides, "Etc/UTC", NOW, most=2)

    assert coming == (an_hour_from(10, 10), Interval(at(9, 16), at(17, 16)))


def test_who_has_no_hours_has_no_next_opening() -> None:
    assert next_openings((), (), "Etc/UTC", NOW) == ()


def test_a_booked_time_lies_outside_unless_one_opening_holds_all_of_it() -> None:
    inside, first, last = an_hour_from(12), an_hour_from(9), an_hour_from(16)
    early = Interval(at(9) - timedelta(microseconds=1), at(10))
    late = Interval(at(16), at(17) + timedelta(microseconds=1))

    assert outside(MONDAYS, (), "Etc/UTC", [inside, first, last, early, late]) == (early, late)
    assert outside(MONDAYS, (), "Etc/UTC", []) == ()
    assert outside((), (), "Etc/UTC", [inside]) == (inside,)


def test_hours_are_those_of_the_zone() -> None:
    assert outside(MONDAYS, (), "America/New_York", [an_hour_from(9), an_hour_from(14)]) == (an_hour_from(9),)
