"""Fixtures for every room: databases of both kinds, and the rules that keep tests repeatable and offline."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest

from tests.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.postgres import roomy_memory, running_server

SERVER_URL = os.environ.get("TEST_DATABASE_URL")

# Two shared cores make one example slow now and then; pytest-timeout ends what really hangs.
hypothesis.settings.register_profile("seatkeeper", deadline=None, print_blob=True)
hypothesis.settings.load_profile("seatkeeper")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let tests reach the server of TEST_DATABASE_URL, too, before pytest-socket reads its list."""
    if SERVER_URL and (host := urlsplit(SERVER_URL).hostname):
        config.option.allow_hosts += f",{host}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where a test runs on both databases, coverage is measured on SQLite alone: it doubles what a test costs."""
    on_both = {_named(item) for item in items if _database_of(item) == "sqlite"}
    for item in items:
        if _database_of(item) == "postgresql" and _named(item) in on_both:
            item.add_marker("no_cover")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests counted, as a whole: `record_property("seats tried", 12)` of two of them is "24 seats tried"."""
    counted: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        counted.update({name: value for name, value in report.user_properties if isinstance(value, int)})
    for name, number in sorted(counted.items()):
        terminalreporter.write_line(f"{number} {name}")


def _named(item: pytest.Item) -> tuple[object, object]:
    return item.parent, getattr(item, "originalname", None)


def _database_of(item: pytest.Item) -> object:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("databases") if callspec else None


@pytest.fixture(scope="session")
def postgres_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDatabases]:
    if SERVER_URL:
        with closing(PostgresDatabases(SERVER_URL)) as databases:
            yield databases
        return
    log = tmp_path_factory.mktemp("postgres") / "server.log"
    with running_server(log) as url, closing(PostgresDatabases(url, copied_by="FILE_COPY")) as databases:
        yield databases


@pytest.fixture(scope="session")
def sqlite_databases() -> Iterator[SqliteDatabases]:
    """In memory where there is room: every commit waits for the disk."""
    with tempfile.TemporaryDirectory(prefix="seatkeeper-sqlite-", dir=roomy_memory()) as folder:
        yield SqliteDatabases(Path(folder))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Databases of one kind, each test once for each; for tests that need several, as state machines do.

    For one kind alone: `@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)`.
    """
    made: Databases = request.getfixturevalue(f"{'sqlite' if request.param == 'sqlite' else 'postgres'}_databases")
    return made


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A migrated database of the test's own, and always at the same URL."""
    with databases.migrated("own") as url:
        yield url


@pytest.fixture
def fresh_database_url(databases: Databases) -> Iterator[str]:
    """A database of the test's own without tables, for tests of the migrations."""
    with databases.empty() as url:
        yield url
