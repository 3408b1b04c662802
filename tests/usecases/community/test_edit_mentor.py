"""Staff change on which terms a mentor teaches and what they sell; what stands keeps the terms of its day."""

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason
from core.rules.states import PackState, SeatState
from core.usecases.community.edit_mentor import NO_ROLE, CapacitySet, MentorChange, edit_mentor, set_capacity
from core.usecases.community.edit_product import (
    ProductChange,
    Retired,
    RetirePreview,
    edit_product,
    preview_retire,
    retire_product,
)
from core.usecases.community.pause_mentor import pause_mentor
from core.usecases.community.set_up import SetUp, set_up
from tests.answers import given, why
from tests.builders import STAFF_ROLE, Pair, a_member, a_pair, a_product, an_order, count_of, row_of, rows_of
from tests.clocks import NOW


async def edited(db: Database, pair: Pair, change: MentorChange) -> object:
    return await edit_mentor(db, pair.staff, pair.mentor.id, change)


async def test_new_terms_hold_from_now_on_and_are_written_down(db: Database) -> None:
    pair = await a_pair(db)
    change = MentorChange(hours="Mon 10:00-12:00", time_zone="Asia/Tokyo", session_minutes=45, buffer_minutes=5)

    terms = given(await edit_mentor(db, pair.staff, pair.mentor.id, change))

    row = await row_of(db, tables.mentors, pair.mentor.id)
    assert (row["time_zone"], row["session_minutes"], row["buffer_minutes"]) == ("Asia/Tokyo", 45, 5)
    assert (terms.time_zone, terms.session_minutes, terms.session_is_new) == ("Asia/Tokyo", 45, True)
    assert len(terms.hours) == await count_of(db, tables.mentor_hours) == 1
    (noted,) = await rows_of(db, tables.history)
    assert (noted["entity"], noted["verb"], noted["after"]) == ("mentor", "edit", "active")
    assert (await row_of(db, tables.packs, pair.pack_id))["session_minutes"] != 45


async def test_what_is_so_already_is_not_changed(db: Database) -> None:
    pair = await a_pair(db)
    row = await row_of(db, tables.mentors, pair.mentor.id)

    assert why(await edited(db, pair, MentorChange())) is Reason.NOTHING_TO_CHANGE
    assert why(await edited(db, pair, MentorChange(time_zone=row["time_zone"]))) is Reason.NOTHING_TO_CHANGE
    assert why(await set_capacity(db, pair.staff, pair.mentor.id, row["capacity"])) is Reason.NOTHING_TO_CHANGE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (MentorChange(time_zone="Europe/Atlantis"), Reason.UNKNOWN_TIME_ZONE),
        (MentorChange(hours="whenever"), Reason.BAD_HOURS),
        (MentorChange(session_minutes=-30), Reason.BAD_NUMBER),
        (MentorChange(horizon_days=10**9), Reason.BAD_NUMBER),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_changes(
    db: Database, change: MentorChange, reason: Reason
) -> None:
    pair = await a_pair(db)
    before = await row_of(db, tables.mentors, pair.mentor.id)

    assert why(await edited(db, pair, change)) is reason
    assert await row_of(db, tables.mentors, pair.mentor.id) == before


async def test_a_new_student_role_is_due_for_every_student_and_none_takes_it_back(db: Database) -> None:
    pair = await a_pair(db)
    given(await edit_mentor(db, pair.staff, pair.mentor.id, MentorChange(student_role_id=55)))
    asked = (await row_of(db, tables.seats, pair.seat_id))["role_due_at"]

    terms = given(await edit_mentor(db, pair.staff, pair.mentor.id, MentorChange(student_role_id=NO_ROLE)))

    assert asked == NOW
    assert (terms.student_role_id, terms.role_is_new) == (None, True)


async def test_no_student_gets_the_role_of_staff_or_of_everybody_nor_staff_that_of_students(db: Database) -> None:
    pair = await a_pair(db)
    for role_id in (STAFF_ROLE, pair.community.guild_id):
        assert why(await edited(db, pair, MentorChange(student_role_id=role_id))) is Reason.ROLE_NOT_FOR_STUDENTS
    given(await edit_mentor(db, pair.staff, pair.mentor.id, MentorChange(student_role_id=55)))

    as_staff = await set_up(db, pair.staff, SetUp("Chess Club", staff_role_id=55))

    assert why(as_staff) is Reason.STUDENTS_AS_STAFF
    given(await edit_mentor(db, pair.staff, pair.mentor.id, MentorChange(student_role_id=NO_ROLE)))
    assert given(await set_up(db, pair.staff, SetUp("Chess Club", staff_role_id=55))).staff_role_id == 55


async def test_a_lower_capacity_takes_nobodys_seat(db: Database) -> None:
    pair = await a_pair(db)
    await a_pair(db, mentor=pair.mentor)
    before = (await row_of(db, tables.mentors, pair.mentor.id))["capacity"]
    given(await pause_mentor(db, pair.staff, pair.mentor.id))

    assert await set_capacity(db, pair.staff, pair.mentor.id, 1) == CapacitySet("Mara", 1, 2, before)
    assert await count_of(db, tables.seats, tables.seats.c.state == SeatState.ACTIVE) == 2
    assert why(await set_capacity(db, pair.staff, pair.mentor.id, -1)) is Reason.BAD_NUMBER


async def test_a_product_is_sold_on_new_terms_and_packs_keep_theirs(db: Database) -> None:
    pair = await a_pair(db)
    change = ProductChange(name="Five at once", price="210.50", sessions=5, validity_days=90)

    sold = given(await edit_product(db, pair.staff, pair.mentor.id, pair.product_id, change))

    row = await row_of(db, tables.products, pair.product_id)
    assert (row["name"], row["price_minor"], row["sessions"], row["validity_days"]) == ("Five at once", 21_050, 5, 90)
    assert (sold.name, sold.price_minor, sold.mentor_name) == ("Five at once", 21_050, "Mara")
    assert (await row_of(db, tables.packs, pair.pack_id))["total"] == 4
    again = await edit_product(db, pair.staff, pair.mentor.id, pair.product_id, change)
    assert why(again) is Reason.NOTHING_TO_CHANGE


@pytest.mark.parametrize(
    "change", [ProductChange(name=" "), ProductChange(price="cheap"), ProductChange(sessions=0)], ids=str
)
async def test_what_cannot_be_sold_changes_no_product(db: Database, change: ProductChange) -> None:
    pair = await a_pair(db)
    before = await row_of(db, tables.products, pair.product_id)

    assert why(await edit_product(db, pair.staff, pair.mentor.id, pair.product_id, change)) is not None
    assert await row_of(db, tables.products, pair.product_id) == before


async def test_a_product_is_not_called_as_another_of_the_mentor(db: Database) -> None:
    pair = await a_pair(db)
    await a_product(db, pair.mentor, name="Five")

    renamed = await edit_product(db, pair.staff, pair.mentor.id, pair.product_id, ProductChange(name="Five"))

    assert why(renamed) is Reason.PRODUCT_EXISTS


async def test_before_a_product_is_retired_it_is_shown_what_stays_and_what_is_missed(db: Database) -> None:
    pair = await a_pair(db)
    await a_pair(db, mentor=pair.mentor, remaining=0, state=PackState.DEPLETED)
    await an_order(db, await a_member(db, pair.community), pair.product_id)
    ids = pair.mentor.id, pair.product_id

    shown = given(await preview_retire(db, pair.staff, *ids))

    assert shown == RetirePreview(*ids, "Four sessions", "Mara", open_checkouts=1, packs=1, is_last=True)
    await a_product(db, pair.mentor, name="Five")
    assert not given(await preview_retire(db, pair.staff, *ids)).is_last
    assert why(await preview_retire(db, pair.mentor.asker, *ids)) is Reason.NOT_STAFF
    assert (await row_of(db, tables.products, pair.product_id))["retired_at"] is None


async def test_a_product_is_taken_off_sale_once(db: Database) -> None:
    pair = await a_pair(db)

    assert await retire_product(db, pair.staff, pair.mentor.id, pair.product_id) == Retired("Four sessions", "Mara")
    again = await retire_product(db, pair.staff, pair.mentor.id, pair.product_id)
    assert why(again) is Reason.ALREADY_RETIRED
    assert (await row_of(db, tables.products, pair.product_id))["retired_at"] == NOW


async def test_only_staff_of_the_own_community_change_mentors_and_products(db: Database) -> None:
    pair, other = await a_pair(db), await a_pair(db)
    ids = pair.mentor.id, pair.product_id

    assert why(await edit_mentor(db, pair.mentor.asker, pair.mentor.id, MentorChange())) is Reason.NOT_STAFF
    assert why(await set_capacity(db, other.staff, pair.mentor.id, 3)) is Reason.UNKNOWN_MENTOR
    assert why(await edit_product(db, other.staff, *ids, ProductChange())) is Reason.UNKNOWN_MENTOR
    assert why(await retire_product(db, pair.mentor.asker, *ids)) is Reason.NOT_STAFF
    foreign = await retire_product(db, pair.staff, pair.mentor.id, other.product_id)
    assert why(foreign) is Reason.UNKNOWN_PRODUCT
