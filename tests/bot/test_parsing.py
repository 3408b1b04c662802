"""What people type as a time."""

from datetime import UTC, datetime

import pytest

from bot.parsing import id_of, instant_of_seconds, when_of

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    "typed",
    ["2026-11-30 15:00", " 2026-11-30T15:00 ", "<t:1796047200:F>", "<t:1796047200>", "1796047200"],
)
def test_one_instant_may_be_written_in_several_ways(typed: str) -> None:
    assert when_of(typed, BERLIN) == datetime(2026, 11, 30, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["", "tomorrow", "2026-13-01 10:00", "2026-02-30 10:00", "2026-11-30 25:00", "10:00", "0000-01-01 00:00"]
)
def test_what_is_no_time_is_none(typed: str) -> None:
    assert when_of(typed, BERLIN) is None


def test_a_time_that_the_clock_skips_is_the_moment_of_the_jump() -> None:
    assert when_of("2026-03-29 02:30", BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_time_that_comes_twice_is_the_first() -> None:
    assert when_of("2026-10-25 02:30", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_seconds_beyond_every_calendar_are_none() -> None:
    assert instant_of_seconds(10**17) is None
    assert instant_of_seconds(1_796_047_200) == datetime(2026, 11, 30, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "row_id"), [("12", 12), ("", None), (None, None), ("-1", None), ("٣", None), ("9" * 19, None)]
)
def test_only_a_choice_of_ours_is_an_id(typed: str | None, row_id: int | None) -> None:
    assert id_of(typed) == row_id
