"""Who may do what: every command, button, select and form, used by everybody, as `permissions.py` has it."""

import re
from typing import Any

import pytest
from discord import app_commands
from discord.enums import AppCommandType
from simcord import InteractionResult, MemberActor
from sqlalchemy import update

from bot.actions import custom_id
from bot.client import SeatkeeperBot
from core.db import tables
from core.rules.refusals import Reason
from core.texts.refusals import SENTENCES
from tests.bot.permissions import ACTIONS, COMMANDS, FORM, FORMS, STRANGER, WHO, Answer, Line, Stage
from tests.bot.world import World, a_player, reply_to
from tests.builders import a_community, a_mentor, a_pair

HOW = """{missing} has no line in the table of tests/bot/permissions.py, or stands there and is gone. Add
    "{first}": Line(staff_only("How the title of the answer begins"), {{"option": "value"}}),
to {table}; `only`, `anybody` and the other names there say who else gets what. For a button or select give `numbers`
and `chosen`, for a form `words`, and `given` for what must stand before it is used."""


async def cast(world: World) -> dict[str, MemberActor]:
    """Who stands for each column. Fay teaches in another community, Ann learns with Max."""
    ann = await a_player(world.guild, world.env, world.db, world.community, "Ann")
    await a_pair(world.db, mentor=world.max.person, student=ann.person)
    fay = world.guild.add_member(world.env.create_user("fay", global_name="Fay"))
    person = await a_mentor(world.db, await a_community(world.db), "Fay")
    async with world.db.begin() as tx:
        await tx.run(update(tables.members).where(tables.members.c.id == person.id).values(user_id=fay.id))
        await tx.run(update(tables.mentors).where(tables.mentors.c.member_id == world.mara.id).values(capacity=9))
    people = (world.eve, fay, ann.actor, world.stu.actor, world.max.actor, world.mara.actor, world.sam)
    return dict(zip(WHO, people, strict=True))


def answer_in(result: InteractionResult, expected: Answer) -> Answer:
    """What was answered, in the words of the table: the expected one, if it is that."""
    if result.modal is not None:
        return FORM
    said = reply_to(result).embeds[0]
    if said.title != "That did not work":
        title = said.title or ""
        return expected if not isinstance(expected, Reason) and title.startswith(expected) else title
    reasons = [reason for reason in Reason if says(reason, said.description or "")]
    return expected if expected in reasons else " or ".join(reasons) or str(said.description)


def says(reason: Reason, said: str) -> bool:
    forms = SENTENCES[reason].forms
    return any(re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(each)), said) for each in forms)


def filled(stage: Stage, value: Any) -> Any:
    return value(stage) if callable(value) else value


async def command(stage: Stage, actor: MemberActor, name: str, line: Line) -> InteractionResult:
    if name[0].isupper():  # Discord allows this in its menus alone
        return await actor.context_menu(stage.world.public, name, stage.world.stu.actor)
    options = {option: filled(stage, value) for option, value in line.options.items()}
    return await actor.slash(stage.world.public, name, **options)


async def press(stage: Stage, actor: MemberActor, name: str, line: Line) -> InteractionResult:
    pressed = custom_id(name, *(filled(stage, number) for number in line.numbers))
    if line.chosen is None and not name.startswith("pick-"):
        message = stage.world.forge(stage.world.public.id, pressed, footer=line.footer)
        return await actor.click(message, custom_id=pressed)
    value = str(filled(stage, line.chosen))
    message = stage.world.forge_select(stage.world.public.id, pressed, value, footer=line.footer)
    return await actor.select(message, [value], custom_id=pressed)


async def send(stage: Stage, actor: MemberActor, name: str, line: Line) -> InteractionResult:
    numbers = (filled(stage, number) for number in line.numbers)
    return await stage.world.send_form(actor, custom_id(name, *numbers), line.words)


_MENUS = (AppCommandType.user, AppCommandType.message)
_LINES = [
    pytest.param(use, name, line, id=f"{use.__name__} {name}")
    for use, table in ((command, COMMANDS), (press, ACTIONS), (send, FORMS))
    for name, line in table.items()
]


@pytest.mark.parametrize(("use", "name", "line"), _LINES)
async def test_everybody_gets_the_answer_of_the_table(world: World, use: Any, name: str, line: Line) -> None:
    stage, people = Stage(world), await cast(world)
    await line.given(stage)
    given: dict[str, Answer] = {}
    is_used_up = False

    for who, actor in people.items():
        expected = line.answers[who]
        if is_used_up and expected != line.answers[STRANGER]:
            await line.given(stage)
        given[who] = answer_in(await use(stage, actor, name, line), expected)
        is_used_up = is_used_up or expected not in (*Reason, line.answers[STRANGER])

    assert given == dict(line.answers)


async def test_everything_that_can_be_used_has_a_line_in_the_table(world: World) -> None:
    bot = world.env.bot
    assert isinstance(bot, SeatkeeperBot)
    there = {
        "COMMANDS": commands_of(bot),
        "ACTIONS": set(bot.actions),
        "FORMS": set(bot.forms),
    }

    for (name, used), table in zip(there.items(), (COMMANDS, ACTIONS, FORMS), strict=True):
        missing = used ^ set(table)
        assert not missing, HOW.format(missing=", ".join(sorted(missing)), first=min(missing), table=name)


def commands_of(bot: SeatkeeperBot) -> set[str]:
    walked = {each.qualified_name for each in bot.tree.walk_commands() if isinstance(each, app_commands.Command)}
    return walked | {each.name for kind in _MENUS for each in bot.tree.get_commands(type=kind)}
