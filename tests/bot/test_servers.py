"""What becomes of the server while the bot listens, and what became of it while it was away (rule 39)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from simcord.backend import serializers
from sqlalchemy import text

from core.db import tables
from core.rules.notices import NoticeKind
from core.usecases.community.set_up import SetUp, set_up
from tests.answers import given
from tests.bot.test_roles import has, told_to_staff
from tests.bot.working import work
from tests.bot.world import World, words_of
from tests.builders import owner_of, rows_of


async def is_away(world: World) -> bool:
    (community,) = await rows_of(world.db, tables.communities)
    paused = {row["paused_at"] for row in await rows_of(world.db, tables.mentors)}
    assert paused == {community["left_at"]}
    return community["left_at"] is not None


async def kick(world: World) -> Any:
    """The bot is taken off the server. What stood there is kept, to be found as it was."""
    backend = world.env.backend
    guild = backend.get_guild(world.guild.id)
    channels = {each: backend.channels[each] for each in guild.channel_ids}
    backend.remove_guild(world.guild.id)
    await world.env.settle()
    return guild, channels


async def invite(world: World, kept: Any, *, unavailable: bool | None = None) -> None:
    guild, channels = kept
    world.env.backend.guilds[guild.id] = guild
    world.env.backend.channels.update(channels)
    for each in channels:
        world.env.backend.messages.setdefault(each, {})
    payload: dict[str, Any] = dict(serializers.guild_create_payload(world.env.backend, guild))
    del payload["unavailable"]
    world.env.backend.emit("GUILD_CREATE", payload if unavailable is None else {**payload, "unavailable": unavailable})
    await world.env.settle()


@contextmanager
def unheard(world: World) -> Iterator[None]:
    """The bot is not connected: it hears nothing of what happens."""
    heard = list(world.env.backend.subscribers)
    world.env.backend.subscribers.clear()
    yield
    world.env.backend.subscribers.extend(heard)


async def test_taken_off_the_server_the_bot_stops_all_clocks_and_lets_them_run_when_it_is_back(world: World) -> None:
    kept = await kick(world)
    assert await is_away(world)
    world.clock.forward(hours=5)
    await work(world)

    await invite(world, kept)

    assert not await is_away(world)
    await work(world)
    assert [said.split("\n")[0] for said in told_to_staff(world)] == ["I am back"]
    assert words_of(world.stu.dms[-1]).startswith("Mara can be booked again")


async def test_what_happened_while_the_bot_was_away_is_found_when_it_starts(world: World) -> None:
    with unheard(world):
        kept = await kick(world)
    await world.restart()
    assert await is_away(world)

    with unheard(world):
        await invite(world, kept)
    await world.restart()

    assert not await is_away(world)


async def test_an_outage_is_no_removal_and_its_end_no_return(world: World) -> None:
    world.env.backend.emit("GUILD_DELETE", {"id": str(world.guild.id), "unavailable": True})
    await world.env.settle()
    assert not await is_away(world)
    # Even if Discord's list lacks the server meanwhile, it is asked for it alone.
    world.env.inject_error("GET", f"/guilds/{world.guild.id}", status=503, times=None)
    with unheard(world):
        kept = await kick(world)
    await world.restart()
    assert not await is_away(world)

    await invite(world, kept, unavailable=False)

    assert not await is_away(world)
    assert await rows_of(world.db, tables.notices) == []


async def test_a_removal_that_could_not_be_noted_is_noted_when_the_connection_goes_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with world.db.begin() as tx:
        await tx.run(text("ALTER TABLE communities RENAME TO communities_gone"))
    await kick(world)
    async with world.db.begin() as tx:
        await tx.run(text("ALTER TABLE communities_gone RENAME TO communities"))
    assert f"guild_remove of {world.guild.id} failed" in caplog.text
    assert not await is_away(world)

    world.env.backend.emit("RESUMED", {"__shard_id__": 0})
    await world.env.settle()

    assert await is_away(world)


@pytest.mark.parametrize("away", [False, True])
async def test_what_is_deleted_in_discord_is_chosen_no_longer_and_staff_hear_of_it(world: World, away: bool) -> None:
    of_students, sessions = world.guild.create_role("Students"), world.guild.create_text_channel("sessions")
    given(await set_up(world.db, owner_of(world.community), SetUp("Chess Club", sessions_channel_id=sessions.id)))
    async with world.db.begin() as tx:
        await tx.run(tables.mentors.update().values(student_role_id=of_students.id))

    def delete() -> None:
        world.env.backend.delete_channel(sessions.id)
        for role_id in (of_students.id, world.staff_role.id):
            world.env.backend.delete_role(world.guild.id, role_id)

    if away:
        with unheard(world):
            delete()
        await world.restart()
    else:
        delete()
        await world.env.settle()

    (community,) = await rows_of(world.db, tables.communities)
    assert (community["staff_role_id"], community["sessions_channel_id"]) == (None, None)
    assert community["staff_channel_id"] == world.staff_room.id
    assert {row["student_role_id"] for row in await rows_of(world.db, tables.mentors)} == {None}
    await work(world)
    said = "\n".join(told_to_staff(world))
    for what in ("The staff role was deleted", "The sessions channel was deleted"):
        assert said.count(what) == 1
    assert said.count("A student role was deleted") == 2  # Mara's and Max's


async def test_a_channel_that_the_bot_may_not_see_is_not_called_deleted(world: World) -> None:
    with unheard(world):
        world.env.backend.delete_channel(world.staff_room.id)
    world.env.inject_error("GET", f"/channels/{world.staff_room.id}", status=403, code=50001)
    await world.restart()

    (community,) = await rows_of(world.db, tables.communities)

    assert community["staff_channel_id"] == world.staff_room.id


async def test_a_deleted_staff_channel_is_told_to_whoever_set_the_server_up(world: World) -> None:
    await world.olga.slash(world.public, "setup", sessions_channel=world.public)
    world.env.backend.delete_channel(world.staff_room.id)
    await world.env.settle()

    await work(world)

    (said,) = [words_of(message) for message in world.olga.user.dm_channel.history()]
    assert "The staff channel was deleted: what needs a person can be told to nobody" in said
    assert [row["kind"] for row in await rows_of(world.db, tables.notices)] == [NoticeKind.SETTING_GONE_STAFF]


async def test_a_role_that_was_above_the_bots_is_given_as_soon_as_it_is_below(world: World) -> None:
    role = world.guild.create_role("Max's students")
    world.env.backend.edit_role(world.guild.id, role.id, {"position": 50})
    async with world.db.begin() as tx:
        await tx.run(tables.mentors.update().values(student_role_id=role.id))
    await world.sam.slash(world.public, "staff grant", student=world.eve, mentor="Max", sessions=1, reason="A prize")
    await work(world)
    world.clock.forward(minutes=1)
    assert not has(world, world.eve, role)

    world.env.backend.edit_role(world.guild.id, role.id, {"position": 1})
    await world.env.settle()
    await work(world)

    assert has(world, world.eve, role)
