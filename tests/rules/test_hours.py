from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.rules.hours import (
    Interval,
    Override,
    WeeklyHours,
    blackouts,
    day_openings,
    instant_of,
    known_zone,
    merged,
    open_intervals,
)
from tests.rules.builders import ALWAYS, DAY, HOUR, MOMENT, NOW, between

MINUTE = timedelta(minutes=1)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
# Zone, a day on which its clock jumps, and by how many minutes that day is longer or shorter.
CLOCK_CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29), -60),
    ("Europe/Berlin", date(2026, 10, 25), +60),
    ("America/New_York", date(2026, 3, 8), -60),
    ("America/New_York", date(2026, 11, 1), +60),
    ("Australia/Lord_Howe", date(2026, 10, 4), -30),
    ("Australia/Lord_Howe", date(2026, 4, 5), +30),
    ("Africa/Casablanca", date(2026, 2, 15), +60),  # Ramadan
    ("Africa/Casablanca", date(2026, 3, 22), -60),
    ("Africa/Cairo", date(2026, 4, 24), -60),  # at midnight: the day begins at 01:00
    ("Asia/Kathmandu", date(2026, 3, 29), 0),
    ("Europe/Berlin", date(2028, 2, 29), 0),
]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def on_date(zone: str, day: date) -> Interval:
    """The day as its zone has it, from midnight to midnight."""
    return Interval(instant_of(day, 0, ZoneInfo(zone)), instant_of(day, 1440, ZoneInfo(zone)))


def opened(zone: str, day: date, starts_minute: int, ends_minute: int) -> tuple[Interval, ...]:
    hours = [WeeklyHours(day.weekday(), starts_minute, ends_minute)]
    return open_intervals(hours, [], zone, on_date(zone, day))


def first_shown(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows this time or a later one, found by looking at it every minute."""
    wall = datetime.combine(day, datetime.min.time()) + minute * MINUTE
    instant = wall.replace(tzinfo=UTC) - 27 * HOUR
    while instant.astimezone(zone).replace(tzinfo=None) < wall:
        instant += MINUTE
    return instant


@pytest.mark.parametrize(("zone", "day", "longer"), CLOCK_CHANGES)
def test_a_whole_day_is_as_long_as_its_clock_makes_it(zone: str, day: date, longer: int) -> None:
    (whole,) = opened(zone, day, 0, 1440)

    assert whole.ends_at - whole.starts_at == DAY + longer * MINUTE


def test_hours_around_a_gap_lose_what_the_clock_skips() -> None:
    (night,) = opened("Europe/Berlin", date(2026, 3, 29), 60, 240)

    assert night == Interval(utc(2026, 3, 29, 0), utc(2026, 3, 29, 2))


def test_hours_that_start_in_a_gap_start_when_the_clock_jumps() -> None:
    (night,) = opened("Europe/Berlin", date(2026, 3, 29), 150, 240)

    assert night.starts_at == utc(2026, 3, 29, 1)


def test_hours_that_end_in_a_gap_end_when_the_clock_jumps() -> None:
    (night,) = opened("Europe/Berlin", date(2026, 3, 29), 60, 150)

    assert night.ends_at == utc(2026, 3, 29, 1)


def test_hours_that_lie_in_a_gap_do_not_happen() -> None:
    assert opened("Europe/Berlin", date(2026, 3, 29), 130, 170) == ()


def test_hours_around_a_fold_gain_what_the_clock_repeats() -> None:
    (night,) = opened("America/New_York", date(2026, 11, 1), 0, 180)

    assert night.ends_at - night.starts_at == 4 * HOUR


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    zone = ZoneInfo("America/New_York")

    assert instant_of(date(2026, 11, 1), 90, zone) == utc(2026, 11, 1, 5, 30)


def test_what_is_closed_in_a_gap_parts_nothing() -> None:
    day = date(2026, 3, 29)
    window = on_date("Europe/Berlin", day)

    assert open_intervals(ALWAYS, [Override(day, 130, 170, open=False)], "Europe/Berlin", window) == (window,)


def test_a_midnight_that_comes_twice_closes_nobody() -> None:
    second_half_past_eleven = utc(2006, 10, 29, 3)  # at a minute past midnight the clock went back to 23:01

    window = between(second_half_past_eleven, minutes=15)

    assert open_intervals(ALWAYS, [], "America/St_Johns", window) == (window,)


def test_a_date_that_a_zone_skipped_has_no_hours() -> None:
    skipped = date(2011, 12, 30)  # Samoa went over the date line

    assert opened("Pacific/Apia", skipped, 540, 1020) == ()


@given(st.sampled_from([(zone, day) for zone, day, _ in CLOCK_CHANGES]), st.integers(-1, 1), st.integers(0, 1440))
def test_a_wall_clock_time_is_the_first_instant_that_shows_it_or_later(
    change: tuple[str, date], off: int, minute: int
) -> None:
    zone, day = ZoneInfo(change[0]), change[1] + off * DAY

    assert instant_of(day, minute, zone) == first_shown(day, minute, zone)


@given(
    st.sampled_from(ZONES),
    st.dates(date(2020, 1, 1), date(2037, 12, 31)),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
def test_hours_never_turn_round_and_touch_where_they_are_parted(zone: str, day: date, starts: int, length: int) -> None:
    ends = min(starts + length, 1440)
    parted = (starts + ends) // 2
    assume(starts < parted < ends)

    whole = opened(zone, day, starts, ends)
    halves = [WeeklyHours(day.weekday(), starts, parted), WeeklyHours(day.weekday(), parted, ends)]

    assert open_intervals(halves, [], zone, on_date(zone, day)) == whole
    assert all(opening.starts_at < opening.ends_at for opening in whole)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_who_is_always_open_has_one_interval_through_every_clock_change(zone: str, month: int) -> None:
    window = Interval(utc(2026, month, 1), utc(2026, month, 28))

    assert open_intervals(ALWAYS, [], zone, window) == (window,)


def test_an_evening_and_the_morning_after_are_one_opening() -> None:
    hours = [WeeklyHours(0, 22 * 60, 1440), WeeklyHours(1, 0, 2 * 60)]

    (night,) = open_intervals(hours, [], "Asia/Kathmandu", between(NOW, days=7))

    assert night == Interval(utc(2026, 3, 2, 16, 15), utc(2026, 3, 2, 20, 15))


def test_sunday_night_runs_into_monday() -> None:
    hours = [WeeklyHours(6, 23 * 60, 1440), WeeklyHours(0, 0, 60)]

    (night,) = open_intervals(hours, [], "Europe/Berlin", between(NOW, days=7))

    assert night.ends_at - night.starts_at == 2 * HOUR


def test_what_is_open_is_cut_to_the_window() -> None:
    window = Interval(NOW - HOUR, NOW + HOUR)

    assert open_intervals(ALWAYS, [], "Europe/Berlin", window) == (window,)


def test_a_stated_opening_is_given_whole_even_if_the_window_cuts_it() -> None:
    (opening,) = day_openings([WeeklyHours(0, 9 * 60, 17 * 60)], [], "Etc/UTC", between(NOW, minutes=5))

    assert opening == Interval(utc(2026, 3, 2, 9), utc(2026, 3, 2, 17))


def test_an_exception_opens_a_day_that_is_closed_otherwise() -> None:
    extra = Override(date(2026, 3, 7), 10 * 60, 12 * 60, open=True)

    assert open_intervals([], [extra], "Etc/UTC", between(NOW, days=7)) == (
        Interval(utc(2026, 3, 7, 10), utc(2026, 3, 7, 12)),
    )


def test_a_closed_day_is_closed_whatever_else_is_said() -> None:
    day = date(2026, 3, 3)
    overrides = [Override(day, 0, 1440, open=False), Override(day, 10 * 60, 12 * 60, open=True)]

    assert open_intervals(ALWAYS, overrides, "Etc/UTC", between(utc(2026, 3, 3), days=1)) == ()


def test_closed_hours_part_the_day() -> None:
    overrides = [
        Override(date(2026, 3, 3), 12 * 60, 13 * 60, open=False),
        Override(date(2026, 3, 3), 16 * 60, 18 * 60, open=False),
    ]

    parts = open_intervals([WeeklyHours(1, 9 * 60, 17 * 60)], overrides, "Etc/UTC", between(NOW, days=2))

    assert parts == (
        Interval(utc(2026, 3, 3, 9), utc(2026, 3, 3, 12)),
        Interval(utc(2026, 3, 3, 13), utc(2026, 3, 3, 16)),
    )


def test_closed_hours_from_the_start_of_an_opening_leave_its_end() -> None:
    closed = Override(date(2026, 3, 3), 0, 10 * 60, open=False)

    (part,) = open_intervals([WeeklyHours(1, 9 * 60, 17 * 60)], [closed], "Etc/UTC", between(NOW, days=2))

    assert part.starts_at == utc(2026, 3, 3, 10)


def test_what_is_closed_in_the_morning_does_not_touch_the_evening() -> None:
    hours = [WeeklyHours(1, 9 * 60, 12 * 60), WeeklyHours(1, 18 * 60, 20 * 60)]
    closed = Override(date(2026, 3, 3), 8 * 60, 13 * 60, open=False)

    assert open_intervals(hours, [closed], "Etc/UTC", between(NOW, days=2)) == (
        Interval(utc(2026, 3, 3, 18), utc(2026, 3, 3, 20)),
    )


def test_blackouts_are_closed_hours_and_nothing_that_is_open() -> None:
    overrides = [
        Override(date(2026, 3, 3), 540, 600, open=False),
        Override(date(2026, 3, 3), 600, 660, open=False),
        Override(date(2026, 3, 3), 700, 760, open=True),
        Override(date(2027, 3, 3), 540, 600, open=False),
    ]

    assert blackouts(overrides, "Etc/UTC", between(NOW, days=2)) == (Interval(utc(2026, 3, 3, 9), utc(2026, 3, 3, 11)),)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=12))
def test_merging_keeps_every_minute_and_parts_what_remains(spans: list[tuple[int, int]]) -> None:
    intervals = [between(NOW + start * MINUTE, minutes=length) for start, length in spans]

    result = merged(intervals)

    minutes = {start + step for start, length in spans for step in range(length)}
    assert {
        minute
        for minute in range(300)
        if any(part.starts_at <= NOW + minute * MINUTE < part.ends_at for part in result)
    } == minutes
    assert all(one.ends_at < other.starts_at for one, other in pairwise(result))


def test_intervals_that_touch_do_not_overlap() -> None:
    hour = between(NOW, hours=1)

    assert not hour.overlaps(between(hour.ends_at, hours=1))
    assert not between(hour.ends_at, hours=1).overlaps(hour)
    assert hour.overlaps(between(hour.ends_at - MOMENT, hours=1))


def test_an_interval_is_made_of_utc_instants_in_order() -> None:
    with pytest.raises(ValueError, match="UTC"):
        Interval(NOW.replace(tzinfo=None), NOW)
    with pytest.raises(ValueError, match="UTC"):
        Interval(NOW, (NOW + DAY).astimezone(ZoneInfo("Europe/Berlin")))
    with pytest.raises(ValueError, match="before it starts"):
        Interval(NOW, NOW - MOMENT)


@pytest.mark.parametrize(("starts", "ends"), [(60, 60), (120, 60), (-1, 60), (60, 1441)])
def test_hours_are_a_part_of_one_day(starts: int, ends: int) -> None:
    with pytest.raises(ValueError, match="part of a day"):
        WeeklyHours(0, starts, ends)
    with pytest.raises(ValueError, match="part of a day"):
        Override(date(2026, 3, 3), starts, ends, open=True)


@pytest.mark.parametrize("weekday", [-1, 7])
def test_a_week_has_seven_days(weekday: int) -> None:
    with pytest.raises(ValueError, match="weekday"):
        WeeklyHours(weekday, 0, 60)


@pytest.mark.parametrize("name", [*ZONES, "UTC", "Etc/UTC", "Pacific/Apia", "America/Argentina/Buenos_Aires"])
def test_zones_are_known_by_their_names(name: str) -> None:
    assert known_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "europe/berlin", " Europe/Berlin", "Europe/Berlin\n", "CEST", "UTC+2", "+02:00", "../etc/passwd",
     "/usr/share/zoneinfo/UTC", "localtime", "Factory", "posixrules", "right/UTC", "Europe", "Mars/Olympus", "\0"],
)  # fmt: skip
def test_any_other_name_is_no_zone(name: str) -> None:
    assert not known_zone(name)
