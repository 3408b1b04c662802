from datetime import timedelta

import pytest

from core.rules.pausing import stood_still
from tests.clocks import NOW

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


def test_a_clock_stood_still_for_as_long_as_the_pause() -> None:
    assert stood_still(NOW - WEEK, NOW) == WEEK


@pytest.mark.parametrize(
    ("frozen_at", "stopped_for"),
    [
        (NOW - WEEK - DAY, timedelta()),
        (NOW - WEEK, timedelta()),
        (NOW - DAY, WEEK - DAY),
        (NOW, WEEK),
    ],
)
def test_what_is_frozen_is_not_given_the_same_time_twice(frozen_at: object, stopped_for: timedelta) -> None:
    assert stood_still(NOW - WEEK, NOW, frozen_at) == stopped_for  # type: ignore[arg-type]
