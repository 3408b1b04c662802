"""What Stripe's JSON says of a dispute, as typed news."""

import re
from datetime import datetime

from core.payments.reading import Json, Unreadable
from core.payments.stripe_checkouts import amount_in, currency_in, instant_in, ref_in
from core.ports import DisputeNews
from core.rules.states import DisputeOutcome

_WORD = re.compile(r"[a-z0-9_]{1,100}")
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
# A warning is an inquiry: no money was taken, and as it is closed none will be. Prevented: it never became one.
_OUTCOMES = {
    "won": DisputeOutcome.WON,
    "warning_closed": DisputeOutcome.WON,
    "prevented": DisputeOutcome.WON,
    "lost": DisputeOutcome.LOST,
}


def dispute_news(dispute: Json, at: datetime) -> DisputeNews:
    """How a dispute stands at `at`. Without a payment intent it is about no checkout of ours."""
    status = dispute.get("status")
    outcome = _OUTCOMES.get(status) if isinstance(status, str) else None
    if outcome is None and status not in _OPEN:
        raise Unreadable("status")
    currency = currency_in(dispute)
    reason = dispute.get("reason")
    intent = dispute.get("payment_intent")
    return DisputeNews(
        payment_ref=ref_in(intent, "id") if isinstance(intent, dict) else ref_in(dispute, "payment_intent"),
        dispute_ref=ref_in(dispute, "id"),
        disputed_minor=amount_in(dispute, "amount", currency),
        currency=currency,
        at=at,
        outcome=outcome,
        reason=reason if isinstance(reason, str) and _WORD.fullmatch(reason) else None,
        answer_by=_answer_by(dispute) if outcome is None else None,
        opened_at=instant_in(dispute, "created"),
    )


def _answer_by(dispute: Json) -> datetime | None:
    """Until when evidence is taken; none once it is too late, or was sent as often as may be."""
    details = dispute.get("evidence_details")
    if not isinstance(details, dict) or details.get("due_by") is None:
        return None
    return instant_in(details, "due_by")
