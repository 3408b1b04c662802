"""PayPal behind the port: what is asked of it, and what its answers mean, beyond what `test_port` asks of both."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from core.payments.paypal import PayPalProvider
from core.payments.paypal_api import is_live
from core.ports import (
    Approved,
    ClosedUnpaid,
    Paid,
    Pending,
    ProviderRefused,
    ProviderUnavailable,
    RefundFailed,
    RefundNews,
    StillOpen,
)
from tests.clocks import NOW, SettableClock
from tests.payments.fake_paypal import CLIENT_ID, CLIENT_SECRET, Asked, FakePayPal
from tests.payments.fake_stripe import BadDay
from tests.payments.paypal_contract import CONTRACTS, faults_of
from tests.payments.tills import REFUND, REQUEST

KEY = "capture-7-token-42"


async def approved(provider: PayPalProvider, paypal: FakePayPal) -> str:
    ref = (await provider.open_checkout(REQUEST)).ref
    paypal.approve(ref)
    return ref


async def captured(provider: PayPalProvider, paypal: FakePayPal) -> Paid:
    news = await provider.capture(await approved(provider, paypal), KEY)
    assert isinstance(news, Paid)
    return news


def asked(paypal: FakePayPal, ending: str) -> list[Asked]:
    return [each for each in paypal.requests if each.path.endswith(ending)]


async def test_a_checkout_asks_for_the_order_as_it_was_snapshot(
    paypal_provider: PayPalProvider, paypal: FakePayPal
) -> None:
    opened = await paypal_provider.open_checkout(REQUEST)

    assert opened.url == f"https://www.paypal.example/checkoutnow?token={opened.ref}"
    (request,) = asked(paypal, "/v2/checkout/orders")
    assert (request.key, request.headers["Prefer"]) == ("checkout-7", "return=representation")
    assert request.body == {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "custom_id": "token-42",
                "description": "Four sessions",
                "amount": {"currency_code": "EUR", "value": "200.00"},
            }
        ],
        "payment_source": {
            "paypal": {
                "experience_context": {
                    "return_url": "https://seats.example/pay/token/return",
                    "cancel_url": "https://seats.example/pay/token/cancel",
                    "user_action": "PAY_NOW",
                    "shipping_preference": "NO_SHIPPING",
                }
            }
        },
    }


@pytest.mark.parametrize("change", [{"intent": "TAKE"}, {"surprise": 1}, {"purchase_units": []}])
async def test_a_body_that_paypal_would_refuse_is_found(
    paypal_provider: PayPalProvider, paypal: FakePayPal, change: dict[str, Any]
) -> None:
    if not CONTRACTS[0].exists():
        pytest.skip(f"PayPal's API description is not beside this checkout ({CONTRACTS[0].name})")
    await paypal_provider.open_checkout(REQUEST)
    (request,) = asked(paypal, "/v2/checkout/orders")
    assert faults_of(request) == []

    assert faults_of(replace(request, body={**(request.body or {}), **change})) != []
    assert faults_of(replace(request, headers={"PayPal-Request-Id": "k" * 109})) != []


async def test_a_long_title_is_cut_where_paypal_ends_it(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    await paypal_provider.open_checkout(replace(REQUEST, title="Überraschung " * 12))

    (request,) = asked(paypal, "/v2/checkout/orders")
    assert request.body is not None
    description = request.body["purchase_units"][0]["description"]
    assert 120 < len(description.encode()) <= 127
    assert ("Überraschung " * 12).startswith(description)


async def test_a_key_that_is_too_long_for_paypal_is_still_one_key(
    paypal_provider: PayPalProvider, paypal: FakePayPal
) -> None:
    for key in ("k" * 109, "k" * 109, "k" * 110):
        await paypal_provider.open_checkout(replace(REQUEST, key=key))

    assert len(paypal.orders) == 2
    assert all(len(request.key or "") <= 108 for request in asked(paypal, "/v2/checkout/orders"))


# ---------------------------------------------------------------- approval and capture


async def test_an_approved_checkout_waits_for_us(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock
) -> None:
    ref = (await paypal_provider.open_checkout(REQUEST)).ref
    clock.forward(minutes=4)
    paypal.approve(ref)
    clock.forward(minutes=9)

    news = await paypal_provider.ask_checkout(ref)

    assert news == Approved(ref, NOW + timedelta(minutes=4), order_token="token-42")
    assert not paypal.captures


async def test_a_capture_takes_the_money_and_tells_the_fee(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock
) -> None:
    ref = await approved(paypal_provider, paypal)
    clock.forward(minutes=1)

    news = await paypal_provider.capture(ref, KEY)

    assert news == Paid(
        checkout_ref=ref,
        payment_ref=paypal.capture_of(ref)["id"],
        amount_minor=20_000,
        tax_minor=0,
        currency="EUR",
        paid_at=NOW + timedelta(minutes=1),
        livemode=False,
        order_token="token-42",
        fee_minor=123,
    )
    assert await paypal_provider.ask_checkout(ref) == news


async def test_ten_who_capture_at_once_take_the_money_once(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    ref = await approved(paypal_provider, paypal)

    news = await asyncio.gather(*(paypal_provider.capture(ref, KEY) for _ in range(10)))

    assert len(paypal.captures) == 1
    assert all(each == news[0] for each in news)
    assert isinstance(news[0], Paid)


async def test_a_capture_that_was_made_although_no_answer_came_is_found(
    paypal_url: str, http: aiohttp.ClientSession, paypal: FakePayPal
) -> None:
    provider = PayPalProvider(CLIENT_ID, CLIENT_SECRET, http, api_url=paypal_url, retries=1)
    ref = await approved(provider, paypal)
    paypal.bad_days = [BadDay(502), BadDay(status=502, done=True)]
    # The first bad day is that of the question before the capture, which is asked again.

    with pytest.raises(ProviderUnavailable):
        await provider.capture(ref, KEY)

    assert isinstance(await provider.capture(ref, KEY), Paid)
    assert len(paypal.captures) == 1


@pytest.mark.parametrize(
    "issue", ["INSTRUMENT_DECLINED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", "PAYER_ACTION_REQUIRED"]
)
async def test_a_buyer_whose_means_were_declined_may_choose_others(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock, issue: str
) -> None:
    paypal.means = issue
    ref = await approved(paypal_provider, paypal)
    declined = [await paypal_provider.capture(ref, KEY) for _ in range(2)]

    paypal.means = "COMPLETED"
    clock.forward(minutes=2)
    paypal.approve(ref)
    paid = await paypal_provider.capture(ref, KEY)

    assert declined == [StillOpen(ref, order_token="token-42")] * 2
    assert isinstance(paid, Paid)


@pytest.mark.parametrize("issue", ["TRANSACTION_REFUSED", "PAYEE_BLOCKED_TRANSACTION", "SOMETHING_NEW"])
async def test_a_payment_that_paypal_will_not_take_has_failed(
    paypal_provider: PayPalProvider, paypal: FakePayPal, issue: str, caplog: pytest.LogCaptureFixture
) -> None:
    paypal.means = issue
    ref = await approved(paypal_provider, paypal)

    assert await paypal_provider.capture(ref, KEY) == ClosedUnpaid(ref, failed=True, order_token="token-42")

    assert issue in caplog.text
    assert "secret words" not in caplog.text


async def test_a_capture_may_be_declined_or_on_its_way(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    paypal.means = "DECLINED"
    declined = await approved(paypal_provider, paypal)
    failed = await paypal_provider.capture(declined, KEY)
    paypal.means = "PENDING"
    waiting = (await paypal_provider.open_checkout(replace(REQUEST, key="checkout-8"))).ref
    paypal.approve(waiting)

    assert failed == ClosedUnpaid(declined, failed=True, order_token="token-42")
    assert await paypal_provider.capture(waiting, KEY) == Pending(waiting, NOW, order_token="token-42")
    assert await paypal_provider.close_checkout(waiting) == Pending(waiting, NOW, order_token="token-42")


async def test_closing_never_takes_money(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    ref = await approved(paypal_provider, paypal)

    assert await paypal_provider.close_checkout(ref) == ClosedUnpaid(ref, order_token="token-42", inferred=True)

    assert not paypal.captures
    assert {request.method for request in paypal.requests if "/orders/" in request.path} == {"GET"}


async def test_what_paypal_has_dropped_is_closed(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    ref = await approved(paypal_provider, paypal)
    paypal.run_out(ref)

    answers = [
        await paypal_provider.ask_checkout(ref),
        await paypal_provider.close_checkout(ref),
        await paypal_provider.capture(ref, KEY),
    ]

    assert answers == [ClosedUnpaid(ref, inferred=True)] * 3


async def test_a_voided_order_is_closed(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    ref = await approved(paypal_provider, paypal)
    paypal.orders[ref]["status"] = "VOIDED"

    assert await paypal_provider.capture(ref, KEY) == ClosedUnpaid(ref, order_token="token-42")


@pytest.mark.parametrize(
    ("address", "live"),
    [
        ("https://api-m.paypal.com", True),
        ("https://api.paypal.com", True),
        ("https://api-m.sandbox.paypal.com", False),
        ("https://api-m.paypal.com.evil.example", False),
        ("http://127.0.0.1:1", False),
    ],
)
def test_real_money_moves_at_paypals_own_host_alone(address: str, live: bool) -> None:
    assert is_live(address) is live


# ---------------------------------------------------------------- refunds


async def test_a_refund_carries_our_row_and_its_currencys_string(
    paypal_provider: PayPalProvider, paypal: FakePayPal
) -> None:
    paid = await captured(paypal_provider, paypal)

    await paypal_provider.refund(replace(REFUND, payment_ref=paid.payment_ref, amount_minor=5_050))

    (request,) = asked(paypal, "/refund")
    assert request.key == "refund-3"
    assert request.body == {"amount": {"currency_code": "EUR", "value": "50.50"}, "custom_id": "refund-3"}


async def test_a_refund_that_cannot_be_written_has_failed(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    refund = replace(REFUND, payment_ref="3C1", amount_minor=199_050, currency="HUF")

    assert await paypal_provider.refund(refund) == RefundFailed("PayPal takes no such fraction of HUF")
    assert not paypal.requests


async def test_every_refund_of_a_payment_is_told_whoever_made_it(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock
) -> None:
    payment = (await captured(paypal_provider, paypal)).payment_ref
    assert await paypal_provider.refunds_of(payment) == []
    await paypal_provider.refund(replace(REFUND, payment_ref=payment, amount_minor=5_000))
    clock.forward(hours=1)
    paypal.give_back(payment, "30.00")
    paypal.refund_status = "FAILED"
    paypal.give_back(payment, "1.00")

    ours, theirs, failed = await paypal_provider.refunds_of(payment)

    at = NOW + timedelta(hours=1)
    assert ours == RefundNews(payment, "1R000000000000001", 5_000, "EUR", NOW, refund_id=3)
    assert theirs == RefundNews(payment, "1R000000000000002", 3_000, "EUR", at)
    assert failed == RefundNews(payment, "1R000000000000003", 100, "EUR", at, failed="failed")


async def test_refunds_of_an_order_that_paypal_forgot_are_not_made_up(
    paypal_provider: PayPalProvider, paypal: FakePayPal
) -> None:
    paid = await captured(paypal_provider, paypal)
    paypal.run_out(paid.checkout_ref)
    assert await paypal_provider.refunds_of(paid.payment_ref) == ()
    paypal.give_back(paid.payment_ref, "30.00")

    with pytest.raises(ProviderRefused, match="no longer lists"):
        await paypal_provider.refunds_of(paid.payment_ref)
