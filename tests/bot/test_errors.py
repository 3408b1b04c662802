"""What nobody expected: the person gets a reference, the log has it too, and the bot lives on."""

import logging
import re

import discord
import pytest
from simcord import assert_error
from sqlalchemy import text

from bot.errors import is_late
from tests.bot.world import World, labels, read, reply_to
from tests.builders import DAY, a_session


async def break_the_database(world: World) -> None:
    async with world.db.begin() as tx:
        await tx.run(text("ALTER TABLE seats RENAME TO seats_gone"))


async def mend_the_database(world: World) -> None:
    async with world.db.begin() as tx:
        await tx.run(text("ALTER TABLE seats_gone RENAME TO seats"))


def reference_in(said: str) -> str:
    found = re.search(r"`([0-9a-f]{6})`", said)
    assert found, said
    return found[1]


async def test_a_command_that_fails_tells_a_reference_that_is_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await break_the_database(world)
    shown = await world.stu.actor.slash(world.public, "remaining")
    await mend_the_database(world)

    assert reply_to(shown).ephemeral
    assert "seats" not in read(shown)
    logged = [record for record in caplog.records if record.levelno == logging.ERROR and record.name == "bot.errors"]
    assert [record.reference for record in logged] == [reference_in(read(shown))]  # type: ignore[attr-defined]
    assert "/remaining failed" in logged[0].getMessage()
    assert_error(world.env, Exception)


async def test_after_a_fault_the_next_command_works(world: World) -> None:
    await break_the_database(world)
    await world.stu.actor.slash(world.public, "remaining")
    await mend_the_database(world)
    assert world.env.errors

    assert "**4 of 4** left" in read(await world.stu.actor.slash(world.public, "remaining"))


async def test_a_button_that_fails_tells_a_reference_and_may_be_pressed_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    shown = await world.stu.actor.slash(world.public, "book")
    await break_the_database(world)
    failed = await world.stu.actor.click(reply_to(shown), label="Next")
    await mend_the_database(world)

    told = "\n".join(embed.description or "" for each in failed.followups for embed in each.embeds)
    assert reference_in(told) in caplog.text
    again = await world.stu.actor.click(reply_to(shown), label="Next")
    assert "Page 2 of 3" in read(again)


async def test_a_button_that_answers_anew_fails_with_a_reference_too(world: World) -> None:
    shown = await world.stu.actor.slash(world.public, "remaining")
    await break_the_database(world)
    failed = await world.stu.actor.click(reply_to(shown), label="Book a session")
    await mend_the_database(world)

    assert reply_to(failed).ephemeral
    assert reference_in(read(failed))


async def test_suggestions_that_fail_are_empty_and_one_can_type_on(world: World) -> None:
    await break_the_database(world)
    suggested = await world.stu.actor.autocomplete(world.public, "book", "mentor", "m")
    await mend_the_database(world)

    assert suggested == []


async def test_a_button_of_another_version_is_explained(world: World) -> None:
    message = world.forge(world.public.id, "gone-for-good:7", "book", "book:1:2")

    for custom_id in ("gone-for-good:7", "book", "book:1:2"):
        shown = await world.stu.actor.click(message, custom_id=custom_id)
        assert "another version of the bot" in read(shown)


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060)])
async def test_a_press_that_discord_gave_up_on_or_knows_answered_is_logged_and_nothing_is_done(
    world: World, caplog: pytest.LogCaptureFixture, status: int, code: int
) -> None:
    world.env.inject_error("POST", "/interactions/*/*/callback", status=status, code=code)

    shown = await world.eve.slash(world.public, "buy", mentor="Mara")

    assert shown.response is None
    assert "/buy: Discord no longer takes the answer" in caplog.text
    assert not world.provider.checkouts


async def test_a_late_button_is_logged_and_nothing_is_done(world: World, caplog: pytest.LogCaptureFixture) -> None:
    shown = await world.stu.actor.slash(world.public, "remaining")
    world.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062, message="Unknown interaction")

    await world.stu.actor.click(reply_to(shown), label="Renew")

    assert "renew: Discord no longer takes the answer" in caplog.text
    assert not world.provider.checkouts


async def test_an_answer_that_comes_after_its_time_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.env.inject_error("PATCH", "/webhooks/*", status=401, code=50027, message="Invalid Webhook Token", times=None)
    await a_session(world.db, world.pair, world.clock.now() + DAY)

    await world.stu.actor.slash(world.public, "schedule")

    assert "/schedule: Discord no longer takes the answer" in caplog.text
    assert_error(world.env, discord.HTTPException)


async def test_when_even_the_apology_fails_the_bot_lives_on(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.env.inject_error("PATCH", "/webhooks/*", status=500, times=2)

    await world.stu.actor.slash(world.public, "remaining")
    assert world.env.errors

    assert "could not be told" in caplog.text
    assert labels(reply_to(await world.stu.actor.slash(world.public, "remaining"))) == ["Book a session", "Renew"]


def test_other_errors_are_not_late() -> None:
    assert not is_late(RuntimeError("something else"))
