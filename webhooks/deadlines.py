"""Work that must be answered for in time, whether it is done or not."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")


class Deadlines:
    """Work that ran out of time is cancelled, and nobody waits for the end of that.

    `asyncio.timeout` would wait: a cancelled transaction gives its connection back first, and SQLite's driver is then
    still in its thread, waiting for a lock.
    """

    def __init__(self) -> None:
        self._late: set[asyncio.Future[Any]] = set()

    async def within(self, limit: timedelta, work: Awaitable[T]) -> T:
        """What the work returns or raises, or TimeoutError when the time is over."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=limit.total_seconds())
        finally:
            if not task.done():
                self._late.add(task)
                task.add_done_callback(self._forget)
                task.cancel()
        if not task.done():
            raise TimeoutError
        return task.result()

    async def end(self, _: web.Application) -> None:
        """When the server stops: nothing is at work any longer."""
        if self._late:
            await asyncio.wait(self._late)

    def _forget(self, task: asyncio.Future[Any]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, or asyncio would complain


DEADLINES = web.AppKey("deadlines", Deadlines)
