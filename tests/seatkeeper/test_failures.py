"""`seatkeeper notices` and `seatkeeper events`, typed by an operator."""

import json
from pathlib import Path

from core.db import tables
from core.db.unit import Database
from core.rules.states import NoticeState
from tests.builders import a_pair, row_of
from tests.fixtures import clock, db
from tests.seatkeeper.test_command_line import ended
from tests.usecases.records.steps import a_dead_notice, a_failed_event

__all__ = ["clock", "db"]


async def test_what_was_given_up_is_listed_for_people_and_for_machines(tmp_path: Path, db: Database) -> None:
    notice, event = await a_dead_notice(db, await a_pair(db)), await a_failed_event(db, None)

    told = await ended(tmp_path, "notices", DATABASE_URL=db.url)
    dead = await ended(tmp_path, "notices", "dead", "--json", DATABASE_URL=db.url)
    failed = await ended(tmp_path, "events", "failed", "--json", DATABASE_URL=db.url)

    assert told.code == 0
    assert "student_joined" in told.out
    assert "Mara" in told.out
    assert [(each["id"], each["why"]) for each in json.loads(dead.out)] == [(notice, "503 0")]
    assert [(each["id"], each["event_id"]) for each in json.loads(failed.out)] == [(event, "evt_1")]


async def test_what_is_named_is_due_again_and_what_is_unknown_is_said(tmp_path: Path, db: Database) -> None:
    notice = await a_dead_notice(db, await a_pair(db))
    await a_failed_event(db, None)

    named = await ended(tmp_path, "notices", "replay", str(notice), "4711", DATABASE_URL=db.url)
    every = await ended(tmp_path, "events", "replay", "--all", DATABASE_URL=db.url)
    none = await ended(tmp_path, "notices", "replay", "--all", DATABASE_URL=db.url)

    assert (named.code, every.code, none.code) == (1, 0, 0)
    assert f"Due again: message {notice}." in named.out
    assert "4711" in named.err
    assert "Due again: event" in every.out
    assert "no message" in none.out
    assert (await row_of(db, tables.notices, notice))["state"] is NoticeState.PENDING


async def test_a_replay_of_nothing_in_particular_is_misuse(tmp_path: Path, db: Database) -> None:
    assert (await ended(tmp_path, "notices", "replay", DATABASE_URL=db.url)).code == 2


async def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    url = "postgresql+asyncpg://seats:hunter2@127.0.0.1:1/seats"

    told = await ended(tmp_path, "notices", DATABASE_URL=url)

    assert told.code == 1
    assert "The database does not answer" in told.err
    assert len(told.err.splitlines()) == 1
    assert "hunter2" not in told.err
