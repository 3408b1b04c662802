"""When the jobs look for what is due: at every tick, and as soon as a commit left them something."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Bell:
    """The port Poke. Whoever rings never waits; rings that come before it is heard are one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def __call__(self) -> None:
        self._rung.set()

    async def heard(self) -> None:
        """Return at the next ring, or at once if it rang since the last time."""
        await self._rung.wait()
        self._rung.clear()


class Ticks:
    """Timed calls, kept in memory: what they find due is in the tables, so a tick that is missed loses nothing."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            # Late or doubled ticks become one; none is skipped for being late.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def every(self, interval: timedelta, work: Callable[[], Awaitable[object]]) -> None:
        self._scheduler.add_job(work, "interval", seconds=interval.total_seconds())

    def start(self) -> None:
        self._scheduler.start()

    def pause(self) -> None:
        """No tick begins any more. One that is under way goes on."""
        self._scheduler.pause()

    def stop(self) -> None:
        """Call it when no tick is under way: APScheduler would cancel that one."""
        self._scheduler.shutdown(wait=False)
