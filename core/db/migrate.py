"""Bring a database's schema to the current version, or say how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.engine import make_url

_FOLDER = Path(__file__).parent / "migrations"


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
    engine = create_engine(sync_url(url), poolclass=pool.NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
