"""What Stripe's JSON says of money that went back (`refund`, `charge`), as typed news."""

import re

from core.payments.reading import Json, Unreadable
from core.payments.stripe_checkouts import amount_in, currency_in, instant_in, ref_in
from core.ports import RefundNews, RefundsChanged

OUR_NAME = "refund"
"""The metadata under which our own refund's row is written on what we ask for."""

_GOING = ("pending", "requires_action", "succeeded")
_FAILED = ("failed", "canceled")
_ROW_ID = re.compile(r"[1-9][0-9]{0,17}")
_WORD = re.compile(r"[a-z0-9_]{1,100}")


def refund_news(refund: Json) -> RefundNews:
    """The refund as it stands. While it is on its way it counts as made: Stripe has taken it off the balance."""
    currency = currency_in(refund)
    return RefundNews(
        payment_ref=_payment_ref(refund),
        refund_ref=ref_in(refund, "id"),
        amount_minor=amount_in(refund, "amount", currency),
        currency=currency,
        at=instant_in(refund, "created"),
        failed=_why_failed(refund),
        refund_id=_our_row(refund),
    )


def refunds_changed(charge: Json) -> RefundsChanged:
    """Of a charge Stripe tells only how much went back by now, and not by which refunds."""
    return RefundsChanged(_payment_ref(charge))


def _payment_ref(values: Json) -> str:
    intent = values.get("payment_intent")
    return ref_in(intent, "id") if isinstance(intent, dict) else ref_in(values, "payment_intent")


def _why_failed(refund: Json) -> str | None:
    status, reason = refund.get("status"), refund.get("failure_reason")
    if status in _GOING:
        return None
    if status not in _FAILED:
        raise Unreadable("status")
    return reason if isinstance(reason, str) and _WORD.fullmatch(reason) else str(status)


def _our_row(refund: Json) -> int | None:
    """Anybody with the account's pages can write there: the row is believed only if payment and amount agree."""
    metadata = refund.get("metadata")
    written = metadata.get(OUR_NAME) if isinstance(metadata, dict) else None
    return int(written) if isinstance(written, str) and _ROW_ID.fullmatch(written) else None
