"""/setup: a server becomes a community, and hears what the bot lacks there."""

from typing import Any

import discord
import pytest
from simcord import GuildHandle, InteractionResult, MemberActor
from simcord.backend.models import Role
from simcord.backend.serializers import channel_payload
from sqlalchemy import update

from bot.notifier import DiscordCourier
from core.db import tables
from core.notices.deliver import deliver
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState
from tests.bot.world import World, custom_ids, parts_of, read, reply_to, stamp, words_of
from tests.builders import DAY, a_session, count_of, rows_of
from tests.notices.owing import a_notice


@pytest.fixture
def place(world: World) -> GuildHandle:
    """A server where the bot has just arrived."""
    place = world.env.create_guild("New *Place*")
    place.create_text_channel("general")
    place.create_role("Owners", permissions=discord.Permissions(manage_guild=True))
    return place


def join(place: GuildHandle, person: MemberActor, role: str | None = None) -> MemberActor:
    return place.add_member(person.user, roles=[place.roles[role]] if role else [])


def chosen(shown: InteractionResult) -> list[list[int]]:
    """What stands in the panel's selects, from the top."""
    selects = [part for part in parts_of(reply_to(shown)) if part["type"] != 2]
    return [[int(each["id"]) for each in part.get("default_values", [])] for part in selects]


def bot_role(world: World) -> Role:
    return next(role for role in world.guild._guild.roles.values() if role.managed)


def permit(world: World, permissions: discord.Permissions) -> None:
    """What the bot's own role may do."""
    world.env.backend.edit_role(world.guild.id, bot_role(world).id, {"permissions": permissions.value})


async def test_who_may_manage_the_server_sets_it_up_and_hears_what_comes_next(world: World, place: GuildHandle) -> None:
    owner, room = join(place, world.olga, "Owners"), place.channels["general"]

    shown = await owner.slash(room, "setup", time_zone="Europe/Berlin", currency="eur", staff_channel=room)

    assert reply_to(shown).ephemeral
    assert r"New \*Place\*" in read(shown)
    assert "Europe/Berlin" in read(shown)
    assert f"<#{room.id}>" in read(shown)
    assert "▫️ Add a mentor: `/staff mentor add`" in read(shown)
    assert "✅ Payments" in read(shown)
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
    permit(world, discord.Permissions(view_channel=True))

    shown = await world.sam.slash(world.public, "setup", time_zone="Etc/UTC", currency="EUR", staff_channel=closed)

    assert f"In <#{closed.id}> I lack **Send Messages**, **Embed Links**." in read(shown)
    assert f"In <#{world.staff_room.id}>" not in read(shown)


async def test_the_channel_for_private_threads_is_chosen_and_what_the_bot_lacks_there_is_told(world: World) -> None:
    open_room = world.guild.create_text_channel("sessions")
    no_threads = discord.PermissionOverwrite(create_private_threads=False, send_messages_in_threads=False)
    not_there: dict[Any, discord.PermissionOverwrite] = {
        world.guild.default_role: no_threads,
        world.env.bot.user: no_threads,
    }
    closed = world.guild.create_text_channel("closed", overwrites=not_there)
    permit(world, discord.Permissions.all() ^ discord.Permissions(administrator=True))

    well = await world.sam.slash(world.public, "setup", sessions_channel=open_room)
    badly = await world.sam.slash(world.public, "setup", sessions_channel=closed)

    assert f"<#{open_room.id}>" in read(well)
    assert "I have all the permissions that I need here." in read(well)
    assert f"In <#{closed.id}> I lack **Create Private Threads**, **Send Messages in Threads**." in read(badly)
    assert f"Not everybody may see <#{closed.id}>" in read(badly)
    (community,) = await rows_of(world.db, tables.communities)
    assert community["sessions_channel_id"] == closed.id
    assert community["time_zone"] == "Etc/UTC"


async def test_an_announcement_channel_takes_no_private_threads(world: World) -> None:
    news = world.guild.create_text_channel("news")
    changed, backend = world.env.backend.get_channel(news.id), world.env.backend
    changed.type = discord.ChannelType.news.value
    backend.emit("CHANNEL_UPDATE", channel_payload(backend, changed))

    shown = await world.sam.slash(world.public, "setup", sessions_channel=news)

    assert f"<#{news.id}> takes no private threads" in read(shown)


async def test_what_is_gone_and_was_not_noted_is_told(world: World) -> None:
    async with world.db.begin() as tx:
        nowhere = {"staff_role_id": 1, "staff_channel_id": 2, "sessions_channel_id": 3}
        await tx.run(update(tables.communities).values(**nowhere))

    shown = await world.olga.slash(world.public, "setup")

    for what in ("staff role", "staff channel", "sessions channel"):
        assert f"The {what} is gone: choose another one." in read(shown)


async def test_roles_that_the_bot_cannot_give_to_students_are_told_with_the_mend(world: World) -> None:
    below, above, own = world.guild.create_role("Below"), world.guild.create_role("Above"), bot_role(world)
    world.env.backend.edit_role(world.guild.id, above.id, {"position": 50})

    async def told(role_id: int) -> str:
        async with world.db.begin() as tx:
            await tx.run(update(tables.mentors).values(student_role_id=role_id))
        return read(await world.sam.slash(world.public, "setup"))

    assert "I have all the permissions that I need here." in await told(below.id)
    assert f"I cannot give <@&{above.id}>" in await told(above.id)
    assert f"Nobody can give <@&{own.id}>" in await told(own.id)
    assert "A role for a mentor's students is gone." in await told(4711)
    permit(world, discord.Permissions(view_channel=True, send_messages=True, embed_links=True))
    assert "Allow my role Manage Roles" in await told(below.id)


async def test_everybody_as_staff_and_a_role_before_zone_and_currency_are_refused(
    world: World, place: GuildHandle
) -> None:
    owner, room = join(place, world.olga, "Owners"), place.channels["general"]

    early = await owner.slash(room, "setup", staff_channel=room)
    everybody = await world.sam.slash(world.public, "setup", staff_role=world.guild.default_role)

    assert "Time zone and currency come first" in read(early)
    assert "With that role everybody would be staff." in read(everybody)
    (community,) = await rows_of(world.db, tables.communities)
    assert community["staff_role_id"] == world.staff_role.id


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


async def test_a_new_server_is_set_up_by_pressing_alone(world: World, place: GuildHandle) -> None:
    owner, room, crew = join(place, world.olga, "Owners"), place.channels["general"], place.create_role("Crew")

    first = await owner.slash(room, "setup")
    asked, offered = read(first), custom_ids(first)
    form = await owner.click(reply_to(first), custom_id="set-zone")
    mistyped = await owner.submit_modal(form, {"zone": "Berlin", "currency": "eur"})
    refused = read(mistyped)
    form = await owner.click(reply_to(mistyped), custom_id="set-zone")
    shown = await owner.submit_modal(form, {"zone": " Europe/Berlin ", "currency": "eur"})
    for pick, what in (("pick-staff-role", crew), ("pick-staff-channel", room), ("pick-sessions-channel", room)):
        shown = await owner.select(reply_to(shown), [what], custom_id=pick)

    assert "Time zone and currency come first" in asked
    assert offered == ["set-zone"]
    assert "“Berlin” is not known" in refused
    assert reply_to(shown).id == reply_to(first).id
    assert chosen(shown) == [[crew.id], [room.id], [room.id]]
    (community,) = await rows_of(world.db, tables.communities, tables.communities.c.guild_id == place.id)
    assert (community["time_zone"], community["currency"], community["staff_role_id"]) == (
        "Europe/Berlin",
        "EUR",
        crew.id,
    )
    assert (community["staff_channel_id"], community["sessions_channel_id"]) == (room.id, room.id)


async def test_an_emptied_choice_takes_away_and_one_that_is_gone_meanwhile_changes_nothing(world: World) -> None:
    crew = world.guild.create_role("Crew")
    gone = world.forge_select(world.public.id, "pick-staff-role", str(crew.id))
    everybody = world.forge_select(world.public.id, "pick-staff-role", str(world.guild.id))
    world.env.backend.delete_role(world.guild.id, crew.id)

    late = read(await world.sam.select(gone, [str(crew.id)], custom_id="pick-staff-role"))
    all_of_them = read(await world.sam.select(everybody, [str(world.guild.id)], custom_id="pick-staff-role"))
    panel = await world.sam.slash(world.public, "setup")
    emptied = await world.sam.select(reply_to(panel), [], custom_id="pick-staff-channel")

    assert "That is not on this server (any more)." in late
    assert "Set up: Chess Club" in late
    assert "With that role everybody would be staff." in all_of_them
    assert "None yet: choose one below, so that staff hear" in read(emptied)
    (community,) = await rows_of(world.db, tables.communities)
    assert (community["staff_role_id"], community["staff_channel_id"]) == (world.staff_role.id, None)


async def test_what_is_gone_does_not_stand_in_the_selects(world: World) -> None:
    world.env.backend.delete_channel(world.staff_room.id)
    world.env.backend.delete_role(world.guild.id, world.staff_role.id)

    shown = await world.olga.slash(world.public, "setup")

    assert chosen(shown) == [[], [], []]


async def test_who_is_no_staff_any_more_gets_no_further_in_an_open_panel(world: World) -> None:
    panel = await world.sam.slash(world.public, "setup")
    world.env.backend.get_guild(world.guild.id).members[world.sam.id].role_ids.remove(world.staff_role.id)

    shown = await world.sam.select(reply_to(panel), [world.public], custom_id="pick-staff-channel")

    assert "Only staff can do that" in read(shown)
    (community,) = await rows_of(world.db, tables.communities)
    assert community["staff_channel_id"] == world.staff_room.id


async def test_the_history_tells_what_was_chosen_before_and_what_now(world: World) -> None:
    await world.sam.slash(world.public, "setup", currency="chf", staff_channel=world.public)

    shown = read(await world.sam.slash(world.public, "staff audit"))

    assert "How Seatkeeper is set up was changed." in shown
    assert "`currency`: EUR → CHF" in shown
    assert f"`staff_channel`: <#{world.staff_room.id}> → <#{world.public.id}>" in shown


async def test_in_the_chosen_channel_a_student_who_takes_no_direct_messages_is_told_in_a_thread(world: World) -> None:
    pair, stu = world.pair, world.stu.actor
    sessions = world.guild.create_text_channel("sessions")
    await world.sam.slash(world.public, "setup", sessions_channel=sessions)
    session_id = await a_session(world.db, pair, world.clock.now() + DAY)
    closed = f"/channels/{stu.user.dm_channel.id}/messages"
    world.env.inject_error("POST", closed, status=403, code=50007, times=None)

    stands = await deliver(
        world.db,
        DiscordCourier(world.env.bot),
        await a_notice(world.db, pair, NoticeKind.SESSION_TOMORROW, session_id),
    )

    (thread,) = sessions.threads
    (told,) = [words_of(message) for message in thread.history() if message.embeds]
    assert stands is NoticeState.DELIVERED
    assert stamp(world.clock.now() + DAY) in told
    assert list(world.staff_room.history()) == []
