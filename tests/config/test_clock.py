from datetime import UTC, datetime

import time_machine

from core.clock import SystemClock
from core.ports import Clock


@time_machine.travel(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), tick=False)
def test_the_clock_tells_the_machines_time_aware_and_in_utc() -> None:
    clock: Clock = SystemClock()

    now = clock.now()

    assert now == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert now.tzinfo is UTC
