"""Codes: the price they leave, their uses held with the checkout, and nothing to pay at all (rule 26)."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.codes import uses_of
from core.db.unit import Database
from core.rules.codes import Uses
from core.rules.refusals import Reason, Refused
from core.rules.states import OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, Given, buy, pay_with
from core.usecases.buying.checkout import leave
from core.usecases.buying.place import Wanted
from core.usecases.codes.add_code import CodeCard, NewCode, add_code
from core.usecases.codes.codes import CodeRetired, codes, retire_code
from tests.answers import given
from tests.builders import a_member, count_of, row_of, rows_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, Shop, a_shop


async def a_code(shop: Shop, word: str = "SPRING", **limits: int | str | None) -> CodeCard:
    new = replace(NewCode(word, percent=None if "amount" in limits else 25), **limits)  # type: ignore[arg-type]
    made = await add_code(shop.db, replace(shop.student.asker, manages_guild=True), new)
    assert isinstance(made, CodeCard), made
    return made


async def tries(shop: Shop, code: str, person: object = None) -> CheckoutReady | Given | Refused:
    asker = getattr(person, "asker", shop.student.asker)
    return await buy(shop.db, shop.providers, URL, asker, shop.mentor.id, Wanted(code=code))


async def test_a_code_makes_the_checkout_cheaper_and_the_order_remembers_it(db: Database) -> None:
    shop = await a_shop(db)
    made = await a_code(shop)

    ready = await shop.buys(code=" spring ")

    order = await row_of(db, tables.orders, ready.order_id)
    assert (ready.price_minor, ready.due_minor) == (20_000, 15_000)
    assert (order["discount_minor"], order["due_minor"], order["code_id"]) == (5_000, 15_000, made.code_id)
    assert shop.provider.checkouts[await shop.ref_of(ready)].amount_minor == 15_000


async def test_the_same_code_gives_the_same_checkout_and_another_closes_the_first(db: Database) -> None:
    shop = await a_shop(db)
    await a_code(shop, uses=1)
    await a_code(shop, "LATER", amount="50.00")
    first = await shop.buys(code="SPRING")

    again = await shop.buys(code="SPRING")
    other = await shop.buys(code="LATER")

    assert (again.order_id, again.repeated) == (first.order_id, True)
    assert other.order_id != first.order_id
    assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.CLOSED


async def test_an_open_checkout_holds_its_use_and_one_that_closed_gives_it_back(db: Database) -> None:
    shop = await a_shop(db)
    await a_code(shop, uses=1)
    other = await a_member(db, shop.student.community, "Ben")
    ready = await shop.buys(code="SPRING")

    refused = await tries(shop, "SPRING", other)
    await leave(db, shop.provider, URL, ready.order_id)
    then = await tries(shop, "SPRING", other)

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.CODE_USED_UP
    assert isinstance(then, CheckoutReady)


@pytest.mark.parametrize("word", ["NOBODYS", "no code", "", "x" * 4000, "SPRING\x00"])
async def test_a_code_that_is_none_is_refused_and_nothing_is_placed(db: Database, word: str) -> None:
    shop = await a_shop(db)
    await a_code(shop)

    refused = await tries(shop, word)

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNKNOWN_CODE
    assert await count_of(db, tables.orders) == 0


async def test_nothing_to_pay_is_fulfilled_at_once_and_no_provider_is_asked(db: Database) -> None:
    shop = await a_shop(db)
    await a_code(shop, percent=100, uses_each=1)

    given = await tries(shop, "SPRING")
    again = await tries(shop, "SPRING")

    assert isinstance(given, Given)
    assert isinstance(again, Refused)
    assert again.reason is Reason.CODE_USED_BY_YOU
    (pack,) = await rows_of(db, tables.packs)
    (payment,) = await rows_of(db, tables.payments)
    (seat,) = await rows_of(db, tables.seats)
    assert (pack["order_id"], pack["remaining"]) == (given.order_id, 4)
    assert (payment["amount_minor"], payment["provider"]) == (0, "none")
    assert seat["state"] is SeatState.ACTIVE
    assert shop.provider.checkouts == {}


async def test_nothing_to_pay_needs_no_provider_and_something_to_pay_does(db: Database) -> None:
    shop = await a_shop(db)
    await a_code(shop, percent=100)

    without = await buy(db, {}, URL, shop.student.asker, shop.mentor.id)
    free = await buy(db, {}, URL, shop.student.asker, shop.mentor.id, Wanted(code="SPRING"))

    assert isinstance(without, Refused)
    assert without.reason is Reason.PROVIDER_NOT_CONFIGURED
    assert isinstance(free, Given)


async def test_a_full_mentor_is_full_for_a_code_too(db: Database) -> None:
    shop = await a_shop(db, capacity=0)
    await a_code(shop, percent=100)

    refused = await tries(shop, "SPRING")

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.MENTOR_FULL
    assert await count_of(db, tables.packs) == 0


async def test_of_many_who_want_the_last_use_one_has_it(db: Database) -> None:
    shop = await a_shop(db, capacity=20)
    await a_code(shop, uses=1)
    people = [await a_member(db, shop.student.community, f"Student {number}") for number in range(8)]

    answers = await asyncio.gather(*(tries(shop, "SPRING", each) for each in people))

    assert sum(isinstance(each, CheckoutReady) for each in answers) == 1
    assert {each.reason for each in answers if isinstance(each, Refused)} == {Reason.CODE_USED_UP}


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_without_the_lock_on_the_code_both_would_find_it_unused(db: Database) -> None:
    """The control: whoever counts without `live_code` does not see what another is placing at that moment."""
    shop = await a_shop(db)
    made = await a_code(shop, uses=1)
    ready = await shop.buys()

    async with db.begin() as first, db.begin() as second:
        used = update(tables.orders).where(tables.orders.c.id == ready.order_id).values(code_id=made.code_id)
        await first.run(used)
        seen = await uses_of(second, made.code_id, shop.student.id, but_order=None)

    assert seen == Uses(0, 0)


async def test_a_code_that_nobody_can_use_now_is_listed_as_such(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    staff = replace(shop.student.asker, manages_guild=True)
    for word, uses, days in (("ENDED", None, 1), ("FREE", 2, 9), ("SPENT", 1, None)):
        given(await add_code(db, staff, NewCode(word, percent=25, uses=uses, days=days)))
    await shop.buys(code="SPENT")

    clock.forward(hours=24)

    listed = given(await codes(db, staff))
    assert [(each.word, each.is_over, each.is_used_up) for each in listed] == [
        ("ENDED", True, False),
        ("FREE", False, False),
        ("SPENT", False, True),
    ]


async def test_staff_make_list_and_end_codes(db: Database) -> None:
    shop = await a_shop(db)
    staff = replace(shop.student.asker, manages_guild=True)
    await a_code(shop, uses=5, days=30)
    await shop.buys(code="SPRING")

    taken = await add_code(db, staff, NewCode("spring", percent=10))
    listed = await codes(db, staff)
    ended = await retire_code(db, staff, "spring")
    again = await add_code(db, staff, NewCode("SPRING", amount="10.00"))

    assert isinstance(taken, Refused)
    assert taken.reason is Reason.CODE_EXISTS
    assert not isinstance(listed, Refused)
    assert [(each.word, each.percent, each.most_uses, each.used) for each in listed] == [("SPRING", 25, 5, 1)]
    assert ended == CodeRetired("SPRING")
    assert isinstance(again, CodeCard)
    assert (again.off_minor, again.currency) == (1_000, "EUR")


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (NewCode("AB", percent=1), Reason.BAD_CODE),
        (NewCode("ab cd", percent=1), Reason.BAD_CODE),
        (NewCode("x" * 41, percent=1), Reason.BAD_CODE),
        (NewCode("@everyone", percent=1), Reason.BAD_CODE),
        (NewCode("GOOD"), Reason.CODE_ONE_WAY),
        (NewCode("GOOD", percent=1, amount="1"), Reason.CODE_ONE_WAY),
        (NewCode("GOOD", percent=0), Reason.BAD_NUMBER),
        (NewCode("GOOD", percent=101), Reason.BAD_NUMBER),
        (NewCode("GOOD", amount="-3"), Reason.BAD_NUMBER),
        (NewCode("GOOD", amount="0"), Reason.BAD_NUMBER),
        (NewCode("GOOD", percent=1, uses=0), Reason.BAD_NUMBER),
        (NewCode("GOOD", percent=1, days=99_999), Reason.BAD_NUMBER),
        (NewCode("GOOD", percent=1, mentor_id=10**12), Reason.UNKNOWN_MENTOR),
    ],
)
async def test_a_code_that_cannot_be_is_refused(db: Database, new: NewCode, reason: Reason) -> None:
    shop = await a_shop(db)

    refused = await add_code(db, replace(shop.student.asker, manages_guild=True), new)

    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert await count_of(db, tables.codes) == 0


async def test_codes_are_for_staff_alone(db: Database) -> None:
    shop = await a_shop(db)

    answers = [
        await add_code(db, shop.student.asker, NewCode("GOOD", percent=100)),
        await codes(db, shop.mentor.asker),
        await retire_code(db, shop.student.asker, "GOOD"),
    ]

    assert [each.reason for each in answers if isinstance(each, Refused)] == [Reason.NOT_STAFF] * 3


async def test_a_checkout_whose_code_has_ended_stays_as_it_is_and_moves_to_no_other_provider(db: Database) -> None:
    shop = await a_shop(db)
    await a_code(shop)
    first = await shop.buys(code="SPRING")
    await retire_code(db, replace(shop.student.asker, manages_guild=True), "SPRING")
    providers = {**shop.providers, "paypal": LedgerProvider(db.clock, name="paypal")}

    refused = await pay_with(db, providers, URL, shop.student.asker, first.order_id, "paypal")

    assert refused == Refused(Reason.CODE_ENDED_SINCE)
    assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.OPEN
