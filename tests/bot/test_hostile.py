"""Whatever is typed into whatever: a clear answer to that person alone, and nothing done that was not meant."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
import pytest
from discord import app_commands
from simcord import InteractionResult, MemberActor, SetupError
from sqlalchemy import select

from bot.client import SeatkeeperBot
from bot.replies.reply import Tone
from core.db import tables
from tests.bot.hostile import BLANK, COMMANDS, FORMS, LONG, NO_IDS, NONSENSE, Row, Scene
from tests.bot.world import Player, World, reply_to, words_of
from tests.builders import DAY, HOUR, a_community, a_member, a_mentor, a_pair, a_product, a_session
from tests.usecases.refunds.steps import payment_of

WRITTEN = discord.AppCommandOptionType
FREE = {WRITTEN.string, WRITTEN.integer, WRITTEN.number}
UNSEEN = re.compile("[\u0000-\u0009\u000b-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

HOURS_OF_SLY = {"hours": "Mon 10:00-12:00", "time_zone": "Europe/Berlin", "capacity": 3}


@pytest.fixture
async def scene(world: World) -> Scene:
    """Beside Mara and Stu: Max with Kim, and another community with everything that there can be, all named Foreign."""
    kim = await a_member(world.db, world.community, "Kim")
    elsewhere = await a_community(world.db)
    mentor = await a_mentor(world.db, elsewhere, "Foreign Mara")
    await a_product(world.db, mentor, name="Foreign sessions")
    foreign = await a_pair(world.db, mentor=mentor, student=await a_member(world.db, elsewhere, "Foreign Stu"))
    return Scene(
        world=world,
        of_max=await a_pair(world.db, mentor=world.max.person, student=kim),
        foreign=foreign,
        foreign_session=await a_session(world.db, foreign, world.clock.now() - DAY),
        order=(await payment_of(world.db, world.pair))["order_id"],
        foreign_order=(await payment_of(world.db, foreign))["order_id"],
        coming_session=await a_session(world.db, world.pair, world.clock.now() + 3 * DAY),
    )


def bot_of(world: World) -> SeatkeeperBot:
    assert isinstance(world.env.bot, SeatkeeperBot)
    return world.env.bot


def commands_of(bot: SeatkeeperBot) -> dict[str, app_commands.Command[Any, ..., Any]]:
    return {each.qualified_name: each for each in bot.tree.walk_commands() if isinstance(each, app_commands.Command)}


def typed_into(command: app_commands.Command[Any, ..., Any]) -> set[str]:
    """The options in which anything can stand; where Discord offers a fixed choice, it takes nothing else."""
    return {each.display_name for each in command.parameters if each.type in FREE and not each.choices}


def wanting(bot: SeatkeeperBot) -> dict[str, set[str]]:
    """The commands and their options that the table has to name."""
    return {name: options for name, each in commands_of(bot).items() if (options := typed_into(each))}


def actor_of(scene: Scene, name: str) -> MemberActor:
    somebody: Player | MemberActor = getattr(scene.world, name)
    return somebody.actor if isinstance(somebody, Player) else somebody


def meant(scene: Scene, value: Any) -> Any:
    return value(scene) if callable(value) else value


async def everything(world: World) -> Mapping[str, list[Any]]:
    """All that is stored, but when somebody was seen first."""
    stored = {name: table for name, table in tables.metadata.tables.items() if name != "members"}
    async with world.db.look() as tx:
        rows = {name: await tx.all(select(each).order_by(*each.primary_key.columns)) for name, each in stored.items()}
    return {name: [tuple(row.values()) for row in found] for name, found in rows.items()}


def harmless(scene: Scene, shown: InteractionResult, caplog: pytest.LogCaptureFixture) -> Tone:
    """Which tone the answer has, once it is proven harmless."""
    said = reply_to(shown)
    assert said.ephemeral
    (embed,) = said.embeds
    words = words_of(said)
    assert len(words) > 20
    assert "Foreign" not in words
    assert not UNSEEN.search(words), ascii(words)
    assert len(embed) <= 6000
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not scene.world.env.errors
    tone = Tone(embed.colour.value if embed.colour else 0)
    assert tone is not Tone.BROKEN
    return tone


def pings(world: World) -> list[Any]:
    """What was sent that could ping somebody: any text outside of embeds, as none of them pings."""
    bodies = [each.json for each in world.env.http_requests if isinstance(each.json, dict)]
    inside = [body.get("data", body) for body in bodies]
    return [each for each in inside if isinstance(each, dict) and each.get("content")]


async def endured(
    scene: Scene, row: Row, caplog: pytest.LogCaptureFixture, send: Callable[[str, Any], Awaitable[InteractionResult]]
) -> None:
    """Type everything: first what must be refused, which changes nothing; then the rest, which may be done."""
    before = await everything(scene.world)
    for option, typed in row.typed.items():
        for value in typed.refused:
            tone, where = await answered(scene, caplog, send, option, meant(scene, value))
            assert tone in (None, Tone.NO), where
        assert await everything(scene.world) == before, f"{option} changed something that was refused"
        for value in typed.other:
            tone, where = await answered(scene, caplog, send, option, meant(scene, value))
            after = await everything(scene.world)
            assert tone is not Tone.NO or after == before, where
            before = after
    assert not pings(scene.world)


async def answered(
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
    send: Callable[[str, Any], Awaitable[InteractionResult]],
    option: str,
    value: Any,
) -> tuple[Tone | None, str]:
    """The tone of the harmless answer, None where Discord itself does not take the value; and who said what."""
    try:
        shown = await send(option, value)
    except SetupError:
        return None, ""
    tone = harmless(scene, shown, caplog)
    return tone, f"{option}={ascii(value)[:60]}: {words_of(reply_to(shown))[:200]}"


async def test_every_command_and_form_that_takes_words_or_numbers_is_in_the_table(world: World) -> None:
    bot = bot_of(world)

    assert {name: set(row.typed) for name, row in COMMANDS.items()} == wanting(bot), "tests/bot/hostile.py names each"
    assert set(FORMS) == set(bot.forms), "tests/bot/hostile.py names each form"


async def test_a_new_command_or_option_would_be_missed_in_the_table(world: World) -> None:
    bot = bot_of(world)

    @bot.tree.command(name="new", description="Made by this test.")
    async def new(_: discord.Interaction, words: str, number: int, whom: discord.Member) -> None: ...

    assert wanting(bot)["new"] == {"words", "number"}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_endures_whatever_is_typed(scene: Scene, caplog: pytest.LogCaptureFixture, name: str) -> None:
    row = COMMANDS[name]
    actor, good = actor_of(scene, row.who), {option: meant(scene, value) for option, value in row.good.items()}

    async def send(option: str, value: Any) -> InteractionResult:
        return await actor.slash(scene.world.public, name, **{**good, option: value})

    await endured(scene, row, caplog, send)


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_endures_whatever_is_typed(scene: Scene, caplog: pytest.LogCaptureFixture, name: str) -> None:
    row, opener = FORMS[name]
    actor, button = actor_of(scene, row.who), await opener(scene)

    async def send(option: str, value: Any) -> InteractionResult:
        opened = await actor.click(scene.world.forge(scene.world.public.id, button), custom_id=button)
        return await actor.submit_modal(opened, {option: value})

    await endured(scene, row, caplog, send)


async def test_suggestions_endure_whatever_is_typed_and_show_nothing_of_others(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    world = scene.world
    await a_session(world.db, world.pair, world.clock.now() - 2 * HOUR)

    for name, command in commands_of(bot_of(world)).items():
        for option in (each.display_name for each in command.parameters if each.autocomplete):
            for typed in (*BLANK, *NONSENSE, *LONG, *NO_IDS, "Foreign"):
                offered = await world.olga.autocomplete(world.public, name, option, typed)
                assert len(offered) <= 25
                assert all(0 < len(each["name"]) <= 100 and "Foreign" not in each["name"] for each in offered)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not world.env.errors


async def test_somebody_whose_name_hides_something_is_called_by_what_can_be_seen(scene: Scene) -> None:
    world = scene.world
    sly, nobody = (
        world.guild.add_member(world.env.create_user(user, global_name=name))
        for user, name in (("sly", "\u202e**Sly** \u200d@here"), ("nobody", "\u200b\u2060"))
    )

    added = await world.sam.slash(world.public, "staff mentor add", member=sly, **HOURS_OF_SLY)
    given = await world.sam.slash(
        world.public, "staff grant", student=nobody, mentor="Mara", sessions=1, reason="A gift"
    )
    offered = await world.sam.autocomplete(world.public, "mentor", "name", "sly")

    assert r"\*\*Sly\*\* \@here" in words_of(reply_to(added))
    assert "Given to nobody" in words_of(reply_to(given))
    assert offered[0]["name"] == "**Sly** @here"
    for shown in (added, given):
        assert not UNSEEN.search(words_of(reply_to(shown)))
