"""The client itself: commands synced on purpose, and a stop that lets answers be given."""

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands
from simcord import Env

from bot.actions import Press
from bot.client import SeatkeeperBot
from bot.syncing import differs
from core.ports import Clock
from core.rules.refusals import Reason
from core.texts.refusals import SENTENCES
from tests.bot.world import World, parts, read


def bot_of(env: Env) -> SeatkeeperBot:
    assert isinstance(env.bot, SeatkeeperBot)
    return env.bot


def puts(env: Env) -> int:
    return len([entry for entry in env.http_requests if entry.method == "PUT" and entry.path.endswith("/commands")])


async def test_commands_are_synced_once_and_not_at_every_start(world: World) -> None:
    world.env.backend.commands.clear()
    assert await bot_of(world.env).sync_commands()

    await world.restart()
    assert not await bot_of(world.env).sync_commands()

    assert puts(world.env) == 1
    assert "**4 of 4** left" in read(await world.stu.actor.slash(world.public, "remaining"))


async def test_a_command_that_changed_is_synced(world: World) -> None:
    changed = bot_of(world.env).tree.get_command("remaining")
    assert isinstance(changed, app_commands.Command)
    changed.description = "Something else."

    assert await bot_of(world.env).sync_commands()
    assert not await bot_of(world.env).sync_commands()


async def test_syncing_may_be_ordered(world: World) -> None:
    assert await bot_of(world.env).sync_commands(force=True)
    assert puts(world.env) == 1


def test_what_discord_adds_to_a_command_is_no_difference() -> None:
    ours: dict[str, Any] = {"name": "book", "type": 1, "description": "Book.", "options": [], "nsfw": False}
    theirs = {"id": "1", "version": "2", "name": "book", "type": 1, "description": "Book.", "dm_permission": True}

    assert not differs([ours], [theirs])
    assert differs([ours], [{**theirs, "description": "Buy."}])
    assert differs([ours], [])
    assert differs([], [theirs])


async def test_no_privileged_intent_is_asked_for_and_nobody_is_pinged(world: World) -> None:
    bot = bot_of(world.env)

    assert [name for name, wanted in bot.intents if wanted] == ["guilds"]
    assert (bot.allowed_mentions or discord.AllowedMentions.all()).to_dict()["parse"] == []


async def test_without_a_provider_everything_works_but_buying(world: World, clock: Clock) -> None:
    await world.env.restart_bot(SeatkeeperBot(parts(world.db, None, world.clock), shard_count=1))

    assert SENTENCES[Reason.PROVIDER_NOT_CONFIGURED].without in read(
        await world.eve.slash(world.public, "buy", mentor="Mara")
    )
    assert "Mara" in read(await world.stu.actor.slash(world.public, "remaining"))


async def test_a_stop_waits_for_who_is_being_answered(world: World) -> None:
    bot = bot_of(world.env)
    may_end, ended = asyncio.Event(), []

    async def at_work() -> None:
        bot.note_work()
        await may_end.wait()
        ended.append("answered")

    working = asyncio.create_task(at_work())
    await asyncio.sleep(0)
    stopping = asyncio.create_task(bot.close())
    await asyncio.sleep(0)
    assert not stopping.done()
    may_end.set()
    await stopping

    assert ended == ["answered"]
    await working


async def test_nothing_is_said_of_voice_which_the_bot_does_not_use(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for flag in ("warn_nacl", "warn_dave"):
        monkeypatch.setattr(discord.VoiceClient, flag, True)

    await world.new_bot().close()

    assert caplog.messages == []


async def test_a_bot_that_never_logged_in_can_be_closed(world: World) -> None:
    await world.new_bot().close()


@pytest.fixture
def view_store(world: World) -> Any:
    return bot_of(world.env)._connection._view_store


async def test_buttons_leave_nothing_in_memory(world: World, view_store: Any) -> None:
    for _ in range(3):
        await world.stu.actor.slash(world.public, "remaining")

    assert not view_store._views


async def test_one_message_is_changed_by_one_press_at_a_time(world: World) -> None:
    bot = bot_of(world.env)
    may_end, answers = asyncio.Event(), []

    class Interaction:
        message = discord.Object(7)

    async def slow(interaction: discord.Interaction, press: Press) -> None:
        answers.append(press)
        await may_end.wait()

    from bot.actions import Action

    action, press = Action(slow, in_place=True), Press((1,))
    first = asyncio.create_task(bot._change(Interaction(), action, press))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await bot._change(Interaction(), action, press)  # type: ignore[arg-type]
    may_end.set()
    await first

    assert answers == [press]
