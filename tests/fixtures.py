"""Fixtures of every room that runs against a database. A folder's conftest imports those that it needs."""

from collections.abc import AsyncIterator

import pytest

from core.db.unit import Database
from tests.clocks import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def db(database_url: str, clock: SettableClock) -> AsyncIterator[Database]:
    """A migrated database of the test's own, on SQLite and on PostgreSQL, with the clock that the test moves."""
    database = Database(database_url, clock)
    yield database
    await database.close()
