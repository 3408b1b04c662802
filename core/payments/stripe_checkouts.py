"""What Stripe's JSON says of a hosted checkout (`checkout.session`), as typed news.

Every field is checked as it is read: a name, an amount or an instant that is not what it should be makes the whole
unreadable, so that nothing poisonous reaches a row.
"""

import re
from datetime import UTC, datetime

from core.payments.reading import Json, Unreadable
from core.payments.stripe_amounts import from_stripe
from core.ports import CheckoutNews, ClosedUnpaid, OpenedCheckout, Paid, Pending, StillOpen
from core.rules.money import EXPONENTS

_REF = re.compile(r"[A-Za-z0-9_]{1,255}")
_ORDER_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_MOST = 10**15  # Stripe's own limit is 12 digits
_LAST_SECOND = 253_402_300_799  # of the year 9999

# A completed checkout whose payment intent stands so waits for nothing: the payment failed.
_FAILED = ("requires_payment_method", "canceled")


def opened(checkout: Json) -> OpenedCheckout:
    """The checkout that Stripe just made, or made before under the same key."""
    url = checkout.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Unreadable("url")
    return OpenedCheckout(ref_in(checkout, "id"), url, instant_in(checkout, "expires_at"))


def as_it_stands(checkout: Json) -> CheckoutNews:
    """What a checkout that was asked for, its `payment_intent.latest_charge` expanded, says about itself."""
    match checkout.get("status"):
        case "open":
            return StillOpen(ref_in(checkout, "id"), order_token=order_token(checkout))
        case "expired":
            return closed(checkout)
        case "complete":
            return _completed(checkout)
    raise Unreadable("status")


def _completed(checkout: Json) -> CheckoutNews:
    intent = checkout.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    money = next((each for each in (charge, intent, checkout) if isinstance(each, dict)), checkout)
    if isinstance(intent, dict) and checkout.get("payment_status") == "unpaid" and intent.get("status") in _FAILED:
        return closed(checkout, failed=True)
    return completed(checkout, instant_in(money, "created"))


def completed(checkout: Json, at: datetime) -> Paid | Pending:
    """A completed checkout: its money has moved at that instant, or is on its way since then."""
    match checkout.get("payment_status"):
        case "paid" | "no_payment_required":
            return paid(checkout, at)
        case "unpaid":
            return Pending(ref_in(checkout, "id"), at, order_token=order_token(checkout))
    raise Unreadable("payment_status")


def paid(checkout: Json, at: datetime) -> Paid:
    """The checkout's money. Where nothing was to pay there is no payment intent, and the checkout stands for it."""
    ref = ref_in(checkout, "id")
    currency = currency_in(checkout)
    livemode = checkout.get("livemode")
    if not isinstance(livemode, bool):
        raise Unreadable("livemode")
    return Paid(
        checkout_ref=ref,
        payment_ref=_payment_ref(checkout) or ref,
        amount_minor=amount_in(checkout, "amount_total", currency),
        tax_minor=_tax(checkout, currency),
        currency=currency,
        paid_at=at,
        livemode=livemode,
        order_token=order_token(checkout),
    )


def closed(checkout: Json, *, failed: bool = False) -> ClosedUnpaid:
    return ClosedUnpaid(ref_in(checkout, "id"), failed, order_token=order_token(checkout))


def ref_in(values: Json, name: str) -> str:
    """One of Stripe's ids."""
    ref = values.get(name)
    if not isinstance(ref, str) or not _REF.fullmatch(ref):
        raise Unreadable(name)
    return ref


def instant_in(values: Json, name: str) -> datetime:
    """One of Stripe's instants, which are whole seconds."""
    seconds = values.get(name)
    if type(seconds) is not int or not 0 <= seconds <= _LAST_SECOND:
        raise Unreadable(name)
    return datetime.fromtimestamp(seconds, UTC)


def _payment_ref(checkout: Json) -> str | None:
    intent = checkout.get("payment_intent")
    if isinstance(intent, dict):
        return ref_in(intent, "id")
    if intent is None and checkout.get("payment_status") == "no_payment_required":
        return None
    return ref_in(checkout, "payment_intent")


def currency_in(values: Json) -> str:
    """A currency that people are paid in."""
    currency = values.get("currency")
    if not isinstance(currency, str) or currency.upper() not in EXPONENTS:
        raise Unreadable("currency")
    return currency.upper()


def amount_in(values: Json, name: str, currency: str) -> int:
    """Minor units of one of Stripe's figures."""
    amount = values.get(name)
    if type(amount) is not int or not 0 <= amount <= _MOST:
        raise Unreadable(name)
    amount_minor = from_stripe(amount, currency)
    if amount_minor is None:
        raise Unreadable(name)
    return amount_minor


def _tax(checkout: Json, currency: str) -> int:
    details = checkout.get("total_details")
    if details is None:
        return 0
    if not isinstance(details, dict):
        raise Unreadable("total_details")
    return amount_in(details, "amount_tax", currency)


def order_token(checkout: Json) -> str | None:
    """The order that we named when we asked for this checkout.

    Both places must agree: a payment link of the same account takes its `client_reference_id` from whoever visits it.
    """
    metadata = checkout.get("metadata")
    written = metadata.get("order") if isinstance(metadata, dict) else None
    if not isinstance(written, str) or written != checkout.get("client_reference_id"):
        return None
    return written if _ORDER_TOKEN.fullmatch(written) else None
