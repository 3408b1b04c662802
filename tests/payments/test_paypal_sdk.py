"""PayPal's own client beside ours, at the same PayPal: each understands what the other did.

So neither our requests nor the stand-in that answers them are of our imagination alone.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models.amount_with_breakdown import AmountWithBreakdown
from paypalserversdk.models.checkout_payment_intent import CheckoutPaymentIntent
from paypalserversdk.models.money import Money
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.payment_source import PaymentSource
from paypalserversdk.models.paypal_experience_user_action import PaypalExperienceUserAction
from paypalserversdk.models.paypal_wallet import PaypalWallet
from paypalserversdk.models.paypal_wallet_context_shipping_preference import PaypalWalletContextShippingPreference
from paypalserversdk.models.paypal_wallet_experience_context import PaypalWalletExperienceContext
from paypalserversdk.models.purchase_unit_request import PurchaseUnitRequest
from paypalserversdk.models.refund_request import RefundRequest
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from core.payments.paypal import PayPalProvider
from core.ports import Approved, Paid, Refunded
from tests.clocks import NOW
from tests.payments.fake_paypal import CLIENT_ID, CLIENT_SECRET, FakePayPal
from tests.payments.tills import REFUND, REQUEST


class Sdk:
    """It is synchronous, so each call goes to a thread."""

    def __init__(self) -> None:
        credentials = ClientCredentialsAuthCredentials(CLIENT_ID, CLIENT_SECRET)
        self._client = PaypalServersdkClient(
            environment=Environment.SANDBOX, client_credentials_auth_credentials=credentials
        )

    async def order(self, call: str, **options: Any) -> Any:
        answer = await asyncio.to_thread(getattr(self._client.orders, call), options)
        return answer.body

    async def payment(self, call: str, **options: Any) -> Any:
        answer = await asyncio.to_thread(getattr(self._client.payments, call), options)
        return answer.body

    async def search(self, **options: Any) -> Any:
        answer = await asyncio.to_thread(self._client.transaction_search.search_transactions, options)
        return answer.body


@pytest.fixture
def sdk(paypal_url: str, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    monkeypatch.setitem(Configuration.environments[Environment.SANDBOX], Server.DEFAULT, paypal_url)
    return Sdk()


def the_same_order() -> OrderRequest:
    """Our request in the words of PayPal's own types."""
    context = PaypalWalletExperienceContext(
        return_url=REQUEST.success_url,
        cancel_url=REQUEST.cancel_url,
        user_action=PaypalExperienceUserAction.PAY_NOW,
        shipping_preference=PaypalWalletContextShippingPreference.NO_SHIPPING,
    )
    unit = PurchaseUnitRequest(
        amount=AmountWithBreakdown(currency_code="EUR", value="200.00"),
        custom_id=REQUEST.order_token,
        description=REQUEST.title,
    )
    return OrderRequest(
        intent=CheckoutPaymentIntent.CAPTURE,
        purchase_units=[unit],
        payment_source=PaymentSource(paypal=PaypalWallet(experience_context=context)),
    )


async def test_what_we_make_paypals_client_reads_as_it_was_meant(
    paypal_provider: PayPalProvider, paypal: FakePayPal, sdk: Sdk
) -> None:
    ref = (await paypal_provider.open_checkout(REQUEST)).ref
    paypal.approve(ref)
    seen = await sdk.order("get_order", id=ref)
    paid = await paypal_provider.capture(ref, "capture-7")
    assert isinstance(paid, Paid)
    refunded = await paypal_provider.refund(replace(REFUND, payment_ref=paid.payment_ref, amount_minor=5_050))
    assert isinstance(refunded, Refunded)

    order = await sdk.order("get_order", id=ref)
    capture = await sdk.payment("get_captured_payment", capture_id=paid.payment_ref)
    refund = await sdk.payment("get_refund", refund_id=refunded.refund_ref)

    assert (seen.status, order.status, capture.status) == ("APPROVED", "COMPLETED", "PARTIALLY_REFUNDED")
    assert (capture.amount.value, capture.amount.currency_code, capture.custom_id) == ("200.00", "EUR", "token-42")
    assert capture.seller_receivable_breakdown.paypal_fee.value == "1.23"
    assert order.purchase_units[0].payments.captures[0].id == paid.payment_ref
    assert (refund.status, refund.amount.value, refund.custom_id) == ("COMPLETED", "50.50", "refund-3")


async def test_what_paypals_client_makes_we_read_as_it_was_meant(
    paypal_provider: PayPalProvider, paypal: FakePayPal, sdk: Sdk
) -> None:
    whole = "return=representation"
    made = await sdk.order("create_order", body=the_same_order(), paypal_request_id="sdk-1", prefer=whole)
    paypal.approve(made.id)
    approved = await paypal_provider.ask_checkout(made.id)
    captured = await sdk.order("capture_order", id=made.id, paypal_request_id="sdk-2", prefer=whole)
    capture = captured.purchase_units[0].payments.captures[0]
    refund = await sdk.payment(
        "refund_captured_payment",
        capture_id=capture.id,
        paypal_request_id="sdk-3",
        prefer=whole,
        body=RefundRequest(amount=Money(currency_code="EUR", value="30.00")),
    )

    paid = await paypal_provider.ask_checkout(made.id)
    (back,) = await paypal_provider.refunds_of(capture.id)

    assert approved == Approved(made.id, NOW, order_token="token-42")
    assert isinstance(paid, Paid)
    assert (paid.payment_ref, paid.amount_minor, paid.order_token) == (capture.id, 20_000, "token-42")
    assert (back.refund_ref, back.amount_minor, back.refund_id) == (refund.id, 3_000, None)


async def test_both_ask_for_the_same_order_in_the_same_words(
    paypal_provider: PayPalProvider, paypal: FakePayPal, sdk: Sdk
) -> None:
    await paypal_provider.open_checkout(REQUEST)
    await sdk.order("create_order", body=the_same_order(), paypal_request_id="sdk-1", prefer="return=representation")

    ours, theirs = [each for each in paypal.requests if each.path == "/v2/checkout/orders"]

    assert ours.body is not None
    assert theirs.body is not None
    told = theirs.body["payment_source"]["paypal"]["experience_context"]
    # It writes out what PayPal does anyway.
    for default in ("landing_page", "payment_method_preference", "contact_preference"):
        del told[default]
    assert ours.body == theirs.body
    assert ours.headers["Prefer"] == theirs.headers["Prefer"]
    assert "PayPal-Request-Id" in ours.headers.keys() & theirs.headers.keys()


async def test_both_find_the_same_transactions(paypal_provider: PayPalProvider, paypal: FakePayPal, sdk: Sdk) -> None:
    ref = (await paypal_provider.open_checkout(REQUEST)).ref
    paypal.approve(ref)
    await paypal_provider.capture(ref, "capture-7")

    since, until = NOW - timedelta(days=1), NOW + timedelta(days=1)
    (ours,) = [news async for news in paypal_provider.told_since(since, until)]
    theirs = await sdk.search(
        start_date=f"{since:%Y-%m-%dT%H:%M:%SZ}", end_date=f"{until:%Y-%m-%dT%H:%M:%SZ}", page_size=500, page=1
    )

    (found,) = theirs.transaction_details
    assert isinstance(ours, Paid)
    assert found.transaction_info.transaction_id == ours.payment_ref
    assert found.transaction_info.transaction_amount.value == "200.00"
