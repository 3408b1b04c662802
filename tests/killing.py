"""A process whose connection to the database is gone in the middle of its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from core.db.unit import Database


class Killed(ConnectionResetError):
    """The connection is gone."""


@contextmanager
def killed_at(db: Database, number: int) -> Iterator[list[str]]:
    """The connection that writes is gone at the statement of this number, which never arrives; what was sent."""
    sent: list[str] = []

    def kill(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("BEGIN", "PRAGMA")):
            return
        sent.append(statement)
        if len(sent) == number:
            raise Killed

    engine = db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", kill)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", kill)
