"""Stripe's webhooks: is this Stripe speaking, and what does it say?

`stripe.Webhook.construct_event` is not used: it takes timestamps from the future, needs a text where the signature is
over bytes, and builds objects that nobody here reads. Its scheme is: `t=<seconds>,v1=<HMAC-SHA256 of "t.body" in hex>`.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from core.payments.reading import BadSignature, Json, Unreadable, event_in, part_of
from core.payments.stripe_checkouts import closed, completed, instant_in, paid, ref_in
from core.payments.stripe_disputes import dispute_news
from core.payments.stripe_refunds import refund_news, refunds_changed
from core.ports import News, Paid, ProviderEvent

TOLERANCE = timedelta(seconds=300)

# Stripe's header is 77 characters a signature, and there are two while a secret is rotated. Whatever is longer is not
# Stripe's, and must not make us compare thousands of candidates.
_LONGEST_HEADER = 1024
_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z0-9_.]{1,100}")
_MODE = re.compile(r"[sr]k_(live|test)_")

_READERS: dict[str, Callable[[Json, datetime], News]] = {
    "checkout.session.completed": completed,
    "checkout.session.async_payment_succeeded": paid,
    "checkout.session.async_payment_failed": lambda checkout, _: closed(checkout, failed=True),
    "checkout.session.expired": lambda checkout, _: closed(checkout),
    "charge.refunded": lambda charge, _: refunds_changed(charge),
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed"), lambda refund, _: refund_news(refund)),
    **dict.fromkeys(("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"), dispute_news),
}

KINDS = tuple(_READERS)
"""What an endpoint should be told of."""


def livemode_of(api_key: str) -> bool | None:
    """Whether this key moves real money; None where it does not say."""
    mode = _MODE.match(api_key)
    return None if mode is None else mode[1] == "live"


def read_event(
    raw: bytes, signature_header: str | None, secret: str, now: datetime, livemode: bool | None = None
) -> ProviderEvent | BadSignature:
    """The event in this delivery, if Stripe signed these very bytes within 300 s of now, either side."""
    if not _is_signed(raw, signature_header or "", secret, now):
        return BadSignature()
    return read_authentic(raw, livemode)


def read_authentic(raw: bytes, livemode: bool | None = None) -> ProviderEvent:
    """The event in a body whose signature was proven, now or when it was stored.

    `livemode` is the mode of our API key, where it is known: play money buys nothing, and what is real is not played
    with. An event of the other mode is parked.
    """
    return event_in(
        raw,
        "stripe",
        lambda event: ref_in(event, "id"),
        "type",
        _KIND,
        lambda kind, event: _news(kind, event, livemode),
    )


def _news(kind: str, event: Json, livemode: bool | None) -> News | None:
    reader = _READERS.get(kind)
    if reader is None:
        return None
    if event.get("account") is not None:
        raise Unreadable("account: not ours")
    if livemode is not None and event.get("livemode") is not livemode:
        raise Unreadable("livemode: not that of the API key")
    news = reader(part_of(part_of(event, "data"), "object"), instant_in(event, "created"))
    if isinstance(news, Paid) and livemode is not None and news.livemode is not livemode:
        raise Unreadable("livemode: not that of the API key")
    return news


def _is_signed(raw: bytes, header: str, secret: str, now: datetime) -> bool:
    if not secret or len(header) > _LONGEST_HEADER:
        return False
    fields = [field.partition("=") for field in header.split(",")]
    times = [value for name, _, value in fields if name == "t"]
    candidates = [value for name, _, value in fields if name == "v1" and _SIGNATURE.fullmatch(value)]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        return False
    if abs(now.timestamp() - int(times[0])) > TOLERANCE.total_seconds():
        return False
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + raw, hashlib.sha256).hexdigest()
    # All of them are compared, so that the time taken tells nothing.
    return sum(hmac.compare_digest(expected, candidate) for candidate in candidates) > 0
