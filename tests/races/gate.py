"""Make a race that nobody can miss: on PostgreSQL everybody has looked before anybody may write."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from sqlalchemy import Select, select, text

from core.db.tables import members
from core.db.unit import Database

T = TypeVar("T")

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def at_once(db: Database, *calls: Awaitable[T], closed: Select[Any] | None = None) -> list[T]:
    """What the calls answer that all start now.

    On PostgreSQL the rows of `closed` (default: every member) stay locked until each call waits for one of them. On
    SQLite there is one writer at a time, and nothing to hold back.
    """
    if db.engine.dialect.name == "sqlite":
        return await asyncio.gather(*calls)
    async with db.begin() as gate:
        rows = select(members.c.id) if closed is None else closed
        await gate.run(rows.with_for_update(key_share=True))
        tasks: list[asyncio.Future[T]] = []
        for call in calls:  # in line one after the other, so that a test may say who is first
            tasks.append(asyncio.ensure_future(call))
            await until_waiting(db, len(tasks), tasks)
    return await asyncio.gather(*tasks)


async def until_waiting(db: Database, number: int, tasks: list[asyncio.Future[T]]) -> None:
    """So many transactions wait for a lock, on PostgreSQL; none of the tasks has ended instead."""
    waiting = 0
    while waiting < number:
        if any(task.done() for task in tasks):
            raise RuntimeError(f"somebody did not wait: {[task.result() for task in tasks if task.done()]}")
        async with db.look() as tx:
            waiting = await tx.value(_WAITING)
