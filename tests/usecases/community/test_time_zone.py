import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason, Refused
from core.usecases.asker import Asker
from core.usecases.community.time_zone import choose_time_zone
from tests.answers import given, why
from tests.builders import a_community, a_member, a_mentor, row_of, rows_of
from tests.clocks import NOW


async def test_somebody_says_where_they_live(db: Database) -> None:
    member = await a_member(db, await a_community(db))

    chosen = given(await choose_time_zone(db, member.asker, " America/New_York "))

    assert (chosen.zone, chosen.at, chosen.mentor_zone) == ("America/New_York", NOW, None)
    assert (await row_of(db, tables.members, member.id))["time_zone"] == "America/New_York"
    (change,) = await rows_of(db, tables.history)
    assert (change["entity"], change["entity_id"], change["actor_id"]) == ("member", member.id, member.id)
    assert (change["verb"], change["facts"]) == ("time zone", {"from": None, "to": "America/New_York"})


async def test_the_same_zone_again_is_no_change(db: Database) -> None:
    member = await a_member(db, await a_community(db), time_zone="Europe/Berlin")

    given(await choose_time_zone(db, member.asker, "Europe/Berlin"))

    assert await rows_of(db, tables.history) == []


async def test_a_stranger_may_choose_and_is_known_from_then_on(db: Database) -> None:
    community = await a_community(db)

    given(await choose_time_zone(db, Asker(community.guild_id, 3, "New"), "Asia/Kolkata"))

    (member,) = await rows_of(db, tables.members)
    assert (member["user_id"], member["time_zone"]) == (3, "Asia/Kolkata")


async def test_a_mentors_hours_keep_their_zone(db: Database) -> None:
    mentor = await a_mentor(db, await a_community(db))

    chosen = given(await choose_time_zone(db, mentor.asker, "Asia/Kolkata"))

    assert chosen.mentor_zone == "Etc/UTC"
    assert (await row_of(db, tables.mentors, mentor.id))["time_zone"] == "Etc/UTC"


@pytest.mark.parametrize("zone", ["", "Mars/Base", "+02:00", "../etc/passwd", "localtime", "x" * 4000, "\u202eUTC"])
async def test_an_unknown_zone_is_refused_and_quoted_in_short(db: Database, zone: str) -> None:
    member = await a_member(db, await a_community(db))

    refused = await choose_time_zone(db, member.asker, zone)

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNKNOWN_TIME_ZONE
    assert len(str(dict(refused.facts)["zone"])) <= 64
    assert (await row_of(db, tables.members, member.id))["time_zone"] is None
    assert why(await choose_time_zone(db, Asker(3, 3, "New"), "Etc/UTC")) is Reason.NOT_SET_UP
