"""One transaction for one use case: one clock reading, guarded writes, a commit, a poke for the jobs.

`@transaction` turns `async def book(tx, …)` into `book(db, …)`, which runs it whole:
a `Refused` that it returns, and every error, leaves nothing behind.
"""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Executable, RowMapping, Table, event, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.dml import UpdateBase

from core.db.conflicts import may_be_done_again, meaning_of
from core.ports import Clock, Poke
from core.rules.refusals import Refused, refuse

P = ParamSpec("P")
T = TypeVar("T")

_TRIES = 5  # of a transaction that lost to others by deadlock or serialization


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction, and the one instant at which all of it happens."""

    connection: AsyncConnection
    now: datetime

    @property
    def is_postgres(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    async def run(self, statement: Executable) -> CursorResult[Any]:
        return await self.connection.execute(statement)

    async def one(self, statement: Executable) -> RowMapping | None:
        """The first row, or None."""
        return (await self.connection.execute(statement)).mappings().first()

    async def all(self, statement: Executable) -> Sequence[RowMapping]:
        return (await self.connection.execute(statement)).mappings().all()

    async def value(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return (await self.connection.execute(statement)).scalar()

    async def value_beside(self, statement: UpdateBase, *writes: UpdateBase) -> Any:
        """The first column that the statement returns, with writes beside it that neither depend on it nor it on them.

        PostgreSQL takes all of them in one round trip.
        """
        if self.is_postgres:
            parts = [write.cte(f"w{number}", nesting=False) for number, write in enumerate(writes)]
            return await self.value(statement.add_cte(*parts))
        for write in writes:
            await self.connection.execute(write)
        return await self.value(statement)

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert that knows `on_conflict_do_nothing` on either database."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    async def write_all(self, *writes: UpdateBase) -> None:
        """Run writes that do not depend on each other; PostgreSQL takes them in one round trip."""
        if self.is_postgres and len(writes) > 1:
            parts = [write.cte(f"w{number}", nesting=False) for number, write in enumerate(writes)]
            await self.connection.execute(select(literal(1)).add_cte(*parts))
            return
        for write in writes:
            await self.connection.execute(write)


class Database:
    """The engines of one database, with the clock that its transactions read and the poke that follows a commit."""

    def __init__(self, url: str, clock: Clock, poke: Poke = lambda: None, *, pool_size: int = 10) -> None:
        self.url = url
        self.clock = clock
        self.poke = poke
        if url.startswith("sqlite"):
            # One writer at a time in this process; other processes wait at BEGIN IMMEDIATE for busy_timeout.
            self._writer = _sqlite(url, size=1, begin="BEGIN IMMEDIATE")
            self._reader = _sqlite(url, size=4, begin="BEGIN", query_only=True)
        else:
            self._writer = self._reader = create_async_engine(
                url, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True
            )

    @property
    def engine(self) -> AsyncEngine:
        """The engine that writes; for tests and benchmarks that count its statements."""
        return self._writer

    @property
    def reader(self) -> AsyncEngine:
        return self._reader

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """A bare writing transaction; use cases are written with `@transaction` instead."""
        async with self._writer.begin() as connection:
            yield Transaction(connection, self.clock.now())

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Transaction]:
        """A transaction that reads."""
        async with self._reader.begin() as connection:
            yield Transaction(connection, self.clock.now())

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T | Refused:
        """Run the work in one transaction. Nothing of it stays if it returns a refusal, or raises.

        A named constraint that fires becomes its refusal; a deadlock or a failed serialization runs the work again.
        """
        for left in reversed(range(_TRIES)):
            try:
                return await self._attempt(work)
            except IntegrityError as error:
                reason = meaning_of(error)
                if reason is None:
                    raise
                return refuse(reason)
            except DBAPIError as error:
                if not left or not may_be_done_again(error):
                    raise
        raise AssertionError("unreachable")

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._writer.connect() as connection, connection.begin() as open_transaction:
            result = await work(Transaction(connection, self.clock.now()))
            if isinstance(result, Refused):
                await open_transaction.rollback()
                return result
        self.poke()
        return result

    async def close(self) -> None:
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def transaction(
    work: Callable[Concatenate[Transaction, P], Awaitable[T]],
) -> Callable[Concatenate[Database, P], Awaitable[T | Refused]]:
    """The use case as its callers see it: `book(db, …)` instead of `book(tx, …)`."""

    @functools.wraps(work)
    async def run(db: Database, /, *args: P.args, **kwargs: P.kwargs) -> T | Refused:
        return await db.write(lambda tx: work(tx, *args, **kwargs))

    return run


def reading(
    work: Callable[Concatenate[Transaction, P], Awaitable[T]],
) -> Callable[Concatenate[Database, P], Awaitable[T]]:
    """A read model as its callers see it: `schedule(db, …)`."""

    @functools.wraps(work)
    async def run(db: Database, /, *args: P.args, **kwargs: P.kwargs) -> T:
        async with db.look() as tx:
            return await work(tx, *args, **kwargs)

    return run


def _sqlite(url: str, *, size: int, begin: str, query_only: bool = False) -> AsyncEngine:
    # isolation_level None: the driver's own BEGIN would come late and let two writers read the same state.
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": 30},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # an answer given is on the disk
        cursor.execute("PRAGMA foreign_keys = ON")
        if query_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def open_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
