"""Stripe's webhooks: is this Stripe speaking, and what does it say?

`stripe.Webhook.construct_event` is not used: it takes timestamps from the future, needs a text where the signature is
over bytes, and builds objects that nobody here reads. Its scheme is: `t=<seconds>,v1=<HMAC-SHA256 of "t.body" in hex>`.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from core.payments.stripe_checkouts import Json, Unreadable, closed, completed, instant_in, paid, ref_in
from core.ports import CheckoutNews, News, ProviderEvent

TOLERANCE = timedelta(seconds=300)

# Stripe's header is 77 characters a signature, and there are two while a secret is rotated. Whatever is longer is not
# Stripe's, and must not make us compare thousands of candidates.
_LONGEST_HEADER = 1024
_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z0-9_.]{1,100}")
_MOST_DIGITS = 20  # of a number; beyond, Python's own conversion takes quadratic time

_READERS: dict[str, Callable[[Json, datetime], CheckoutNews]] = {
    "checkout.session.completed": completed,
    "checkout.session.async_payment_succeeded": paid,
    "checkout.session.async_payment_failed": lambda checkout, _: closed(checkout, failed=True),
    "checkout.session.expired": lambda checkout, _: closed(checkout),
}


@dataclass(frozen=True, slots=True)
class BadSignature:
    """Not Stripe's, not for this endpoint, or not of now. It does not say which: nobody is to learn from it."""


def read_event(raw: bytes, signature_header: str | None, secret: str, now: datetime) -> ProviderEvent | BadSignature:
    """The event in this delivery, if Stripe signed these very bytes within 300 s of now, either side."""
    if not _is_signed(raw, signature_header or "", secret, now):
        return BadSignature()
    return read_authentic(raw)


def read_authentic(raw: bytes) -> ProviderEvent:
    """The event in a body whose signature was proven, now or when it was stored.

    A body that cannot be read is an event, too, parked under its own id or under its digest (rule 30).
    """
    try:
        event = _parsed(raw)
        event_id = ref_in(event, "id")
    except Unreadable as error:
        digest = hashlib.sha256(raw).hexdigest()
        return ProviderEvent("stripe", f"sha256:{digest}", "unreadable", raw, None, f"unreadable: {error}")
    kind = event.get("type")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        return ProviderEvent("stripe", event_id, "unreadable", raw, None, "unreadable: type")
    try:
        news = _news(kind, event)
    except Unreadable as error:
        return ProviderEvent("stripe", event_id, kind, raw, None, f"unreadable: {error}")
    return ProviderEvent("stripe", event_id, kind, raw, news, None if news else "a kind that nobody here acts on")


def _news(kind: str, event: Json) -> News | None:
    reader = _READERS.get(kind)
    if reader is None:
        return None
    if event.get("account") is not None:
        raise Unreadable("account: not ours")
    data = event.get("data")
    checkout = data.get("object") if isinstance(data, dict) else None
    if not isinstance(checkout, dict):
        raise Unreadable("data")
    return reader(checkout, instant_in(event, "created"))


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


def _parsed(raw: bytes) -> Json:
    """The body as a JSON object. Names and texts in it may still hold anything: each reader checks what it takes."""
    try:
        # Decoded here: `json.loads` would guess UTF-16 and UTF-32 from the bytes.
        parsed = json.loads(raw.decode(), parse_int=_bounded_int, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except ValueError:
        raise Unreadable("not JSON") from None
    if not isinstance(parsed, dict):
        raise Unreadable("not an object")
    return parsed


def _bounded_int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and the infinities are no JSON
