"""PayPal behind the port PaymentProvider: orders that we capture ourselves, and refunds of captures.

A checkout is an order of Orders v2, a payment its capture. The buyer agrees at PayPal; the money moves when we capture.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import aiohttp

from core.payments.paypal_amounts import to_paypal, why_not_charge
from core.payments.paypal_api import API_URL, RETRIES, TRY_FOR, WHOLE_CALL_FOR, PayPalApi, SaidNo
from core.payments.paypal_news import (
    as_it_stands,
    changed_at,
    objects_in,
    opened,
    order_of,
    ref_in,
    refund_mark,
    refund_news,
    unit_of,
    why_not_made,
    word_in,
)
from core.payments.paypal_reports import reported
from core.payments.reading import Json, part_of
from core.ports import (
    Approved,
    CheckoutNews,
    CheckoutRequest,
    ClosedUnpaid,
    News,
    OpenedCheckout,
    ProviderRefused,
    ProviderUnavailable,
    Refunded,
    RefundFailed,
    RefundNews,
    RefundRequest,
    StillOpen,
)

log = logging.getLogger(__name__)

_LONGEST_DESCRIPTION = 127

# The buyer's means were declined: they may go back to PayPal and choose others.
_CHOOSE_OTHERS = frozenset({"INSTRUMENT_DECLINED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", "PAYER_ACTION_REQUIRED"})
_NO_LONGER_AS_READ = frozenset({"ORDER_ALREADY_CAPTURED", "ORDER_NOT_APPROVED"})
_NOT_YET = frozenset({"ORDER_COMPLETION_IN_PROGRESS", "ORDER_IS_PENDING_APPROVAL"})


class PayPalProvider:
    """PayPal, spoken to through an aiohttp session that the caller keeps open and closes."""

    name = "paypal"

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        http: aiohttp.ClientSession,
        *,
        api_url: str = API_URL,
        retries: int = RETRIES,
        try_for: timedelta = TRY_FOR,
        whole_call_for: timedelta = WHOLE_CALL_FOR,
    ) -> None:
        self._api = PayPalApi(
            client_id,
            client_secret,
            http,
            api_url=api_url,
            retries=retries,
            try_for=try_for,
            whole_call_for=whole_call_for,
        )

    async def open_checkout(self, request: CheckoutRequest) -> OpenedCheckout:
        why = why_not_charge(request.amount_minor, request.currency)
        if why is not None:
            raise ProviderRefused(why)
        unit = {
            "custom_id": request.order_token,
            "description": _cut(request.title),
            "amount": _money(request.amount_minor, request.currency),
        }
        page = {
            "return_url": request.success_url,
            "cancel_url": request.cancel_url,
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
        }
        body = {
            "intent": "CAPTURE",
            "purchase_units": [unit],
            "payment_source": {"paypal": {"experience_context": page}},
        }
        async with self._api.asking():
            return opened(await self._api.post("/v2/checkout/orders", body, request.key), request.expires_at)

    async def ask_checkout(self, ref: str) -> CheckoutNews:
        async with self._api.asking():
            return await self._ask(ref)

    async def close_checkout(self, ref: str) -> CheckoutNews:
        """PayPal cannot be told to close an order. Nobody can pay one that we do not capture: our word closes it."""
        async with self._api.asking():
            news = await self._ask(ref)
        if isinstance(news, StillOpen | Approved):
            return ClosedUnpaid(ref, order_token=news.order_token, inferred=True)
        return news

    async def capture(self, ref: str, key: str) -> CheckoutNews:
        """The instant of the approval is in the key: of other means, approved later, the money is taken anew.

        An order is captured once at PayPal, whatever the keys.
        """
        async with self._api.asking():
            order = await self._order(ref)
            if order is None:
                return ClosedUnpaid(ref, inferred=True)
            news = as_it_stands(order, self._api.livemode)
            if not isinstance(news, Approved):
                return news
            changed = changed_at(order)
            if changed is not None:
                key = f"{key}-{int(changed.timestamp()):x}"
            try:
                captured = await self._api.post(f"/v2/checkout/orders/{ref}/capture", {}, key)
            except SaidNo as no:
                return await self._after_no(ref, news, no)
            return as_it_stands(captured, self._api.livemode)

    async def refund(self, request: RefundRequest) -> Refunded | RefundFailed:
        why = why_not_charge(request.amount_minor, request.currency)
        if why is not None:
            return RefundFailed(why)
        body = {
            "amount": _money(request.amount_minor, request.currency),
            "custom_id": refund_mark(request.refund_id),
        }
        async with self._api.asking():
            try:
                made = await self._api.post(f"/v2/payments/captures/{request.payment_ref}/refund", body, request.key)
            except SaidNo as no:
                if no.status in (400, 404, 422):
                    # Returned already, disputed, or more than is left: asking again changes nothing.
                    return RefundFailed(str(no))
                raise
            failed = why_not_made(made)
            return Refunded(ref_in(made, "id")) if failed is None else RefundFailed(failed)

    async def refunds_of(self, payment_ref: str) -> Sequence[RefundNews]:
        """From the capture's order, which lists them; one that PayPal has forgotten is asked only if there are any."""
        async with self._api.asking():
            capture = await self._api.get(f"/v2/payments/captures/{payment_ref}")
            order_ref = order_of(capture)
            order = None if order_ref is None else await self._order(order_ref)
            if order is not None:
                return _refunds_in(order, payment_ref)
            if word_in(capture, "status") in ("PARTIALLY_REFUNDED", "REFUNDED"):
                raise ProviderRefused("PayPal no longer lists the refunds of this payment")
            return ()

    async def told_since(self, since: datetime, until: datetime) -> AsyncIterator[News]:
        async for news in reported(self._api, since, until):
            yield news

    async def _ask(self, ref: str) -> CheckoutNews:
        order = await self._order(ref)
        return ClosedUnpaid(ref, inferred=True) if order is None else as_it_stands(order, self._api.livemode)

    async def _order(self, ref: str) -> Json | None:
        """The order, or None: PayPal has dropped it, as it does after some hours with those that nobody paid."""
        try:
            return await self._api.get(f"/v2/checkout/orders/{ref}")
        except SaidNo as no:
            if no.status == 404:
                return None
            raise

    async def _after_no(self, ref: str, approved: Approved, no: SaidNo) -> CheckoutNews:
        if no.issues & _NO_LONGER_AS_READ or no.status == 404:
            return await self._ask(ref)
        if no.status != 422:
            raise no
        if no.issues & _NOT_YET:
            raise ProviderUnavailable(str(no))
        if no.issues & _CHOOSE_OTHERS:
            return StillOpen(ref, order_token=approved.order_token)
        log.warning("PayPal will not take the money of order %s: %s", ref, no)
        return ClosedUnpaid(ref, failed=True, order_token=approved.order_token)


def _refunds_in(order: Json, payment_ref: str) -> list[RefundNews]:
    refunds = objects_in(part_of(unit_of(order), "payments"), "refunds")
    news = [refund_news(refund, payment_ref) for refund in refunds]
    return [each for each in news if each.payment_ref == payment_ref]


def _money(amount_minor: int, currency: str) -> dict[str, str]:
    return {"currency_code": currency, "value": to_paypal(amount_minor, currency)}


def _cut(title: str) -> str:
    """At most 127 bytes of it: PayPal counts letters beyond ASCII as more than one."""
    return title.encode()[:_LONGEST_DESCRIPTION].decode(errors="ignore")
