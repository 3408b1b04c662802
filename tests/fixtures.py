"""Fixtures of every room that runs against a database. A folder's conftest imports those that it needs."""

from collections.abc import AsyncIterator

import pytest

from core.db.unit import Database
from core.ports import Clock
from tests.clocks import SettableClock

_made: dict[str, Database] = {}


def database_at(url: str, clock: Clock) -> Database:
    """As if made anew, once the last one of this URL is closed. Its engines know how our statements are spelled."""
    database = _made.setdefault(url, Database(url, clock))
    database.clock, database.poke = clock, _nobody
    return database


def _nobody() -> None:
    """Whom a commit pokes, where a test does not say."""


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def db(database_url: str, clock: SettableClock) -> AsyncIterator[Database]:
    """A migrated database of the test's own, on SQLite and on PostgreSQL, with the clock that the test moves."""
    database = database_at(database_url, clock)
    yield database
    await database.close()
