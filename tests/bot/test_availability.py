"""/availability: a mentor's hours seen, said in a form, and never lost for a slip."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from simcord import InteractionResult, assert_error
from sqlalchemy import text

from bot.client import SeatkeeperBot
from core.db import tables
from core.db.unit import Database, Transaction
from core.rules.hours import WeeklyHours, say_hours
from tests.bot.test_errors import reference_in
from tests.bot.world import World, labels, parts, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_pair, a_session, rows_of
from tests.clocks import NOW

HOSTILE = ["@everyone **x** ```", "\u202eMon\u200b", "<@1> [a](https://x.example)", "x" * 1000]


def blank_of(shown: InteractionResult) -> dict[str, Any]:
    """The form's text as Discord got it."""
    modal: Any = shown.modal
    assert modal is not None, "no form was opened"
    (label,) = modal["components"]
    return {**label["component"], "label": label["label"], "description": label.get("description")}


async def say_when(world: World, hours: str) -> InteractionResult:
    shown = await world.mara.actor.slash(world.public, "availability set")
    return await world.mara.actor.submit_modal(shown, {"hours": hours})


async def hours_kept(world: World) -> str:
    rows = await rows_of(world.db, tables.mentor_hours, tables.mentor_hours.c.mentor_id == world.mara.id)
    return say_hours(WeeklyHours(row["weekday"], row["starts_minute"], row["ends_minute"]) for row in rows)


async def test_a_mentor_sees_hours_limits_and_what_comes_next(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "availability show")

    assert reply_to(shown).ephemeral
    assert r"**Mon–Sun 09:00–17:00**" in read(shown)
    assert "That is 56 hours a week, by the clock of UTC." in read(shown)
    assert f"{stamp(NOW + 21 * HOUR)} – {stamp(NOW + 29 * HOUR, 't')}" in read(shown)
    assert "60 minutes a session · booked from 24 hours ahead · up to 60 days ahead" in read(shown)
    assert labels(reply_to(shown)) == ["Change my hours"]


async def test_the_form_holds_the_hours_of_now(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "availability set")

    assert blank_of(shown)["value"] == "Mon–Sun 09:00–17:00"
    assert "clock of UTC" in blank_of(shown)["description"]


async def test_the_answer_says_what_was_understood(world: World) -> None:
    shown = await say_when(world, "Mon-Fri 17:00-21:00, Sat 10:00-12:30")

    assert reply_to(shown).ephemeral
    assert "Mon–Fri 17:00–21:00, Sat 10:00–12:30" in read(shown)
    assert "22 h 30 min a week, by the clock of UTC" in read(shown)
    assert stamp(NOW + 5 * HOUR) in read(shown)
    assert await hours_kept(world) == "Mon–Fri 17:00–21:00, Sat 10:00–12:30"


async def test_sessions_outside_the_new_hours_stay_and_are_told(world: World) -> None:
    await a_session(world.db, world.pair, NOW + DAY)

    shown = await say_when(world, "Sun 10-12")

    assert "1 booked session lies outside these hours, and takes place all the same" in read(shown)
    assert stamp(NOW + DAY) in read(shown)
    assert labels(reply_to(shown)) == ["Change my hours", "Schedule"]


async def test_many_of_them_are_counted(world: World) -> None:
    pair = await a_pair(world.db, mentor=world.mara.person, total=7)
    for day in range(1, 8):
        await a_session(world.db, pair, NOW + day * DAY)

    shown = await say_when(world, "Sun 1-2")

    assert "7 booked sessions lie outside" in read(shown)
    assert "and 2 more" in read(shown)


async def test_what_cannot_be_read_is_quoted_kept_and_mended_by_a_button(world: World) -> None:
    shown = await say_when(world, "Mon 17-21, Tue late")

    assert "“late” cannot be read as hours" in read(shown)
    assert "```\nMon 17-21, Tue late\n```" in read(shown)
    assert await hours_kept(world) == "Mon–Sun 09:00–17:00"
    await world.restart()
    again = await world.mara.actor.click(reply_to(shown), label="Mend it")
    assert blank_of(again)["value"] == "Mon 17-21, Tue late"
    done = await world.mara.actor.submit_modal(again, {"hours": "Mon 17-21, Tue 20-21"})
    assert "Mon 17:00–21:00, Tue 20:00–21:00" in read(done)


async def test_the_button_under_the_hours_opens_the_form_after_a_restart_too(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "availability show")
    await world.restart()

    opened = await world.mara.actor.click(reply_to(shown), label="Change my hours")

    assert blank_of(opened)["value"] == "Mon–Sun 09:00–17:00"


async def test_a_form_that_was_open_over_a_restart_still_counts(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "availability set")
    await world.restart()

    done = await world.mara.actor.submit_modal(shown, {"hours": "Mon 10-12"})

    assert "Mon 10:00–12:00" in read(done)


@pytest.mark.parametrize("typed", HOSTILE)
async def test_hostile_words_are_shown_as_words_and_ping_nobody(world: World, typed: str) -> None:
    shown = await say_when(world, typed)

    assert "cannot be read as hours" in read(shown)
    assert reply_to(shown).content in ("", None)
    kept = re.search(r"```\n(.*)\n```", read(shown), re.DOTALL)
    assert kept is not None
    assert "`" not in kept[1]
    assert not set(kept[1]) & {"\u200b", "\u202e"}


class SlowToRead(Database):
    """Answers, but so late that Discord has given up by then."""

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Transaction]:
        await asyncio.sleep(60)  # of the simulated Discord's time, which the test lets pass
        async with super().look() as tx:
            yield tx


async def test_on_a_slow_database_the_form_opens_without_the_hours(world: World) -> None:
    slow = SlowToRead(world.db.url, world.clock)
    await world.env.restart_bot(SeatkeeperBot(parts(slow, world.provider, world.clock), shard_count=1))

    shown = await world.mara.actor.slash(world.public, "availability set")
    await world.env.advance_time(2)

    assert "value" not in blank_of(shown)
    assert "Mon 10:00–12:00" in read(await world.mara.actor.submit_modal(shown, {"hours": "Mon 10-12"}))
    await world.env.advance_time(60)
    await slow.close()


async def test_who_is_no_mentor_is_told_and_gets_no_form(world: World) -> None:
    for command in ("availability show", "availability set"):
        shown = await world.stu.actor.slash(world.public, command)
        assert shown.modal is None
        assert reply_to(shown).ephemeral
        assert "Only mentors can do that" in read(shown)


async def test_who_was_a_mentor_when_the_form_opened_is_asked_again(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "availability set")
    async with world.db.begin() as tx:
        await tx.run(tables.mentors.update().values(removed_at=NOW))

    assert "Only mentors can do that" in read(await world.mara.actor.submit_modal(shown, {"hours": "Mon 10-12"}))


async def test_a_form_that_fails_tells_a_reference(world: World, caplog: pytest.LogCaptureFixture) -> None:
    shown = await world.mara.actor.slash(world.public, "availability set")
    async with world.db.begin() as tx:
        await tx.run(text("ALTER TABLE mentor_hours RENAME TO hours_gone"))
    failed = await world.mara.actor.submit_modal(shown, {"hours": "Mon 10-12"})
    broken = await world.mara.actor.slash(world.public, "availability set")
    async with world.db.begin() as tx:
        await tx.run(text("ALTER TABLE hours_gone RENAME TO mentor_hours"))

    assert reply_to(failed).ephemeral
    assert reference_in(read(failed)) in caplog.text
    assert "the form set-hours failed" in caplog.text
    assert reference_in(read(broken)) in caplog.text
    assert_error(world.env, Exception)


async def test_a_form_of_another_version_is_explained(world: World) -> None:
    bot = world.env.bot
    assert isinstance(bot, SeatkeeperBot)
    shown = await world.mara.actor.slash(world.public, "availability set")
    del bot.forms["set-hours"]

    done = await world.mara.actor.submit_modal(shown, {"hours": "Mon 10-12"})

    assert "another version of the bot" in read(done)


async def test_forms_leave_nothing_in_memory(world: World) -> None:
    await world.mara.actor.slash(world.public, "availability set")

    assert not world.env.bot._connection._view_store._modals


async def test_a_late_form_is_logged_and_nothing_is_changed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    shown = await world.mara.actor.slash(world.public, "availability set")
    world.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062, message="Unknown interaction")

    await world.mara.actor.submit_modal(shown, {"hours": "Mon 10-12"})

    assert "the form set-hours: Discord no longer takes the answer" in caplog.text
    assert await hours_kept(world) == "Mon–Sun 09:00–17:00"


async def test_a_mentor_without_hours_and_a_paused_one_are_told_so(world: World) -> None:
    async with world.db.begin() as tx:
        await tx.run(tables.mentor_hours.delete())
        await tx.run(tables.mentors.update().values(paused_at=NOW, buffer_minutes=15))

    shown = await world.mara.actor.slash(world.public, "availability show")

    assert "No hours yet, so nobody can book you." in read(shown)
    assert "You are paused" in read(shown)
    assert "15 minutes' break after it" in read(shown)
