"""Stands in for PayPal: its API for orders, captures and refunds, the page on which one agrees, its signed webhooks.

It keeps its own books and refuses what PayPal refuses. Money moves when the product captures what somebody agreed to,
and only then. It forgets everything when it stops: an order of an earlier run counts as dropped.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web

from core.payments.paypal_amounts import from_paypal, to_paypal
from core.ports import Clock
from core.texts.prices import price
from seatkeeper.demo.deliveries import Deliveries
from seatkeeper.demo.paypal_signing import PayPalSigner
from seatkeeper.demo.rendering import page

Json = dict[str, Any]
Answer = tuple[int, Json]
Work = Callable[[web.Request, Json], Answer]

_TOKEN_FOR = timedelta(hours=9)
_PAYMENT, _REFUND = "T0006", "T1107"
_PAYS, _PAYS_LATER, _DECLINED = "COMPLETED", "PENDING", "INSTRUMENT_DECLINED"


@dataclass(slots=True)
class PayPalStandIn:
    """One account at PayPal. `told_at` is where it sends events, `at` where it is itself reached from outside."""

    clock: Clock
    http: aiohttp.ClientSession
    client_id: str
    client_secret: str
    signer: PayPalSigner
    told_at: str = ""
    at: str = ""
    orders: dict[str, Json] = field(default_factory=dict)
    _captures: dict[str, Json] = field(default_factory=dict)
    _refunds: dict[str, Json] = field(default_factory=dict)
    _transactions: list[Json] = field(default_factory=list)
    _means: dict[str, str] = field(default_factory=dict)
    _pages: dict[str, Json] = field(default_factory=dict)
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        self._deliveries = Deliveries(self.http, self.signer.sign)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/oauth2/token", self._grant)
        app.router.add_post("/v2/checkout/orders", self._api(self._create))
        app.router.add_get("/v2/checkout/orders/{id}", self._api(self._known_in(self.orders)))
        app.router.add_post("/v2/checkout/orders/{id}/capture", self._api(self._capture))
        app.router.add_get("/v2/payments/captures/{id}", self._api(self._known_in(self._captures)))
        app.router.add_post("/v2/payments/captures/{id}/refund", self._api(self._refund))
        app.router.add_get("/v1/reporting/transactions", self._api(self._report))
        app.router.add_get("/v1/customer/disputes", self._api(lambda _, __: (200, {"items": [], "links": []})))
        app.router.add_get("/checkoutnow/{id}", self._show)
        app.router.add_post("/checkoutnow/{id}", self._do)
        return app

    async def stop(self) -> None:
        await self._deliveries.stop()

    def waiting(self) -> list[tuple[str, str]]:
        """Payments that are on their way: what for, and the page on which they arrive or fail."""
        return [
            (self._unit(order)["description"], self._page_of(ref))
            for ref, order in self.orders.items()
            if (capture := self._capture_of(ref)) is not None and capture["status"] == "PENDING"
        ]

    def amount_of(self, ref: str) -> tuple[int, str]:
        """What an order asks for: minor units and currency."""
        return _minor(self._unit(self.orders[ref])["amount"])

    def moved(self) -> dict[str, tuple[int, str]]:
        """Every payment and, below zero, every refund that was made: by its id the amount and currency."""
        paid = [each for each in self._captures.values() if each["status"] not in ("PENDING", "DECLINED")]
        signed = [(each, 1) for each in paid] + [(each, -1) for each in self._refunds.values()]
        return {each["id"]: (sign * _minor(each["amount"])[0], _minor(each["amount"])[1]) for each, sign in signed}

    # ------------------------------------------------------------ what people do on its pages

    async def agree(self, ref: str, means: str = _PAYS) -> None:
        """The buyer agrees to pay by means that pay, pay later or are declined; nothing has moved yet.

        PayPal's page outlives our checkout: one may agree late.
        """
        order = self._found(ref)
        if order["status"] == "COMPLETED":
            raise web.HTTPConflict(text="This order is done.")
        self._means[ref] = means
        order.update(status="APPROVED", update_time=self._now())
        await self._tell("CHECKOUT.ORDER.APPROVED", "checkout-order", order)

    async def arrive(self, ref: str) -> None:
        """The bank transfer arrives."""
        capture = self._on_its_way(ref)
        self._collect(capture)
        await self._tell("PAYMENT.CAPTURE.COMPLETED", "capture", capture)

    async def bounce(self, ref: str) -> None:
        """The bank transfer fails."""
        capture = self._on_its_way(ref)
        capture.update(status="DECLINED", update_time=self._now())
        await self._tell("PAYMENT.CAPTURE.DENIED", "capture", capture)

    async def give_back(self, payment_ref: str, amount_minor: int) -> str:
        """Somebody refunds so much of a payment on PayPal's own pages; the refund's id."""
        capture = self._captures[payment_ref]
        if not 0 < amount_minor <= self._left(capture):
            raise web.HTTPConflict(text="So much is not left of this payment.")
        refund = self._new_refund(capture, amount_minor, None)
        await self._tell("PAYMENT.CAPTURE.REFUNDED", "refund", refund)
        return str(refund["id"])

    def payment_of(self, ref: str) -> str:
        """The capture that an order's money moved by."""
        capture = self._capture_of(ref)
        if capture is None:
            raise web.HTTPConflict(text="Nothing was paid here.")
        return str(capture["id"])

    def _on_its_way(self, ref: str) -> Json:
        self._found(ref)
        capture = self._capture_of(ref)
        if capture is None or capture["status"] != "PENDING":
            raise web.HTTPConflict(text="No payment is on its way here.")
        return capture

    # ------------------------------------------------------------ its page

    async def _show(self, request: web.Request) -> web.Response:
        ref = request.match_info["id"]
        order, capture = self._found(ref), self._capture_of(ref)
        on_its_way = capture is not None and capture["status"] == "PENDING"
        left = 0 if capture is None or on_its_way else self._left(capture)
        amount_minor, currency = self.amount_of(ref)
        return page(
            "paypal.html",
            title=self._unit(order)["description"],
            amount=price(amount_minor, currency),
            state="waiting" if on_its_way else "complete" if capture is not None else "open",
            agreed=order["status"] == "APPROVED",
            left=price(left, currency) if left else None,
            half=price(-(-left // 2), currency),
            back=self._pages[ref]["return_url"],
        )

    async def _do(self, request: web.Request) -> web.StreamResponse:
        ref = request.match_info["id"]
        self._found(ref)
        match (await request.post()).get("do"):
            case "pay":
                await self.agree(ref)
            case "later":
                await self.agree(ref, _PAYS_LATER)
            case "decline":
                await self.agree(ref, _DECLINED)
            case "arrive":
                await self.arrive(ref)
            case "bounce":
                await self.bounce(ref)
            case "refund" | "refund-half" as how:
                left = self._left(self._captures[self.payment_of(ref)])
                await self.give_back(self.payment_of(ref), left if how == "refund" else -(-left // 2))
                raise web.HTTPSeeOther(self._page_of(ref))
            case "leave":
                raise web.HTTPSeeOther(self._pages[ref]["cancel_url"])
            case _:
                raise web.HTTPBadRequest
        raise web.HTTPSeeOther(self._pages[ref]["return_url"])

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
        if not _minor(unit["amount"])[0]:
            return _no(422, "CANNOT_BE_ZERO_OR_NEGATIVE")
        self._pages[ref] = body["payment_source"]["paypal"]["experience_context"]
        self.orders[ref] = {
            "id": ref,
            "intent": body["intent"],
            "status": "PAYER_ACTION_REQUIRED",
            "purchase_units": [{"reference_id": "default", **unit}],
            "create_time": self._now(),
            "links": [{"rel": "payer-action", "href": self._page_of(ref), "method": "GET"}],
        }
        return 200, self.orders[ref]

    def _capture(self, request: web.Request, _: Json) -> Answer:
        order = self.orders.get(request.match_info["id"])
        if order is None:
            return _no(404, "RESOURCE_NOT_FOUND")
        if order["status"] != "APPROVED":
            return _no(422, "ORDER_ALREADY_CAPTURED" if order["status"] == "COMPLETED" else "ORDER_NOT_APPROVED")
        means, ref = self._means[order["id"]], secrets.token_hex(9).upper()
        if means == _DECLINED:
            order.update(status="PAYER_ACTION_REQUIRED", update_time=self._now())
            return _no(422, _DECLINED)
        unit = self._unit(order)
        self._captures[ref] = capture = {
            "id": ref,
            "status": means,
            "amount": dict(unit["amount"]),
            "final_capture": True,
            "custom_id": unit["custom_id"],
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
            "create_time": self._now(),
            "update_time": self._now(),
            "links": [{"rel": "up", "href": f"{self.at}/v2/checkout/orders/{order['id']}", "method": "GET"}],
        }
        unit["payments"] = {"captures": [capture], "refunds": []}
        order.update(status="COMPLETED", update_time=self._now())
        if means == _PAYS:
            self._collect(capture)
        self._deliveries.later(self._tell(f"PAYMENT.CAPTURE.{means}", "capture", capture))
        return 201, order

    def _refund(self, request: web.Request, body: Json) -> Answer:
        capture = self._captures.get(request.match_info["id"])
        if capture is None:
            return _no(404, "RESOURCE_NOT_FOUND")
        amount_minor, currency = _minor(body["amount"])
        if currency != capture["amount"]["currency_code"]:
            return _no(422, "REFUND_CURRENCY_MISMATCH")
        if capture["status"] not in ("COMPLETED", "PARTIALLY_REFUNDED") or not 0 < amount_minor <= self._left(capture):
            return _no(422, "CAPTURE_FULLY_REFUNDED" if not self._left(capture) else "REFUND_AMOUNT_EXCEEDED")
        refund = self._new_refund(capture, amount_minor, body.get("custom_id"))
        self._deliveries.later(self._tell("PAYMENT.CAPTURE.REFUNDED", "refund", refund))
        return 201, refund

    def _report(self, request: web.Request, _: Json) -> Answer:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start_date", "end_date"))
        size, number = int(request.query["page_size"]), int(request.query["page"])
        found = [
            {"transaction_info": each}
            for each in self._transactions
            if start <= datetime.fromisoformat(each["transaction_initiation_date"]) <= end
        ]
        pages = -(-len(found) // size) or 1
        return 200, {"transaction_details": found[(number - 1) * size : number * size], "total_pages": pages}

    # ------------------------------------------------------------ its books

    def _found(self, ref: str) -> Json:
        if ref not in self.orders:
            raise web.HTTPNotFound(text="There is no such order. It may be of an earlier run of the demo.")
        return self.orders[ref]

    @staticmethod
    def _unit(order: Json) -> Json:
        unit: Json = order["purchase_units"][0]
        return unit

    def _capture_of(self, ref: str) -> Json | None:
        captures = self._unit(self.orders[ref]).get("payments", {}).get("captures", [])
        return captures[0] if captures else None

    def _page_of(self, ref: str) -> str:
        return f"{self.at}/checkoutnow/{ref}"

    def _collect(self, capture: Json) -> None:
        """Its money has moved."""
        capture.update(status="COMPLETED", update_time=self._now())
        self._note(capture["id"], _PAYMENT, capture["amount"], capture["custom_id"])

    def _new_refund(self, capture: Json, amount_minor: int, mark: str | None) -> Json:
        ref, currency = secrets.token_hex(9).upper(), capture["amount"]["currency_code"]
        amount = {"currency_code": currency, "value": to_paypal(amount_minor, currency)}
        self._refunds[ref] = refund = {
            "id": ref,
            "status": "COMPLETED",
            "amount": amount,
            **({} if mark is None else {"custom_id": mark}),
            "create_time": self._now(),
            "update_time": self._now(),
            "links": [{"rel": "up", "href": f"{self.at}/v2/payments/captures/{capture['id']}", "method": "GET"}],
        }
        self._unit(self.orders[_order_of(capture)])["payments"]["refunds"].append(refund)
        capture["status"] = "PARTIALLY_REFUNDED" if self._left(capture) else "REFUNDED"
        self._note(ref, _REFUND, {**amount, "value": f"-{amount['value']}"}, mark, capture["id"])
        return refund

    def _left(self, capture: Json) -> int:
        """What may still be refunded."""
        refunds = self._unit(self.orders[_order_of(capture)])["payments"]["refunds"]
        return _minor(capture["amount"])[0] - sum(_minor(each["amount"])[0] for each in refunds)

    def _note(self, ref: str, code: str, amount: Json, mark: str | None, about: str | None = None) -> None:
        """A line of what Transaction Search knows."""
        info = {
            "transaction_id": ref,
            "transaction_event_code": code,
            "transaction_initiation_date": self._now(),
            "transaction_amount": dict(amount),
            "transaction_status": "S",
            **({} if mark is None else {"custom_field": mark}),
            **({} if about is None else {"paypal_reference_id": about, "paypal_reference_id_type": "TXN"}),
        }
        self._transactions.append(info)

    def _now(self) -> str:
        return f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}"

    async def _tell(self, kind: str, about: str, resource: Json) -> None:
        event = {
            "id": f"WH-{secrets.token_hex(12)}",
            "event_version": "1.0",
            "create_time": self._now(),
            "resource_type": about,
            "event_type": kind,
            "resource": resource,
        }
        await self._deliveries.tell(self.told_at, event)


def _order_of(capture: Json) -> str:
    return str(capture["supplementary_data"]["related_ids"]["order_id"])


def _minor(amount: Json) -> tuple[int, str]:
    currency = amount["currency_code"]
    return from_paypal(amount["value"], currency) or 0, currency


def _no(status: int, issue: str) -> Answer:
    return status, {
        "name": "UNPROCESSABLE_ENTITY",
        "details": [{"issue": issue}],
        "message": "Refused by the stand-in.",
    }
