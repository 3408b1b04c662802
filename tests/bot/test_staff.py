"""/setup and /staff: a server becomes a community with mentors."""

import discord
import pytest
from simcord import GuildHandle, MemberActor

from core.db import tables
from tests.bot.world import World, read, reply_to
from tests.builders import count_of, rows_of


@pytest.fixture
def place(world: World) -> GuildHandle:
    """A server where the bot has just arrived."""
    place = world.env.create_guild("New *Place*")
    place.create_text_channel("general")
    place.create_role("Owners", permissions=discord.Permissions(manage_guild=True))
    return place


def join(place: GuildHandle, person: MemberActor, role: str | None = None) -> MemberActor:
    return place.add_member(person.user, roles=[place.roles[role]] if role else [])


async def test_who_may_manage_the_server_sets_it_up_and_hears_what_comes_next(world: World, place: GuildHandle) -> None:
    owner, room = join(place, world.olga, "Owners"), place.channels["general"]

    shown = await owner.slash(room, "setup", time_zone="Europe/Berlin", currency="eur", staff_channel=room)

    assert reply_to(shown).ephemeral
    assert r"New \*Place\*" in read(shown)
    assert "Europe/Berlin" in read(shown)
    assert f"<#{room.id}>" in read(shown)
    assert "`/staff mentor add`" in read(shown)
    (community,) = await rows_of(world.db, tables.communities, tables.communities.c.guild_id == place.id)
    assert community["currency"] == "EUR"


async def test_nobody_else_sets_it_up(world: World, place: GuildHandle) -> None:
    eve = join(place, world.eve)

    shown = await eve.slash(place.channels["general"], "setup", time_zone="Europe/Berlin", currency="EUR")

    assert "Manage Server" in read(shown)
    assert await count_of(world.db, tables.communities, tables.communities.c.guild_id == place.id) == 0


async def test_what_is_left_out_the_second_time_stays(world: World) -> None:
    shown = await world.sam.slash(world.public, "setup", time_zone="Asia/Kolkata", currency="INR")

    assert f"<@&{world.staff_role.id}>" in read(shown)
    assert f"<#{world.staff_room.id}>" in read(shown)
    (community,) = await rows_of(world.db, tables.communities)
    assert community["time_zone"] == "Asia/Kolkata"
    assert community["staff_channel_id"] == world.staff_room.id


async def test_a_staff_channel_that_the_bot_cannot_write_in_is_pointed_out(world: World) -> None:
    closed = world.guild.create_text_channel(
        "closed", overwrites={world.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    bot_role = next(role for role in world.guild._guild.roles.values() if role.managed)
    few = discord.Permissions(view_channel=True).value
    world.env.backend.edit_role(world.guild.id, bot_role.id, {"permissions": few})

    shown = await world.sam.slash(world.public, "setup", time_zone="Etc/UTC", currency="EUR", staff_channel=closed)

    assert "I cannot write in" in read(shown)
    assert "View Channel, Send Messages and Embed Links" in read(shown)


@pytest.mark.parametrize(
    ("time_zone", "currency", "said"),
    [("Berlin", "EUR", "“Berlin” is not known"), ("Europe/Berlin", "EURO", "“EURO” is not known")],
)
async def test_an_unknown_zone_or_currency_is_explained(world: World, time_zone: str, currency: str, said: str) -> None:
    shown = await world.sam.slash(world.public, "setup", time_zone=time_zone, currency=currency)

    assert said in read(shown)


async def test_zones_and_currencies_are_suggested(world: World) -> None:
    zones = await world.sam.autocomplete(world.public, "setup", "time_zone", "berlin")
    usual = await world.sam.autocomplete(world.public, "setup", "time_zone", "")
    currencies = await world.sam.autocomplete(world.public, "setup", "currency", "ch")

    assert zones[0]["value"] == "Europe/Berlin"
    assert "Etc/UTC" in [choice["value"] for choice in usual]
    assert currencies[0]["value"] == "CHF"


async def test_staff_make_a_mentor_and_put_up_what_they_sell(world: World) -> None:
    added = await world.sam.slash(
        world.staff_room,
        "staff mentor add",
        member=world.eve,
        hours="Mon-Fri 17:00-20:00, Sat 10-12",
        time_zone="Europe/Berlin",
        capacity=3,
    )
    sold = await world.sam.slash(
        world.staff_room, "staff product add", mentor="Eve", name="Two talks", price="49,90", sessions=2
    )
    listed = await world.stu.actor.slash(world.public, "mentors", search="Eve")

    assert "17:00–20:00" in read(added)
    assert "`/staff product add`" in read(added)
    assert "**Two talks** · €49.90 · 2 sessions · good for 60 days" in read(sold)
    assert "3 seats free" in read(listed)
    assert "€49.90" in read(listed)


@pytest.mark.parametrize("who", ["stu", "mara", "eve"])
async def test_students_mentors_and_strangers_are_no_staff(world: World, who: str) -> None:
    person = world.eve if who == "eve" else getattr(world, who).actor

    made = await person.slash(
        world.public, "staff mentor add", member=world.eve, hours="Mon 9-10", time_zone="Etc/UTC", capacity=1
    )
    sold = await person.slash(world.public, "staff product add", mentor="Mara", name="Free", price="0.01")

    assert "Only staff" in read(made)
    assert "Only staff" in read(sold)
    assert await count_of(world.db, tables.mentors) == 2
    assert await count_of(world.db, tables.products) == 1


async def test_who_may_manage_the_server_is_staff(world: World) -> None:
    shown = await world.olga.slash(world.public, "staff product add", mentor="Max", name="Talk", price="10")

    assert "For sale with Max" in read(shown)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hours": "whenever"}, "“whenever” cannot be read as hours"),
        ({"time_zone": "Mars/Base"}, "“Mars/Base” is not known"),
        ({"capacity": -1}, "goes from 0 to 1000"),
        ({"session_minutes": 100_000}, "goes from 5 to 480"),
    ],
)
async def test_a_mentor_with_impossible_terms_is_refused_with_the_mend(
    world: World, change: dict[str, object], said: str
) -> None:
    terms: dict[str, object] = {"hours": "Mon 9-10", "time_zone": "Etc/UTC", "capacity": 1, **change}

    shown = await world.sam.slash(world.public, "staff mentor add", member=world.eve, **terms)

    assert said in read(shown)


async def test_a_mentor_is_made_once(world: World) -> None:
    shown = await world.sam.slash(
        world.public, "staff mentor add", member=world.max.actor, hours="Mon 9-10", time_zone="Etc/UTC", capacity=1
    )

    assert "a mentor already" in read(shown)


async def test_a_product_for_an_unknown_mentor_is_refused(world: World) -> None:
    shown = await world.sam.slash(world.public, "staff product add", mentor="Zed", name="Talk", price="10")

    assert "no such mentor" in read(shown)
