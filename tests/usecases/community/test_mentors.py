from dataclasses import replace
from typing import Any

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.hours import WeeklyHours
from core.rules.refusals import Reason, Refused
from core.rules.states import SeatState
from core.usecases.asker import Asker
from core.usecases.community.add_mentor import NewMentor, add_mentor
from core.usecases.community.add_product import NewProduct, add_product
from core.usecases.community.mentors import find_mentors, mentors, products_of
from tests.answers import given, why
from tests.builders import (
    a_community,
    a_member,
    a_mentor,
    a_product,
    a_seat,
    count_of,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW
from tests.statements import statements

MARA = NewMentor(501, "Mara", "Europe/Berlin", "Mon-Tue 17-19", capacity=3)


async def test_staff_add_a_mentor_with_hours_and_the_communitys_limits(db: Database) -> None:
    community = await a_community(db, settings={"notice_hours": 12})

    added = given(await add_mentor(db, staff_of(community), MARA))

    assert added.hours == (WeeklyHours(0, 1020, 1140), WeeklyHours(1, 1020, 1140))
    row = await row_of(db, tables.mentors, added.mentor_id)
    assert (row["capacity"], row["session_minutes"], row["buffer_minutes"]) == (3, 60, 0)
    assert (row["notice_hours"], row["horizon_days"]) == (12, 60)
    assert await count_of(db, tables.mentor_hours) == 2
    (change,) = await rows_of(db, tables.history)
    assert (change["entity"], change["entity_id"], change["after"]) == ("mentor", added.mentor_id, "active")


async def test_a_member_becomes_a_mentor_once(db: Database) -> None:
    community = await a_community(db)
    given(await add_mentor(db, staff_of(community), MARA))

    assert why(await add_mentor(db, staff_of(community), MARA)) is Reason.ALREADY_A_MENTOR
    assert await count_of(db, tables.mentors) == 1


async def test_a_known_member_stays_the_same_person_as_a_mentor(db: Database) -> None:
    community = await a_community(db)
    member = await a_member(db, community, user_id=501)

    assert given(await add_mentor(db, staff_of(community), MARA)).mentor_id == member.id


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"name": " "}, Reason.BAD_NAME, None),
        ({"time_zone": "Mars/Base"}, Reason.UNKNOWN_TIME_ZONE, None),
        ({"hours": "whenever"}, Reason.BAD_HOURS, None),
        ({"capacity": -1}, Reason.BAD_NUMBER, "capacity"),
        ({"capacity": 1001}, Reason.BAD_NUMBER, "capacity"),
        ({"session_minutes": 4}, Reason.BAD_NUMBER, "session_minutes"),
        ({"session_minutes": 481}, Reason.BAD_NUMBER, "session_minutes"),
        ({"buffer_minutes": 241}, Reason.BAD_NUMBER, "buffer_minutes"),
        ({"notice_hours": -1}, Reason.BAD_NUMBER, "notice_hours"),
        ({"horizon_days": 0}, Reason.BAD_NUMBER, "horizon_days"),
        ({"horizon_days": 366}, Reason.BAD_NUMBER, "horizon_days"),
    ],
)
async def test_a_mentor_that_cannot_be_is_refused_by_name(
    db: Database, changes: dict[str, Any], reason: Reason, field: str | None
) -> None:
    community = await a_community(db)

    refused = await add_mentor(db, staff_of(community), replace(MARA, **changes))

    assert isinstance(refused, Refused)
    assert (refused.reason, dict(refused.facts).get("field")) == (reason, field)
    assert await count_of(db, tables.mentors) == 0


@pytest.mark.parametrize("capacity", [0, 1000])
async def test_the_bounds_themselves_are_allowed(db: Database, capacity: int) -> None:
    community = await a_community(db)
    new = replace(MARA, capacity=capacity, session_minutes=480, buffer_minutes=240, notice_hours=0, horizon_days=365)

    given(await add_mentor(db, staff_of(community), new))


async def test_only_staff_add_mentors_and_products(db: Database) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community)

    assert why(await add_mentor(db, mentor.asker, MARA)) is Reason.NOT_STAFF
    assert why(await add_product(db, mentor.asker, NewProduct(mentor.id, "Four", "200"))) is Reason.NOT_STAFF
    assert why(await add_product(db, Asker(1, 1, "x"), NewProduct(mentor.id, "Four", "200"))) is Reason.NOT_SET_UP


async def test_a_product_takes_the_communitys_numbers_and_currency(db: Database) -> None:
    community = await a_community(db, settings={"validity_days": 90})
    mentor = await a_mentor(db, community)

    added = given(await add_product(db, staff_of(community), NewProduct(mentor.id, " Four  sessions ", "199,90")))

    assert (added.name, added.sessions, added.validity_days) == ("Four sessions", 4, 90)
    assert (added.price_minor, added.currency, added.mentor_name) == (19_990, "EUR", "Mara")
    (change,) = await rows_of(db, tables.history)
    assert (change["entity"], change["entity_id"]) == ("product", added.product_id)


async def test_a_product_may_have_its_own_numbers_and_currency(db: Database) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community)
    new = NewProduct(mentor.id, "One", "5000", sessions=1, validity_days=7, currency="jpy")

    added = given(await add_product(db, staff_of(community), new))

    assert (added.sessions, added.validity_days, added.price_minor, added.currency) == (1, 7, 5000, "JPY")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, Reason.BAD_NAME),
        ({"sessions": 0}, Reason.BAD_NUMBER),
        ({"sessions": 101}, Reason.BAD_NUMBER),
        ({"validity_days": 3651}, Reason.BAD_NUMBER),
        ({"price": "free"}, Reason.BAD_NUMBER),
        ({"price": "0"}, Reason.BAD_NUMBER),
        ({"currency": "XAU"}, Reason.BAD_CURRENCY),
        ({"mentor_id": 999}, Reason.UNKNOWN_MENTOR),
    ],
)
async def test_a_product_that_cannot_be_is_refused_by_name(
    db: Database, changes: dict[str, Any], reason: Reason
) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community)

    refused = await add_product(db, staff_of(community), replace(NewProduct(mentor.id, "Four", "200"), **changes))

    assert why(refused) is reason
    assert await count_of(db, tables.products) == 0


async def test_a_mentor_sells_one_product_of_a_name(db: Database) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community)
    new = NewProduct(mentor.id, "Four", "200")
    given(await add_product(db, staff_of(community), new))

    assert why(await add_product(db, staff_of(community), new)) is Reason.PRODUCT_EXISTS


async def test_staff_of_another_community_do_not_reach_a_mentor(db: Database) -> None:
    mentor = await a_mentor(db, await a_community(db))
    elsewhere = await a_community(db)

    refused = await add_product(db, staff_of(elsewhere), NewProduct(mentor.id, "Four", "200"))

    assert why(refused) is Reason.UNKNOWN_MENTOR


async def test_the_list_shows_free_seats_products_and_hours(db: Database) -> None:
    community = await a_community(db)
    noor = await a_mentor(db, community, "noor", hours=(WeeklyHours(0, 540, 600),), capacity=2)
    mara = await a_mentor(db, community, "Mara", capacity=1, paused_at=NOW)
    await a_mentor(db, community, "Gone", removed_at=NOW)
    await a_mentor(db, await a_community(db), "Elsewhere")
    product_id = await a_product(db, noor)
    await a_product(db, noor, name="Old", retired_at=NOW)
    for state in (SeatState.GRACE, SeatState.RELEASED):
        await a_seat(db, await a_member(db, community), noor, state)
    for state in (SeatState.HELD, SeatState.ACTIVE):
        await a_seat(db, await a_member(db, community), mara, state)

    first, second = given(await mentors(db, community.guild_id))

    assert (first.name, first.seats_free, first.paused, first.products) == ("Mara", 0, True, ())
    assert (second.mentor_id, second.user_id, second.seats_free) == (noor.id, noor.user_id, 1)
    assert [card.id for card in second.products] == [product_id]
    assert second.hours == (WeeklyHours(0, 540, 600),)


async def test_a_community_without_mentors_has_an_empty_list(db: Database) -> None:
    community = await a_community(db)

    assert await mentors(db, community.guild_id) == ()
    assert why(await mentors(db, 3)) is Reason.NOT_SET_UP


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_the_list_takes_three_statements_whatever_its_length(db: Database) -> None:
    community = await a_community(db)
    for number in range(12):
        await a_product(db, await a_mentor(db, community, f"Mentor {number}"))

    with statements(db) as sent:
        assert len(given(await mentors(db, community.guild_id))) == 12

    assert len(sent) <= 3, sent


async def test_a_mentor_is_found_by_a_name_that_is_nearly_right(db: Database) -> None:
    community = await a_community(db)
    mara = await a_mentor(db, community, "Mara Lindqvist")
    noor = await a_mentor(db, community, "Noor")

    found = await find_mentors(db, community.guild_id, "lindquist")

    assert [choice.id for choice in found] == [mara.id]
    assert [choice.label for choice in await find_mentors(db, community.guild_id, " ")] == ["Mara Lindqvist", "Noor"]
    assert [choice.id for choice in await find_mentors(db, community.guild_id, "nor")] == [noor.id]
    assert await find_mentors(db, 3, "Mara") == ()


async def test_a_mentors_products_are_shown_in_their_own_guild_only(db: Database) -> None:
    community, elsewhere = await a_community(db), await a_community(db)
    mentor = await a_mentor(db, community)
    await a_product(db, mentor)

    (card,) = await products_of(db, community.guild_id, mentor.id)

    assert (card.name, card.price_minor, card.currency) == ("Four sessions", 20_000, "EUR")
    assert await products_of(db, elsewhere.guild_id, mentor.id) == ()
    assert await products_of(db, 3, mentor.id) == ()
