"""Stripe behind the port PaymentProvider: hosted checkouts and refunds.

Nothing of the SDK leaves this module: its objects become dicts by `.to_dict()`, its errors one of the port's two.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import stripe
from stripe.params import RefundCreateParams, RefundListParams
from stripe.params.checkout import SessionCreateParams

from core.payments.reading import Json, Unreadable
from core.payments.stripe_amounts import to_stripe
from core.payments.stripe_checkouts import as_it_stands, opened, ref_in
from core.payments.stripe_events import livemode_of
from core.payments.stripe_lists import checkout_listed, dispute_listed, refund_listed
from core.payments.stripe_refunds import OUR_NAME, refund_news
from core.ports import (
    CheckoutNews,
    CheckoutRequest,
    News,
    OpenedCheckout,
    Paid,
    ProviderForbids,
    ProviderRefused,
    ProviderUnavailable,
    Refunded,
    RefundFailed,
    RefundNews,
    RefundRequest,
)

API_URL = "https://api.stripe.com"

_TRY_FOR = timedelta(seconds=10)
_WHOLE_CALL_FOR = timedelta(seconds=25)  # with the pauses between tries; a person waits for some of these calls
_RETRIES = 2
_DISPUTED_FOR = timedelta(days=120)
_A_PAGE = 100  # the most that Stripe lists at once
_EXPANDED = ["payment_intent.latest_charge"]
_EXPANDED_IN_LISTS = [f"data.{each}" for each in _EXPANDED]

# 409: another call under the same key is on its way. 429: too many calls.
_NOT_NOW = (408, 409, 425, 429)

# Below this level the SDK logs whole requests and answers.
logging.getLogger("stripe").setLevel(logging.WARNING)


class StripeProvider:
    """Stripe, spoken to through an aiohttp session that the caller keeps open and closes.

    A call that may have done its work although no answer came is made again under the same idempotency key.
    """

    name = "stripe"

    def __init__(
        self,
        api_key: str,
        http: aiohttp.ClientSession,
        *,
        api_url: str = API_URL,
        automatic_tax: bool = False,
        retries: int = _RETRIES,
        try_for: timedelta = _TRY_FOR,
        whole_call_for: timedelta = _WHOLE_CALL_FOR,
    ) -> None:
        self._whole_call_for = whole_call_for
        self._livemode = livemode_of(api_key)
        self._automatic_tax = automatic_tax
        timeout = aiohttp.ClientTimeout(total=try_for.total_seconds())
        client = stripe.StripeClient(
            api_key,
            http_client=stripe.AIOHTTPClient(timeout=timeout, session=http),
            base_addresses={"api": api_url},
            max_network_retries=retries,
        )
        self._checkouts = client.v1.checkout.sessions
        self._refunds = client.v1.refunds
        self._disputes = client.v1.disputes

    async def open_checkout(self, request: CheckoutRequest) -> OpenedCheckout:
        amount = to_stripe(request.amount_minor, request.currency)
        if amount is None:
            raise ProviderRefused(f"Stripe takes no such fraction of {request.currency}")
        order = {"order": request.order_token}
        params: SessionCreateParams = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": request.currency.lower(),
                        "unit_amount": amount,
                        "product_data": {"name": request.title},
                    },
                }
            ],
            "client_reference_id": request.order_token,
            "metadata": order,
            "payment_intent_data": {"metadata": order},
            "expires_at": int(request.expires_at.timestamp()),
            "success_url": request.success_url,
            "cancel_url": request.cancel_url,
        }
        if self._automatic_tax:
            params["automatic_tax"] = {"enabled": True}
            # Else the account's own choice counts, and tax that is within the price is not what was ordered (rule 26).
            params["line_items"][0]["price_data"]["tax_behavior"] = "exclusive"
        async with self._asking():
            checkout = await self._checkouts.create_async(params, {"idempotency_key": request.key})
            return opened(checkout.to_dict())

    async def ask_checkout(self, ref: str) -> CheckoutNews:
        async with self._asking():
            return await self._ask(ref)

    async def close_checkout(self, ref: str) -> CheckoutNews:
        async with self._asking():
            try:
                checkout = await self._checkouts.expire_async(ref)
            except stripe.InvalidRequestError:
                # Only an open checkout can be closed: paid meanwhile, or closed before.
                return await self._ask(ref)
            return as_it_stands(checkout.to_dict())

    async def refund(self, request: RefundRequest) -> Refunded | RefundFailed:
        amount = to_stripe(request.amount_minor, request.currency)
        if amount is None:
            return RefundFailed(f"Stripe takes no such fraction of {request.currency}")
        params: RefundCreateParams = {
            "payment_intent": request.payment_ref,
            "amount": amount,
            "metadata": {OUR_NAME: str(request.refund_id)},
        }
        async with self._asking():
            try:
                made = await self._refunds.create_async(params, {"idempotency_key": request.key})
            except (stripe.InvalidRequestError, stripe.CardError) as error:
                # Returned already, disputed, or more than is left: asking again changes nothing.
                return RefundFailed(_safe_words(error))
            refund = made.to_dict()
            if refund.get("status") in ("failed", "canceled"):
                return RefundFailed(str(refund.get("failure_reason") or refund["status"]))
            return Refunded(ref_in(refund, "id"))

    async def capture(self, ref: str, key: str) -> CheckoutNews:
        """Stripe takes the money itself, and never waits for us: so this is a question."""
        return await self.ask_checkout(ref)

    async def refunds_of(self, payment_ref: str) -> Sequence[RefundNews]:
        told: list[RefundNews] = []
        params: RefundListParams = {"payment_intent": payment_ref, "limit": _A_PAGE}
        while True:
            async with self._asking():
                page = (await self._refunds.list_async(params)).to_dict()
                listed = page.get("data")
                if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
                    raise Unreadable("data")
                told += [refund_news(each) for each in listed]
            if not listed or page.get("has_more") is not True:
                return told
            params["starting_after"] = told[-1].refund_ref

    async def told_since(self, since: datetime, until: datetime) -> AsyncIterator[News]:
        created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        async for checkout in self._listed(self._checkouts.list_async, created, _EXPANDED_IN_LISTS):
            for news in checkout_listed(checkout, self._livemode):
                yield news
        async for refund in self._listed(self._refunds.list_async, created):
            for news in refund_listed(refund):
                yield news
        # Stripe lists disputes by when they began, and one may take months.
        began = {**created, "gte": int((since - _DISPUTED_FOR).timestamp())}
        async for dispute in self._listed(self._disputes.list_async, began):
            for news in dispute_listed(dispute, until):
                yield news

    async def _listed(
        self,
        ask: Callable[[Any], Awaitable[stripe.StripeObject]],
        created: Mapping[str, int],
        expand: Sequence[str] = (),
    ) -> AsyncIterator[Json]:
        """Every object of a list, the latest first; each page is a call of its own, with its own time to answer."""
        params: dict[str, Any] = {"created": created, "limit": _A_PAGE, **({"expand": [*expand]} if expand else {})}
        while True:
            async with self._asking():
                page = (await ask(params)).to_dict()
                listed = page.get("data")
                if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
                    raise Unreadable("data")
                if listed:
                    params["starting_after"] = ref_in(listed[-1], "id")
            for each in listed:
                yield each
            if not listed or page.get("has_more") is not True:
                return

    async def _ask(self, ref: str) -> CheckoutNews:
        checkout = await self._checkouts.retrieve_async(ref, {"expand": _EXPANDED})
        news = as_it_stands(checkout.to_dict())
        if isinstance(news, Paid) and self._livemode not in (None, news.livemode):
            raise Unreadable("livemode")
        return news

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Within this block Stripe is asked; whatever goes wrong is one of the port's two errors."""
        try:
            async with asyncio.timeout(self._whole_call_for.total_seconds()):
                yield
        except stripe.StripeError as error:
            raise _translated(error) from None
        except Unreadable as error:
            raise ProviderUnavailable(f"unreadable answer of Stripe: {error}") from None
        except (
            aiohttp.ClientError,
            OSError,
        ) as error:  # TimeoutError is an OSError; the SDK lets those of reading through
            raise ProviderUnavailable(type(error).__name__) from None


def _translated(error: stripe.StripeError) -> ProviderUnavailable | ProviderRefused:
    status = error.http_status
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError):
        return ProviderUnavailable(_safe_words(error))
    if status in (401, 403):
        return ProviderForbids(_safe_words(error))
    if status is not None and 400 <= status < 500 and status not in _NOT_NOW:
        return ProviderRefused(_safe_words(error))
    return ProviderUnavailable(_safe_words(error))


def _safe_words(error: stripe.StripeError) -> str:
    """What may be logged. Stripe's own message is left out: it may quote the key, or what a person typed."""
    told = error.error
    param = getattr(told, "param", None)
    words = [
        type(error).__name__,
        str(error.http_status or "no answer"),
        str(getattr(told, "code", None) or getattr(told, "type", None) or ""),
        f"param {param}" if param else "",
        f"request {error.request_id}" if error.request_id else "",
    ]
    return ", ".join(word for word in words if word)
