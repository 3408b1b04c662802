"""PayPal's webhooks: what its events say."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.payments.paypal_certificates import Certificates
from core.payments.paypal_news import (
    as_it_stands,
    capture_news,
    dispute_news,
    instant_in,
    ref_in,
    refund_news,
    reversal_news,
)
from core.payments.paypal_signature import is_signed
from core.payments.reading import BadSignature, Json, Unreadable, event_in, part_of
from core.ports import Approved, ClosedUnpaid, News, Paid, Pending, ProviderEvent

KINDS = (
    "CHECKOUT.ORDER.APPROVED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "CUSTOMER.DISPUTE.CREATED",
    "CUSTOMER.DISPUTE.UPDATED",
    "CUSTOMER.DISPUTE.RESOLVED",
)
"""What a webhook should be told of."""

_KIND = re.compile(r"[A-Z0-9_.-]{1,100}")

# Of a capture an event tells one thing, whatever the capture has become since.
_CAPTURES: dict[str, type[Paid | Pending | ClosedUnpaid]] = {
    "PAYMENT.CAPTURE.COMPLETED": Paid,
    "PAYMENT.CAPTURE.PENDING": Pending,
    "PAYMENT.CAPTURE.DENIED": ClosedUnpaid,
    "PAYMENT.CAPTURE.DECLINED": ClosedUnpaid,  # the same, as newer captures say it
}

_OTHERS: dict[str, Callable[[Json, datetime], News]] = {
    "PAYMENT.CAPTURE.REFUNDED": lambda refund, _: refund_news(refund),
    "PAYMENT.CAPTURE.REVERSED": lambda reversal, _: reversal_news(reversal),
    "CUSTOMER.DISPUTE.CREATED": dispute_news,
    "CUSTOMER.DISPUTE.UPDATED": dispute_news,
    "CUSTOMER.DISPUTE.RESOLVED": dispute_news,
}


@dataclass(frozen=True, slots=True)
class PayPalEvents:
    """The events of one webhook; `livemode` is that of the API that it belongs to. Without its id none is authentic."""

    webhook_id: str = field(repr=False)
    certificates: Certificates
    livemode: bool

    async def read_event(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> ProviderEvent | BadSignature:
        """The event in this delivery, if PayPal signed it for this webhook.

        ProviderUnavailable: nobody can say now; it is to come again.
        """
        if not await is_signed(raw, headers, self.webhook_id, self.certificates, now):
            return BadSignature()
        return self.read_authentic(raw)

    def read_authentic(self, raw: bytes) -> ProviderEvent:
        """The event in a body whose signature was proven, now or when it was stored."""
        return event_in(raw, "paypal", lambda event: ref_in(event, "id"), "event_type", _KIND, self._news)

    def _news(self, kind: str, event: Json) -> News | None:
        if kind == "CHECKOUT.ORDER.APPROVED":
            news = as_it_stands(part_of(event, "resource"), self.livemode, instant_in(event, "create_time"))
            if not isinstance(news, Approved | Paid | Pending):
                raise Unreadable("status")
            return news
        if kind in _CAPTURES:
            captured = capture_news(part_of(event, "resource"), self.livemode)
            if not isinstance(captured, _CAPTURES[kind]):
                raise Unreadable("status")
            return captured
        reader = _OTHERS.get(kind)
        return reader(part_of(event, "resource"), instant_in(event, "create_time")) if reader else None
