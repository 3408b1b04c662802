"""Stripe behind the port: what is asked of it, and what its answers mean, beyond what `test_port` asks of both."""

import logging
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from core.payments.stripe import StripeProvider
from core.ports import (
    ClosedUnpaid,
    DisputeNews,
    Paid,
    ProviderForbids,
    ProviderRefused,
    ProviderUnavailable,
    RefundFailed,
    RefundNews,
    RefundsChanged,
    StillOpen,
)
from core.rules.states import DisputeOutcome
from tests.clocks import NOW, SettableClock
from tests.payments.fake_stripe import API_KEY, BadDay, FakeStripe
from tests.payments.tills import REFUND as ANY_REFUND
from tests.payments.tills import REQUEST

REFUND = replace(ANY_REFUND, payment_ref="pi_cs_test_1")


async def test_a_checkout_asks_for_the_order_as_it_was_snapshot(provider: StripeProvider, stripe: FakeStripe) -> None:
    opened = await provider.open_checkout(REQUEST)

    assert opened.ref == "cs_test_1"
    assert opened.url == "https://checkout.stripe.example/c/pay/cs_test_1"
    assert opened.expires_at == REQUEST.expires_at
    ((method, path, form, key),) = stripe.requests
    assert (method, path, key) == ("POST", "/v1/checkout/sessions", "checkout-7")
    assert form == {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "20000",
        "line_items[0][price_data][product_data][name]": "Four sessions",
        "client_reference_id": "token-42",
        "metadata[order]": "token-42",
        "payment_intent_data[metadata][order]": "token-42",
        "expires_at": str(int(REQUEST.expires_at.timestamp())),
        "success_url": "https://seats.example/pay/token/return",
        "cancel_url": "https://seats.example/pay/token/cancel",
    }


async def test_the_same_key_for_something_else_is_refused(provider: StripeProvider, stripe: FakeStripe) -> None:
    await provider.open_checkout(REQUEST)

    with pytest.raises(ProviderRefused, match="idempotency_error"):
        await provider.open_checkout(replace(REQUEST, amount_minor=1))

    assert len(stripe.checkouts) == 1


async def test_a_checkout_that_was_made_although_no_answer_came_is_found_again(
    api_url: str, http: aiohttp.ClientSession, stripe: FakeStripe
) -> None:
    provider = StripeProvider(API_KEY, http, api_url=api_url, retries=1)
    stripe.bad_days = [BadDay(status=502, done=True)]

    opened = await provider.open_checkout(REQUEST)

    assert list(stripe.checkouts) == [opened.ref]
    assert [key for *_, key in stripe.requests] == ["checkout-7", "checkout-7"]


async def test_an_amount_that_stripe_cannot_charge_is_not_asked_for(
    provider: StripeProvider, stripe: FakeStripe
) -> None:
    with pytest.raises(ProviderRefused, match="KWD"):
        await provider.open_checkout(replace(REQUEST, amount_minor=5_125, currency="KWD"))

    assert not stripe.requests


async def test_kronur_are_asked_for_in_hundredths_and_read_back_whole(
    provider: StripeProvider, stripe: FakeStripe
) -> None:
    opened = await provider.open_checkout(replace(REQUEST, amount_minor=9_000, currency="ISK"))
    stripe.pay(opened.ref)

    news = await provider.ask_checkout(opened.ref)

    assert stripe.checkouts[opened.ref]["amount_total"] == 900_000
    assert isinstance(news, Paid)
    assert (news.amount_minor, news.currency) == (9_000, "ISK")


async def test_a_paid_checkout_tells_amount_tax_on_top_and_when_it_was_charged(
    api_url: str, http: aiohttp.ClientSession, stripe: FakeStripe, clock: SettableClock
) -> None:
    provider = StripeProvider(API_KEY, http, api_url=api_url, automatic_tax=True)
    opened = await provider.open_checkout(REQUEST)
    clock.forward(minutes=5)
    stripe.pay(opened.ref, tax=3_800)
    clock.forward(hours=3)

    assert await provider.ask_checkout(opened.ref) == Paid(
        checkout_ref=opened.ref,
        payment_ref="pi_cs_test_1",
        amount_minor=23_800,
        tax_minor=3_800,
        currency="EUR",
        paid_at=NOW + timedelta(minutes=5),
        livemode=False,
        order_token="token-42",
    )


async def test_closing_an_open_checkout_ends_it(provider: StripeProvider, stripe: FakeStripe) -> None:
    opened = await provider.open_checkout(REQUEST)

    news = await provider.close_checkout(opened.ref)

    assert news == ClosedUnpaid(opened.ref, order_token="token-42")
    assert stripe.checkouts[opened.ref]["status"] == "expired"


async def test_a_checkout_that_stripe_does_not_know_is_refused(provider: StripeProvider) -> None:
    with pytest.raises(ProviderRefused, match="resource_missing"):
        await provider.ask_checkout("cs_test_unknown")
    with pytest.raises(ProviderRefused, match="resource_missing"):
        await provider.close_checkout("cs_test_unknown")


async def test_money_that_went_back_already_cannot_go_back_again(provider: StripeProvider, stripe: FakeStripe) -> None:
    stripe.pay((await provider.open_checkout(REQUEST)).ref)
    await provider.refund(REFUND)

    failed = await provider.refund(replace(REFUND, key="refund-4"))

    assert isinstance(failed, RefundFailed)
    assert "charge_already_refunded" in failed.why


async def test_a_payments_refunds_are_all_listed_page_by_page_with_our_name_on_ours(
    provider: StripeProvider, stripe: FakeStripe, clock: SettableClock
) -> None:
    ref = (await provider.open_checkout(REQUEST)).ref
    other = (await provider.open_checkout(replace(REQUEST, key="checkout-2"))).ref
    for each in (ref, other):
        stripe.pay(each)
    stripe.page = 2
    await provider.refund(replace(REFUND, amount_minor=1_000))
    for amount in (2_000, 3_000, 4_000):
        stripe.give_back(ref, amount)
    stripe.give_back(other, 5_000)
    stripe.send_back("re_2", "lost_or_stolen_card")

    told = await provider.refunds_of(REFUND.payment_ref)

    assert [(each.refund_ref, each.amount_minor, each.failed, each.refund_id) for each in told] == [
        ("re_4", 4_000, None, None),
        ("re_3", 3_000, None, None),
        ("re_2", 2_000, "lost_or_stolen_card", None),
        ("re_1", 1_000, None, REFUND.refund_id),
    ]
    assert {(each.payment_ref, each.currency, each.at) for each in told} == {(REFUND.payment_ref, "EUR", clock.now())}
    assert await provider.refunds_of("pi_unknown") == []


@pytest.mark.parametrize("listed", [b"{}", b'{"data": {}}', b'{"data": ["re_1"]}', b'{"data": [{"id": "re_1"}]}'])
async def test_a_list_of_refunds_that_nobody_can_read_is_asked_for_again(
    provider: StripeProvider, stripe: FakeStripe, listed: bytes
) -> None:
    stripe.bad_days = [BadDay(200, listed)]

    with pytest.raises(ProviderUnavailable):
        await provider.refunds_of("pi_1")


async def test_a_payment_of_the_other_mode_is_not_believed(
    api_url: str, http: aiohttp.ClientSession, stripe: FakeStripe, provider: StripeProvider
) -> None:
    ref = (await provider.open_checkout(REQUEST)).ref
    stripe.pay(ref)["livemode"] = True

    with pytest.raises(ProviderUnavailable, match="livemode"):
        await provider.ask_checkout(ref)


@pytest.mark.parametrize(
    "bad_day",
    [
        pytest.param(BadDay(500), id="a fault of theirs"),
        pytest.param(BadDay(503, b"<html>maintenance</html>"), id="maintenance"),
        pytest.param(BadDay(429, b'{"error": {"type": "invalid_request_error"}}'), id="too many requests"),
        pytest.param(BadDay(400, b'{"error": {"code": "rate_limit"}}'), id="an old way to say too many requests"),
        pytest.param(BadDay(409, b'{"error": {"code": "idempotency_key_in_use"}}'), id="the key is in use"),
        pytest.param(BadDay(200, b"<html>a proxy</html>"), id="not JSON"),
        pytest.param(BadDay(200, b'{"id": "cs_test_1"}'), id="not a checkout"),
        pytest.param(BadDay(200, b'{"id": "cs\\u0000", "status": "open"}'), id="poison"),
        pytest.param(BadDay(cuts=True), id="cut in the middle of the answer"),
        pytest.param(BadDay(hangs=True), id="no answer"),
    ],
)
async def test_what_may_be_asked_again_is_unavailable(
    api_url: str, http: aiohttp.ClientSession, stripe: FakeStripe, bad_day: BadDay
) -> None:
    provider = StripeProvider(API_KEY, http, api_url=api_url, retries=0, try_for=timedelta(seconds=0.2))
    stripe.bad_days = [bad_day]

    with pytest.raises(ProviderUnavailable):
        await provider.ask_checkout("cs_test_1")


async def test_a_whole_call_ends_in_time_whatever_its_tries_take(
    api_url: str, http: aiohttp.ClientSession, stripe: FakeStripe
) -> None:
    provider = StripeProvider(API_KEY, http, api_url=api_url, retries=50, whole_call_for=timedelta(seconds=0.2))
    stripe.bad_days = [BadDay() for _ in range(50)]

    with pytest.raises(ProviderUnavailable):
        await provider.ask_checkout("cs_test_1")


async def test_a_stripe_that_is_not_there_is_unavailable(http: aiohttp.ClientSession) -> None:
    provider = StripeProvider(API_KEY, http, api_url="http://127.0.0.1:1", retries=0)

    with pytest.raises(ProviderUnavailable):
        await provider.open_checkout(REQUEST)


async def test_a_wrong_key_is_refused_and_stripes_words_about_it_go_nowhere(
    api_url: str, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = StripeProvider("sk_test_wrong", http, api_url=api_url)

    with pytest.raises(ProviderRefused) as refused:
        await provider.open_checkout(REQUEST)
    with pytest.raises(ProviderForbids):
        await provider.refund(REFUND)

    assert str(refused.value) == "AuthenticationError, 401, invalid_request_error, request req_fake"
    assert "sk_test" not in caplog.text


async def test_an_expiry_that_stripe_does_not_take_is_refused_by_name(provider: StripeProvider) -> None:
    with pytest.raises(ProviderRefused, match="param expires_at"):
        await provider.open_checkout(replace(REQUEST, expires_at=NOW + timedelta(minutes=5)))


async def test_the_lists_tell_of_our_checkouts_and_of_all_refunds_of_a_period_through_every_page(
    provider: StripeProvider, stripe: FakeStripe, clock: SettableClock
) -> None:
    stripe.page = 2
    refs = [
        (await provider.open_checkout(replace(REQUEST, key=f"checkout-{n}", order_token=f"token-{n:04}"))).ref
        for n in range(5)
    ]
    stripe.pay(refs[0])
    stripe.pay(refs[1])
    stripe.run_out(refs[2])
    stripe.give_back(refs[1], 3_000)
    stripe.checkouts[refs[3]]["metadata"] = {}  # business of somebody else
    clock.forward(days=2)
    late = await provider.open_checkout(replace(REQUEST, key="late", expires_at=clock.now() + timedelta(hours=1)))

    told = [news async for news in provider.told_since(NOW, NOW + timedelta(days=1))]

    paid = {news.checkout_ref for news in told if isinstance(news, Paid)}
    assert paid == {refs[0], refs[1]}
    assert [news.checkout_ref for news in told if isinstance(news, ClosedUnpaid)] == [refs[2]]
    assert [news.checkout_ref for news in told if isinstance(news, StillOpen)] == [refs[4]]
    assert [news.payment_ref for news in told if isinstance(news, RefundsChanged)] == [f"pi_{refs[1]}"]
    assert [(news.payment_ref, news.amount_minor) for news in told if isinstance(news, RefundNews)] == [
        (f"pi_{refs[1]}", 3_000)
    ]
    assert len(told) == 6
    assert [news async for news in provider.told_since(clock.now(), clock.now() + timedelta(seconds=1))] == [
        StillOpen(late.ref, order_token=REQUEST.order_token)
    ]


async def test_lists_are_not_read_by_halves_in_silence(
    provider: StripeProvider, stripe: FakeStripe, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(3):
        await provider.open_checkout(replace(REQUEST, key=f"checkout-{n}", order_token=f"token-{n:04}"))
    stripe.checkouts["cs_test_2"]["status"] = "dreaming"

    told = [news async for news in provider.told_since(NOW, NOW + timedelta(days=1))]
    stripe.bad_days = [BadDay(429)]
    with pytest.raises(ProviderUnavailable):
        [news async for news in provider.told_since(NOW, NOW + timedelta(days=1))]
    stripe.bad_days = [BadDay(403, b'{"error": {"type": "invalid_request_error"}}')]
    with pytest.raises(ProviderForbids):
        [news async for news in provider.told_since(NOW, NOW + timedelta(days=1))]

    assert len(told) == 2, "one that cannot be read does not keep us from the others"
    assert "cannot be read: status" in caplog.text


async def test_the_lists_tell_how_disputes_stand_also_of_those_that_began_long_before(
    provider: StripeProvider, stripe: FakeStripe, clock: SettableClock
) -> None:
    for n in range(2):
        await provider.open_checkout(replace(REQUEST, key=f"checkout-{n}", order_token=f"token-{n:04}"))
        stripe.pay(f"cs_test_{n + 1}")
    stripe.dispute("cs_test_1", 20_000)["status"] = "lost"
    clock.forward(days=100)
    stripe.dispute("cs_test_2", 5_000)
    stripe.dispute("cs_test_2", 5_000)["payment_intent"] = None  # of a payment that is no checkout's
    until = clock.now() + timedelta(minutes=1)

    told = [news async for news in provider.told_since(clock.now(), until)]

    assert told == [
        DisputeNews(
            "pi_cs_test_2",
            "dp_2",
            5_000,
            "EUR",
            until,
            reason="fraudulent",
            answer_by=clock.now() + timedelta(days=7),
            opened_at=clock.now(),
        ),
        DisputeNews("pi_cs_test_1", "dp_1", 20_000, "EUR", until, DisputeOutcome.LOST, "fraudulent", opened_at=NOW),
    ]
