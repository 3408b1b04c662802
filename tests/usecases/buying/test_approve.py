"""Approved by the buyer, captured by us: only when the seat is sure, and once (rules 8 and 11)."""

import asyncio
from dataclasses import replace

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Refused
from core.rules.states import OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy, pay_with
from core.usecases.buying.checkout import ask_provider
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import settle, settle_event
from tests.builders import a_member, count_of, row_of, rows_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, Shop, a_shop, event_of


async def seat_states(db: Database) -> list[SeatState]:
    return [row["state"] for row in await rows_of(db, tables.seats)]


async def asks(shop: Shop, ready: CheckoutReady) -> str:
    settled = await ask_provider(shop.db, shop.provider, URL, ready.order_id)
    assert not isinstance(settled, Refused), settled
    return settled.what


async def test_what_was_approved_is_captured_and_fulfilled_and_counts_as_paid_then(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    approved = shop.provider.approve(await shop.ref_of(ready))
    told = await settle_event(db, event_of(approved))
    clock.forward(minutes=5)

    what = await asks(shop, ready)

    assert not isinstance(told, Refused)
    assert (told.what, what) == ("approved", "fulfilled")
    (payment,) = await rows_of(db, tables.payments)
    assert payment["paid_at"] == approved.approved_at
    assert len(shop.provider.captures) == 1


async def test_the_event_alone_makes_the_jobs_capture_now(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()

    await settle_event(db, event_of(shop.provider.approve(await shop.ref_of(ready))))

    (checkout,) = await rows_of(db, tables.checkouts)
    assert checkout["next_attempt_at"] == db.clock.now()
    assert shop.provider.captures == []


async def test_two_who_capture_at_once_use_one_key(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    shop.provider.approve(await shop.ref_of(ready))

    await asyncio.gather(asks(shop, ready), asks(shop, ready))

    assert len(set(shop.provider.captures)) == 1
    assert await count_of(db, tables.packs) == 1
    assert await count_of(db, tables.payments) == 1


async def test_what_the_bank_declines_stays_open_until_its_end(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    shop.provider.approve(await shop.ref_of(ready))
    shop.provider.declining = True

    declined = await asks(shop, ready)
    clock.forward(minutes=36)
    over = await asks(shop, ready)

    assert (declined, over) == ("open", "closed")
    assert await seat_states(db) == [SeatState.RELEASED]
    assert await count_of(db, tables.payments) == 0


async def test_a_late_approval_of_what_was_fulfilled_captures_nothing(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    await settle(db, "stripe", await shop.paid(ready))

    known = await settle_event(db, event_of(shop.provider.approve(await shop.ref_of(ready))))

    assert not isinstance(known, Refused)
    assert known.what == "known"
    assert (await row_of(db, tables.orders, ready.order_id))["state"] is OrderState.FULFILLED


class TestAnotherProvider:
    """The same purchase through another provider closes the first there."""

    async def test_the_first_that_is_set_up_is_taken_and_the_other_is_offered(self, db: Database) -> None:
        shop, providers = await self._shop(db)

        ready = await buy(db, providers, URL, shop.student.asker, shop.mentor.id)

        assert isinstance(ready, CheckoutReady)
        assert (ready.provider, ready.others) == ("stripe", ("paypal",))

    async def test_changing_it_closes_the_checkout_at_the_first(self, db: Database) -> None:
        shop, providers = await self._shop(db)
        first = await shop.buys()

        second = await pay_with(db, providers, URL, shop.student.asker, first.order_id, "paypal")

        assert isinstance(second, CheckoutReady)
        assert (second.provider, second.product_name) == ("paypal", first.product_name)
        assert await seat_states(db) == [SeatState.RELEASED, SeatState.HELD]
        assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.CLOSED

    async def test_a_renewal_is_paid_as_the_purchase_was(self, db: Database) -> None:
        shop, providers = await self._shop(db)
        first = await buy(db, providers, URL, shop.student.asker, shop.mentor.id, Wanted(provider="paypal"))
        assert isinstance(first, CheckoutReady)
        await settle(db, "paypal", providers["paypal"].pay(await shop.ref_of(first)))

        renewal = await buy(db, providers, URL, shop.student.asker, shop.mentor.id)

        assert isinstance(renewal, CheckoutReady)
        assert renewal.provider == "paypal"

    async def test_nobody_changes_anothers_order_nor_to_what_is_not_set_up(self, db: Database) -> None:
        shop, providers = await self._shop(db)
        first = await shop.buys()
        other = await a_member(db, shop.student.community, "Ben")

        answers = [
            await pay_with(db, providers, URL, other.asker, first.order_id, "paypal"),
            await pay_with(db, providers, URL, replace(shop.student.asker, guild_id=1), first.order_id, "paypal"),
            await pay_with(db, providers, URL, shop.student.asker, first.order_id, "beads"),
        ]

        assert all(isinstance(each, Refused) for each in answers)
        assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.OPEN

    @staticmethod
    async def _shop(db: Database) -> tuple[Shop, dict[str, LedgerProvider]]:
        shop = await a_shop(db)
        return shop, {"stripe": shop.provider, "paypal": LedgerProvider(db.clock, name="paypal")}
