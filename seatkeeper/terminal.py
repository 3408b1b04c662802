"""What the commands share on a terminal: where they print, how they end, and the database they look into."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.config import Config, ConfigError
from core.db.migrate import is_current
from core.db.unit import Database
from core.errors import DatabaseAway, DatabaseOutdated

out = Console()
err = Console(stderr=True, style="red", highlight=False)
aside = Console(stderr=True, highlight=False)
"""For what a person reads while stdout goes to a file or a pipe."""

MISUSE = 2  # what was typed or set is wrong
FAILED = 1


@contextmanager
def clear_errors() -> Iterator[None]:
    """A mistake of the user's is one clear line for each thing that is wrong, and an exit code."""
    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            complain(problem)
        complain("Settings come from the environment or from .env; .env.example lists them.")
        sys.exit(MISUSE)
    except (DatabaseOutdated, DatabaseAway) as error:
        complain(str(error))
        sys.exit(FAILED)


def complain(sentence: str) -> None:
    """Say it on stderr, as it is: no markup, no line broken."""
    err.print(sentence, markup=False, soft_wrap=True)


@asynccontextmanager
async def database_of(config: Config) -> AsyncIterator[Database]:
    """The database as it stands. A command that looks in never makes or changes a schema."""
    url = config.database_url.get_secret_value()
    if not await asyncio.to_thread(is_current, url):
        raise DatabaseOutdated("The database's schema is not this program's. Type: seatkeeper migrate")
    db = Database(url, SystemClock())
    try:
        yield db
    finally:
        await db.close()


def show_json(rows: object) -> None:
    """For machines: one document on stdout, instants in ISO 8601."""
    sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False, default=_plain) + "\n")


def write_new(path: Path, text: str) -> None:
    """A file that was not there before, for its owner alone, with the text as it is; OSError if it cannot be."""
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def show_table(rows: Sequence[Mapping[str, Any]], *columns: str, nothing: str, on: Console = out) -> None:
    """For people; `nothing` is said if there are no rows."""
    if not rows:
        on.print(nothing, markup=False)
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row[column.replace(" ", "_")]) for column in columns))
    on.print(table)


def ids_of(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return "–" if value is None or value == "" else escape(str(value))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
