"""A PayPal on loopback with a ledger of its own: orders, captures, refunds, disputes, tokens, and its bad days.

It speaks JSON as Orders v2, Payments v2, Transaction Search and Disputes do, answers briefly unless the whole is asked
for, refuses what PayPal refuses, and holds an answer to every PayPal-Request-Id, a refusal too.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from aiohttp import web

from tests.payments.fake_stripe import BadDay
from tests.payments.paypal_ledger import WHOLE, Json, PayPalLedger

CLIENT_ID, CLIENT_SECRET = "client-of-the-test", "secret-of-the-test"
TOKEN_FOR = 32_400
SCOPE = " ".join(
    f"https://uri.paypal.com/services/{part}"
    for part in ("payments/payment", "reporting/search/read", "disputes/read-seller", "applications/webhooks")
)

Answer = tuple[int, Json]
Work = Callable[[web.Request, Json], Answer]

_TAKEN = WHOLE | {"CHF", "EUR", "GBP", "USD"}  # of those that PayPal takes


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Json | None
    headers: dict[str, str]

    @property
    def key(self) -> str | None:
        return self.headers.get("PayPal-Request-Id")


@dataclass
class FakePayPal(PayPalLedger):
    """`means`: what becomes of a capture, by PayPal's word: COMPLETED, PENDING, DECLINED, or an issue."""

    webhooks: dict[str, Json] = field(default_factory=dict)
    bad_days: list[BadDay] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    answers: list[tuple[Asked, int, Json]] = field(default_factory=list)
    means: str = "COMPLETED"
    token_for: int = TOKEN_FOR
    scope: str = SCOPE
    forbidden: set[str] = field(default_factory=set)  # beginnings of paths that this app may not read
    most_listed: int = 10_000
    tokens: dict[str, datetime] = field(default_factory=dict)
    _held: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application()
        for method, path, work in (
            ("POST", "/v2/checkout/orders", self._create),
            ("GET", "/v2/checkout/orders/{id}", self._show(self.orders)),
            ("POST", "/v2/checkout/orders/{id}/capture", self._capture),
            ("GET", "/v2/payments/captures/{id}", self._show(self.captures)),
            ("POST", "/v2/payments/captures/{id}/refund", self._refund),
            ("GET", "/v2/payments/refunds/{id}", self._show(self.refunds)),
            ("GET", "/v1/reporting/transactions", self._report),
            ("GET", "/v1/customer/disputes", self._list_disputes),
            ("GET", "/v1/customer/disputes/{id}", self._show(self.disputes)),
            ("GET", "/v1/notifications/webhooks/{id}", self._show(self.webhooks)),
        ):
            app.router.add_route(method, path, self._route(work))
        app.router.add_post("/v1/oauth2/token", self._grant)
        app.on_shutdown.append(self._release)
        return app

    # ------------------------------------------------------------ the API

    async def _grant(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = Asked("POST", request.path, {}, None, dict(request.headers))
        self.requests.append(asked)
        assert dict(form) == {"grant_type": "client_credentials"}
        known = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {known}":
            told = {"error": "invalid_client", "error_description": "Client Authentication failed: secret words"}
            return web.json_response(told, status=401)
        token = f"A21AA-{len(self.requests)}"
        self.tokens[token] = self.clock.now() + timedelta(seconds=self.token_for)
        granted = {
            "scope": self.scope,
            "access_token": token,
            "token_type": "Bearer",
            "app_id": "APP-80W284485P519543T",
            "expires_in": max(self.token_for, 0),
            "nonce": "2026",
        }
        return web.json_response(granted)

    def _route(self, work: Work) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            body = json.loads(raw) if raw else None
            asked = Asked(request.method, request.path, dict(request.query), body, dict(request.headers))
            self.requests.append(asked)
            bad_day = self.bad_days.pop(0) if self.bad_days else None
            if bad_day is None or bad_day.done:
                status, told = self._answer(request, asked, work)
                self.answers.append((asked, status, told))
                if bad_day is None:
                    return web.json_response(told, status=status)
            assert bad_day is not None
            return await bad_day.happens_to(request, self._released)

        return answer

    def _answer(self, request: web.Request, asked: Asked, work: Work) -> Answer:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens or self.tokens[token] <= self.clock.now():
            return 401, {"error": "invalid_token", "error_description": "Token signature verification failed"}
        if any(request.path.startswith(path) for path in self.forbidden):
            return _no(403, "NOT_AUTHORIZED", "PERMISSION_DENIED")
        if request.method == "GET":
            return work(request, {})
        if request.content_type != "application/json":
            return _no(415, "UNSUPPORTED_MEDIA_TYPE")
        held = (request.path, asked.key or "")
        if asked.key is None or held not in self._held:
            self._held[held] = work(request, asked.body or {})
        status, told = self._held[held]
        if status >= 400 or request.headers.get("Prefer") == "return=representation":
            return status, told
        return status, {name: told[name] for name in ("id", "status", "links")}

    async def _release(self, _: web.Application) -> None:
        self._released.set()

    def _show(self, things: dict[str, Json]) -> Work:
        def show(request: web.Request, _: Json) -> Answer:
            found = things.get(request.match_info["id"])
            return (200, found) if found is not None else _no(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")

        return show

    def _create(self, _: web.Request, body: Json) -> Answer:
        (unit,) = body["purchase_units"]
        why = _why_not(unit["amount"])
        if why is not None:
            return _no(422, "UNPROCESSABLE_ENTITY", why)
        ref = f"5O{len(self.orders) + 1:015}"
        context = body["payment_source"]["paypal"]["experience_context"]
        assert context["return_url"].startswith("https://")
        assert context["cancel_url"].startswith("https://")
        self.orders[ref] = {
            "id": ref,
            "intent": body["intent"],
            "status": "PAYER_ACTION_REQUIRED",
            "payment_source": {"paypal": {}},
            "purchase_units": [{"reference_id": "default", **unit}],
            "create_time": self.now(),
            "links": [
                self.link("self", f"/v2/checkout/orders/{ref}"),
                {"href": f"https://www.paypal.example/checkoutnow?token={ref}", "rel": "payer-action", "method": "GET"},
            ],
        }
        return 200, self.orders[ref]

    def _capture(self, request: web.Request, _: Json) -> Answer:
        order = self.orders.get(request.match_info["id"])
        if order is None:
            return _no(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
        if order["status"] == "COMPLETED":
            return _no(422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            return _no(422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED")
        if self.means not in ("COMPLETED", "PENDING", "DECLINED"):
            return _no(422, "UNPROCESSABLE_ENTITY", self.means)
        (unit,) = order["purchase_units"]
        ref = f"3C{len(self.captures) + 1:015}"
        self.captures[ref] = capture = {
            "id": ref,
            "status": self.means,
            "amount": dict(unit["amount"]),
            "final_capture": True,
            "seller_protection": {"status": "NOT_ELIGIBLE"},
            "custom_id": unit["custom_id"],
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
            "create_time": self.now(),
            "update_time": self.now(),
            "links": [
                self.link("self", f"/v2/payments/captures/{ref}"),
                self.link("up", f"/v2/checkout/orders/{order['id']}"),
            ],
        }
        unit["payments"] = {"captures": [capture]}
        order.update(status="COMPLETED", update_time=self.now())
        if self.means == "PENDING":
            capture["status_details"] = {"reason": "ECHECK"}
        else:
            self.end_capture(order["id"], self.means)
        return 201, order

    def _refund(self, request: web.Request, body: Json) -> Answer:
        capture = self.captures.get(request.match_info["id"])
        if capture is None:
            return _no(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
        why = _why_not(body["amount"])
        if capture["status"] == "REFUNDED":
            why = "CAPTURE_FULLY_REFUNDED"
        elif Decimal(body["amount"]["value"]) > Decimal(capture["amount"]["value"]) - self.returned(capture["id"]):
            why = "REFUND_AMOUNT_EXCEEDED"
        if why is not None:
            return _no(422, "UNPROCESSABLE_ENTITY", why)
        return 201, self.make_refund(capture["id"], body["amount"]["value"], body.get("custom_id"))

    # ------------------------------------------------------------ lists

    def _report(self, request: web.Request, _: Json) -> Answer:
        query = request.query
        start, end = (datetime.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        if end - start > timedelta(days=31):
            return _no(400, "INVALID_REQUEST", "RANGE_TOO_LONG")
        size, page = int(query["page_size"]), int(query["page"])
        found = [
            each
            for each in self.transactions
            if start <= datetime.fromisoformat(each["transaction_info"]["transaction_initiation_date"]) <= end
        ]
        if len(found) > self.most_listed:
            return _no(400, "RESULTSET_TOO_LARGE")
        pages = -(-len(found) // size) or 1
        return 200, {
            "transaction_details": found[(page - 1) * size : page * size],
            "page": page,
            "total_items": len(found),
            "total_pages": pages,
        }

    def _list_disputes(self, request: web.Request, _: Json) -> Answer:
        after, before = (datetime.fromisoformat(request.query[f"update_time_{name}"]) for name in ("after", "before"))
        found = [
            {name: each[name] for name in ("dispute_id", "create_time", "update_time", "status")}
            for each in self.disputes.values()
            if after <= datetime.fromisoformat(each["update_time"]) <= before
        ]
        at = int(request.query.get("next_page_token", "0"))
        following = self.link("next", f"/v1/customer/disputes?page_size=1&next_page_token={at + 1}")
        return 200, {"items": found[at : at + 1], "links": [following] if at + 1 < len(found) else []}


def _why_not(amount: Json) -> str | None:
    if amount["currency_code"] not in _TAKEN:
        return "CURRENCY_NOT_SUPPORTED"
    decimals = amount["value"].partition(".")[2]
    if amount["currency_code"] in WHOLE and decimals:
        return "DECIMALS_NOT_SUPPORTED"
    if len(decimals) > 2:
        return "DECIMAL_PRECISION"
    return "CANNOT_BE_ZERO_OR_NEGATIVE" if not Decimal(amount["value"]) > 0 else None


def _no(status: int, name: str, *issues: str) -> Answer:
    told: Json = {"name": name, "message": "No, said with secret words.", "debug_id": "f0a1b2c3d4e5f"}
    if issues:
        told["details"] = [{"issue": issue, "description": "secret words"} for issue in issues]
    return status, told
