"""The stand-in for PayPal refuses what PayPal refuses, and tells its news signed as PayPal does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import SystemClock
from core.payments.paypal import PayPalProvider
from core.payments.paypal_certificates import Certificates
from core.payments.paypal_events import PayPalEvents
from core.ports import (
    Approved,
    CheckoutRequest,
    ClosedUnpaid,
    DisputeNews,
    OpenedCheckout,
    Paid,
    Pending,
    ProviderEvent,
    Refunded,
    RefundFailed,
    RefundNews,
    RefundRequest,
    StillOpen,
)
from core.rules.states import DisputeOutcome
from seatkeeper.demo.paypal_signing import PayPalSigner
from seatkeeper.demo.paypal_stand_in import PayPalStandIn
from tests.clocks import SettableClock


@dataclass
class Told:
    """Whoever is told. What is not authentic is no news."""

    events: PayPalEvents
    news: list[ProviderEvent] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        event = await self.events.read_event(await request.read(), request.headers, SystemClock().now())
        assert isinstance(event, ProviderEvent)
        self.news.append(event)
        return web.Response()


@dataclass(frozen=True)
class Bench:
    paypal: PayPalStandIn
    provider: PayPalProvider
    told: Told
    clock: SettableClock

    async def open(self, key: str = "k1") -> OpenedCheckout:
        request = CheckoutRequest(
            key=key,
            order_token="order-token-of-sixteen",
            title="Four sessions",
            amount_minor=18_001,
            currency="EUR",
            expires_at=self.clock.now() + timedelta(minutes=35),
            success_url="http://127.0.0.1/return",
            cancel_url="http://127.0.0.1/cancel",
        )
        return await self.provider.open_checkout(request)

    async def paid(self) -> Paid:
        opened = await self.open()
        await self.paypal.agree(opened.ref)
        news = await self.provider.capture(opened.ref, "capture-1")
        assert isinstance(news, Paid)
        return news

    async def heard(self, number: int) -> list[ProviderEvent]:
        """So many events, once they have come."""
        while len(self.told.news) < number:
            await self.provider.ask_checkout("NONE")
        return self.told.news


@pytest.fixture(scope="module")
def signer() -> PayPalSigner:
    return PayPalSigner.new("WH1")


@pytest.fixture
async def bench(signer: PayPalSigner) -> AsyncIterator[Bench]:
    clock = SettableClock()
    told = Told(PayPalEvents("WH1", Certificates(signer.fetch, roots=[signer.root]), False))
    ears = web.Application()
    ears.router.add_post("/told", told.hear)
    async with aiohttp.ClientSession() as http, TestServer(ears) as listener:
        paypal = PayPalStandIn(clock, http, "id", "secret", signer, told_at=str(listener.make_url("/told")))
        async with TestServer(paypal.app()) as server:
            paypal.at = str(server.make_url("")).rstrip("/")
            provider = PayPalProvider("id", "secret", http, api_url=paypal.at, retries=0)
            yield Bench(paypal, provider, told, clock)
            await paypal.stop()


async def test_money_moves_when_it_is_captured_and_not_when_the_buyer_agrees(bench: Bench) -> None:
    opened = await bench.open()
    before = await bench.provider.ask_checkout(opened.ref)
    too_early = await bench.provider.capture(opened.ref, "capture-1")

    await bench.paypal.agree(opened.ref)

    agreed = await bench.provider.ask_checkout(opened.ref)
    assert isinstance(before, StillOpen)
    assert isinstance(too_early, StillOpen)
    assert isinstance(agreed, Approved)
    assert bench.paypal.moved() == {}
    first, again = [await bench.provider.capture(opened.ref, "capture-1") for _ in range(2)]
    assert isinstance(first, Paid)
    assert first == again
    assert (first.amount_minor, first.currency, first.order_token) == (18_001, "EUR", "order-token-of-sixteen")
    assert bench.paypal.moved() == {first.payment_ref: (18_001, "EUR")}
    assert [event.news for event in await bench.heard(2)] == [agreed, first]


async def test_means_that_are_declined_may_be_chosen_anew(bench: Bench) -> None:
    opened = await bench.open()
    await bench.paypal.agree(opened.ref, "INSTRUMENT_DECLINED")

    declined = await bench.provider.capture(opened.ref, "capture-1")
    bench.clock.forward(hours=1)  # longer than our checkout is open
    await bench.paypal.agree(opened.ref)

    assert isinstance(declined, StillOpen)
    assert isinstance(await bench.provider.capture(opened.ref, "capture-1"), Paid)


@pytest.mark.parametrize(("arrives", "ends"), [(True, Paid), (False, ClosedUnpaid)])
async def test_a_bank_transfer_is_on_its_way_before_it_arrives_or_fails(
    bench: Bench, arrives: bool, ends: type[Paid | ClosedUnpaid]
) -> None:
    opened = await bench.open()
    await bench.paypal.agree(opened.ref, "PENDING")
    waiting = await bench.provider.capture(opened.ref, "capture-1")
    await bench.heard(2)

    await (bench.paypal.arrive if arrives else bench.paypal.bounce)(opened.ref)

    assert isinstance(waiting, Pending)
    assert [type(event.news) for event in bench.told.news] == [Approved, Pending, ends]
    assert isinstance(await bench.provider.ask_checkout(opened.ref), ends)
    assert bool(bench.paypal.moved()) is arrives


async def test_refunds_are_told_and_listed_whoever_makes_them_and_never_exceed_what_was_paid(bench: Bench) -> None:
    paid = await bench.paid()
    await bench.heard(2)
    bench.told.news.clear()
    asked = [
        RefundRequest(key=key, refund_id=3, payment_ref=paid.payment_ref, amount_minor=amount, currency="EUR")
        for key, amount in (("r1", 10_000), ("r1", 10_000), ("r2", 8_002))
    ]

    answers = [await bench.provider.refund(each) for each in asked]
    await bench.heard(1)
    await bench.paypal.give_back(paid.payment_ref, 8_001)

    assert [type(answer) for answer in answers] == [Refunded, Refunded, RefundFailed]
    assert answers[0] == answers[1]
    listed = await bench.provider.refunds_of(paid.payment_ref)
    assert [(each.amount_minor, each.refund_id) for each in listed] == [(10_000, 3), (8_001, None)]
    assert [event.news for event in bench.told.news] == list(listed)
    with pytest.raises(web.HTTPConflict):
        await bench.paypal.give_back(paid.payment_ref, 1)


async def test_what_moved_is_in_its_own_list_of_the_period(bench: Bench) -> None:
    paid = await bench.paid()
    await bench.paypal.give_back(paid.payment_ref, 1)
    now = bench.clock.now()

    told = [news async for news in bench.provider.told_since(now - timedelta(days=1), now + timedelta(days=1))]
    before = [news async for news in bench.provider.told_since(now - timedelta(days=2), now - timedelta(days=1))]

    assert told[0] == paid
    assert isinstance(told[1], RefundNews)
    assert (told[1].payment_ref, told[1].amount_minor) == (paid.payment_ref, 1)
    assert (len(told), before) == (2, [])


@pytest.mark.parametrize("outcome", DisputeOutcome)
async def test_a_dispute_is_told_and_listed_and_nothing_is_refunded_while_it_is_open(
    bench: Bench, outcome: DisputeOutcome
) -> None:
    paid = await bench.paid()
    await bench.paypal.give_back(paid.payment_ref, 8_001)
    await bench.heard(3)
    bench.told.news.clear()
    asked = RefundRequest(key="r1", refund_id=3, payment_ref=paid.payment_ref, amount_minor=10_000, currency="EUR")

    ref = await bench.paypal.dispute(paid.payment_ref)
    refused = await bench.provider.refund(asked)
    bench.clock.forward(days=3)
    await bench.paypal.decide(paid.payment_ref, outcome)

    opened, ended = [event.news for event in bench.told.news]
    assert isinstance(opened, DisputeNews)
    assert (opened.dispute_ref, opened.payment_ref, opened.disputed_minor) == (ref, paid.payment_ref, 10_000)
    assert (opened.outcome, opened.answer_by) == (None, paid.paid_at + timedelta(days=10))
    assert isinstance(ended, DisputeNews)
    assert (ended.dispute_ref, ended.outcome, ended.at) == (ref, outcome, bench.clock.now())
    assert isinstance(refused, RefundFailed)
    now = bench.clock.now()
    listed = [news async for news in bench.provider.told_since(now - timedelta(days=1), now + timedelta(days=1))]
    assert listed == [ended]
    is_lost = outcome is DisputeOutcome.LOST
    assert bench.paypal.moved().get(ref) == ((-10_000, "EUR") if is_lost else None)
    assert isinstance(await bench.provider.refund(asked), RefundFailed if is_lost else Refunded)
