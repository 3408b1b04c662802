"""Stands in for Stripe: its API for checkouts and refunds, and the page on which one pays.

Only the demo knows it; the product is told its address as `STRIPE_API_URL`.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from core.payments.stripe_amounts import from_stripe
from core.rules.states import DisputeOutcome
from core.texts.prices import price
from seatkeeper.demo.rendering import page
from seatkeeper.demo.stripe_account import Json, StripeAccount

Form = dict[str, str]
Answer = tuple[int, Json]

_LEAST_OPEN, _MOST_OPEN = 30 * 60, 24 * 60 * 60  # seconds, as Stripe's page on Checkout gives them


@dataclass(slots=True)
class StripeStandIn(StripeAccount):
    """The account, reached over HTTP."""

    _answers: dict[str, tuple[Form, Answer]] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/checkout/sessions", self._api(self._create))
        app.router.add_get("/v1/checkout/sessions", self._api(self._list_checkouts))
        app.router.add_get("/v1/checkout/sessions/{id}", self._api(self._retrieve))
        app.router.add_post("/v1/checkout/sessions/{id}/expire", self._api(self._expire))
        app.router.add_post("/v1/refunds", self._api(self._refund))
        app.router.add_get("/v1/refunds", self._api(self._list_refunds))
        app.router.add_get("/v1/disputes", self._api(self._list_disputes))
        app.router.add_get("/checkout/{id}", self._show)
        app.router.add_post("/checkout/{id}", self._do)
        return app

    # ------------------------------------------------------------ its page

    async def _show(self, request: web.Request) -> web.Response:
        checkout = self.found(request.match_info["id"])
        on_its_way = checkout["status"] == "complete" and self.intent_of(checkout)["status"] == "processing"
        currency = checkout["currency"].upper()
        amount_minor = from_stripe(checkout["amount_total"], currency)
        return page(
            "checkout.html",
            title=self.titles[checkout["id"]],
            amount=price(amount_minor or 0, currency),
            state="waiting" if on_its_way else checkout["status"],
            declined="declined" in request.query,
            standing=self.standing(checkout) if checkout["payment_status"] == "paid" else None,
            minutes=max((checkout["expires_at"] - self.now()) // 60, 0),
            back=checkout["success_url"],
        )

    async def _do(self, request: web.Request) -> web.StreamResponse:
        ref = request.match_info["id"]
        checkout = self.found(ref)
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
            case "dispute" if checkout["payment_status"] == "paid":
                await self.dispute(checkout["payment_intent"])
                raise web.HTTPSeeOther(checkout["url"])
            case "win" | "lose" as how if checkout["payment_status"] == "paid":
                outcome = DisputeOutcome.WON if how == "win" else DisputeOutcome.LOST
                await self.decide(checkout["payment_intent"], outcome)
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
        if not self.now() + _LEAST_OPEN <= expires_at <= self.now() + _MOST_OPEN:
            return _error(400, "invalid_request_error", param="expires_at")
        ref = f"cs_test_{secrets.token_hex(12)}"
        item = "line_items[0][price_data]"
        self.titles[ref] = form[f"{item}[product_data][name]"]
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
            "created": self.now(),
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
        checkout = self.known(request.match_info["id"])
        if checkout["status"] != "open":
            return _error(400, "invalid_request_error")
        checkout["status"] = "expired"
        self.deliveries.later(self.tell("checkout.session.expired", checkout))
        return 200, {**checkout, "url": None}

    def _refund(self, _: web.Request, form: Form) -> Answer:
        intent = self.intents.get(form["payment_intent"])
        if intent is None:
            return _error(404, "invalid_request_error", "resource_missing")
        if self.open_dispute(intent["id"]) is not None:
            return _error(400, "invalid_request_error", "charge_disputed")
        if int(form["amount"]) > self.left(intent):
            return _error(400, "invalid_request_error", "charge_already_refunded")
        refund = self.new_refund(intent, int(form["amount"]), {"refund": form["metadata[refund]"]})
        self.deliveries.later(self.tell("refund.created", refund))
        self.deliveries.later(self.tell("charge.refunded", self.charge(intent)))
        return 200, refund

    def _list_refunds(self, request: web.Request, _: Form) -> Answer:
        of_payment = request.query.get("payment_intent")
        return self._list(request, self.refunds.values() if of_payment is None else self.refunds_of(of_payment))

    def _list_disputes(self, request: web.Request, _: Form) -> Answer:
        return self._list(request, self.disputes.values())

    def _list_checkouts(self, request: web.Request, _: Form) -> Answer:
        return self._list(request, [self._expanded(ref) for ref in self.checkouts])

    def _list(self, request: web.Request, found: Iterable[Json]) -> Answer:
        """The latest first, of the period that was asked for; a demo has one page of everything."""
        since, until = (int(request.query.get(f"created[{bound}]", 0)) for bound in ("gte", "lt"))
        listed = [each for each in found if since <= each["created"] and (not until or each["created"] < until)]
        return 200, {"object": "list", "url": request.path, "has_more": False, "data": listed[::-1]}

    def _expanded(self, ref: str) -> Json:
        checkout = self.known(ref)
        intent = self.intents.get(str(checkout.get("payment_intent")))
        if intent is None:
            return dict(checkout)
        return {**checkout, "payment_intent": {**intent, "latest_charge": self.charge(intent)}}


def _error(status: int, kind: str, code: str | None = None, *, param: str | None = None) -> Answer:
    return status, {"error": {"type": kind, "code": code, "param": param, "message": "Refused by the stand-in."}}
