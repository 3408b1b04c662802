"""`seatkeeper export` and `seatkeeper erase`, typed by an operator."""

import asyncio
import json
import os
import pty
import stat
from pathlib import Path

import pytest

from core.db import tables
from core.db.unit import Database
from tests.builders import a_pair, row_of
from tests.clocks import SettableClock
from tests.fixtures import clock, db
from tests.seatkeeper.test_command_line import COMMAND, ended, environment
from tests.usecases.privacy.steps import NAME, a_settled_life

__all__ = ["clock", "db"]

# What the commands do with a database is tested on both kinds, in tests/usecases/privacy.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ASKED = ("--reason", "asked for by mail")


async def test_an_export_is_printed_or_written_to_a_new_file_for_its_owner(
    tmp_path: Path, db: Database, clock: SettableClock
) -> None:
    user = str((await a_settled_life(db, clock)).pair.student.user_id)

    printed = await ended(tmp_path, "export", user, DATABASE_URL=db.url)
    written = await ended(tmp_path, "export", user, "--output", "zoe.json", DATABASE_URL=db.url)
    again = await ended(tmp_path, "export", user, "--output", "zoe.json", DATABASE_URL=db.url)

    assert (printed.code, written.code, again.code) == (0, 0, 1)
    document = json.loads(printed.out)
    assert document["discord_user_id"] == int(user)
    assert [note["text"] for note in document["communities"][0]["notes"]] == ["Zoe is shy"]
    file = tmp_path / "zoe.json"
    assert json.loads(file.read_text())["communities"] == document["communities"]
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert "File exists" in again.err
    assert "Traceback" not in again.err


async def test_without_a_yes_an_erasure_is_shown_and_not_done(
    tmp_path: Path, db: Database, clock: SettableClock
) -> None:
    student = (await a_settled_life(db, clock)).pair.student

    shown = await ended(tmp_path, "erase", str(student.user_id), *ASKED, DATABASE_URL=db.url)
    data = await ended(tmp_path, "erase", str(student.user_id), *ASKED, "--json", DATABASE_URL=db.url)

    assert (shown.code, data.code) == (2, 2)
    assert f"{NAME} in Chess Club" in shown.out
    assert "would be erased" in shown.out
    assert "Discord thread 9001" in shown.out
    assert "--yes" in shown.err
    assert json.loads(data.out)[0]["rows"]["payments"] == 1
    assert (await row_of(db, tables.members, student.id))["erased_at"] is None


async def test_a_yes_erases(tmp_path: Path, db: Database, clock: SettableClock) -> None:
    student = (await a_settled_life(db, clock)).pair.student

    done = await ended(tmp_path, "erase", str(student.user_id), *ASKED, "--yes", DATABASE_URL=db.url)
    export = await ended(tmp_path, "export", str(student.user_id), DATABASE_URL=db.url)

    assert (done.code, done.err) == (0, "")
    assert "was erased" in done.out
    assert (await row_of(db, tables.members, student.id))["name"] == f"erased-{student.id}"
    assert export.code == 1
    assert export.err.startswith("Nothing is kept here about this person")


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("y\n", 0)])
async def test_on_a_terminal_it_is_asked_first(
    tmp_path: Path, db: Database, clock: SettableClock, typed: str, code: int
) -> None:
    student = (await a_settled_life(db, clock)).pair.student
    terminal, its_end = pty.openpty()
    os.write(terminal, typed.encode())

    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *("erase", str(student.user_id), *ASKED),
        cwd=tmp_path,
        env=environment(DATABASE_URL=db.url),
        stdin=its_end,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()

    os.close(terminal)
    os.close(its_end)
    assert process.returncode == code, err.decode()
    assert "There is no way back." in err.decode()
    assert ((await row_of(db, tables.members, student.id))["erased_at"] is None) == (code == 1)


async def test_whoever_has_a_seat_is_named_with_what_to_do_first(tmp_path: Path, db: Database) -> None:
    student = (await a_pair(db)).student

    refused = await ended(tmp_path, "erase", str(student.user_id), *ASKED, "--yes", DATABASE_URL=db.url)

    assert (refused.code, refused.out) == (1, "")
    assert "They still have a seat in Chess Club" in refused.err
    assert (await row_of(db, tables.members, student.id))["erased_at"] is None


@pytest.mark.parametrize(
    "typed", [("erase", "4711"), ("erase", "-5", *ASKED), ("export", "Zoe"), ("export", "4711", "--server", "here")]
)
async def test_what_is_typed_wrongly_is_misuse(tmp_path: Path, databases: object, typed: tuple[str, ...]) -> None:
    told = await ended(tmp_path, *typed)

    assert told.code == 2
    assert "Traceback" not in told.err
