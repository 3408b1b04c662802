"""Leave a checkout: only while its money cannot be on its way (rules 8 and 26)."""

import pytest

from core.db import tables
from core.db.unit import Database
from core.ports import CheckoutNews, ClosedUnpaid
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy, pay_with
from core.usecases.buying.checkout import ask_provider, leave
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import settle
from tests.answers import given, why
from tests.builders import a_product, count_of, row_of, rows_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, Shop, a_shop, notice_kinds


async def asks(shop: Shop, ready: CheckoutReady) -> str:
    return given(await ask_provider(shop.db, shop.provider, URL, ready.order_id)).what


async def test_what_is_being_captured_cannot_be_left(db: Database) -> None:
    shop = await a_shop(db)

    class Captures(LedgerProvider):
        async def capture(self, ref: str, key: str) -> CheckoutNews:
            answers.append(await pay_with(db, providers, URL, shop.student.asker, order_id, "stripe"))
            answers.append(await leave(db, self, URL, order_id))
            return await super().capture(ref, key)

    answers: list[object] = []
    paypal = Captures(db.clock, name="paypal")
    providers = {"stripe": shop.provider, "paypal": paypal}
    first = await buy(db, providers, URL, shop.student.asker, shop.mentor.id, Wanted(provider="paypal"))
    assert isinstance(first, CheckoutReady)
    order_id = first.order_id
    paypal.approve(await shop.ref_of(first))

    paid = given(await ask_provider(db, paypal, URL, order_id))

    assert [why(answer) for answer in answers] == [Reason.PAYMENT_IS_SETTLING] * 2
    assert paid.what == "fulfilled"
    assert await count_of(db, tables.orders) == 1


async def test_what_was_declined_can_be_left_and_what_was_approved_anew_cannot(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    shop.provider.approve(ref)
    shop.provider.declining = True
    assert await asks(shop, ready) == "open"
    clock.forward(minutes=1)
    given(await settle(db, "stripe", shop.provider.approve(ref)))

    approved_anew = await leave(db, shop.provider, URL, ready.order_id)
    await asks(shop, ready)
    declined_again = await leave(db, shop.provider, URL, ready.order_id)

    assert why(approved_anew) is Reason.PAYMENT_IS_SETTLING
    assert given(declined_again).state is OrderState.CLOSED


async def test_an_approval_that_comes_while_it_is_left_stands(db: Database) -> None:
    shop = await a_shop(db)

    class Closes(LedgerProvider):
        async def close_checkout(self, ref: str) -> CheckoutNews:
            approved = self.approve(ref)
            closed = await super().close_checkout(ref)
            given(await settle(db, "paypal", approved))  # its webhook
            return closed

    paypal = Closes(db.clock, name="paypal")
    ready = await buy(db, {"paypal": paypal}, URL, shop.student.asker, shop.mentor.id)
    assert isinstance(ready, CheckoutReady)

    left = await leave(db, paypal, URL, ready.order_id)
    paid = given(await ask_provider(db, paypal, URL, ready.order_id))

    assert why(left) is Reason.PAYMENT_IS_SETTLING
    assert paid.what == "fulfilled"
    assert [row["state"] for row in await rows_of(db, tables.seats)] == [SeatState.ACTIVE]


@pytest.mark.parametrize("standing", ["pending", "approved"])
async def test_what_the_provider_has_forgotten_is_kept_while_its_money_may_be_on_its_way(
    db: Database, clock: SettableClock, standing: str
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    begun = shop.provider.pay_later(ref) if standing == "pending" else shop.provider.approve(ref)
    given(await settle(db, "stripe", begun))
    shop.provider.news[ref] = ClosedUnpaid(ref, inferred=True)
    clock.forward(hours=7)

    what = await asks(shop, ready)

    assert what == "known"
    assert (await row_of(db, tables.orders, ready.order_id))["state"] in (OrderState.PENDING, OrderState.OPEN)
    assert [row["state"] for row in await rows_of(db, tables.seats)] == [SeatState.HELD]
    (checkout,) = await rows_of(db, tables.checkouts)
    assert checkout["closed_at"] is None
    if standing == "pending":
        assert checkout["next_attempt_at"] > clock.now()


async def test_what_nobody_agreed_to_and_the_provider_has_forgotten_is_closed(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    shop.provider.news[ref] = ClosedUnpaid(ref, inferred=True)

    assert await asks(shop, ready) == "closed"

    assert await notice_kinds(db) == []


async def test_a_capture_that_is_refused_for_good_is_told(db: Database) -> None:
    shop = await a_shop(db)

    class Refuses(LedgerProvider):
        async def capture(self, ref: str, key: str) -> CheckoutNews:
            return ClosedUnpaid(ref, failed=True)

    paypal = Refuses(db.clock, name="paypal")
    ready = await buy(db, {"paypal": paypal}, URL, shop.student.asker, shop.mentor.id)
    assert isinstance(ready, CheckoutReady)
    paypal.approve(await shop.ref_of(ready))

    assert given(await ask_provider(db, paypal, URL, ready.order_id)).what == "closed"
    again = given(await ask_provider(db, paypal, URL, ready.order_id)).what

    assert again == "known"
    assert await notice_kinds(db) == [NoticeKind.PAYMENT_FAILED]
    assert [row["state"] for row in await rows_of(db, tables.seats)] == [SeatState.RELEASED]


@pytest.mark.parametrize("choice", ["the same", "another"])
async def test_whose_money_waits_for_staff_is_asked_for_no_more(db: Database, choice: str) -> None:
    shop = await a_shop(db)
    given(await settle(db, "stripe", await shop.paid(await shop.buys())))
    other = await a_product(db, shop.mentor, name="Eight", sessions=8)
    renewal = await shop.buys(product_id=shop.product_id)
    parked = shop.provider.pay(await shop.ref_of(renewal), amount_minor=17_000)
    if choice == "the same":
        given(await settle(db, "stripe", parked))

    # Where it was not settled before, leaving the first is what finds that it was paid.
    wanted = Wanted(shop.product_id if choice == "the same" else other)
    answer = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, wanted)

    assert why(answer) is Reason.PAYMENT_IS_SETTLING
    assert await count_of(db, tables.orders) == 2


async def test_leaving_what_the_provider_will_not_tell_of_keeps_it_and_asks_for_no_second_payment(db: Database) -> None:
    shop = await a_shop(db)
    other = await a_product(db, shop.mentor, name="Eight", sessions=8)
    await shop.buys(product_id=shop.product_id)
    shop.provider.refusing = True

    answer = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(other))

    assert why(answer) is Reason.PROVIDER_SAYS_NOTHING
    assert [row["state"] for row in await rows_of(db, tables.orders)] == [OrderState.OPEN]
