"""Databases for tests, empty or migrated, of both kinds that the product runs on."""

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg


class Databases(Protocol):
    """Makes any number of databases, apart from each other, each gone when its block ends."""

    def empty(self) -> AbstractContextManager[str]:
        """The URL of a database without tables."""

    def migrated(self, name: str | None = None) -> AbstractContextManager[str]:
        """The URL of a database at the newest revision of the schema; migrated once, then copied.

        Those of one name, which follow each other, have the same URL.
        """


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def empty(self) -> Iterator[str]:
        with self._file() as file:
            yield _sqlite_url(file)

    @contextmanager
    def migrated(self, name: str | None = None) -> Iterator[str]:
        with self._file(name) as file:
            shutil.copyfile(self._template, file)
            yield _sqlite_url(file)

    @cached_property
    def _template(self) -> Path:
        file = self.folder / "template"
        _upgrade(_sqlite_url(file))
        db = sqlite3.connect(file)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # everything into the one file that is copied
        db.close()
        return file

    @contextmanager
    def _file(self, name: str | None = None) -> Iterator[Path]:
        file = self.folder / f"{name or secrets.token_hex(6)}.db"
        try:
            yield file
        finally:
            for left in self.folder.glob(f"{file.name}*"):
                left.unlink()


class PostgresDatabases:
    def __init__(self, server_url: str, copied_by: str = "") -> None:
        """`server_url` names a database to give orders in; its user may create others.

        `copied_by` is the strategy of CREATE DATABASE, where it is not the server's own choice.
        """
        self.server_url = f"postgresql://{server_url.partition('://')[2]}"
        # Several test runs may share a server named by TEST_DATABASE_URL.
        self._prefix = f"seatkeeper_test_{secrets.token_hex(6)}"
        self._strategy = f"STRATEGY {copied_by}" if copied_by else ""
        self._template_name: str | None = None
        # Neither asyncpg nor SQLAlchemy, so that no event loop is needed and no pool is shared with what is tested.
        self._orders = psycopg.connect(self.server_url, autocommit=True)

    @contextmanager
    def empty(self) -> Iterator[str]:
        name = self._create()
        try:
            yield self._url(name)
        finally:
            self._drop(name)

    @contextmanager
    def migrated(self, name: str | None = None) -> Iterator[str]:
        if self._template_name is None:
            template = self._create()
            _upgrade(self._url(template))
            self._template_name = template
        made = self._create(self._template_name, name)
        try:
            yield self._url(made)
        finally:
            self._drop(made)

    def close(self) -> None:
        if self._template_name is not None:
            self._drop(self._template_name)
        self._orders.close()

    def _create(self, template: str = "template0", name: str | None = None) -> str:
        made = f"{self._prefix}_{name or secrets.token_hex(6)}"
        self._orders.execute(f"CREATE DATABASE {made} TEMPLATE {template} {self._strategy}".encode())
        return made

    def _drop(self, name: str) -> None:
        self._orders.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def _url(self, name: str) -> str:
        return urlsplit(self.server_url)._replace(scheme="postgresql+asyncpg", path=f"/{name}").geturl()


def _sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def _upgrade(url: str) -> None:
    from core.db.migrate import upgrade

    upgrade(url)
