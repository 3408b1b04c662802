"""Approved after the checkout had closed: what ran out may be bought after all, what was left never (rules 8, 26)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.jobs.faults import Edge
from core.notices.facts import OrderFacts
from core.notices.facts_now import facts_of
from core.ports import Approved
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy, pay_with
from core.usecases.buying.checkout import ask_provider, leave
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import settle, settle_event
from core.usecases.codes.add_code import NewCode, add_code
from core.usecases.codes.codes import retire_code
from core.usecases.reconcile.reconcile import reconcile
from tests.answers import given
from tests.builders import a_member, count_of, row_of, rows_of, staff_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, Shop, a_shop, event_of, notice_kinds


async def asks(shop: Shop, ready: CheckoutReady) -> str:
    return given(await ask_provider(shop.db, shop.provider, URL, ready.order_id)).what


async def runs_out(shop: Shop, clock: SettableClock, code: str | None = None) -> tuple[CheckoutReady, str]:
    """A checkout that closed because nobody paid it in time, and its reference."""
    ready = await shop.buys(code=code)
    ref = await shop.ref_of(ready)
    clock.forward(minutes=36)
    assert await asks(shop, ready) == "closed"
    return ready, ref


async def a_code(shop: Shop) -> None:
    """Of one use, for half the price."""
    new = NewCode("HALF", percent=50, uses=1)
    given(await add_code(shop.db, staff_of(shop.mentor.community), new))


async def told_why(db: Database) -> list[Reason | None]:
    """The reasons that the notices of a late approval name."""
    too_late = tables.notices.c.kind == NoticeKind.APPROVED_TOO_LATE
    reasons = []
    for row in await rows_of(db, tables.notices, too_late):
        async with db.look() as tx:
            facts = await facts_of(tx, row["kind"], row["subject_id"], row["cycle"])
        assert isinstance(facts, OrderFacts)
        reasons.append(facts.turned_down)
    return reasons


async def test_it_takes_a_seat_again(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db, capacity=1)
    ready, ref = await runs_out(shop, clock)

    shop.provider.approve(ref)
    what = await asks(shop, ready)

    assert what == "fulfilled"
    assert [row["state"] for row in await rows_of(db, tables.seats)] == [SeatState.RELEASED, SeatState.ACTIVE]


async def _full(shop: Shop) -> None:
    await shop.buys((await a_member(shop.db, shop.student.community, "Ben")).asker)


async def _changed(shop: Shop, **values: object) -> None:
    table = tables.mentors if "paused_at" in values else tables.products
    async with shop.db.begin() as tx:
        await tx.run(update(table).values(**values))


async def _another_used_the_code(shop: Shop) -> None:
    await shop.buys((await a_member(shop.db, shop.student.community, "Ben")).asker, code="HALF")


async def _code_ended(shop: Shop) -> None:
    given(await retire_code(shop.db, staff_of(shop.mentor.community), "HALF"))


WHY_NOT: dict[Reason, Callable[[Shop], Awaitable[None]]] = {
    Reason.MENTOR_FULL: _full,
    Reason.MENTOR_PAUSED: lambda shop: _changed(shop, paused_at=shop.db.clock.now()),
    Reason.PRODUCT_CHANGED: lambda shop: _changed(shop, price_minor=25_000),
    Reason.CODE_USED_UP: _another_used_the_code,
    Reason.CODE_IS_OVER: _code_ended,
}


@pytest.mark.parametrize("reason", WHY_NOT)
async def test_what_cannot_be_bought_any_more_takes_no_money_and_says_why(
    db: Database, clock: SettableClock, reason: Reason
) -> None:
    shop = await a_shop(db, capacity=1 if reason is Reason.MENTOR_FULL else 5)
    await a_code(shop)
    ready, ref = await runs_out(shop, clock, code="HALF")
    await WHY_NOT[reason](shop)

    shop.provider.approve(ref)
    what = await asks(shop, ready)
    given(await settle_event(db, event_of(shop.provider.approve(ref))))

    assert what == "known"
    assert shop.provider.captures == []
    assert (await row_of(db, tables.orders, ready.order_id))["state"] is OrderState.CLOSED
    assert await told_why(db) == [reason]


async def test_a_product_that_is_sold_no_more_is_not_bought(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready, ref = await runs_out(shop, clock)
    await _changed(shop, retired_at=clock.now())

    shop.provider.approve(ref)

    assert await asks(shop, ready) == "known"
    assert await told_why(db) == [Reason.PRODUCT_CHANGED]


async def test_a_code_for_one_use_is_used_once_however_many_checkouts_ran_out(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    await a_code(shop)
    given(await settle(db, "stripe", await shop.paid(await shop.buys())))  # the limits of rule 8 spare a renewal
    ran_out = [await runs_out(shop, clock, code="HALF") for _ in range(3)]

    for ready, ref in ran_out:
        shop.provider.approve(ref)
        await asks(shop, ready)

    of_code = await rows_of(db, tables.orders, tables.orders.c.code_id.is_not(None))
    assert [row["state"] for row in of_code].count(OrderState.FULFILLED) == 1


async def test_what_the_bank_declined_is_not_taken_hours_later(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    shop.provider.approve(await shop.ref_of(ready))
    shop.provider.declining = True
    declined = await asks(shop, ready)
    clock.forward(minutes=36)
    over = await asks(shop, ready)
    shop.provider.declining = False
    clock.forward(hours=5)

    again = await asks(shop, ready)

    assert (declined, over, again) == ("open", "closed", "known")
    assert await count_of(db, tables.payments) == 0
    assert NoticeKind.APPROVED_TOO_LATE not in await notice_kinds(db)


class TestWhatWasLeft:
    """Whoever left a checkout may pay another: its money is never taken."""

    @pytest.mark.parametrize("road", ["webhook", "return page", "reconciliation"])
    async def test_for_another_provider_is_not_captured_beside_it(
        self, db: Database, clock: SettableClock, road: str
    ) -> None:
        shop = await a_shop(db)
        paypal = LedgerProvider(clock, name="paypal")
        providers = {"stripe": shop.provider, "paypal": paypal}
        first = await buy(db, providers, URL, shop.student.asker, shop.mentor.id, Wanted(provider="paypal"))
        assert isinstance(first, CheckoutReady)
        approved = paypal.approve(await shop.ref_of(first))
        paypal.declining = True
        given(await ask_provider(db, paypal, URL, first.order_id))
        paypal.declining = False
        second = await pay_with(db, providers, URL, shop.student.asker, first.order_id, "stripe")
        assert isinstance(second, CheckoutReady)
        given(await settle(db, "stripe", await shop.paid(second)))
        clock.forward(hours=2)

        match road:
            case "webhook":
                late = replace(event_of(replace(approved, approved_at=clock.now())), provider="paypal")
                assert given(await settle_event(db, late)).what == "known"
            case "return page":
                assert given(await ask_provider(db, paypal, URL, first.order_id)).what == "known"
            case "reconciliation":
                paypal.lists = shop.provider.lists = False
                since = clock.now() - timedelta(days=35)
                await reconcile(db, providers, URL, since, clock.now(), edge=Edge)

        assert len(paypal.captures) == 1  # the one that was declined
        assert await count_of(db, tables.payments) == await count_of(db, tables.packs) == 1
        assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.CLOSED
        assert NoticeKind.APPROVED_TOO_LATE not in await notice_kinds(db)

    async def test_on_its_cancel_page_is_not_bought_and_who_agrees_then_is_told(
        self, db: Database, clock: SettableClock
    ) -> None:
        shop = await a_shop(db)
        ready = await shop.buys()
        given(await leave(db, shop.provider, URL, ready.order_id))
        clock.forward(minutes=1)

        shop.provider.approve(await shop.ref_of(ready))
        what = await asks(shop, ready)

        assert what == "known"
        assert shop.provider.captures == []
        assert await told_why(db) == [Reason.CHECKOUT_LEFT]

    async def test_after_agreeing_to_it_is_not_bought_and_nobody_is_told(
        self, db: Database, clock: SettableClock
    ) -> None:
        shop = await a_shop(db)
        ready = await shop.buys()
        shop.provider.approve(await shop.ref_of(ready))
        clock.forward(minutes=1)
        left = given(await leave(db, shop.provider, URL, ready.order_id))

        assert (left.what, await asks(shop, ready)) == ("closed", "known")
        assert shop.provider.captures == []
        assert await told_why(db) == []

    async def test_once_it_had_run_out_is_not_bought(self, db: Database, clock: SettableClock) -> None:
        shop = await a_shop(db)
        ready, ref = await runs_out(shop, clock)
        given(await leave(db, shop.provider, URL, ready.order_id))

        shop.provider.approve(ref)

        assert await asks(shop, ready) == "known"


@pytest.mark.parametrize("then", ["open", "paid", "parked"])
async def test_of_what_ran_out_before_another_order_nothing_is_taken_nor_told(
    db: Database, clock: SettableClock, then: str
) -> None:
    shop = await a_shop(db)
    first, ref = await runs_out(shop, clock)
    second = await shop.buys()
    if then != "open":
        paid = await shop.paid(second)
        given(await settle(db, "stripe", paid if then == "paid" else replace(paid, amount_minor=1)))

    shop.provider.approve(ref)

    assert await asks(shop, first) == "known"
    assert shop.provider.captures == []
    assert await told_why(db) == []


async def test_of_two_that_ran_out_the_one_that_is_bought_ends_the_other(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    first, ref = await runs_out(shop, clock)
    second, later_ref = await runs_out(shop, clock)
    clock.forward(minutes=1)
    shop.provider.approve(ref)
    assert await asks(shop, first) == "fulfilled"

    shop.provider.approve(later_ref)

    assert await asks(shop, second) == "known"
    assert await count_of(db, tables.payments) == 1


async def test_after_a_final_no_nothing_is_taken_and_who_agrees_again_is_told(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    given(await settle(db, "stripe", shop.provider.fail(ref)))
    clock.forward(minutes=1)

    given(await settle(db, "stripe", Approved(ref, clock.now())))

    assert (await row_of(db, tables.orders, ready.order_id))["state"] is OrderState.CLOSED
    assert await told_why(db) == [Reason.CHECKOUT_LEFT]
    assert NoticeKind.PAYMENT_FAILED in await notice_kinds(db)
