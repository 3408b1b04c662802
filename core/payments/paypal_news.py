"""What PayPal's JSON says of orders, captures, refunds and disputes, as typed news.

Every field is checked as it is read: what is not as it should be makes the whole unreadable, so that nothing poisonous
reaches a row. Orders v2 and Payments v2; a checkout of ours is PayPal's order, a payment its capture.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from core.payments.paypal_amounts import from_paypal
from core.payments.reading import Json, Unreadable, part_of
from core.ports import (
    REVERSED,
    Approved,
    CheckoutNews,
    ClosedUnpaid,
    DisputeNews,
    OpenedCheckout,
    Paid,
    Pending,
    RefundNews,
    StillOpen,
)
from core.rules.money import EXPONENTS
from core.rules.states import DisputeOutcome

_REF = re.compile(r"[A-Za-z0-9-]{1,64}")
_ORDER_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})")
_WORD = re.compile(r"[A-Z0-9_]{1,100}")
_REFUND_ID = re.compile(r"refund-([0-9]{1,18})")
_CAPTURE_LINK = re.compile(r"[^?#]{0,200}/v2/payments/captures/([A-Za-z0-9]{1,36})")
_ORDER_LINK = re.compile(r"[^?#]{0,200}/v2/checkout/orders/([A-Za-z0-9]{1,36})")
_MOST = 10**15  # PayPal's own limit is ten digits

_MOVED = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")  # of a capture: its money has moved, whatever came later
_NEVER_MOVES = ("DECLINED", "DENIED", "FAILED")
_NOT_MADE = ("FAILED", "CANCELLED")  # of a refund

# PayPal's words for how a dispute ended. With RESOLVED_WITH_PAYOUT it pays the buyer itself; NONE makes room for
# another dispute of the same payment.
_OUTCOMES = {
    "RESOLVED_BUYER_FAVOUR": DisputeOutcome.LOST,
    "ACCEPTED": DisputeOutcome.LOST,
    "RESOLVED_SELLER_FAVOUR": DisputeOutcome.WON,
    "RESOLVED_WITH_PAYOUT": DisputeOutcome.WON,
    "CANCELED_BY_BUYER": DisputeOutcome.WON,
    "DENIED": DisputeOutcome.WON,
    "NONE": DisputeOutcome.WON,
}


# ---------------------------------------------------------------- orders and captures


def opened(order: Json, expires_at: datetime) -> OpenedCheckout:
    """The order that PayPal just made, or made before under the same key, and the page where its buyer agrees.

    It lives for hours at PayPal, and we cannot say how long: our own expiry counts.
    """
    for rel in ("payer-action", "approve"):
        url = linked(order, rel)
        if url is not None and url.startswith(("https://", "http://")):
            return OpenedCheckout(ref_in(order, "id"), url, expires_at)
    raise Unreadable("links")


def as_it_stands(order: Json, livemode: bool, at: datetime | None = None) -> CheckoutNews:
    """What an order says about itself; it was approved at `at` if it does not say when it last changed."""
    ref, token = ref_in(order, "id"), order_token(order)
    match order.get("status"):
        case "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED":
            return StillOpen(ref, order_token=token)
        case "APPROVED":
            return Approved(ref, changed_at(order) or at or instant_in(order, "create_time"), order_token=token)
        case "VOIDED":
            return ClosedUnpaid(ref, order_token=token)
        case "COMPLETED":
            return _captured(order, livemode)
    raise Unreadable("status")


def changed_at(order: Json) -> datetime | None:
    return instant_in(order, "update_time") if "update_time" in order else None


def order_token(order: Json) -> str | None:
    """What we wrote on the order when we asked for it."""
    return token_in(unit_of(order))


def _captured(order: Json, livemode: bool) -> CheckoutNews:
    unit = unit_of(order)
    captures = objects_in(part_of(unit, "payments"), "captures")
    news = [capture_news({"custom_id": unit.get("custom_id"), **each}, livemode, order) for each in captures]
    for kind in (Paid, Pending, ClosedUnpaid):
        for each in news:
            if isinstance(each, kind):
                return each
    raise Unreadable("captures")


def capture_news(capture: Json, livemode: bool, order: Json | None = None) -> Paid | Pending | ClosedUnpaid:
    """What a capture says of its order's money. The tax that PayPal would know of is none."""
    checkout = order_of(capture) if order is None else ref_in(order, "id")
    if checkout is None:
        raise Unreadable("order")
    token = token_in(capture)
    match capture.get("status"):
        case status if status in _MOVED:
            amount_minor, currency = money_in(capture, "amount")
            return Paid(
                checkout_ref=checkout,
                payment_ref=ref_in(capture, "id"),
                amount_minor=amount_minor,
                tax_minor=0,
                currency=currency,
                paid_at=instant_in(capture, "create_time"),
                livemode=livemode,
                order_token=token,
                fee_minor=_fee(capture, currency),
            )
        case "PENDING":
            return Pending(checkout, instant_in(capture, "create_time"), order_token=token)
        case status if status in _NEVER_MOVES:
            return ClosedUnpaid(checkout, failed=True, order_token=token)
    raise Unreadable("status")


def order_of(capture: Json) -> str | None:
    """The order that this capture is of; a payment that was not made through one has none."""
    related = capture.get("supplementary_data")
    ids = related.get("related_ids") if isinstance(related, dict) else None
    if isinstance(ids, dict) and "order_id" in ids:
        return ref_in(ids, "order_id")
    return _ref_linked(capture, "up", _ORDER_LINK)


def _fee(capture: Json, currency: str) -> int | None:
    """PayPal's fee, where it tells it in the payment's own currency."""
    breakdown = capture.get("seller_receivable_breakdown")
    if not isinstance(breakdown, dict) or "paypal_fee" not in breakdown:
        return None
    fee_minor, fee_currency = money_in(breakdown, "paypal_fee")
    return fee_minor if fee_currency == currency else None


# ---------------------------------------------------------------- refunds and disputes


def refund_mark(refund_id: int) -> str:
    """What we write on a refund, so that news of it finds our row."""
    return f"refund-{refund_id}"


def refund_news(refund: Json, payment_ref: str | None = None) -> RefundNews:
    """A refund, whoever made it; of this payment if it does not name its own. One that is on its way counts as made."""
    about = _ref_linked(refund, "up", _CAPTURE_LINK) or payment_ref
    if about is None:
        raise Unreadable("capture")
    amount_minor, currency = money_in(refund, "amount")
    status = word_in(refund, "status")
    if status not in ("COMPLETED", "PENDING", *_NOT_MADE):
        raise Unreadable("status")
    return RefundNews(
        payment_ref=about,
        refund_ref=ref_in(refund, "id"),
        amount_minor=amount_minor,
        currency=currency,
        at=instant_in(refund, "create_time"),
        failed=why_not_made(refund),
        refund_id=marked_refund(refund.get("custom_id")),
    )


def why_not_made(refund: Json) -> str | None:
    """PayPal's word for why this refund was not made; None if it was, or is on its way."""
    status = word_in(refund, "status")
    if status not in _NOT_MADE:
        return None
    details = refund.get("status_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return reason.lower() if isinstance(reason, str) and _WORD.fullmatch(reason) else status.lower()


def marked_refund(mark: object) -> int | None:
    """Our row, if we wrote it on the refund."""
    match = _REFUND_ID.fullmatch(mark) if isinstance(mark, str) else None
    return int(match[1]) if match else None


def reversal_news(reversal: Json) -> DisputeNews:
    """Money that PayPal took back by itself, as after a chargeback: a dispute that was lost at once."""
    about = _ref_linked(reversal, "up", _CAPTURE_LINK)
    if about is None:
        raise Unreadable("capture")
    amount_minor, currency = money_in(reversal, "amount")
    at = instant_in(reversal, "create_time")
    return DisputeNews(about, ref_in(reversal, "id"), amount_minor, currency, at, DisputeOutcome.LOST, REVERSED)


def dispute_news(dispute: Json, at: datetime) -> DisputeNews:
    """How a dispute stands: since it last changed or, if it does not say when that was, at `at`.

    PayPal may put several payments into one dispute; ours are never bought together.
    """
    transactions = objects_in(dispute, "disputed_transactions")
    if len(transactions) != 1:
        raise Unreadable("disputed_transactions")
    outcome = _outcome(dispute) if dispute.get("status") == "RESOLVED" else None
    amount_minor, currency = money_in(dispute, "dispute_amount")
    reason = dispute.get("reason")
    return DisputeNews(
        payment_ref=ref_in(transactions[0], "seller_transaction_id"),
        dispute_ref=ref_in(dispute, "dispute_id"),
        disputed_minor=amount_minor,
        currency=currency,
        at=changed_at(dispute) or at,
        outcome=outcome,
        reason=reason.lower() if isinstance(reason, str) and _WORD.fullmatch(reason) else None,
        answer_by=_answer_by(dispute) if outcome is None else None,
        opened_at=instant_in(dispute, "create_time"),
    )


def _outcome(dispute: Json) -> DisputeOutcome:
    outcome = _OUTCOMES.get(word_in(part_of(dispute, "dispute_outcome"), "outcome_code"))
    if outcome is None:
        raise Unreadable("outcome_code")
    return outcome


def _answer_by(dispute: Json) -> datetime | None:
    name = "seller_response_due_date"
    return instant_in(dispute, name) if dispute.get(name) is not None else None


# ---------------------------------------------------------------- fields


def ref_in(values: Json, name: str) -> str:
    """One of PayPal's ids. It can stand in an address as it is."""
    ref = values.get(name)
    if not isinstance(ref, str) or not _REF.fullmatch(ref):
        raise Unreadable(name)
    return ref


def word_in(values: Json, name: str) -> str:
    """One of PayPal's words in capitals."""
    word = values.get(name)
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        raise Unreadable(name)
    return word


def instant_in(values: Json, name: str) -> datetime:
    written = values.get(name)
    if not isinstance(written, str):
        raise Unreadable(name)
    return instant(written, name)


def instant(written: str, name: str) -> datetime:
    """An instant of RFC 3339, in UTC."""
    if not _INSTANT.fullmatch(written):
        raise Unreadable(name)
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(name) from None


def money_in(values: Json, name: str, *, signed: bool = False) -> tuple[int, str]:
    """Minor units and currency; in reports, what left the account has a minus sign, which is left out."""
    amount = part_of(values, name)
    value, currency = amount.get("value"), amount.get("currency_code")
    if not isinstance(value, str) or not isinstance(currency, str) or currency not in EXPONENTS:
        raise Unreadable(name)
    amount_minor = from_paypal(value.removeprefix("-") if signed else value, currency)
    if amount_minor is None or amount_minor > _MOST:
        raise Unreadable(name)
    return amount_minor, currency


def objects_in(values: Json, name: str) -> Sequence[Json]:
    """The list of objects of this name; none if there is no such list."""
    found = values.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Unreadable(name)
    return found


def unit_of(order: Json) -> Json:
    """The one purchase unit; an order of ours has no other."""
    units = objects_in(order, "purchase_units")
    if len(units) != 1:
        raise Unreadable("purchase_units")
    return units[0]


def token_in(values: Json) -> str | None:
    """The order's token that we wrote on an order; PayPal copies it to its captures."""
    token = values.get("custom_id")
    return token if isinstance(token, str) and _ORDER_TOKEN.fullmatch(token) else None


def linked(values: Json, rel: str) -> str | None:
    """Where the link of this name leads."""
    for link in objects_in(values, "links"):
        if link.get("rel") == rel and isinstance(link.get("href"), str):
            return str(link["href"])
    return None


def _ref_linked(values: Json, rel: str, pattern: re.Pattern[str]) -> str | None:
    match = pattern.fullmatch(linked(values, rel) or "")
    return match[1] if match else None
