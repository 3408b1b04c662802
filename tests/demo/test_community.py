"""The demo's community: seeded once, found again, and never beside anybody else's."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from core.db.unit import Database
from core.rules.states import SeatState
from core.usecases.community.mentors import mentors
from core.usecases.reading.books import books, communities_kept
from seatkeeper.demo.community import MENTORS, NAME, STUDENTS, ForeignDatabase, an_id
from seatkeeper.demo.play import Play, on_stage
from tests.builders import a_community, a_pair
from tests.clocks import SettableClock
from tests.demo.dumps import dump
from tests.demo.plays import a_play
from tests.seatkeeper.test_command_line import ended

FOREIGN = {"of another name": ("Chess Club", an_id(fresh=True)), "of another guild": (NAME, 4711)}


def never_opened(_: Play) -> web.Application:
    raise AssertionError("the start page must not be made")


async def a_foreign_community(url: str, name: str, guild_id: int) -> None:
    """Real people's seats."""
    db = Database(url, SettableClock())
    await a_pair(db)
    await a_community(db, name=name, guild_id=guild_id)
    await db.close()


@pytest.mark.parametrize("fresh", [False, True], ids=["pages", "check"])
@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_database_with_somebody_elses_community_is_refused_and_left_as_it_is(
    database_url: str, foreign: str, fresh: bool
) -> None:
    name, guild_id = FOREIGN[foreign]
    db = Database(database_url, SettableClock())
    await a_community(db, name=name, guild_id=guild_id)
    await db.close()
    before = await asyncio.to_thread(dump, database_url)

    with pytest.raises(ForeignDatabase, match=name.partition("(")[0]):
        await on_stage(database_url, 0, never_opened, fresh=fresh).__aenter__()

    assert await asyncio.to_thread(dump, database_url) == before


async def test_a_database_of_the_demo_to_which_others_were_added_is_refused(database_url: str) -> None:
    async with a_play(database_url):
        pass
    await a_foreign_community(database_url, "Piano Lessons", 4712)
    before = await asyncio.to_thread(dump, database_url)

    with pytest.raises(ForeignDatabase, match="Chess Club"):
        await on_stage(database_url, 0, never_opened, fresh=False).__aenter__()

    assert await asyncio.to_thread(dump, database_url) == before


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)  # the one that people may share
async def test_the_command_names_the_community_that_it_will_not_touch(tmp_path: Path, database_url: str) -> None:
    await a_foreign_community(database_url, "Piano Lessons", 4712)
    before = await asyncio.to_thread(dump, database_url)

    stopped = await ended(tmp_path, "demo", "--check", DATABASE_URL=database_url)

    assert (stopped.code, stopped.out) == (1, "")
    assert "did not make: Chess Club" in stopped.err
    assert "Traceback" not in stopped.err
    assert await asyncio.to_thread(dump, database_url) == before


async def test_a_newcomer_finds_three_mentors_in_different_zones_and_one_seat_taken(database_url: str) -> None:
    async with a_play(database_url) as play:
        cards = await mentors(play.house.db, play.guild.id)
        held = await books(play.house.db, play.guild.id)
        welcomed = [message.embeds[0].title for message in play.guild.people["Dev"].user.dm_channel.history()]
        places = [place.title for place in play.stage.places]

    assert isinstance(cards, tuple)
    assert {card.name for card in cards} == {mentor.name for mentor in MENTORS}
    assert len({card.time_zone for card in cards}) == 3
    assert {card.name: card.seats_free for card in cards} == {"Mira Thapa": 3, "Jonas Weber": 2, "Grace Lee": 0}
    assert [(seat.student, seat.mentor, seat.state) for seat in held.seats] == [("Dev", "Grace Lee", SeatState.ACTIVE)]
    assert welcomed == ["You have a seat with Grace Lee"]
    assert places == ["#mentoring", *STUDENTS, *(mentor.name for mentor in MENTORS), "#staff"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # the ids are the demo's own
async def test_each_walk_has_a_community_of_its_own_beside_the_one_that_people_play_in(database_url: str) -> None:
    async with a_play(database_url) as played:
        pass
    async with a_play(database_url, fresh=True) as walk:
        pass
    async with a_play(database_url, fresh=True) as other_walk:
        kept = await communities_kept(other_walk.house.db)

    guilds = [played.guild.id, walk.guild.id, other_walk.guild.id]
    assert [each.guild_id for each in kept] == guilds
    assert len(set(guilds)) == 3
