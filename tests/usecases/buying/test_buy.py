"""Buying: the seat is held before money can move, and asking again never makes a second checkout (rule 8)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason, Refused
from core.rules.states import OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.checkout import ask_provider, leave
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import settle
from tests.builders import a_member, a_mentor, a_pair, a_product, a_seat, count_of, row_of, rows_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, Shop, a_shop
from tests.usecases.seats.steps import warn


async def seat_states(db: Database) -> list[SeatState]:
    return [row["state"] for row in await rows_of(db, tables.seats)]


async def test_buying_holds_a_seat_and_opens_a_checkout_of_the_products_price(db: Database) -> None:
    shop = await a_shop(db)

    ready = await shop.buys()

    asked = shop.provider.checkouts[await shop.ref_of(ready)]
    assert (asked.amount_minor, asked.currency) == (20_000, "EUR")
    assert asked.success_url == f"{ready.pay_url}/return"
    assert ready.pay_url.startswith(f"{URL}/pay/")
    assert ready.expires_at - db.clock.now() == timedelta(minutes=35)
    assert await seat_states(db) == [SeatState.HELD]


async def test_asking_again_gives_the_same_checkout(db: Database) -> None:
    shop = await a_shop(db)
    first = await shop.buys()

    second = await shop.buys()

    assert (second.order_id, second.pay_url) == (first.order_id, first.pay_url)
    assert second.repeated
    assert len(shop.provider.checkouts) == 1
    assert await count_of(db, tables.seats) == 1


async def test_another_choice_closes_the_first_at_the_provider(db: Database) -> None:
    shop = await a_shop(db)
    first = await shop.buys()
    larger = await a_product(db, shop.mentor, name="Twelve sessions", sessions=12, price_minor=50_000)

    second = await shop.buys(product_id=larger)

    assert second.order_id != first.order_id
    assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.CLOSED
    assert await seat_states(db) == [SeatState.RELEASED, SeatState.HELD]


async def test_another_choice_after_the_first_was_paid_says_so_and_asks_for_no_more_money(db: Database) -> None:
    shop = await a_shop(db)
    first = await shop.buys()
    await shop.paid(first)
    larger = await a_product(db, shop.mentor, name="Twelve sessions", sessions=12)

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(larger))

    assert refused == Refused(Reason.ALREADY_PAID)
    assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.FULFILLED
    assert await count_of(db, tables.orders) == 1
    assert await seat_states(db) == [SeatState.ACTIVE]


async def test_who_paid_at_the_last_moment_is_not_asked_to_pay_again(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    await shop.paid(await shop.buys())
    clock.forward(minutes=36)

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

    assert refused == Refused(Reason.ALREADY_PAID)
    assert await count_of(db, tables.packs) == 1


async def test_a_third_choice_leaves_the_second_open_and_says_why(db: Database) -> None:
    shop = await a_shop(db)
    await shop.buys()
    second = await shop.buys(product_id=await a_product(db, shop.mentor, name="Eight sessions", sessions=8))
    third = await a_product(db, shop.mentor, name="Twelve sessions", sessions=12)

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(third))

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.TOO_MANY_UNPAID
    assert (await row_of(db, tables.orders, second.order_id))["state"] is OrderState.OPEN


async def test_another_choice_after_grace_leaves_the_checkout_that_is_in_time(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    ends_at = clock.now() + timedelta(minutes=5)
    await warn(db, await a_seat(db, shop.student, shop.mentor, SeatState.GRACE, grace_ends_at=ends_at))
    first = await shop.buys()
    larger = await a_product(db, shop.mentor, name="Twelve sessions", sessions=12)
    clock.forward(minutes=10)

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(larger))

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.GRACE_IS_OVER
    assert (await row_of(db, tables.orders, first.order_id))["state"] is OrderState.OPEN


async def test_an_opening_that_is_taken_up_late_gets_a_whole_time_to_pay(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    shop.provider.away = True
    await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)
    shop.provider.away = False
    clock.forward(minutes=20)

    ready = await shop.buys()

    assert ready.expires_at == clock.now() + timedelta(minutes=35)
    assert await seat_states(db) == [SeatState.RELEASED, SeatState.HELD]


async def test_what_the_provider_would_not_open_is_not_held_against_the_student(db: Database) -> None:
    shop = await a_shop(db)
    shop.provider.refusing = True
    for _ in range(3):
        await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)
    shop.provider.refusing = False

    assert isinstance(await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id), CheckoutReady)


async def test_a_changed_price_is_another_choice(db: Database) -> None:
    shop = await a_shop(db)
    first = await shop.buys()
    async with db.begin() as tx:
        await tx.run(update(tables.products).values(price_minor=25_000))

    second = await shop.buys()

    assert second.order_id != first.order_id
    assert second.due_minor == 25_000


async def test_leaving_gives_the_seat_back_once_the_provider_has_closed(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()

    left = await leave(db, shop.provider, URL, ready.order_id)

    assert not isinstance(left, Refused)
    assert left.state is OrderState.CLOSED
    assert await seat_states(db) == [SeatState.RELEASED]


async def test_leaving_while_the_provider_is_away_keeps_the_seat(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    shop.provider.away = True

    left = await leave(db, shop.provider, URL, ready.order_id)

    assert left == Refused(Reason.CHECKOUT_UNSEEN)
    assert await seat_states(db) == [SeatState.HELD]


async def test_a_checkout_that_could_not_be_opened_is_opened_at_the_next_try(db: Database) -> None:
    shop = await a_shop(db)
    shop.provider.away = True
    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)
    shop.provider.away = False

    ready = await shop.buys()

    assert refused == Refused(Reason.PROVIDER_UNREACHABLE)
    assert await count_of(db, tables.orders) == 1
    assert await shop.ref_of(ready) in shop.provider.checkouts


async def test_a_provider_that_refuses_ends_the_order_and_frees_the_seat(db: Database) -> None:
    shop = await a_shop(db)
    shop.provider.refusing = True

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

    (order,) = await rows_of(db, tables.orders)
    closed = [row for row in await rows_of(db, tables.history) if row["verb"] == "close" and row["entity"] == "order"]
    assert refused == Refused(Reason.PROVIDER_REFUSED)
    assert order["state"] is OrderState.CLOSED
    assert await seat_states(db) == [SeatState.RELEASED]
    assert closed[0]["why"] == "the account may not do this"


async def test_a_checkout_that_ran_out_is_closed_when_the_provider_is_asked(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    clock.forward(minutes=35)

    settled = await ask_provider(db, shop.provider, URL, ready.order_id)

    assert not isinstance(settled, Refused)
    assert settled.state is OrderState.CLOSED


async def test_an_open_checkout_stays_open_when_the_provider_is_asked(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()

    settled = await ask_provider(db, shop.provider, URL, ready.order_id)

    assert not isinstance(settled, Refused)
    assert (settled.state, settled.what) == (OrderState.OPEN, "open")


async def test_a_provider_that_is_away_is_asked_later_and_later(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    shop.provider.away = True

    pauses = []
    for _ in range(2):
        await ask_provider(db, shop.provider, URL, ready.order_id)
        (checkout,) = await rows_of(db, tables.checkouts)
        pauses.append(checkout["next_attempt_at"] - clock.now())

    assert pauses == [timedelta(minutes=1), timedelta(minutes=2)]


async def test_a_full_mentor_sells_nothing_to_a_new_student(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    await shop.buys()
    other = await a_member(db, shop.mentor.community, "Olli")

    refused = await buy(db, shop.providers, URL, other.asker, shop.mentor.id)

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.MENTOR_FULL


async def test_a_renewal_at_a_full_mentor_needs_no_new_seat(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    await a_pair(db, mentor=shop.mentor, student=shop.student, seat=SeatState.GRACE)

    await shop.buys()

    assert await seat_states(db) == [SeatState.GRACE]


async def test_nothing_is_sold_between_the_end_of_grace_and_the_release(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    await warn(db, await a_seat(db, shop.student, shop.mentor, SeatState.GRACE, grace_ends_at=clock.now()))

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.GRACE_IS_OVER


async def test_who_was_not_warned_may_renew_after_the_end_that_the_seat_shows(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    await a_seat(db, shop.student, shop.mentor, SeatState.GRACE, grace_ends_at=clock.now() - timedelta(days=30))

    assert isinstance(await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id), CheckoutReady)


async def test_a_member_holds_two_checkouts_at_the_most(db: Database) -> None:
    shop = await a_shop(db)
    await shop.buys()
    answers = []
    for name in ("Second", "Third"):
        mentor = await a_mentor(db, shop.mentor.community, name)
        await a_product(db, mentor)
        answers.append(await buy(db, shop.providers, URL, shop.student.asker, mentor.id))

    second, third = answers
    assert isinstance(second, CheckoutReady)
    assert isinstance(third, Refused)
    assert third.reason is Reason.TOO_MANY_CHECKOUTS


async def test_two_unpaid_checkouts_in_a_day_pause_the_third_for_an_hour(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    for _ in range(2):
        await leave(db, shop.provider, URL, (await shop.buys()).order_id)

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)
    clock.forward(hours=1)
    later = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.TOO_MANY_UNPAID
    assert isinstance(later, CheckoutReady)


async def test_money_that_is_on_its_way_is_not_asked_for_again(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    await settle(db, "stripe", shop.provider.pay_later(await shop.ref_of(ready)))

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

    assert refused == Refused(Reason.PAYMENT_IS_SETTLING)


async def test_a_seat_whose_money_is_parked_is_not_sold_again(db: Database) -> None:
    shop = await a_shop(db)
    await settle(db, "stripe", replace(await shop.paid(await shop.buys()), amount_minor=1))

    refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

    assert refused == Refused(Reason.PAYMENT_IS_SETTLING)


class TestTheProduct:
    async def test_that_the_pair_bought_last_is_bought_again(self, db: Database) -> None:
        shop = await a_shop(db)
        larger = await a_product(db, shop.mentor, name="Twelve sessions", sessions=12)
        await settle(db, "stripe", await shop.paid(await shop.buys(product_id=larger)))

        renewed = await shop.buys()

        assert renewed.sessions == 12

    async def test_must_be_named_by_a_newcomer_where_there_are_several(self, db: Database) -> None:
        shop = await a_shop(db)
        await a_product(db, shop.mentor, name="Twelve sessions")

        refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

        assert refused == Refused(Reason.CHOOSE_PRODUCT)

    async def test_of_another_mentor_is_unknown(self, db: Database) -> None:
        shop = await a_shop(db)
        other = await a_mentor(db, shop.mentor.community, "Otto")
        theirs = await a_product(db, other)

        refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(theirs))

        assert refused == Refused(Reason.UNKNOWN_PRODUCT)

    async def test_that_is_retired_is_not_sold(self, db: Database) -> None:
        shop = await a_shop(db)
        async with db.begin() as tx:
            await tx.run(update(tables.products).values(retired_at=tx.now))

        refused = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)

        assert refused == Refused(Reason.NOTHING_FOR_SALE)


async def test_a_mentor_of_another_community_is_unknown(db: Database) -> None:
    shop, elsewhere = await a_shop(db), await a_shop(db)

    refused = await buy(db, shop.providers, URL, shop.student.asker, elsewhere.mentor.id)

    assert refused == Refused(Reason.UNKNOWN_MENTOR)


@pytest.mark.parametrize("ask", [ask_provider, leave])
async def test_an_order_that_is_not_there_is_refused(db: Database, ask: object) -> None:
    assert callable(ask)

    refused = await ask(db, LedgerProvider(db.clock), URL, 404)

    assert refused == Refused(Reason.UNKNOWN_ORDER)


async def test_leaving_a_settled_order_asks_nobody(db: Database) -> None:
    shop: Shop = await a_shop(db)
    ready = await shop.buys()
    await settle(db, "stripe", await shop.paid(ready))
    shop.provider.away = True

    left = await leave(db, shop.provider, URL, ready.order_id)

    assert not isinstance(left, Refused)
    assert left.what == "known"
