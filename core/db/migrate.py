"""Bring a database's schema to the current version, or say how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from core.errors import DatabaseAway

_FOLDER = Path(__file__).parent / "migrations"
_CONNECT_WITHIN = 10  # seconds


def upgrade(url: str) -> None:
    """Apply every migration that the database lacks, in one transaction. Blocking: call it before the loop starts."""
    with _connected(url) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(url: str) -> bool:
    """Whether the schema is that of this code. Blocking."""
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest()


def newest() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package lacks its migrations")
    return head


def sync_url(url: str) -> str:
    """The same database through the driver that blocks."""
    parsed = make_url(url)
    driver = {"sqlite+aiosqlite": "sqlite", "postgresql+asyncpg": "postgresql+psycopg"}[parsed.drivername]
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    parsed = make_url(sync_url(url))
    limits = {"connect_timeout": _CONNECT_WITHIN} if parsed.get_backend_name() == "postgresql" else {}
    engine = create_engine(parsed, poolclass=pool.NullPool, connect_args=limits)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except OperationalError as error:
        raise DatabaseAway(f"The database does not answer: {_without_password(parsed, error)}") from None
    finally:
        engine.dispose()


def _without_password(url: URL, error: OperationalError) -> str:
    """The driver's words, all in one line."""
    words = " ".join(str(error.orig).split())
    return words.replace(str(url.password), "…") if url.password else words
