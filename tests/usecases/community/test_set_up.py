import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason
from core.usecases.asker import Asker
from core.usecases.community.how_set_up import HowSetUp, how_set_up
from core.usecases.community.mentors import community_of
from core.usecases.community.set_up import NONE_ANY_MORE, SetUp, set_up
from tests.answers import given, why
from tests.builders import a_community, a_member, a_mentor, a_pair, count_of, owner_of, row_of, rows_of, staff_of
from tests.clocks import NOW

OWNER = Asker(77, 1, "Olga", manages_guild=True)
WANTED = SetUp("Chess  Club", "Europe/Berlin", "eur", 5, 6, 7)


async def test_whoever_manages_the_guild_sets_it_up(db: Database) -> None:
    made = given(await set_up(db, OWNER, WANTED))

    assert (made.name, made.time_zone, made.currency) == ("Chess Club", "Europe/Berlin", "EUR")
    assert (made.staff_role_id, made.staff_channel_id, made.sessions_channel_id) == (5, 6, 7)
    (owner,) = await rows_of(db, tables.members)
    (row,) = await rows_of(db, tables.history)
    assert (row["entity"], row["entity_id"], row["actor_id"]) == ("community", made.id, owner["id"])


async def test_without_the_permission_nobody_sets_up_a_new_guild(db: Database) -> None:
    assert why(await set_up(db, Asker(77, 1, "Olga", frozenset({5})), WANTED)) is Reason.NOT_STAFF
    assert await count_of(db, tables.communities) == 0


async def test_setting_up_again_edits_and_says_what_changed(db: Database) -> None:
    first = given(await set_up(db, OWNER, WANTED))

    staff = Asker(77, 2, "Sam", frozenset({5}))
    again = given(await set_up(db, staff, SetUp("Chess Club", "Europe/Paris", "EUR", 5, 6)))

    assert (again.id, again.time_zone) == (first.id, "Europe/Paris")
    assert [row["facts"] for row in await rows_of(db, tables.history)][1:] == [
        {"time_zone": {"from": "Europe/Berlin", "to": "Europe/Paris"}}
    ]


async def test_setting_up_the_same_again_leaves_no_trace(db: Database) -> None:
    given(await set_up(db, OWNER, WANTED))

    given(await set_up(db, OWNER, WANTED))

    assert await count_of(db, tables.history) == 1


async def test_a_member_without_the_staff_role_edits_nothing(db: Database) -> None:
    community = await a_community(db)
    member = await a_member(db, community)

    assert why(await set_up(db, member.asker, WANTED)) is Reason.NOT_STAFF
    assert (await row_of(db, tables.communities, community.id))["currency"] == "EUR"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (SetUp("Club", "Berlin", "EUR"), Reason.UNKNOWN_TIME_ZONE),
        (SetUp("Club", "localtime", "EUR"), Reason.UNKNOWN_TIME_ZONE),
        (SetUp("Club", "Europe/Berlin", "XXX"), Reason.BAD_CURRENCY),
        (SetUp(" \u200b\x00", "Europe/Berlin", "EUR"), Reason.BAD_NAME),
        (SetUp("x" * 101, "Europe/Berlin", "EUR"), Reason.BAD_NAME),
    ],
)
async def test_what_cannot_be_is_refused_by_name(db: Database, wanted: SetUp, reason: Reason) -> None:
    assert why(await set_up(db, OWNER, wanted)) is reason


async def test_a_guild_with_joined_emoji_and_marks_in_its_name_is_set_up_without_the_marks(db: Database) -> None:
    made = given(await set_up(db, OWNER, SetUp("\u202eChess \U0001f468\u200d\U0001f467\tClub", "Etc/UTC", "EUR")))

    assert made.name == "Chess \U0001f468\U0001f467 Club"


async def test_how_a_guild_is_set_up_can_be_asked(db: Database) -> None:
    made = given(await set_up(db, OWNER, WANTED))

    found = await community_of(db, 77)

    assert found is not None
    assert (found.id, found.name) == (made.id, "Chess Club")
    assert await community_of(db, 78) is None


async def test_what_is_not_named_stays_and_what_is_taken_away_is_none(db: Database) -> None:
    given(await set_up(db, OWNER, WANTED))

    moved = given(await set_up(db, OWNER, SetUp("Chess Club", sessions_channel_id=8)))
    taken = given(await set_up(db, OWNER, SetUp("Chess Club", staff_channel_id=NONE_ANY_MORE)))

    assert (moved.time_zone, moved.currency, moved.staff_channel_id) == ("Europe/Berlin", "EUR", 6)
    assert (taken.staff_role_id, taken.staff_channel_id, taken.sessions_channel_id) == (5, None, 8)
    changes = [row["facts"] for row in await rows_of(db, tables.history)][1:]
    assert changes == [{"sessions_channel_id": {"from": 7, "to": 8}}, {"staff_channel_id": {"from": 6, "to": None}}]


@pytest.mark.parametrize(
    "wanted", [SetUp("Club"), SetUp("Club", "Europe/Berlin", staff_role_id=5), SetUp("Club", currency="EUR")]
)
async def test_the_first_time_zone_and_currency_come_first(db: Database, wanted: SetUp) -> None:
    assert why(await set_up(db, OWNER, wanted)) is Reason.ZONE_AND_CURRENCY_FIRST
    assert await count_of(db, tables.communities) == 0


async def test_the_role_that_everybody_has_is_no_staff_role(db: Database) -> None:
    assert why(await set_up(db, OWNER, SetUp("Club", "Etc/UTC", "EUR", OWNER.guild_id))) is Reason.EVERYBODY_AS_STAFF


async def test_staff_see_how_it_stands_and_what_is_still_to_do(db: Database) -> None:
    empty = await a_community(db)
    pair = await a_pair(db)
    await a_mentor(db, pair.mentor.community, "Max", student_role_id=55)
    removed = await a_mentor(db, empty, "Moe", student_role_id=66, removed_at=NOW)

    new, full = given(await how_set_up(db, staff_of(empty))), given(await how_set_up(db, pair.staff))

    assert removed.community.id == empty.id
    assert new.community is not None
    assert (new.community.id, new.student_role_ids, new.has_mentors, new.has_products) == (empty.id, (), False, False)
    assert (full.student_role_ids, full.has_mentors, full.has_products) == ((55,), True, True)


async def test_how_it_stands_is_for_staff_and_before_the_first_time_for_whoever_may_set_it_up(db: Database) -> None:
    community = await a_community(db)
    member = await a_member(db, community)

    assert why(await how_set_up(db, member.asker)) is Reason.NOT_STAFF
    assert why(await how_set_up(db, Asker(77, 1, "Olga"))) is Reason.NOT_STAFF
    assert await how_set_up(db, OWNER) == HowSetUp()
    assert given(await how_set_up(db, owner_of(community))).community is not None
