"""Whole plays for tests: all that `seatkeeper demo` runs, but for an engine that runs in the test itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web

from core.clock import SystemClock
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.ports import Courier, Roles
from seatkeeper.demo.pages import make_app
from seatkeeper.demo.play import Play, on_stage
from seatkeeper.wiring import House
from tests.jobs.inline import InlineEngine


@asynccontextmanager
async def a_play(
    database_url: str, *, fresh: bool = False, front: Callable[[Play], web.Application] = make_app
) -> AsyncIterator[Play]:
    """What is due is seen to when the clock is moved, and at no other time."""
    db = Database(database_url, SystemClock())
    await InlineEngine(db).prepare()
    await db.close()
    async with on_stage(database_url, 0, front, fresh=fresh, jobs_of=_jobs_of) as play:
        yield play


def _jobs_of(house: House, courier: Courier, roles: Roles) -> Jobs:
    return Jobs(
        house.db,
        courier,
        roles,
        house.providers,
        InlineEngine(house.db),
        house.bell,
        public_url=house.public_url,
        reread=house.reread,
        ticks_every=timedelta(hours=1),
        tends_every=timedelta(hours=1),
    )
