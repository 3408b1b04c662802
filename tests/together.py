"""Rows that several builders write in one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from core.db.unit import Database, Transaction
from core.ports import Clock
from core.rules.refusals import Refused

T = TypeVar("T")


class _Together(Database):
    """What builders take for a database: one open transaction, for all that they read and write."""

    def __init__(self, tx: Transaction, clock: Clock) -> None:
        self._tx = tx
        self.clock = clock

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        yield self._tx

    look = begin

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T | Refused:
        """What the work answers. What it wrote stays even if it refuses: the block is for what is not refused."""
        return await work(self._tx)


@asynccontextmanager
async def together(db: Database) -> AsyncIterator[Database]:
    """All that is written within this block is there after it; at once, which is quicker than one by one."""
    async with db.begin() as tx:
        yield _Together(tx, db.clock)
