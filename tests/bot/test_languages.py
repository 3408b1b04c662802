"""Each person is answered, and written to, in the language of their Discord."""

from simcord import Env
from sqlalchemy import select

from bot.client import SeatkeeperBot
from core.db.tables import members
from core.texts.language import languages
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, parts_of, read, reply_to

MOST_OF_A_DESCRIPTION = 100  # characters, Discord's limit in every language


async def test_a_german_is_answered_in_german_and_others_in_english(world: World) -> None:
    speaks(world.env, world.stu.actor.id, "de")

    german = read(await world.stu.actor.slash(world.public, "remaining"))
    picker = await world.stu.actor.slash(world.public, "book")
    english = read(await world.mara.actor.slash(world.public, "remaining"))

    assert "**4 von 4** übrig" in german
    assert [option["label"] for option in parts_of(reply_to(picker))[0]["options"]][:2] == [
        "Dienstag, 3. März",
        "Mittwoch, 4. März",
    ]
    assert "You have no sessions and no seat yet" in english


async def test_whoever_acts_is_written_to_in_their_language_from_then_on(world: World) -> None:
    speaks(world.env, world.stu.actor.id, "de")

    await world.stu.actor.slash(world.public, "renew", mentor="Mara")

    async with world.db.look() as tx:
        assert await tx.value(select(members.c.locale).where(members.c.id == world.stu.id)) == "de"


async def test_a_refusal_is_said_in_german_too(world: World) -> None:
    speaks(world.env, world.eve.id, "de")

    assert "Das hat nicht geklappt" in read(await world.eve.slash(world.public, "book"))


async def test_what_discord_shows_of_commands_is_translated_and_their_names_are_not(env: Env) -> None:
    assert isinstance(env.bot, SeatkeeperBot)
    translator = env.bot.tree.translator
    assert translator is not None

    for command in env.bot.tree.get_commands():
        payload = await command.get_translated_payload(env.bot.tree, translator)
        _shown_in_every_language(payload)


def _shown_in_every_language(payload: dict[str, object]) -> None:
    assert not payload.get("name_localizations") or payload.get("type") in (2, 3), (
        "a command's name is never translated"
    )
    if payload.get("description"):
        shown = payload.get("description_localizations")
        assert isinstance(shown, dict), payload
        assert set(shown) == languages() - {"en"}
        assert all(len(text) <= MOST_OF_A_DESCRIPTION for text in shown.values()), shown
    options = payload.get("options")
    for option in options if isinstance(options, list) else []:
        _shown_in_every_language(option)
