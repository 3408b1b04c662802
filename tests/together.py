"""Rows that several builders write in one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.db.unit import Database, Transaction


class _Together(Database):
    """What builders take for a database: one open transaction, for all that they read and write."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        yield self._tx

    look = begin


@asynccontextmanager
async def together(db: Database) -> AsyncIterator[Database]:
    """All that builders write within this block is there after it; at once, which is quicker than one by one."""
    async with db.begin() as tx:
        yield _Together(tx)
