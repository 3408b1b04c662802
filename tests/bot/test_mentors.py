"""/mentors: who teaches, and a way in."""

from core.db import tables
from core.rules.states import SeatState
from tests.bot.world import World, a_mentor_player, labels, options_of, read, reply_to
from tests.builders import a_product, count_of


async def test_the_list_shows_seats_hours_and_prices(world: World) -> None:
    shown = await world.eve.slash(world.public, "mentors")

    assert "4 seats free · 60 minutes a session" in read(shown)
    assert "09:00" in read(shown)
    assert "€200.00" in read(shown)
    assert "Nothing for sale yet" in read(shown)
    assert options_of(shown, "pick-mentor") == [str(world.mara.id)]


async def test_from_the_list_to_the_link_by_two_choices(world: World) -> None:
    shown = await world.eve.slash(world.public, "mentors")
    await world.restart()
    shown = await world.eve.select(reply_to(shown), [str(world.mara.id)], custom_id="pick-mentor")
    assert await count_of(world.db, tables.seats, tables.seats.c.state == SeatState.HELD) == 0
    pick = f"pick-product:{world.mara.id}"
    shown = await world.eve.select(reply_to(shown), options_of(shown, pick), custom_id=pick)

    assert labels(reply_to(shown)) == ["Pay €200.00"]


async def test_a_search_finds_the_likest_first(world: World) -> None:
    await a_mentor_player(world.guild, world.env, world.db, world.community, "Tamara")

    shown = await world.eve.slash(world.public, "mentors", search="tamara")

    names = [field.name for embed in reply_to(shown).embeds for field in embed.fields]
    assert names[:2] == ["Tamara", "Mara"]


async def test_a_suggestion_leads_to_that_mentor(world: World) -> None:
    (choice, *_) = await world.eve.autocomplete(world.public, "mentors", "search", "max")

    shown = await world.eve.slash(world.public, "mentors", search=choice["value"])

    assert "Max" in read(shown)
    assert "Mara" not in read(shown)


async def test_a_search_without_a_find_says_what_to_do(world: World) -> None:
    shown = await world.eve.slash(world.public, "mentors", search="<@1> zzz")

    assert r"\<\@1\> zzz" in read(shown)
    assert "`/mentors` shows all" in read(shown)


async def test_many_mentors_come_in_pages(world: World) -> None:
    for name in ("Ana", "Ben", "Cleo", "Dan", "Eli", "Fay"):
        mentor = await a_mentor_player(world.guild, world.env, world.db, world.community, name)
        await a_product(world.db, mentor.person)

    first = await world.eve.slash(world.public, "mentors")
    before = read(first)
    await world.restart()
    second = await world.eve.click(reply_to(first), label="Next")

    assert "Page 1 of 2" in before
    assert "Mara" not in before
    assert "Mara" in read(second)
    assert labels(reply_to(second))[-1] == "Back"


async def test_a_server_that_is_not_set_up_is_told_to(world: World) -> None:
    other = world.env.create_guild("New Place")
    room = other.create_text_channel("general")
    eve = other.add_member(world.eve.user)

    assert "`/setup`" in read(await eve.slash(room, "mentors"))
    assert await eve.autocomplete(room, "mentors", "search", "m") == []


async def test_a_choice_that_was_never_offered_is_refused(world: World) -> None:
    message = world.forge_select(world.public.id, "pick-mentor", "x", "999")

    assert "no such mentor" in read(await world.eve.select(message, ["x"], custom_id="pick-mentor"))
    assert "Nothing for sale" in read(await world.eve.select(message, ["999"], custom_id="pick-mentor"))
