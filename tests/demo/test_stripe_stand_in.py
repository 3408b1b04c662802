"""The stand-in for Stripe refuses what Stripe refuses, and tells its news as Stripe does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import SystemClock
from core.payments.stripe import StripeProvider
from core.payments.stripe_events import read_event
from core.ports import (
    CheckoutRequest,
    ClosedUnpaid,
    DisputeNews,
    Paid,
    Pending,
    ProviderEvent,
    ProviderRefused,
    Refunded,
    RefundFailed,
    RefundNews,
    RefundRequest,
    RefundsChanged,
    StillOpen,
)
from core.rules.states import DisputeOutcome
from seatkeeper.demo.stripe_stand_in import StripeStandIn
from tests.clocks import SettableClock

KEY, SECRET = "sk_test_demo", "whsec_demo"


@dataclass
class Told:
    """Whoever is told, away as often as it is said to be. What is not authentic is no news."""

    away: int = 0
    news: list[ProviderEvent] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        if self.away:
            self.away -= 1
            raise web.HTTPServiceUnavailable
        event = read_event(await request.read(), request.headers["Stripe-Signature"], SECRET, SystemClock().now())
        assert isinstance(event, ProviderEvent)
        self.news.append(event)
        return web.Response()


@dataclass(frozen=True)
class Bench:
    stripe: StripeStandIn
    provider: StripeProvider
    told: Told
    clock: SettableClock


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock, told = SettableClock(), Told()
    ears = web.Application()
    ears.router.add_post("/told", told.hear)
    async with aiohttp.ClientSession() as http, TestServer(ears) as listener:
        stripe = StripeStandIn(clock, http, KEY, SECRET, told_at=str(listener.make_url("/told")))
        async with TestServer(stripe.app()) as server:
            stripe.at = str(server.make_url("")).rstrip("/")
            yield Bench(stripe, StripeProvider(KEY, http, api_url=stripe.at, retries=0), told, clock)
            await stripe.stop()


def a_request(bench: Bench, key: str = "k1") -> CheckoutRequest:
    return CheckoutRequest(
        key=key,
        order_token="order-token-of-sixteen",
        title="Four sessions",
        amount_minor=18_000,
        currency="EUR",
        expires_at=bench.clock.now() + timedelta(minutes=35),
        success_url="https://seats.example/return",
        cancel_url="https://seats.example/cancel",
    )


async def test_a_card_pays_and_it_is_told_once_signed_at_the_walls_time(bench: Bench) -> None:
    opened = await bench.provider.open_checkout(a_request(bench))
    before = await bench.provider.ask_checkout(opened.ref)

    await bench.stripe.pay(opened.ref)

    news = await bench.provider.ask_checkout(opened.ref)
    assert isinstance(before, StillOpen)
    assert isinstance(news, Paid)
    assert (news.amount_minor, news.currency, news.paid_at) == (18_000, "EUR", bench.clock.now())
    assert news.order_token == "order-token-of-sixteen"
    [event] = bench.told.news
    assert event.news == news


async def test_a_bank_debit_is_on_its_way_before_it_arrives(bench: Bench) -> None:
    opened = await bench.provider.open_checkout(a_request(bench))

    await bench.stripe.pay_later(opened.ref)
    waiting = await bench.provider.ask_checkout(opened.ref)
    bench.clock.forward(days=3)
    await bench.stripe.arrive(opened.ref)

    news = await bench.provider.ask_checkout(opened.ref)
    assert isinstance(waiting, Pending)
    assert isinstance(news, Paid)
    assert news.paid_at == bench.clock.now() - timedelta(days=3)
    assert [type(event.news) for event in bench.told.news] == [Pending, Paid]


async def test_a_bank_debit_that_fails_is_told_as_failed(bench: Bench) -> None:
    opened = await bench.provider.open_checkout(a_request(bench))

    await bench.stripe.pay_later(opened.ref)
    await bench.stripe.bounce(opened.ref)

    last = bench.told.news[-1].news
    assert isinstance(last, ClosedUnpaid)
    assert last.failed


async def test_news_that_is_not_taken_is_told_again(bench: Bench) -> None:
    opened = await bench.provider.open_checkout(a_request(bench))
    bench.told.away = 1

    await bench.stripe.pay(opened.ref)
    while not bench.told.news:
        await bench.provider.ask_checkout(opened.ref)

    assert [type(event.news) for event in bench.told.news] == [Paid]


async def test_the_same_key_opens_the_same_checkout_and_no_other(bench: Bench) -> None:
    first = await bench.provider.open_checkout(a_request(bench))
    second = await bench.provider.open_checkout(a_request(bench))
    other = await bench.provider.open_checkout(a_request(bench, key="k2"))

    assert first == second
    assert other.ref != first.ref
    with pytest.raises(ProviderRefused):
        await bench.provider.open_checkout(replace(a_request(bench), amount_minor=1))


@pytest.mark.parametrize("minutes", [29, 24 * 60 + 1])
async def test_a_checkout_is_open_for_half_an_hour_to_a_day(bench: Bench, minutes: int) -> None:
    expires_at = bench.clock.now() + timedelta(minutes=minutes)

    with pytest.raises(ProviderRefused):
        await bench.provider.open_checkout(replace(a_request(bench), expires_at=expires_at))


async def test_a_checkout_is_closed_when_asked_or_when_its_time_is_over(bench: Bench) -> None:
    closed = await bench.provider.open_checkout(a_request(bench))
    late = await bench.provider.open_checkout(a_request(bench, key="k2"))

    answer = await bench.provider.close_checkout(closed.ref)
    bench.clock.forward(minutes=35)

    assert isinstance(answer, ClosedUnpaid)
    assert isinstance(await bench.provider.ask_checkout(late.ref), ClosedUnpaid)
    assert isinstance(await bench.provider.ask_checkout("cs_test_of_an_earlier_run"), ClosedUnpaid)
    for each in (closed, late):
        with pytest.raises(web.HTTPConflict):
            await bench.stripe.pay(each.ref)


async def test_no_more_is_refunded_than_was_paid(bench: Bench) -> None:
    opened = await bench.provider.open_checkout(a_request(bench))
    await bench.stripe.pay(opened.ref)
    news = await bench.provider.ask_checkout(opened.ref)
    assert isinstance(news, Paid)
    asked = [
        RefundRequest(key=key, refund_id=3, payment_ref=news.payment_ref, amount_minor=amount, currency="EUR")
        for key, amount in (("r1", 10_000), ("r1", 10_000), ("r2", 8_001), ("r3", 8_000))
    ]

    answers = [await bench.provider.refund(each) for each in asked]

    assert [type(answer) for answer in answers] == [Refunded, Refunded, RefundFailed, Refunded]
    assert answers[0] == answers[1]


async def test_refunds_are_told_and_listed_whoever_makes_them_and_may_come_back(bench: Bench) -> None:
    opened = await bench.provider.open_checkout(a_request(bench))
    await bench.stripe.pay(opened.ref)
    paid = await bench.provider.ask_checkout(opened.ref)
    assert isinstance(paid, Paid)
    ours = RefundRequest(key="r1", refund_id=3, payment_ref=paid.payment_ref, amount_minor=5_000, currency="EUR")
    bench.told.news.clear()

    await bench.provider.refund(ours)
    while len(bench.told.news) < 2:
        await bench.provider.ask_checkout(opened.ref)
    on_its_pages = await bench.stripe.give_back(paid.payment_ref, 4_000)
    await bench.stripe.send_back(on_its_pages)

    told = [event.news for event in bench.told.news]
    assert {type(each) for each in told[:2]} == {RefundNews, RefundsChanged}
    assert [type(each) for each in told[2:]] == [RefundNews, RefundsChanged, RefundNews]
    listed = await bench.provider.refunds_of(paid.payment_ref)
    assert [(each.amount_minor, each.refund_id, each.failed) for each in listed] == [
        (4_000, None, "lost_or_stolen_card"),
        (5_000, 3, None),
    ]
    with pytest.raises(web.HTTPConflict):
        await bench.stripe.give_back(paid.payment_ref, paid.amount_minor - 4_999)


async def test_what_moved_is_in_its_own_lists_of_the_period(bench: Bench) -> None:
    opened = await bench.provider.open_checkout(a_request(bench))
    await bench.stripe.pay(opened.ref)
    paid = await bench.provider.ask_checkout(opened.ref)
    assert isinstance(paid, Paid)
    await bench.stripe.give_back(paid.payment_ref, 1)
    now = bench.clock.now()

    told = [news async for news in bench.provider.told_since(now - timedelta(days=1), now + timedelta(days=1))]
    before = [news async for news in bench.provider.told_since(now - timedelta(days=2), now - timedelta(days=1))]

    assert told[:2] == [paid, RefundsChanged(paid.payment_ref)]
    assert isinstance(told[2], RefundNews)
    assert (told[2].payment_ref, told[2].amount_minor, len(told), before) == (paid.payment_ref, 1, 3, [])


@pytest.mark.parametrize("outcome", DisputeOutcome)
async def test_a_dispute_is_told_and_listed_and_nothing_is_refunded_while_it_is_open(
    bench: Bench, outcome: DisputeOutcome
) -> None:
    opened_checkout = await bench.provider.open_checkout(a_request(bench))
    await bench.stripe.pay(opened_checkout.ref)
    paid = await bench.provider.ask_checkout(opened_checkout.ref)
    assert isinstance(paid, Paid)
    await bench.stripe.give_back(paid.payment_ref, 8_000)
    bench.told.news.clear()
    asked = [
        RefundRequest(key=key, refund_id=3, payment_ref=paid.payment_ref, amount_minor=10_000, currency="EUR")
        for key in ("r1", "r2")
    ]

    ref = await bench.stripe.dispute(paid.payment_ref)
    refused = await bench.provider.refund(asked[0])
    bench.clock.forward(days=3)
    await bench.stripe.decide(paid.payment_ref, outcome)

    opened, ended = [event.news for event in bench.told.news]
    assert isinstance(opened, DisputeNews)
    assert (opened.dispute_ref, opened.payment_ref, opened.disputed_minor) == (ref, paid.payment_ref, 10_000)
    assert (opened.outcome, opened.answer_by) == (None, paid.paid_at + timedelta(days=7))
    assert isinstance(ended, DisputeNews)
    assert (ended.dispute_ref, ended.outcome, ended.at) == (ref, outcome, bench.clock.now())
    assert isinstance(refused, RefundFailed)
    now = bench.clock.now()
    told = [news async for news in bench.provider.told_since(now - timedelta(days=1), now + timedelta(days=1))]
    assert [news.outcome for news in told if isinstance(news, DisputeNews)] == [outcome]
    is_lost = outcome is DisputeOutcome.LOST
    assert bench.stripe.moved().get(ref) == ((-10_000, "EUR") if is_lost else None)
    assert isinstance(await bench.provider.refund(asked[1]), RefundFailed if is_lost else Refunded)
