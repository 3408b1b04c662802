"""Two sweepers at once: each row is claimed by one of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select, update

from core.db import tables
from core.db.due import Row, claim_checkouts
from core.db.notices import claim_due_notices
from core.db.unit import Database, Transaction
from core.jobs.sweeps import Sweeps
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState, SeatState
from tests.builders import a_pair, an_order
from tests.jobs.inline import InlineEngine
from tests.notices.owing import a_notice

Claim = Callable[[Transaction, Any, int], Awaitable[Sequence[Row]]]
SWEEPERS = 4


async def _owed(db: Database, number: int = 12) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE)
    for cycle in range(1, number + 1):
        await a_notice(db, pair, NoticeKind.SEAT_RELEASED_STAFF, pair.seat_id, cycle=cycle)


async def _claimed_at_once(db: Database, claim: Claim) -> Counter[int]:
    """What sweepers who begin together claim: how often each row."""
    counted: Counter[int] = Counter()
    everybody_began = asyncio.Barrier(SWEEPERS)

    async def sweeper() -> None:
        await everybody_began.wait()
        async with db.begin() as tx:
            counted.update(row["id"] for row in await claim(tx, None, 100))
            await asyncio.sleep(0)

    await asyncio.gather(*(sweeper() for _ in range(SWEEPERS)))
    return counted


async def test_sweepers_at_once_claim_each_notice_once(db: Database) -> None:
    await _owed(db)

    counted = await _claimed_at_once(db, claim_due_notices)

    assert len(counted) == 12
    assert set(counted.values()) == {1}


async def test_sweepers_at_once_claim_each_checkout_once(db: Database) -> None:
    for _ in range(6):
        pair = await a_pair(db)
        await an_order(db, pair.student, pair.product_id)
    async with db.begin() as tx:
        await tx.run(
            update(tables.checkouts).where(tables.checkouts.c.closed_at.is_(None)).values(next_attempt_at=tx.now)
        )

    counted = await _claimed_at_once(db, claim_checkouts)

    assert len(counted) == 6
    assert set(counted.values()) == {1}


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)  # SQLite lets one writer in at a time
async def test_control_without_the_lock_a_notice_is_claimed_more_than_once(db: Database) -> None:
    await _owed(db)
    everybody_looked = asyncio.Barrier(SWEEPERS)

    async def claim_without_lock(tx: Transaction, _after: object, limit: int) -> Sequence[Row]:
        notices = tables.notices
        rows = await tx.all(select(notices.c.id).where(notices.c.state == NoticeState.PENDING).limit(limit))
        await everybody_looked.wait()
        ids = [row["id"] for row in rows]
        await tx.run(update(notices).where(notices.c.id.in_(ids)).values(state=NoticeState.QUEUED))
        return rows

    counted = await _claimed_at_once(db, claim_without_lock)

    assert max(counted.values()) > 1


async def test_sweeps_of_two_processes_hand_each_notice_over_once(db: Database, engine: InlineEngine) -> None:
    await _owed(db, 20)

    handed = await asyncio.gather(*(Sweeps(db, engine, batch=3).sweep() for _ in range(SWEEPERS)))
    handed_later = await Sweeps(db, engine).sweep()  # what one sweeper held while another passed by

    assert sum(handed) + handed_later == 20
    assert len(await engine.waiting()) == 20


async def test_what_is_rolled_back_was_never_handed_over(db: Database, engine: InlineEngine) -> None:
    await _owed(db, 1)

    async def claim_and_fail() -> None:
        async with db.begin() as tx:
            (row,) = await claim_due_notices(tx, None, 1)
            await engine.enqueue(tx, "deliver_notice", f"notice:{row['id']}:0", row["id"], 0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await claim_and_fail()

    assert not await engine.waiting()
    assert await Sweeps(db, engine).sweep() == 1
