"""Somebody is erased at the instant at which something is opened or told for them: one of the two comes first."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from core.db import tables
from core.db.privacy import pseudonym
from core.db.unit import Database, Transaction, transaction
from core.rules.refusals import Reason
from core.rules.states import SeatState
from core.usecases.asker import Asker, known
from core.usecases.buying.buy import buy
from core.usecases.buying.place import Wanted
from core.usecases.community.time_zone import choose_time_zone
from core.usecases.packs.grant import Grant, grant
from core.usecases.privacy.erase_member import erase_member
from tests.answers import given, why
from tests.builders import a_community, a_member, a_seat, count_of, row_of, rows_of, staff_of
from tests.races.gate import at_once
from tests.usecases.buying.steps import URL, Shop, a_shop

ASKED = "They asked for it"


async def buys(shop: Shop) -> object:
    return await buy(shop.db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(shop.product_id))


async def is_given(shop: Shop) -> object:
    gift = Grant(shop.student.user_id, shop.student.name, shop.mentor.id, 1, "Sorry")
    return await grant(shop.db, staff_of(shop.mentor.community), gift)


@pytest.mark.parametrize("erased_first", [True, False])
@pytest.mark.parametrize("opens", [buys, is_given])
async def test_nothing_is_opened_for_whoever_is_erased(
    db: Database, opens: Callable[[Shop], Awaitable[object]], erased_first: bool
) -> None:
    shop = await a_shop(db)
    calls: list[Awaitable[object]] = [erase_member(db, shop.student.user_id, ASKED), opens(shop)]

    answers = await at_once(db, *(calls if erased_first else calls[::-1]))

    erasing, opening = answers if erased_first else answers[::-1]
    student = await row_of(db, tables.members, shop.student.id)
    seats = await rows_of(db, tables.seats, tables.seats.c.student_id == shop.student.id)
    assert (student["erased_at"] is not None) == (not seats) == (why(erasing) is None), "erased, or seated"
    assert why(erasing) in (None, Reason.MONEY_NOT_SETTLED, Reason.STILL_SEATED)
    assert why(opening) in (None, Reason.MEMBER_ERASED)


async def test_control_by_a_look_alone_who_was_erased_has_a_seat(db: Database) -> None:
    shop = await a_shop(db)
    seen = await row_of(db, tables.members, shop.student.id)
    given(await erase_member(db, shop.student.user_id, ASKED))

    if seen["erased_at"] is None:
        await a_seat(db, shop.student, shop.mentor)

    erased = await row_of(db, tables.members, shop.student.id)
    assert erased["erased_at"] is not None
    assert await count_of(db, tables.seats, tables.seats.c.state == SeatState.ACTIVE) == 1


async def chooses_a_zone(db: Database, asker: Asker) -> object:
    return await choose_time_zone(db, asker, "Europe/Paris")


@transaction
async def is_seen(tx: Transaction, asker: Asker) -> object:
    return await known(tx, asker)


@pytest.mark.parametrize("erased_first", [True, False])
@pytest.mark.parametrize("does", [chooses_a_zone, is_seen])
async def test_what_somebody_tells_of_themselves_at_that_instant_does_not_stay(
    db: Database, does: Callable[[Database, Asker], Awaitable[object]], erased_first: bool
) -> None:
    stu = await a_member(db, await a_community(db))
    renamed = replace(stu, name="Stuart").asker
    calls: list[Awaitable[object]] = [
        erase_member(db, stu.user_id, ASKED),
        does(db, renamed),
    ]

    await at_once(db, *(calls if erased_first else calls[::-1]))

    member = await row_of(db, tables.members, stu.id)
    assert (member["name"], member["time_zone"], member["user_id"]) == (pseudonym(stu.id), None, -stu.id)
    of_them = (tables.history.c.entity == "member") & (tables.history.c.entity_id == stu.id)
    assert {str(change["facts"]) for change in await rows_of(db, tables.history, of_them)} == {"None"}


async def test_of_ten_who_erase_at_once_one_does(db: Database) -> None:
    stu = await a_member(db, await a_community(db))

    answers = await at_once(db, *(erase_member(db, stu.user_id, ASKED) for _ in range(10)))

    assert sorted(str(why(answer)) for answer in answers) == ["None"] + ["nothing_held"] * 9
    assert await count_of(db, tables.history, tables.history.c.verb == "erase") == 1
