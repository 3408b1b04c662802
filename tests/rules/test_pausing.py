from datetime import datetime, timedelta

import pytest

from core.rules.pausing import stood_still, stopped_since
from tests.clocks import NOW

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("stops", "since"), [((), None), ((None, None), None), ((None, NOW), NOW), ((NOW, NOW - DAY), NOW - DAY)]
)
def test_a_clock_stands_still_since_the_first_of_what_stops_it(
    stops: tuple[datetime | None, ...], since: datetime | None
) -> None:
    assert stopped_since(*stops) == since


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
