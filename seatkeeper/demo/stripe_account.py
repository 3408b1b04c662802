"""One account at Stripe as its stand-in keeps it: checkouts, payments, refunds, disputes, what people do, who is told.

It keeps its own books and refuses what Stripe refuses. It forgets everything when it stops: a checkout of an earlier
run counts as run out.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web

from core.clock import SystemClock
from core.payments.stripe_amounts import from_stripe
from core.ports import Clock
from core.rules.states import DisputeOutcome
from seatkeeper.demo.deliveries import Deliveries
from seatkeeper.demo.standing import Standing

Json = dict[str, Any]

_ANSWERED_WITHIN = timedelta(days=7)  # a dispute, by the seller


@dataclass(slots=True)
class StripeAccount:
    """`told_at` is where it sends events, `at` where its stand-in is itself reached from outside."""

    clock: Clock
    http: aiohttp.ClientSession
    api_key: str
    webhook_secret: str
    told_at: str = ""
    at: str = ""
    checkouts: dict[str, Json] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    intents: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    disputes: dict[str, Json] = field(default_factory=dict)
    deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.http, self._signature)

    async def stop(self) -> None:
        await self.deliveries.stop()

    def waiting(self) -> list[tuple[str, str]]:
        """Payments that are on their way: what for, and the page on which they arrive or fail."""
        return [
            (self.titles[ref], checkout["url"])
            for ref, checkout in self.checkouts.items()
            if checkout["status"] == "complete" and self.intent_of(checkout)["status"] == "processing"
        ]

    def left_of(self, ref: str) -> int:
        """What of a checkout's payment was not given back, in Stripe's figures."""
        checkout = self.found(ref)
        return self.left(self.intent_of(checkout)) if checkout["payment_status"] == "paid" else 0

    def moved(self) -> dict[str, tuple[int, str]]:
        """Every payment and, below zero, every refund and lost dispute: by its id the amount and currency."""
        paid = [each for each in self.intents.values() if each["status"] == "succeeded"]
        back = [each for each in self.refunds.values() if each["status"] == "succeeded"]
        lost = [each for each in self.disputes.values() if each["status"] == "lost"]
        signed = [(each, each["amount"]) for each in paid] + [(each, -each["amount"]) for each in (*back, *lost)]
        return {each["id"]: _minor(amount, each["currency"]) for each, amount in signed}

    def standings(self) -> dict[str, Standing]:
        """How every payment stands, by its id."""
        paid = [each for each in self.checkouts.values() if each["payment_status"] == "paid"]
        return {each["payment_intent"]: self.standing(each) for each in paid}

    # ------------------------------------------------------------ what people do on its page

    async def pay(self, ref: str) -> None:
        """A card is charged: the money has moved."""
        await self._complete(ref, "succeeded", "paid")

    async def pay_late(self, ref: str) -> None:
        """A card is charged though the checkout is closed: its bank took longer to agree than the checkout was open."""
        await self._complete(ref, "succeeded", "paid", only_if="expired")

    async def pay_later(self, ref: str) -> None:
        """A bank debit begins: the checkout is complete, the money is on its way."""
        await self._complete(ref, "processing", "unpaid")

    async def arrive(self, ref: str) -> None:
        """The bank debit arrives."""
        checkout = self._on_its_way(ref)
        intent = self.intent_of(checkout)
        intent["status"] = "succeeded"
        checkout["payment_status"] = "paid"
        await self.tell("checkout.session.async_payment_succeeded", checkout)

    async def bounce(self, ref: str) -> None:
        """The bank debit fails. Stripe leaves its checkout complete and unpaid."""
        checkout = self._on_its_way(ref)
        self.intent_of(checkout)["status"] = "requires_payment_method"
        await self.tell("checkout.session.async_payment_failed", checkout)

    async def give_back(self, payment_ref: str, amount: int) -> str:
        """Somebody refunds so much of a payment on Stripe's own pages; the refund's id."""
        intent = self.intents[payment_ref]
        if self.open_dispute(payment_ref) is not None:
            raise web.HTTPConflict(text="This payment is disputed.")
        if not 0 < amount <= self.left(intent):
            raise web.HTTPConflict(text="So much is not left of this payment.")
        refund = self.new_refund(intent, amount, {})
        await self.tell("refund.created", refund)
        await self.tell("charge.refunded", self.charge(intent))
        return str(refund["id"])

    async def send_back(self, refund_ref: str) -> None:
        """The buyer's bank does not take the refund, and its money comes back."""
        self.refunds[refund_ref].update(status="failed", failure_reason="lost_or_stolen_card")
        await self.tell("refund.failed", self.refunds[refund_ref])

    async def dispute(self, payment_ref: str) -> str:
        """The buyer's bank takes back, for now, all that is left of a payment; the dispute's id."""
        intent = self.intents[payment_ref]
        if self.open_dispute(payment_ref) is not None or not self.left(intent):
            raise web.HTTPConflict(text="There is nothing to dispute.")
        ref = f"du_{secrets.token_hex(12)}"
        self.disputes[ref] = {
            "id": ref,
            "object": "dispute",
            "amount": self.left(intent),
            "currency": intent["currency"],
            "charge": intent["latest_charge"]["id"],
            "payment_intent": payment_ref,
            "created": self.now(),
            "reason": "product_not_received",
            "status": "needs_response",
            "evidence_details": {"due_by": self.now() + int(_ANSWERED_WITHIN.total_seconds())},
            "livemode": False,
        }
        await self.tell("charge.dispute.created", self.disputes[ref])
        return ref

    async def decide(self, payment_ref: str, outcome: DisputeOutcome) -> None:
        """The bank decides the open dispute of a payment, for the seller or the buyer."""
        dispute = self.open_dispute(payment_ref)
        if dispute is None:
            raise web.HTTPConflict(text="No dispute is open here.")
        dispute["status"] = str(outcome)
        await self.tell("charge.dispute.closed", dispute)

    async def _complete(self, ref: str, intent_status: str, payment_status: str, *, only_if: str = "open") -> None:
        checkout = self.found(ref)
        if checkout["status"] != only_if:
            raise web.HTTPConflict(text=f"This checkout is {'closed' if only_if == 'open' else 'not closed'}.")
        intent_id = f"pi_{secrets.token_hex(12)}"
        self.intents[intent_id] = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": checkout["amount_total"],
            "currency": checkout["currency"],
            "status": intent_status,
            "created": self.now(),
            "latest_charge": {"id": f"ch_{secrets.token_hex(12)}", "object": "charge", "created": self.now()},
        }
        checkout.update(status="complete", payment_status=payment_status, payment_intent=intent_id)
        await self.tell("checkout.session.completed", checkout)

    def _on_its_way(self, ref: str) -> Json:
        checkout = self.found(ref)
        if checkout["status"] != "complete" or self.intent_of(checkout)["status"] != "processing":
            raise web.HTTPConflict(text="No payment is on its way here.")
        return checkout

    # ------------------------------------------------------------ its books

    def new_refund(self, intent: Json, amount: int, metadata: Json) -> Json:
        ref = f"re_{secrets.token_hex(12)}"
        self.refunds[ref] = {
            "id": ref,
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": amount,
            "currency": intent["currency"],
            "created": self.now(),
            "metadata": metadata,
            "status": "succeeded",
        }
        return self.refunds[ref]

    def refunds_of(self, payment_ref: str) -> list[Json]:
        return [each for each in self.refunds.values() if each["payment_intent"] == payment_ref]

    def left(self, intent: Json) -> int:
        """What may still be refunded: what a bank sent back may be again."""
        lost = sum(each["amount"] for each in self._disputes_of(intent["id"]) if each["status"] == "lost")
        return int(intent["amount"] - self._refunded(intent) - lost)

    def _refunded(self, intent: Json) -> int:
        return sum(each["amount"] for each in self.refunds_of(intent["id"]) if each["status"] == "succeeded")

    def charge(self, intent: Json) -> Json:
        charge = intent["latest_charge"]
        return {**charge, "payment_intent": intent["id"], "amount_refunded": self._refunded(intent)}

    def standing(self, checkout: Json) -> Standing:
        """How the payment of a checkout that is paid stands."""
        intent = self.intent_of(checkout)
        disputes, open_one = self._disputes_of(intent["id"]), self.open_dispute(intent["id"])
        left_minor, currency = _minor(self.left(intent), intent["currency"])
        return Standing(
            page=checkout["url"],
            left_minor=left_minor,
            currency=currency,
            disputed_minor=None if open_one is None else _minor(open_one["amount"], open_one["currency"])[0],
            ended=_outcome(disputes[-1]) if disputes else None,
        )

    def _disputes_of(self, payment_ref: str) -> list[Json]:
        return [each for each in self.disputes.values() if each["payment_intent"] == payment_ref]

    def open_dispute(self, payment_ref: str) -> Json | None:
        return next((each for each in self._disputes_of(payment_ref) if _outcome(each) is None), None)

    def known(self, ref: str) -> Json:
        """The checkout as it stands; one that it never heard of is from an earlier run."""
        forgotten = {"id": ref, "object": "checkout.session", "status": "expired", "payment_status": "unpaid"}
        checkout = self.checkouts.get(ref, forgotten)
        if checkout["status"] == "open" and checkout["expires_at"] <= self.now():
            checkout["status"] = "expired"
        return checkout

    def found(self, ref: str) -> Json:
        if ref not in self.checkouts:
            raise web.HTTPNotFound(text="There is no such checkout. It may be of an earlier run of the demo.")
        return self.known(ref)

    def intent_of(self, checkout: Json) -> Json:
        return self.intents[checkout["payment_intent"]]

    def now(self) -> int:
        return int(self.clock.now().timestamp())

    async def tell(self, kind: str, about: Json) -> None:
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": kind,
            "created": self.now(),
            "livemode": False,
            "data": {"object": dict(about)},
        }
        await self.deliveries.tell(self.told_at, event)

    def _signature(self, body: bytes) -> dict[str, str]:
        # Signed in real time: freshness of a signature is judged by the wall's clock.
        seconds = int(SystemClock().now().timestamp())
        signed = hmac.new(self.webhook_secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={seconds},v1={signed}"}


def _minor(amount: int, currency: str) -> tuple[int, str]:
    """Stripe's figures in minor units, and the currency as we write it."""
    return from_stripe(amount, currency.upper()) or 0, currency.upper()


def _outcome(dispute: Json) -> DisputeOutcome | None:
    """How it ended; None while it is open."""
    return DisputeOutcome(dispute["status"]) if dispute["status"] in tuple(DisputeOutcome) else None
