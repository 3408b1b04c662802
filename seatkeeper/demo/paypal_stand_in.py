"""Stands in for PayPal: its API for orders, captures, refunds and lists, and the page on which one agrees.

Only the demo knows it; the product is told its address as `PAYPAL_API_URL`.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from core.rules.states import DisputeOutcome
from core.texts.prices import price
from seatkeeper.demo.paypal_account import DECLINED, PAYS, PAYS_LATER, Json, PayPalAccount, minor
from seatkeeper.demo.rendering import page

Answer = tuple[int, Json]
Work = Callable[[web.Request, Json], Answer]

_TOKEN_FOR = timedelta(hours=9)


@dataclass(slots=True)
class PayPalStandIn(PayPalAccount):
    """The account, reached over HTTP."""

    _tokens: dict[str, datetime] = field(default_factory=dict)
    _answers: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/oauth2/token", self._grant)
        app.router.add_post("/v2/checkout/orders", self._api(self._create))
        app.router.add_get("/v2/checkout/orders/{id}", self._api(self._known_in(self.orders)))
        app.router.add_post("/v2/checkout/orders/{id}/capture", self._api(self._capture))
        app.router.add_get("/v2/payments/captures/{id}", self._api(self._known_in(self.captures)))
        app.router.add_post("/v2/payments/captures/{id}/refund", self._api(self._refund))
        app.router.add_get("/v1/reporting/transactions", self._api(self._report))
        app.router.add_get("/v1/customer/disputes", self._api(self._list_disputes))
        app.router.add_get("/v1/customer/disputes/{id}", self._api(self._known_in(self.disputes)))
        app.router.add_get("/checkoutnow/{id}", self._show)
        app.router.add_post("/checkoutnow/{id}", self._do)
        return app

    # ------------------------------------------------------------ its page

    async def _show(self, request: web.Request) -> web.Response:
        ref = request.match_info["id"]
        order, capture = self.found(ref), self.capture_of(ref)
        on_its_way = capture is not None and capture["status"] == "PENDING"
        standing = self.standings().get(capture["id"]) if capture is not None else None
        amount_minor, currency = self.amount_of(ref)
        return page(
            "paypal.html",
            title=self.unit(order)["description"],
            amount=price(amount_minor, currency),
            state="waiting" if on_its_way else "complete" if capture is not None else "open",
            agreed=order["status"] == "APPROVED",
            standing=standing,
            back=self.pages[ref]["return_url"],
        )

    async def _do(self, request: web.Request) -> web.StreamResponse:
        ref = request.match_info["id"]
        self.found(ref)
        match (await request.post()).get("do"):
            case "pay":
                await self.agree(ref)
            case "later":
                await self.agree(ref, PAYS_LATER)
            case "decline":
                await self.agree(ref, DECLINED)
            case "arrive":
                await self.arrive(ref)
            case "bounce":
                await self.bounce(ref)
            case "refund" | "refund-half" as how:
                standing = self.standing(self.captures[self.payment_of(ref)])
                amount = standing.left_minor if how == "refund" else standing.half_minor
                await self.give_back(self.payment_of(ref), amount)
                raise web.HTTPSeeOther(self.page_of(ref))
            case "dispute":
                await self.dispute(self.payment_of(ref))
                raise web.HTTPSeeOther(self.page_of(ref))
            case "win" | "lose" as how:
                await self.decide(self.payment_of(ref), DisputeOutcome.WON if how == "win" else DisputeOutcome.LOST)
                raise web.HTTPSeeOther(self.page_of(ref))
            case "leave":
                raise web.HTTPSeeOther(self.pages[ref]["cancel_url"])
            case _:
                raise web.HTTPBadRequest
        raise web.HTTPSeeOther(self.pages[ref]["return_url"])

    # ------------------------------------------------------------ its API

    async def _grant(self, request: web.Request) -> web.Response:
        known = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {known}":
            return web.json_response({"error": "invalid_client"}, status=401)
        token = f"A21AA{secrets.token_hex(16)}"
        self._tokens[token] = self.clock.now() + _TOKEN_FOR
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": int(_TOKEN_FOR.total_seconds())}
        return web.json_response(granted)

    def _api(self, work: Work) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            body = await request.json() if request.can_read_body else {}
            status, told = self._answer(request, body, work)
            return web.json_response(told, status=status)

        return answer

    def _answer(self, request: web.Request, body: Json, work: Work) -> Answer:
        """What was done under a key is not done twice; what was refused may be tried again."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, self.clock.now()) <= self.clock.now():
            return 401, {"error": "invalid_token"}
        key = request.headers.get("PayPal-Request-Id")
        if request.method == "GET" or key is None:
            return work(request, body)
        held = (request.path, key)
        if held in self._answers:
            return self._answers[held]
        status, told = work(request, body)
        if status < 400:
            self._answers[held] = status, told
        return status, told

    @staticmethod
    def _known_in(things: dict[str, Json]) -> Work:
        def known(request: web.Request, _: Json) -> Answer:
            found = things.get(request.match_info["id"])
            return _no(404, "RESOURCE_NOT_FOUND") if found is None else (200, found)

        return known

    def _create(self, _: web.Request, body: Json) -> Answer:
        ref = secrets.token_hex(9).upper()
        [unit] = body["purchase_units"]
        if not minor(unit["amount"])[0]:
            return _no(422, "CANNOT_BE_ZERO_OR_NEGATIVE")
        self.pages[ref] = body["payment_source"]["paypal"]["experience_context"]
        self.orders[ref] = {
            "id": ref,
            "intent": body["intent"],
            "status": "PAYER_ACTION_REQUIRED",
            "purchase_units": [{"reference_id": "default", **unit}],
            "create_time": self.now(),
            "links": [{"rel": "payer-action", "href": self.page_of(ref), "method": "GET"}],
        }
        return 200, self.orders[ref]

    def _capture(self, request: web.Request, _: Json) -> Answer:
        order = self.orders.get(request.match_info["id"])
        if order is None:
            return _no(404, "RESOURCE_NOT_FOUND")
        if order["status"] != "APPROVED":
            return _no(422, "ORDER_ALREADY_CAPTURED" if order["status"] == "COMPLETED" else "ORDER_NOT_APPROVED")
        means, ref = self.means[order["id"]], secrets.token_hex(9).upper()
        if means == DECLINED:
            order.update(status="PAYER_ACTION_REQUIRED", update_time=self.now())
            return _no(422, DECLINED)
        unit = self.unit(order)
        self.captures[ref] = capture = {
            "id": ref,
            "status": means,
            "amount": dict(unit["amount"]),
            "final_capture": True,
            "custom_id": unit["custom_id"],
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
            "create_time": self.now(),
            "update_time": self.now(),
            "links": [{"rel": "up", "href": f"{self.at}/v2/checkout/orders/{order['id']}", "method": "GET"}],
        }
        unit["payments"] = {"captures": [capture], "refunds": []}
        order.update(status="COMPLETED", update_time=self.now())
        if means == PAYS:
            self.collect(capture)
        self.deliveries.later(self.tell(f"PAYMENT.CAPTURE.{means}", "capture", capture))
        return 201, order

    def _refund(self, request: web.Request, body: Json) -> Answer:
        capture = self.captures.get(request.match_info["id"])
        if capture is None:
            return _no(404, "RESOURCE_NOT_FOUND")
        amount_minor, currency = minor(body["amount"])
        if currency != capture["amount"]["currency_code"]:
            return _no(422, "REFUND_CURRENCY_MISMATCH")
        if self.open_dispute(capture["id"]) is not None:
            return _no(422, "TRANSACTION_DISPUTED")
        if capture["status"] not in ("COMPLETED", "PARTIALLY_REFUNDED") or not 0 < amount_minor <= self.left(capture):
            return _no(422, "CAPTURE_FULLY_REFUNDED" if not self.left(capture) else "REFUND_AMOUNT_EXCEEDED")
        refund = self.new_refund(capture, amount_minor, body.get("custom_id"))
        self.deliveries.later(self.tell("PAYMENT.CAPTURE.REFUNDED", "refund", refund))
        return 201, refund

    def _report(self, request: web.Request, _: Json) -> Answer:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start_date", "end_date"))
        size, number = int(request.query["page_size"]), int(request.query["page"])
        found = [
            {"transaction_info": each}
            for each in self.transactions
            if start <= datetime.fromisoformat(each["transaction_initiation_date"]) <= end
        ]
        pages = -(-len(found) // size) or 1
        return 200, {"transaction_details": found[(number - 1) * size : number * size], "total_pages": pages}

    def _list_disputes(self, request: web.Request, _: Json) -> Answer:
        """Those that changed in a period, without what only the dispute itself tells; a demo has one page of them."""
        after, before = (datetime.fromisoformat(request.query[f"update_time_{name}"]) for name in ("after", "before"))
        names = ("dispute_id", "create_time", "update_time", "status", "reason", "dispute_amount", "links")
        items = [
            {name: each[name] for name in names}
            for each in self.disputes.values()
            if after <= datetime.fromisoformat(each["update_time"]) <= before
        ]
        return 200, {"items": items, "links": []}


def _no(status: int, issue: str) -> Answer:
    return status, {
        "name": "UNPROCESSABLE_ENTITY",
        "details": [{"issue": issue}],
        "message": "Refused by the stand-in.",
    }
