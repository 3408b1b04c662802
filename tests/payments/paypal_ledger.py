"""What a PayPal of the test's own knows: orders, captures, refunds, disputes, and what people do with them."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.ports import Clock

Json = dict[str, Any]

WHOLE = frozenset({"HUF", "JPY", "TWD"})
"""Currencies without decimals at PayPal."""


@dataclass
class PayPalLedger:
    """Nobody asks it over HTTP: `fake_paypal` does that."""

    clock: Clock
    orders: dict[str, Json] = field(default_factory=dict)
    captures: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    disputes: dict[str, Json] = field(default_factory=dict)
    transactions: list[Json] = field(default_factory=list)
    refund_status: str = "COMPLETED"
    address: str = "https://api-m.sandbox.paypal.com"

    def approve(self, ref: str) -> Json:
        """The buyer agrees to pay, or agrees anew with other means."""
        self.orders[ref].update(status="APPROVED", update_time=self.now())
        return self.orders[ref]

    def arrive(self, ref: str) -> Json:
        """The bank transfer arrived."""
        return self.end_capture(ref, "COMPLETED")

    def bounce(self, ref: str) -> Json:
        """The bank transfer failed."""
        return self.end_capture(ref, "DECLINED")

    def run_out(self, ref: str) -> None:
        """PayPal forgets the order."""
        del self.orders[ref]

    def give_back(self, capture_id: str, value: str) -> Json:
        """A refund made on PayPal's own pages."""
        return self.make_refund(capture_id, value, None)

    def reverse(self, capture_id: str) -> Json:
        """PayPal takes all of it back."""
        return self.make_refund(capture_id, self.captures[capture_id]["amount"]["value"], None, code="T1106")

    def dispute(self, capture_id: str, **changes: Any) -> Json:
        """The buyer asks for their money."""
        ref = f"PP-D-{len(self.disputes) + 1}"
        self.disputes[ref] = {
            "dispute_id": ref,
            "create_time": self.now(),
            "update_time": self.now(),
            "disputed_transactions": [{"seller_transaction_id": capture_id, "buyer_transaction_id": "B1"}],
            "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
            "status": "WAITING_FOR_SELLER_RESPONSE",
            "dispute_amount": dict(self.captures[capture_id]["amount"]),
            "seller_response_due_date": _written(self.clock.now() + timedelta(days=10)),
            **changes,
        }
        return self.disputes[ref]

    def resolve(self, ref: str, outcome: str) -> Json:
        """PayPal decides."""
        self.disputes[ref].update(status="RESOLVED", update_time=self.now(), dispute_outcome={"outcome_code": outcome})
        return self.disputes[ref]

    def capture_of(self, ref: str) -> Json:
        found: Json = self.orders[ref]["purchase_units"][0]["payments"]["captures"][0]
        return found

    def event(self, kind: str, resource: Json, **changes: Any) -> Json:
        """The event of this kind about the resource, as PayPal would deliver it now."""
        subject = resource.get("id") or resource["dispute_id"]
        return {
            "id": f"WH-{kind.replace('.', '-')}-{subject}",
            "event_version": "1.0",
            "create_time": self.now(),
            "resource_type": "capture",
            "resource_version": "2.0",
            "event_type": kind,
            "summary": "Something happened",
            "resource": json.loads(json.dumps(resource)),
            "links": [],
            **changes,
        }

    def end_capture(self, ref: str, status: str) -> Json:
        capture = self.capture_of(ref)
        capture.update(status=status, update_time=self.now())
        capture.pop("status_details", None)
        if status == "COMPLETED":
            currency = capture["amount"]["currency_code"]
            capture["seller_receivable_breakdown"] = {
                "gross_amount": dict(capture["amount"]),
                "paypal_fee": {"currency_code": currency, "value": "1" if currency in WHOLE else "1.23"},
            }
        self.note(capture["id"], "T0006", capture["amount"]["value"], capture, custom_field=capture["custom_id"])
        return capture

    def make_refund(self, capture_id: str, value: str, custom_id: str | None, code: str = "T1107") -> Json:
        capture = self.captures[capture_id]
        ref = f"1R{len(self.refunds) + 1:015}"
        self.refunds[ref] = refund = {
            "id": ref,
            "status": self.refund_status,
            "amount": {**capture["amount"], "value": value},
            **({"custom_id": custom_id} if custom_id else {}),
            "create_time": self.now(),
            "update_time": self.now(),
            "links": [
                self.link("self", f"/v2/payments/refunds/{ref}"),
                self.link("up", f"/v2/payments/captures/{capture_id}"),
            ],
        }
        order = self.orders.get(capture["supplementary_data"]["related_ids"]["order_id"])
        if order is not None:
            order["purchase_units"][0]["payments"].setdefault("refunds", []).append(refund)
        whole = self.returned(capture_id) == Decimal(capture["amount"]["value"])
        if self.refund_status == "COMPLETED":
            capture["status"] = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
        self.note(ref, code, f"-{value}", capture, custom_field=custom_id, reference=capture_id)
        return refund

    def returned(self, capture_id: str) -> Decimal:
        link = f"/v2/payments/captures/{capture_id}"
        return sum(
            (
                Decimal(each["amount"]["value"])
                for each in self.refunds.values()
                if each["links"][1]["href"].endswith(link) and each["status"] in ("COMPLETED", "PENDING")
            ),
            Decimal(),
        )

    def note(
        self, ref: str, code: str, value: str, capture: Json, *, custom_field: str | None, reference: str | None = None
    ) -> None:
        info = {
            "transaction_id": ref,
            "transaction_event_code": code,
            "transaction_initiation_date": self.clock.now().strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "transaction_amount": {**capture["amount"], "value": value},
            "transaction_status": "S" if capture["status"] != "DECLINED" else "D",
            **({"custom_field": custom_field} if custom_field else {}),
            **({"paypal_reference_id": reference, "paypal_reference_id_type": "TXN"} if reference else {}),
        }
        self.transactions.append({"transaction_info": info})

    def link(self, rel: str, path: str) -> Json:
        return {"href": self.address + path, "rel": rel, "method": "GET"}

    def now(self) -> str:
        return _written(self.clock.now())


def _written(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}Z"
