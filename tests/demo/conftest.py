"""The demo, rehearsed: a stage for the simulated Discord, and whole plays with the real parts."""

from collections.abc import AsyncIterator

import pytest
import simcord.env

from tests.clocks import SettableClock
from tests.demo.rehearsal import Rehearsal, rehearsal

# 52 ms → 4 ms a step: otherwise the settle loop sleeps once whenever only callbacks are left.
simcord.env.Env._settle_internal.__kwdefaults__["idle"] = 0.002  # type: ignore[index]


@pytest.fixture
def machine() -> SettableClock:
    """The machine's own clock, under the demo's."""
    return SettableClock()


@pytest.fixture
async def on(machine: SettableClock) -> AsyncIterator[Rehearsal]:
    """What is on stage."""
    async with rehearsal(machine) as made:
        yield made
