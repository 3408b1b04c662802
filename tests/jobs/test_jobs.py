"""The jobs as they run: a commit rings the bell, a tick is the net under it, a stop leaves nothing half done."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from core.db.unit import Database, Transaction, transaction
from core.jobs.clock import Bell
from core.jobs.engine import Work
from core.jobs.jobs import Jobs
from core.jobs.work import Reread
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState, SeatState
from tests.builders import a_pair
from tests.clocks import SettableClock
from tests.jobs.conftest import PUBLIC_URL
from tests.jobs.inline import InlineEngine
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, notice
from tests.roles import KeepingRoles


class HandedOver(InlineEngine):
    """Says when something was handed over."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.something = asyncio.Event()

    async def enqueue(self, tx: Transaction, workflow: str, workflow_id: str, *args: int | str) -> None:
        await super().enqueue(tx, workflow, workflow_id, *args)
        self.something.set()


async def test_rings_that_come_before_the_bell_is_heard_are_one() -> None:
    bell = Bell()
    bell()
    bell()

    await bell.heard()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bell.heard(), 0)


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
async def rung_db(database_url: str, clock: SettableClock, bell: Bell) -> Database:
    return Database(database_url, clock, bell)


def _jobs(db: Database, engine: InlineEngine, bell: Bell, reread: Reread, **times: timedelta) -> Jobs:
    return Jobs(db, KeepingCourier(), KeepingRoles(), {}, engine, bell, public_url=PUBLIC_URL, reread=reread, **times)


@transaction
async def _anything(_tx: Transaction) -> None:
    """A use case that commits."""


async def test_a_commit_is_followed_by_a_sweep(rung_db: Database, bell: Bell, reread: Reread) -> None:
    engine = HandedOver(rung_db)
    jobs = _jobs(rung_db, engine, bell, reread, ticks_every=timedelta(days=1))
    await engine.prepare()
    await jobs.start()
    pair = await a_pair(rung_db, seat=SeatState.GRACE)
    owed = await a_notice(rung_db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    await _anything(rung_db)

    await asyncio.wait_for(engine.something.wait(), 10)
    await jobs.stop()
    assert (await notice(rung_db, owed))["state"] is NoticeState.QUEUED
    assert engine.stopped
    await rung_db.close()


async def test_a_tick_finds_what_nobody_rang_for(db: Database, bell: Bell, reread: Reread) -> None:
    engine = HandedOver(db)
    jobs = _jobs(db, engine, bell, reread, ticks_every=timedelta(milliseconds=20))
    await engine.prepare()
    await jobs.start()
    pair = await a_pair(db, seat=SeatState.GRACE)
    await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    await asyncio.wait_for(engine.something.wait(), 10)

    await jobs.stop()


async def test_nobody_of_this_process_writes_to_sqlite_while_the_engine_is_launched(
    db: Database, bell: Bell, reread: Reread
) -> None:
    class Watchful(InlineEngine):
        async def start(self, workflows: Mapping[str, Work]) -> None:
            if db.url.startswith("sqlite"):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(_anything(db), 0.05)
            await super().start(workflows)

    jobs = _jobs(db, Watchful(db), bell, reread, ticks_every=timedelta(days=1))

    await jobs.start()

    await _anything(db)
    await jobs.stop()


async def test_after_a_stop_nothing_is_swept(db: Database, bell: Bell, reread: Reread) -> None:
    engine = InlineEngine(db)
    jobs = _jobs(db, engine, bell, reread, ticks_every=timedelta(days=1))
    await engine.prepare()
    await jobs.start()
    await jobs.stop()
    pair = await a_pair(db, seat=SeatState.GRACE)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    await jobs.run_due()

    assert (await notice(db, owed))["state"] is NoticeState.PENDING
