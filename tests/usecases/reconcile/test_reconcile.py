"""What was paid, given back or closed and did not reach us is found, settled, and told once (rule 31)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.jobs.faults import Edge
from core.ports import CheckoutNews, DisputeNews, ProviderUnavailable, RefundNews, RefundsChanged
from core.rules.accounts import totals
from core.rules.notices import NoticeKind
from core.rules.states import DisputeOutcome, OrderState, RefundState
from core.usecases.buying.settle import settle
from core.usecases.reading.accounts import accounts
from core.usecases.reconcile.reconcile import RECONCILED_FOR, Finding, Found, Reconciled, reconcile
from core.usecases.refunds.by_hand import refunded_by_hand
from tests.answers import given
from tests.builders import a_member, count_of, row_of, rows_of, staff_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, Shop, a_shop, notice_kinds


async def compare(shop: Shop, *others: LedgerProvider) -> Reconciled:
    now = shop.db.clock.now()
    providers = {each.name: each for each in (shop.provider, *others)}
    return await reconcile(shop.db, providers, URL, now - RECONCILED_FOR, now, edge=Edge)


def found_in(result: Reconciled) -> list[tuple[int | None, Found]]:
    return [(each.order_id, each.found) for each in result.found]


async def state_of(db: Database, order_id: int) -> OrderState:
    state: OrderState = (await row_of(db, tables.orders, order_id))["state"]
    return state


async def test_a_payment_whose_webhook_was_lost_is_granted_and_told_once(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    await shop.paid(ready)

    first, second = await compare(shop), await compare(shop)

    assert first.found == [Finding("stripe", Found.GRANTED, ready.order_id, "Stu")]
    assert not first.needs_a_person
    assert (second.found, second.agreed) == ([], 1)
    assert await state_of(db, ready.order_id) is OrderState.FULFILLED
    assert await count_of(db, tables.packs) == 1
    kinds = await notice_kinds(db)
    assert kinds.count(NoticeKind.RECONCILED_STAFF) == 1
    assert kinds.count(NoticeKind.PURCHASE_CONFIRMED) == 1


@pytest.mark.parametrize("what", ["granted by its list", "granted when asked", "given back"])
async def test_a_comparison_that_dies_right_after_a_repair_has_told_staff(db: Database, what: str) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    shop.provider.lists = what != "granted when asked"
    if what == "given back":
        given(await settle(db, "stripe", paid))
        shop.provider.news.clear()
        shop.provider.refund_news = [RefundNews(paid.payment_ref, "re_1", 5_000, "EUR", db.clock.now())]
    now = db.clock.now()

    with pytest.raises(KeyboardInterrupt):
        await reconcile(db, shop.providers, URL, now - RECONCILED_FOR, now, edge=Edge, progress=_dies)

    assert await state_of(db, ready.order_id) is OrderState.FULFILLED
    assert (await notice_kinds(db)).count(NoticeKind.RECONCILED_STAFF) == 1


def _dies(_provider: str, _compared: int) -> None:
    raise KeyboardInterrupt


async def test_an_order_that_is_closed_here_and_paid_there_is_granted(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    closed = await shop.provider.close_checkout(ref)
    given(await settle(db, "stripe", closed))
    shop.provider.pay(ref)
    shop.provider.lists = False  # only a question about this very order can tell
    clock.forward(days=3)

    result = await compare(shop)

    assert found_in(result) == [(ready.order_id, Found.GRANTED)]
    assert await state_of(db, ready.order_id) is OrderState.FULFILLED


async def test_what_was_captured_before_a_crash_is_granted(db: Database) -> None:
    shop = await a_shop(db)
    shop.provider.name = "paypal"
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    assert given(await settle(db, "paypal", shop.provider.approve(ref))).what == "approved"
    await shop.provider.capture(ref, "the key of a process that died then")

    result = await compare(shop)

    assert found_in(result) == [(ready.order_id, Found.GRANTED)]
    assert await state_of(db, ready.order_id) is OrderState.FULFILLED
    assert (await rows_of(db, tables.payments))[0]["provider"] == "paypal"


async def test_what_was_approved_and_never_captured_is_captured_once(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    shop.provider.approve(ref)

    result = await compare(shop)

    assert found_in(result) == [(ready.order_id, Found.GRANTED)]
    assert [each for each, _ in shop.provider.captures] == [ref]


async def test_where_both_agree_nobody_is_told(db: Database) -> None:
    shop = await a_shop(db)
    bought = await shop.buys()
    given(await settle(db, "stripe", await shop.paid(bought)))
    await shop.buys((await a_member(db, shop.mentor.community, "Zoe")).asker)  # at the checkout right now
    shop.provider.news["cs_shop"] = shop.provider.foreign("cs_shop")
    before = await notice_kinds(db)

    result = await compare(shop)

    assert (result.found, result.not_asked) == ([], [])
    assert (result.agreed, result.others) == (2, 1)
    assert await notice_kinds(db) == before


async def test_a_provider_that_is_away_is_named_and_changes_nothing(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    await shop.paid(ready)
    shop.provider.away = True
    paypal = LedgerProvider(db.clock, "paypal")

    result = await compare(shop, paypal)

    assert [(each.provider, each.why.partition(":")[0]) for each in result.not_asked] == [("stripe", "gives no answer")]
    assert result.found == []
    assert await state_of(db, ready.order_id) is OrderState.OPEN
    assert NoticeKind.RECONCILED_STAFF not in await notice_kinds(db)


async def test_orders_of_a_provider_that_is_not_configured_are_counted(db: Database) -> None:
    shop = await a_shop(db)
    await shop.buys()
    other = LedgerProvider(db.clock, "paypal")

    now = db.clock.now()
    result = await reconcile(db, {"paypal": other}, URL, now - RECONCILED_FOR, now, edge=Edge)

    assert [(each.provider, each.why) for each in result.not_asked] == [
        ("stripe", "not configured, with 1 orders to ask it about")
    ]


async def test_a_refund_that_did_not_reach_us_is_in_the_books_afterwards(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    given(await settle(db, "stripe", paid))
    shop.provider.refund_news = [
        RefundNews(paid.payment_ref, "re_1", 5_000, "EUR", clock.now()),
        RefundNews("pi_of_a_shop", "re_2", 5_000, "EUR", clock.now()),
    ]

    first, second = await compare(shop), await compare(shop)

    assert found_in(first) == [(ready.order_id, Found.GIVEN_BACK)]
    assert first.others == 1
    assert second.found == []
    (payment,) = await rows_of(db, tables.payments)
    assert payment["refunded_minor"] == 5_000


async def test_a_refund_of_a_payment_that_was_lost_as_well_is_in_the_books_in_one_go(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    shop.provider.refund_news = [RefundNews(paid.payment_ref, "re_1", 20_000, "EUR", clock.now())]
    shop.provider.refunds_first = True

    result = await compare(shop)

    assert found_in(result) == [(ready.order_id, Found.GRANTED), (ready.order_id, Found.GIVEN_BACK)]
    assert [each["state"] for each in await rows_of(db, tables.refunds)] == [RefundState.DONE]
    kinds = await notice_kinds(db)
    assert kinds.count(NoticeKind.RECONCILED_STAFF) == 1, "once a day and order"


async def test_a_lost_dispute_that_did_not_reach_us_is_in_the_books_afterwards(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    given(await settle(db, "stripe", paid))
    lost = DisputeNews(paid.payment_ref, "dp_1", 20_000, "EUR", clock.now(), DisputeOutcome.LOST, "fraudulent")
    shop.provider.dispute_news = [lost]

    first, second = await compare(shop), await compare(shop)

    assert found_in(first) == [(ready.order_id, Found.GIVEN_BACK)]
    assert second.found == []
    assert (await rows_of(db, tables.payments))[0]["lost_minor"] == 20_000
    books = await accounts(db)
    assert books.disagreements == ()
    (total,) = totals(books.movements)
    assert (total.paid_minor, total.lost_minor, total.kept_minor) == (20_000, 20_000, 0)


async def test_a_payment_that_waits_to_be_asked_about_is_asked(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    given(await settle(db, "stripe", paid))
    given(await settle(db, "stripe", RefundsChanged(paid.payment_ref)))
    shop.provider.refund_news = [RefundNews(paid.payment_ref, "re_1", 20_000, "EUR", clock.now())]
    shop.provider.lists = False

    result = await compare(shop)

    assert found_in(result) == [(ready.order_id, Found.GIVEN_BACK)]


async def test_what_does_not_agree_after_all_was_settled_needs_a_person(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    given(await settle(db, "stripe", paid))
    shop.provider.refund_news = [RefundNews(paid.payment_ref, "re_1", 5_000, "EUR", clock.now())]
    await compare(shop)
    async with db.begin() as tx:  # somebody's hand in the database
        await tx.run(update(tables.refunds).values(amount_minor=4_000))
    clock.forward(days=1)

    result = await compare(shop)

    (finding,) = result.needs_a_person
    assert finding == Finding(
        "stripe", Found.DIFFERS, ready.order_id, "Stu", "refunded 50.00 EUR there, 40.00 EUR here"
    )
    assert (await notice_kinds(db)).count(NoticeKind.RECONCILED_STAFF) == 2


async def test_a_refund_that_failed_and_was_paid_by_hand_is_no_difference(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    paid = await shop.paid(await shop.buys())
    made = RefundNews(paid.payment_ref, "re_1", 5_000, "EUR", clock.now())
    failed = replace(made, failed="lost_or_stolen_card")
    given(await settle(db, "stripe", paid))
    given(await settle(db, "stripe", made))
    given(await settle(db, "stripe", failed))
    (refund,) = await rows_of(db, tables.refunds)
    given(await refunded_by_hand(db, staff_of(shop.mentor.community), refund["id"], "by bank transfer"))
    shop.provider.refund_news = [failed]

    found = [(await compare(shop)).found, (await compare(shop)).found]

    assert found == [[], []]
    assert NoticeKind.RECONCILED_STAFF not in await notice_kinds(db)


async def test_a_payment_that_is_not_what_the_order_says_needs_a_person(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    shop.provider.pay(await shop.ref_of(ready), amount_minor=1)

    first, second = await compare(shop), await compare(shop)

    assert [(each.order_id, each.found) for each in first.needs_a_person] == [(ready.order_id, Found.PARKED)]
    assert second.found == []


async def test_one_order_that_meets_a_fault_does_not_keep_the_others_waiting(
    db: Database, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    shop = await a_shop(db)
    first = await shop.buys()
    second = await shop.buys((await a_member(db, shop.mentor.community, "Zoe")).asker)
    for each in (first, second):
        given(await settle(db, "stripe", await shop.paid(each)))
    payments = [f"pi_{await shop.ref_of(each)}" for each in (first, second)]
    shop.provider.refund_news = [
        RefundNews(payments[0], "re_1", 5_000, "USD", clock.now()),
        RefundNews(payments[1], "re_2", 20_000, "EUR", clock.now()),
    ]

    result = await compare(shop)

    assert (first.order_id, Found.UNSETTLED) in found_in(result)
    assert (second.order_id, Found.GIVEN_BACK) in found_in(result)
    assert payments[0] in caplog.text


async def test_orders_that_a_provider_does_not_know_need_a_person_and_keep_none_from_being_settled(
    db: Database,
) -> None:
    shop = await a_shop(db)
    orders = [await shop.buys((await a_member(db, shop.mentor.community, name)).asker) for name in "ABCD"]
    shop.provider.lists = False
    shop.provider.unknown = {await shop.ref_of(each) for each in orders[:3]}
    await shop.paid(orders[3])

    result = await compare(shop)

    unanswered = [(each.order_id, Found.UNANSWERED) for each in orders[:3]]
    assert found_in(result) == [*unanswered, (orders[3].order_id, Found.GRANTED)]
    assert result.not_asked == []


async def test_a_provider_that_tells_nothing_of_three_orders_is_away(db: Database) -> None:
    class SilentProvider(LedgerProvider):
        async def ask_checkout(self, ref: str) -> CheckoutNews:
            asked.append(ref)
            raise ProviderUnavailable

    asked: list[str] = []
    shop = replace(await a_shop(db), provider=SilentProvider(db.clock))
    for name in "ABCD":
        await shop.buys((await a_member(db, shop.mentor.community, name)).asker)
    shop.provider.lists = False

    result = await compare(shop)

    assert [each.why for each in result.not_asked] == ["gives no answer: none about 3 orders in a row"]
    assert len(asked) == 3
    assert NoticeKind.RECONCILED_STAFF not in await notice_kinds(db)


async def test_a_key_that_may_not_read_the_lists_leaves_the_questions(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    await shop.paid(ready)
    shop.provider.lists_refused = True

    result = await compare(shop)

    assert found_in(result) == [(ready.order_id, Found.GRANTED)]
    assert [each.why.partition(":")[0] for each in result.not_asked] == ["does not show its lists"]


async def test_a_checkout_that_was_over_is_closed_without_a_word_to_staff(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    clock.forward(hours=1)
    shop.provider.lists = False

    result = await compare(shop)

    assert found_in(result) == [(ready.order_id, Found.CLOSED)]
    assert await state_of(db, ready.order_id) is OrderState.CLOSED
    assert NoticeKind.RECONCILED_STAFF not in await notice_kinds(db)


async def test_orders_from_before_the_period_are_left_alone_once_they_are_closed(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    given(await settle(db, "stripe", await shop.provider.close_checkout(await shop.ref_of(ready))))
    shop.provider.pay(await shop.ref_of(ready))
    shop.provider.lists = False
    clock.set(clock.now() + RECONCILED_FOR + timedelta(microseconds=1))

    assert (await compare(shop)).found == []
