"""One account at PayPal as its stand-in keeps it: orders, captures, refunds, disputes, what people do, who is told.

It keeps its own books and refuses what PayPal refuses. Money moves when the product captures what somebody agreed to,
and only then. It forgets everything when it stops: an order of an earlier run counts as dropped.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web

from core.payments.paypal_amounts import from_paypal, to_paypal
from core.ports import Clock
from core.rules.states import DisputeOutcome
from seatkeeper.demo.deliveries import Deliveries
from seatkeeper.demo.paypal_signing import PayPalSigner
from seatkeeper.demo.standing import Standing

Json = dict[str, Any]

_PAYMENT, _REFUND = "T0006", "T1107"
_ANSWERED_WITHIN = timedelta(days=10)  # a dispute, by the seller
_OUTCOMES = {DisputeOutcome.WON: "RESOLVED_SELLER_FAVOUR", DisputeOutcome.LOST: "RESOLVED_BUYER_FAVOUR"}
PAYS, PAYS_LATER, DECLINED = "COMPLETED", "PENDING", "INSTRUMENT_DECLINED"


@dataclass(slots=True)
class PayPalAccount:
    """`told_at` is where it sends events, `at` where its stand-in is itself reached from outside."""

    clock: Clock
    http: aiohttp.ClientSession
    client_id: str
    client_secret: str
    signer: PayPalSigner
    told_at: str = ""
    at: str = ""
    orders: dict[str, Json] = field(default_factory=dict)
    captures: dict[str, Json] = field(default_factory=dict)
    _refunds: dict[str, Json] = field(default_factory=dict)
    disputes: dict[str, Json] = field(default_factory=dict)
    transactions: list[Json] = field(default_factory=list)
    means: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Json] = field(default_factory=dict)
    deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.http, self.signer.sign)

    async def stop(self) -> None:
        await self.deliveries.stop()

    def waiting(self) -> list[tuple[str, str]]:
        """Payments that are on their way: what for, and the page on which they arrive or fail."""
        return [
            (self.unit(order)["description"], self.page_of(ref))
            for ref, order in self.orders.items()
            if (capture := self.capture_of(ref)) is not None and capture["status"] == "PENDING"
        ]

    def amount_of(self, ref: str) -> tuple[int, str]:
        """What an order asks for: minor units and currency."""
        return minor(self.unit(self.orders[ref])["amount"])

    def moved(self) -> dict[str, tuple[int, str]]:
        """Every payment and, below zero, every refund and lost dispute: by its id the amount and currency."""
        paid = [(each["id"], each["amount"], 1) for each in self.captures.values() if _has_moved(each)]
        back = [(each["id"], each["amount"], -1) for each in self._refunds.values()]
        lost = [(ref, each["dispute_amount"], -1) for ref, each in self.disputes.items() if _is_lost(each)]
        return {ref: (sign * minor(amount)[0], minor(amount)[1]) for ref, amount, sign in (*paid, *back, *lost)}

    def standings(self) -> dict[str, Standing]:
        """How every payment stands, by its id."""
        return {ref: self.standing(each) for ref, each in self.captures.items() if _has_moved(each)}

    # ------------------------------------------------------------ what people do on its pages

    async def agree(self, ref: str, means: str = PAYS) -> None:
        """The buyer agrees to pay by means that pay, pay later or are declined; nothing has moved yet.

        PayPal's page outlives our checkout: one may agree late.
        """
        order = self.found(ref)
        if order["status"] == "COMPLETED":
            raise web.HTTPConflict(text="This order is done.")
        self.means[ref] = means
        order.update(status="APPROVED", update_time=self.now())
        await self.tell("CHECKOUT.ORDER.APPROVED", "checkout-order", order)

    async def arrive(self, ref: str) -> None:
        """The bank transfer arrives."""
        capture = self._on_its_way(ref)
        self.collect(capture)
        await self.tell("PAYMENT.CAPTURE.COMPLETED", "capture", capture)

    async def bounce(self, ref: str) -> None:
        """The bank transfer fails."""
        capture = self._on_its_way(ref)
        capture.update(status="DECLINED", update_time=self.now())
        await self.tell("PAYMENT.CAPTURE.DENIED", "capture", capture)

    async def give_back(self, payment_ref: str, amount_minor: int) -> str:
        """Somebody refunds so much of a payment on PayPal's own pages; the refund's id."""
        capture = self.captures[payment_ref]
        if self.open_dispute(payment_ref) is not None:
            raise web.HTTPConflict(text="This payment is disputed.")
        if not 0 < amount_minor <= self.left(capture):
            raise web.HTTPConflict(text="So much is not left of this payment.")
        refund = self.new_refund(capture, amount_minor, None)
        await self.tell("PAYMENT.CAPTURE.REFUNDED", "refund", refund)
        return str(refund["id"])

    async def dispute(self, payment_ref: str) -> str:
        """The buyer asks PayPal for all that is left of their payment; the dispute's id."""
        capture = self.captures[payment_ref]
        left, currency = self.left(capture), capture["amount"]["currency_code"]
        if self.open_dispute(payment_ref) is not None or not left:
            raise web.HTTPConflict(text="There is nothing to dispute.")
        ref = f"PP-D-{secrets.randbelow(10**9)}"
        answer_by = self.clock.now() + _ANSWERED_WITHIN
        self.disputes[ref] = {
            "dispute_id": ref,
            "create_time": self.now(),
            "update_time": self.now(),
            "disputed_transactions": [{"seller_transaction_id": payment_ref}],
            "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
            "status": "WAITING_FOR_SELLER_RESPONSE",
            "dispute_amount": {"currency_code": currency, "value": to_paypal(left, currency)},
            "dispute_life_cycle_stage": "CHARGEBACK",
            "dispute_channel": "INTERNAL",
            "seller_response_due_date": _written(answer_by),
            "links": [{"rel": "self", "href": f"{self.at}/v1/customer/disputes/{ref}", "method": "GET"}],
        }
        await self.tell("CUSTOMER.DISPUTE.CREATED", "dispute", self.disputes[ref])
        return ref

    async def decide(self, payment_ref: str, outcome: DisputeOutcome) -> None:
        """PayPal decides the open dispute of a payment, for the seller or the buyer."""
        dispute = self.open_dispute(payment_ref)
        if dispute is None:
            raise web.HTTPConflict(text="No dispute is open here.")
        decided = {"outcome_code": _OUTCOMES[outcome]}
        dispute.update(status="RESOLVED", update_time=self.now(), dispute_outcome=decided)
        del dispute["seller_response_due_date"]
        await self.tell("CUSTOMER.DISPUTE.RESOLVED", "dispute", dispute)

    def payment_of(self, ref: str) -> str:
        """The capture that an order's money moved by."""
        capture = self.capture_of(ref)
        if capture is None:
            raise web.HTTPConflict(text="Nothing was paid here.")
        return str(capture["id"])

    def _on_its_way(self, ref: str) -> Json:
        self.found(ref)
        capture = self.capture_of(ref)
        if capture is None or capture["status"] != "PENDING":
            raise web.HTTPConflict(text="No payment is on its way here.")
        return capture

    # ------------------------------------------------------------ its books

    def found(self, ref: str) -> Json:
        if ref not in self.orders:
            raise web.HTTPNotFound(text="There is no such order. It may be of an earlier run of the demo.")
        return self.orders[ref]

    @staticmethod
    def unit(order: Json) -> Json:
        unit: Json = order["purchase_units"][0]
        return unit

    def capture_of(self, ref: str) -> Json | None:
        captures = self.unit(self.orders[ref]).get("payments", {}).get("captures", [])
        return captures[0] if captures else None

    def page_of(self, ref: str) -> str:
        return f"{self.at}/checkoutnow/{ref}"

    def collect(self, capture: Json) -> None:
        """Its money has moved."""
        capture.update(status="COMPLETED", update_time=self.now())
        self._note(capture["id"], _PAYMENT, capture["amount"], capture["custom_id"])

    def new_refund(self, capture: Json, amount_minor: int, mark: str | None) -> Json:
        ref, currency = secrets.token_hex(9).upper(), capture["amount"]["currency_code"]
        amount = {"currency_code": currency, "value": to_paypal(amount_minor, currency)}
        self._refunds[ref] = refund = {
            "id": ref,
            "status": "COMPLETED",
            "amount": amount,
            **({} if mark is None else {"custom_id": mark}),
            "create_time": self.now(),
            "update_time": self.now(),
            "links": [{"rel": "up", "href": f"{self.at}/v2/payments/captures/{capture['id']}", "method": "GET"}],
        }
        self.unit(self.orders[_order_of(capture)])["payments"]["refunds"].append(refund)
        capture["status"] = "PARTIALLY_REFUNDED" if self.left(capture) else "REFUNDED"
        self._note(ref, _REFUND, {**amount, "value": f"-{amount['value']}"}, mark, capture["id"])
        return refund

    def left(self, capture: Json) -> int:
        """What may still be refunded."""
        back = [each["amount"] for each in self.unit(self.orders[_order_of(capture)])["payments"]["refunds"]]
        lost = [each["dispute_amount"] for each in self._disputes_of(capture["id"]) if _is_lost(each)]
        return minor(capture["amount"])[0] - sum(minor(each)[0] for each in (*back, *lost))

    def standing(self, capture: Json) -> Standing:
        """How a payment that has moved stands."""
        disputes = self._disputes_of(capture["id"])
        open_one = self.open_dispute(capture["id"])
        return Standing(
            page=self.page_of(_order_of(capture)),
            left_minor=self.left(capture),
            currency=capture["amount"]["currency_code"],
            disputed_minor=minor(open_one["dispute_amount"])[0] if open_one is not None else None,
            ended=_outcome(disputes[-1]) if disputes else None,
        )

    def _disputes_of(self, payment_ref: str) -> list[Json]:
        about = [{"seller_transaction_id": payment_ref}]
        return [each for each in self.disputes.values() if each["disputed_transactions"] == about]

    def open_dispute(self, payment_ref: str) -> Json | None:
        return next((each for each in self._disputes_of(payment_ref) if _outcome(each) is None), None)

    def _note(self, ref: str, code: str, amount: Json, mark: str | None, about: str | None = None) -> None:
        """A line of what Transaction Search knows."""
        info = {
            "transaction_id": ref,
            "transaction_event_code": code,
            "transaction_initiation_date": self.now(),
            "transaction_amount": dict(amount),
            "transaction_status": "S",
            **({} if mark is None else {"custom_field": mark}),
            **({} if about is None else {"paypal_reference_id": about, "paypal_reference_id_type": "TXN"}),
        }
        self.transactions.append(info)

    def now(self) -> str:
        return _written(self.clock.now())

    async def tell(self, kind: str, about: str, resource: Json) -> None:
        event = {
            "id": f"WH-{secrets.token_hex(12)}",
            "event_version": "1.0",
            "create_time": self.now(),
            "resource_type": about,
            "event_type": kind,
            "resource": resource,
        }
        await self.deliveries.tell(self.told_at, event)


def _written(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def _has_moved(capture: Json) -> bool:
    return capture["status"] not in ("PENDING", "DECLINED")


def _outcome(dispute: Json) -> DisputeOutcome | None:
    """How it ended; None while it is open."""
    code = dispute.get("dispute_outcome", {}).get("outcome_code")
    return next((outcome for outcome, known in _OUTCOMES.items() if known == code), None)


def _is_lost(dispute: Json) -> bool:
    return _outcome(dispute) is DisputeOutcome.LOST


def _order_of(capture: Json) -> str:
    return str(capture["supplementary_data"]["related_ids"]["order_id"])


def minor(amount: Json) -> tuple[int, str]:
    currency = amount["currency_code"]
    return from_paypal(amount["value"], currency) or 0, currency
