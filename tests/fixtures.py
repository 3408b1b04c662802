"""Fixtures of every room that runs against a database. A folder's conftest imports those that it needs."""

from collections.abc import AsyncIterator

import pytest

from core.db.unit import Database
from tests.clocks import SettableClock

_engines: dict[str, Database] = {}  # `database_url` is the same in every test of a process


def _nobody() -> None:
    """Whom a commit pokes, where a test does not say."""


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def db(database_url: str, clock: SettableClock) -> AsyncIterator[Database]:
    """A migrated database of the test's own, on SQLite and on PostgreSQL, with the clock that the test moves.

    Its engines outlive the test, without their connections: they have learnt how our statements are spelled.
    """
    if database_url not in _engines:
        _engines[database_url] = Database(database_url, clock)
    database = _engines[database_url]
    database.clock, database.poke = clock, _nobody
    yield database
    await database.close()
