"""Stands in for Stripe: its API for checkouts and refunds, the page on which one pays, and its signed webhooks.

It keeps its own books and refuses what Stripe refuses. Only the demo knows it; the product is told its address as
`STRIPE_API_URL`. It forgets everything when it stops: a checkout of an earlier run counts as run out.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from core.clock import SystemClock
from core.payments.stripe_amounts import from_stripe
from core.ports import Clock
from core.texts.prices import price
from seatkeeper.demo.deliveries import Deliveries
from seatkeeper.demo.rendering import page

Json = dict[str, Any]
Form = dict[str, str]
Answer = tuple[int, Json]

_LEAST_OPEN, _MOST_OPEN = 30 * 60, 24 * 60 * 60  # seconds, as Stripe's page on Checkout gives them


@dataclass(slots=True)
class StripeStandIn:
    """One account at Stripe. `told_at` is where it sends events, `at` where it is itself reached from outside."""

    clock: Clock
    http: aiohttp.ClientSession
    api_key: str
    webhook_secret: str
    told_at: str = ""
    at: str = ""
    checkouts: dict[str, Json] = field(default_factory=dict)
    _titles: dict[str, str] = field(default_factory=dict)
    _intents: dict[str, Json] = field(default_factory=dict)
    _refunds: dict[str, Json] = field(default_factory=dict)
    _answers: dict[str, tuple[Form, Answer]] = field(default_factory=dict)
    _deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        self._deliveries = Deliveries(self.http, self._signature)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/checkout/sessions", self._api(self._create))
        app.router.add_get("/v1/checkout/sessions", self._api(self._list_checkouts))
        app.router.add_get("/v1/checkout/sessions/{id}", self._api(self._retrieve))
        app.router.add_post("/v1/checkout/sessions/{id}/expire", self._api(self._expire))
        app.router.add_post("/v1/refunds", self._api(self._refund))
        app.router.add_get("/v1/refunds", self._api(self._list_refunds))
        app.router.add_get("/v1/disputes", self._api(lambda request, _: self._list(request, ())))
        app.router.add_get("/checkout/{id}", self._show)
        app.router.add_post("/checkout/{id}", self._do)
        return app

    async def stop(self) -> None:
        await self._deliveries.stop()

    def waiting(self) -> list[tuple[str, str]]:
        """Payments that are on their way: what for, and the page on which they arrive or fail."""
        return [
            (self._titles[ref], checkout["url"])
            for ref, checkout in self.checkouts.items()
            if checkout["status"] == "complete" and self._intent_of(checkout)["status"] == "processing"
        ]

    def left_of(self, ref: str) -> int:
        """What of a checkout's payment was not given back, in Stripe's figures."""
        checkout = self._found(ref)
        return self._left(self._intent_of(checkout)) if checkout["payment_status"] == "paid" else 0

    def moved(self) -> dict[str, tuple[int, str]]:
        """Every payment and, below zero, every refund that was made: by its id the amount and currency."""
        paid = [each for each in self._intents.values() if each["status"] == "succeeded"]
        gone = [each for each in self._refunds.values() if each["status"] == "succeeded"]
        signed = [(each, each["amount"]) for each in paid] + [(each, -each["amount"]) for each in gone]
        return {
            each["id"]: (from_stripe(amount, each["currency"].upper()) or 0, each["currency"].upper())
            for each, amount in signed
        }

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
        intent = self._intent_of(checkout)
        intent["status"] = "succeeded"
        checkout["payment_status"] = "paid"
        await self._tell("checkout.session.async_payment_succeeded", checkout)

    async def bounce(self, ref: str) -> None:
        """The bank debit fails. Stripe leaves its checkout complete and unpaid."""
        checkout = self._on_its_way(ref)
        self._intent_of(checkout)["status"] = "requires_payment_method"
        await self._tell("checkout.session.async_payment_failed", checkout)

    async def give_back(self, payment_ref: str, amount: int) -> str:
        """Somebody refunds so much of a payment on Stripe's own pages; the refund's id."""
        intent = self._intents[payment_ref]
        if not 0 < amount <= self._left(intent):
            raise web.HTTPConflict(text="So much is not left of this payment.")
        refund = self._new_refund(intent, amount, {})
        await self._tell("refund.created", refund)
        await self._tell("charge.refunded", self._charge(intent))
        return str(refund["id"])

    async def send_back(self, refund_ref: str) -> None:
        """The buyer's bank does not take the refund, and its money comes back."""
        self._refunds[refund_ref].update(status="failed", failure_reason="lost_or_stolen_card")
        await self._tell("refund.failed", self._refunds[refund_ref])

    async def _complete(self, ref: str, intent_status: str, payment_status: str, *, only_if: str = "open") -> None:
        checkout = self._found(ref)
        if checkout["status"] != only_if:
            raise web.HTTPConflict(text=f"This checkout is {'closed' if only_if == 'open' else 'not closed'}.")
        intent_id = f"pi_{secrets.token_hex(12)}"
        self._intents[intent_id] = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": checkout["amount_total"],
            "currency": checkout["currency"],
            "status": intent_status,
            "created": self._now(),
            "latest_charge": {"id": f"ch_{secrets.token_hex(12)}", "object": "charge", "created": self._now()},
        }
        checkout.update(status="complete", payment_status=payment_status, payment_intent=intent_id)
        await self._tell("checkout.session.completed", checkout)

    def _on_its_way(self, ref: str) -> Json:
        checkout = self._found(ref)
        if checkout["status"] != "complete" or self._intent_of(checkout)["status"] != "processing":
            raise web.HTTPConflict(text="No payment is on its way here.")
        return checkout

    # ------------------------------------------------------------ its page

    async def _show(self, request: web.Request) -> web.Response:
        checkout = self._found(request.match_info["id"])
        on_its_way = checkout["status"] == "complete" and self._intent_of(checkout)["status"] == "processing"
        left = self.left_of(checkout["id"])
        currency = checkout["currency"].upper()
        amount_minor = from_stripe(checkout["amount_total"], currency)
        return page(
            "checkout.html",
            title=self._titles[checkout["id"]],
            amount=price(amount_minor or 0, currency),
            state="waiting" if on_its_way else checkout["status"],
            declined="declined" in request.query,
            left=price(from_stripe(left, currency) or 0, currency) if left else None,
            half=price(from_stripe(-(-left // 2), currency) or 0, currency),
            minutes=max((checkout["expires_at"] - self._now()) // 60, 0),
            back=checkout["success_url"],
        )

    async def _do(self, request: web.Request) -> web.StreamResponse:
        ref = request.match_info["id"]
        checkout = self._found(ref)
        match (await request.post()).get("do"):
            case "pay":
                await self.pay(ref)
            case "later":
                await self.pay_later(ref)
            case "decline":
                raise web.HTTPSeeOther(f"{checkout['url']}?declined")
            case "late":
                await self.pay_late(ref)
            case "refund" | "refund-half" as how if checkout["payment_status"] == "paid":
                left = self.left_of(ref)
                await self.give_back(checkout["payment_intent"], left if how == "refund" else -(-left // 2))
                raise web.HTTPSeeOther(checkout["url"])
            case "arrive":
                await self.arrive(ref)
            case "bounce":
                await self.bounce(ref)
            case "leave":
                raise web.HTTPSeeOther(checkout["cancel_url"])
            case _:
                raise web.HTTPBadRequest
        raise web.HTTPSeeOther(checkout["success_url"])

    # ------------------------------------------------------------ its API

    def _api(self, work: Callable[[web.Request, Form], Answer]) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            form = {name: str(value) for name, value in (await request.post()).items()}
            status, body = self._answer(request, form, work)
            return web.json_response(body, status=status, headers={"Request-Id": f"req_{secrets.token_hex(8)}"})

        return answer

    def _answer(self, request: web.Request, form: Form, work: Callable[[web.Request, Form], Answer]) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _error(401, "invalid_request_error")
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method == "GET":
            return work(request, form)
        key = f"{request.path} {key}"
        known, answer = self._answers.get(key, (form, None))
        if known != form:
            return _error(400, "idempotency_error")
        if answer is None:
            answer = work(request, form)
            self._answers[key] = form, answer
        return answer

    def _create(self, _: web.Request, form: Form) -> Answer:
        expires_at = int(form["expires_at"])
        if not self._now() + _LEAST_OPEN <= expires_at <= self._now() + _MOST_OPEN:
            return _error(400, "invalid_request_error", param="expires_at")
        ref = f"cs_test_{secrets.token_hex(12)}"
        item = "line_items[0][price_data]"
        self._titles[ref] = form[f"{item}[product_data][name]"]
        self.checkouts[ref] = {
            "id": ref,
            "object": "checkout.session",
            "mode": form["mode"],
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_total": int(form[f"{item}[unit_amount]"]) * int(form["line_items[0][quantity]"]),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "currency": form[f"{item}[currency]"],
            "client_reference_id": form["client_reference_id"],
            "metadata": {"order": form["metadata[order]"]},
            "created": self._now(),
            "expires_at": expires_at,
            "livemode": False,
            "success_url": form["success_url"],
            "cancel_url": form["cancel_url"],
            "url": f"{self.at}/checkout/{ref}",
        }
        return 200, dict(self.checkouts[ref])

    def _retrieve(self, request: web.Request, _: Form) -> Answer:
        return 200, self._expanded(request.match_info["id"])

    def _expire(self, request: web.Request, _: Form) -> Answer:
        checkout = self._known(request.match_info["id"])
        if checkout["status"] != "open":
            return _error(400, "invalid_request_error")
        checkout["status"] = "expired"
        self._deliveries.later(self._tell("checkout.session.expired", checkout))
        return 200, {**checkout, "url": None}

    def _refund(self, _: web.Request, form: Form) -> Answer:
        intent = self._intents.get(form["payment_intent"])
        if intent is None:
            return _error(404, "invalid_request_error", "resource_missing")
        if int(form["amount"]) > self._left(intent):
            return _error(400, "invalid_request_error", "charge_already_refunded")
        refund = self._new_refund(intent, int(form["amount"]), {"refund": form["metadata[refund]"]})
        self._deliveries.later(self._tell("refund.created", refund))
        self._deliveries.later(self._tell("charge.refunded", self._charge(intent)))
        return 200, refund

    def _list_refunds(self, request: web.Request, _: Form) -> Answer:
        of_payment = request.query.get("payment_intent")
        return self._list(request, self._refunds.values() if of_payment is None else self._refunds_of(of_payment))

    def _list_checkouts(self, request: web.Request, _: Form) -> Answer:
        return self._list(request, [self._expanded(ref) for ref in self.checkouts])

    def _list(self, request: web.Request, found: Iterable[Json]) -> Answer:
        """The latest first, of the period that was asked for; a demo has one page of everything."""
        since, until = (int(request.query.get(f"created[{bound}]", 0)) for bound in ("gte", "lt"))
        listed = [each for each in found if since <= each["created"] and (not until or each["created"] < until)]
        return 200, {"object": "list", "url": request.path, "has_more": False, "data": listed[::-1]}

    def _expanded(self, ref: str) -> Json:
        checkout = self._known(ref)
        intent = self._intents.get(str(checkout.get("payment_intent")))
        if intent is None:
            return dict(checkout)
        return {**checkout, "payment_intent": {**intent, "latest_charge": self._charge(intent)}}

    def _new_refund(self, intent: Json, amount: int, metadata: Json) -> Json:
        ref = f"re_{secrets.token_hex(12)}"
        self._refunds[ref] = {
            "id": ref,
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": amount,
            "currency": intent["currency"],
            "created": self._now(),
            "metadata": metadata,
            "status": "succeeded",
        }
        return self._refunds[ref]

    def _refunds_of(self, payment_ref: str) -> list[Json]:
        return [each for each in self._refunds.values() if each["payment_intent"] == payment_ref]

    def _left(self, intent: Json) -> int:
        """What may still be refunded: what a bank sent back may be again."""
        gone = (each["amount"] for each in self._refunds_of(intent["id"]) if each["status"] == "succeeded")
        return int(intent["amount"] - sum(gone))

    def _charge(self, intent: Json) -> Json:
        refunded = intent["amount"] - self._left(intent)
        return {**intent["latest_charge"], "payment_intent": intent["id"], "amount_refunded": refunded}

    # ------------------------------------------------------------ its books, and its webhooks

    def _known(self, ref: str) -> Json:
        """The checkout as it stands; one that it never heard of is from an earlier run."""
        forgotten = {"id": ref, "object": "checkout.session", "status": "expired", "payment_status": "unpaid"}
        checkout = self.checkouts.get(ref, forgotten)
        if checkout["status"] == "open" and checkout["expires_at"] <= self._now():
            checkout["status"] = "expired"
        return checkout

    def _found(self, ref: str) -> Json:
        if ref not in self.checkouts:
            raise web.HTTPNotFound(text="There is no such checkout. It may be of an earlier run of the demo.")
        return self._known(ref)

    def _intent_of(self, checkout: Json) -> Json:
        return self._intents[checkout["payment_intent"]]

    def _now(self) -> int:
        return int(self.clock.now().timestamp())

    async def _tell(self, kind: str, about: Json) -> None:
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": kind,
            "created": self._now(),
            "livemode": False,
            "data": {"object": dict(about)},
        }
        await self._deliveries.tell(self.told_at, event)

    def _signature(self, body: bytes) -> dict[str, str]:
        # Signed in real time: freshness of a signature is judged by the wall's clock.
        seconds = int(SystemClock().now().timestamp())
        signed = hmac.new(self.webhook_secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={seconds},v1={signed}"}


def _error(status: int, kind: str, code: str | None = None, *, param: str | None = None) -> Answer:
    return status, {"error": {"type": kind, "code": code, "param": param, "message": "Refused by the stand-in."}}
