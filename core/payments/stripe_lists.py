"""What an object of Stripe's own lists tells us (rule 31). Other business on the same account is most of it, often.

Something that cannot be read is left out: it must not keep us from the others.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from core.payments.reading import Json, Unreadable
from core.payments.stripe_checkouts import as_it_stands, order_token
from core.payments.stripe_disputes import dispute_news
from core.payments.stripe_refunds import refund_news, refunds_changed
from core.ports import News, Paid

log = logging.getLogger(__name__)


def checkout_listed(checkout: Json, livemode: bool | None) -> Sequence[News]:
    """How one of our checkouts stands, and that something of its payment went back, if anything did."""
    if order_token(checkout) is None:
        return ()
    return _readable(checkout, lambda: _checkout(checkout, livemode))


def _checkout(checkout: Json, livemode: bool | None) -> Sequence[News]:
    news = as_it_stands(checkout)
    if not isinstance(news, Paid):
        return (news,)
    if livemode not in (None, news.livemode):
        raise Unreadable("livemode")
    intent = checkout.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    if not isinstance(charge, dict) or not charge.get("amount_refunded"):
        return (news,)
    return news, refunds_changed({"payment_intent": intent})


def refund_listed(refund: Json) -> Sequence[News]:
    """A refund, if it is of a payment as ours are. Whose it is, the payment says."""
    if refund.get("payment_intent") is None:
        return ()
    return _readable(refund, lambda: (refund_news(refund),))


def dispute_listed(dispute: Json, asked_at: datetime) -> Sequence[News]:
    """How a dispute stands. When it ended the list does not say: by the time we asked at the latest."""
    if dispute.get("payment_intent") is None:
        return ()
    return _readable(dispute, lambda: (dispute_news(dispute, asked_at),))


def _readable(listed: Json, read: Callable[[], Sequence[News]]) -> Sequence[News]:
    try:
        return read()
    except Unreadable as error:
        log.warning("a %s in Stripe's list cannot be read: %s", listed.get("object"), error)
        return ()
