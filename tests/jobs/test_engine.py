"""The real engine: what is committed is done, through a killed process and an orderly stop."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from core.db.unit import Database
from core.jobs.engine import DbosEngine, GivenUp
from core.ports import Address, Answer, Message
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState, SeatState
from tests.builders import a_pair
from tests.jobs.real import a_real_engine, real_jobs
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, notice

ROOT = Path(__file__).parents[2]


class HesitantCourier(KeepingCourier):
    """The first sending begins and does not end by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.sending = asyncio.Event()
        self.may_end = asyncio.Event()

    async def send(self, address: Address, message: Message, nonce: str) -> Answer:
        self.sending.set()
        await self.may_end.wait()
        return await super().send(address, message, nonce)


async def _owed(db: Database) -> int:
    pair = await a_pair(db, seat=SeatState.GRACE)
    return await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)


async def _enqueue(db: Database, engine: DbosEngine, workflow: str, workflow_id: str, *args: int | str) -> None:
    async with db.begin() as tx:
        await engine.enqueue(tx, workflow, workflow_id, *args)


async def test_what_is_due_is_delivered_by_the_engine(db: Database) -> None:
    owed = await _owed(db)
    courier = KeepingCourier()
    jobs = real_jobs(db, courier, a_real_engine(db))
    await jobs.start()

    await jobs.run_due()
    await jobs.run_due()

    await jobs.stop()
    assert (await notice(db, owed))["state"] is NoticeState.DELIVERED
    assert len(courier.asked) == 1
    assert await asyncio.to_thread(lambda: "the loop's own threads work again") is not None


async def test_the_engine_does_what_is_committed_once_and_keeps_what_it_gave_up(db: Database) -> None:
    engine = a_real_engine(db)
    done: list[int] = []

    async def count(number: int) -> str:
        done.append(number)
        if number == 13:
            raise ValueError("always")
        return "counted"

    async def hand_over_and_fail() -> None:
        async with db.begin() as tx:
            await engine.enqueue(tx, "count", "count:1", 1)
            raise LookupError

    await engine.start({"count": count})
    with pytest.raises(LookupError):
        await hand_over_and_fail()
    await _enqueue(db, engine, "count", "count:2", 2)
    await _enqueue(db, engine, "count", "count:2", 2)
    await _enqueue(db, engine, "count", "count:13", 13)
    await engine.idle()

    assert sorted(done) == [2, 13, 13, 13, 13]
    assert await engine.given_up() == [GivenUp("count", "count:13")]
    await engine.forget(["count:13"])
    assert await engine.given_up() == []
    await engine.prune()
    await _enqueue(db, engine, "count", "count:2", 2)  # forgotten, so it is new again
    await engine.idle()
    assert done.count(2) == 2
    await engine.stop()


async def test_a_process_killed_in_the_middle_of_a_delivery_leaves_it_to_the_next(db: Database) -> None:
    owed = await _owed(db)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.killed", db.url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == f"sending n{owed}d\n".encode()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    left = (await notice(db, owed))["state"]
    courier = KeepingCourier()
    jobs = real_jobs(db, courier, a_real_engine(db))

    await jobs.start()
    await jobs.run_due()
    await jobs.stop()

    assert left is NoticeState.QUEUED
    assert (await notice(db, owed))["state"] is NoticeState.DELIVERED
    assert [sent.nonce for sent in courier.sent] == [f"n{owed}d"]


async def test_a_stop_lets_a_delivery_end(db: Database) -> None:
    owed = await _owed(db)
    courier = HesitantCourier()
    jobs = real_jobs(db, courier, a_real_engine(db))
    await jobs.start()
    running = asyncio.create_task(jobs.run_due())
    await courier.sending.wait()

    stopping = asyncio.create_task(jobs.stop())
    courier.may_end.set()
    await stopping
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert (await notice(db, owed))["state"] is NoticeState.DELIVERED


async def test_a_delivery_that_does_not_end_in_time_is_left_to_the_next_start(db: Database) -> None:
    owed = await _owed(db)
    stuck = HesitantCourier()
    jobs = real_jobs(db, stuck, a_real_engine(db, drains_for=timedelta(milliseconds=50)))
    await jobs.start()
    running = asyncio.create_task(jobs.run_due())
    await stuck.sending.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await jobs.stop()
    left = (await notice(db, owed))["state"]
    courier = KeepingCourier()
    again = real_jobs(db, courier, a_real_engine(db))

    await again.start()
    await again.run_due()
    await again.stop()

    assert left is NoticeState.QUEUED
    assert not stuck.sent
    assert (await notice(db, owed))["state"] is NoticeState.DELIVERED
