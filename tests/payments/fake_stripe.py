"""A Stripe on loopback with a ledger of its own: checkouts, payments, refunds, idempotency keys, and its bad days.

It speaks form-encoded requests and JSON answers as Stripe's API does, refuses what Stripe refuses, and knows no
parameter that Seatkeeper has no reason to send.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from core.ports import Clock

API_KEY = "sk_test_fake"

Json = dict[str, Any]
Answer = tuple[int, Json]

_KNOWN = re.compile(
    r"mode|line_items\[0\]\[(quantity|price_data\]\[(currency|unit_amount|tax_behavior|product_data\]\[name))\]"
    r"|client_reference_id|metadata\[order\]|payment_intent_data\[metadata\]\[order\]"
    r"|expires_at|success_url|cancel_url|automatic_tax\[enabled\]"
)


@dataclass
class BadDay:
    """What happens to one request: the work is done or not, and then this comes instead of the answer."""

    status: int = 500
    body: bytes = b'{"error": {"type": "api_error", "message": "away"}}'
    done: bool = False
    hangs: bool = False
    cuts: bool = False  # the connection, in the middle of the answer

    async def happens_to(self, request: web.Request, released: asyncio.Event) -> web.Response:
        """What comes instead of the answer; one that hangs comes when the server stops."""
        if self.hangs:
            await released.wait()
        if self.cuts:
            response = web.Response(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"id":')
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(body=self.body, status=self.status, content_type="application/json")


@dataclass
class FakeStripe:
    clock: Clock
    checkouts: dict[str, Json] = field(default_factory=dict)
    intents: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    disputes: dict[str, Json] = field(default_factory=dict)
    bad_days: list[BadDay] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], str | None]] = field(default_factory=list)
    refund_status: str = "succeeded"
    page: int = 100
    _answers: dict[str, tuple[dict[str, str], Answer]] = field(default_factory=dict)
    _tax_on_top: set[str] = field(default_factory=set)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/checkout/sessions", self._route(self._create))
        app.router.add_get("/v1/checkout/sessions", self._route(self._list_checkouts))
        app.router.add_get("/v1/checkout/sessions/{id}", self._route(self._retrieve))
        app.router.add_post("/v1/checkout/sessions/{id}/expire", self._route(self._expire))
        app.router.add_post("/v1/refunds", self._route(self._refund))
        app.router.add_get("/v1/refunds", self._route(self._list_refunds))
        app.router.add_get("/v1/disputes", self._route(self._list_disputes))
        app.on_shutdown.append(self._release)
        return app

    # ------------------------------------------------------------ what people do on Stripe's pages

    def pay(self, ref: str, *, tax: int = 0) -> Json:
        """A card pays: the checkout is complete, its money has moved."""
        self._complete(ref, "succeeded", "paid", tax)
        return self.checkouts[ref]

    def pay_later(self, ref: str) -> Json:
        """A bank debit is on its way."""
        self._complete(ref, "processing", "unpaid", 0)
        return self.checkouts[ref]

    def arrive(self, ref: str) -> Json:
        """The bank debit arrived."""
        self._intent_of(ref)["status"] = "succeeded"
        self.checkouts[ref]["payment_status"] = "paid"
        return self.checkouts[ref]

    def bounce(self, ref: str) -> Json:
        """The bank debit failed. Stripe leaves the checkout complete and unpaid."""
        self._intent_of(ref)["status"] = "requires_payment_method"
        return self.checkouts[ref]

    def run_out(self, ref: str) -> Json:
        self.checkouts[ref]["status"] = "expired"
        return self.checkouts[ref]

    def give_back(self, ref: str, amount: int) -> Json:
        """Somebody refunds so much of this checkout's payment on Stripe's pages."""
        return self._new_refund(self._intent_of(ref), amount, {})

    def send_back(self, refund_ref: str, reason: str) -> Json:
        """The bank does not take the refund: its money is Stripe's again."""
        self.refunds[refund_ref].update(status="failed", failure_reason=reason)
        return self.refunds[refund_ref]

    def dispute(self, ref: str, amount: int) -> Json:
        """The bank of whoever paid this checkout takes so much back, for now."""
        intent, dispute_ref = self._intent_of(ref), f"dp_{len(self.disputes) + 1}"
        self.disputes[dispute_ref] = {
            "id": dispute_ref,
            "object": "dispute",
            "payment_intent": intent["id"],
            "amount": amount,
            "currency": intent["currency"],
            "created": self._now(),
            "reason": "fraudulent",
            "status": "needs_response",
            "evidence_details": {"due_by": self._now() + 7 * 86400},
        }
        return self.disputes[dispute_ref]

    def event(self, kind: str, ref: str, **changes: Any) -> Json:
        """The event of this kind about the checkout, its charge or a refund, as Stripe would deliver it now."""
        return {
            "id": f"evt_{kind.replace('.', '_')}_{ref}",
            "object": "event",
            "type": kind,
            "created": self._now(),
            "livemode": False,
            "data": {"object": self._object_of(kind, ref)},
            **changes,
        }

    def _object_of(self, kind: str, ref: str) -> Json:
        if kind.startswith("refund."):
            return dict(self.refunds[ref])
        if kind == "charge.refunded":
            intent = self._intent_of(ref)
            return {**intent["latest_charge"], "payment_intent": intent["id"], "refunded": self._left(intent) == 0}
        return dict(self.checkouts[ref])

    # ------------------------------------------------------------ the API

    def _route(self, work: Callable[[web.Request, dict[str, str]], Answer]) -> Callable[..., Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            form = {name: str(value) for name, value in (await request.post()).items()}
            key = request.headers.get("Idempotency-Key")
            self.requests.append((request.method, request.path, form, key))
            if request.method == "POST":
                assert request.content_type == "application/x-www-form-urlencoded"
            bad_day = self.bad_days.pop(0) if self.bad_days else None
            if bad_day is None or bad_day.done:
                status, body = self._answer(request, form, key, work)
                if bad_day is None:
                    return web.json_response(body, status=status, headers={"Request-Id": "req_fake"})
            assert bad_day is not None
            return await bad_day.happens_to(request, self._released)

        return answer

    def _answer(
        self,
        request: web.Request,
        form: dict[str, str],
        key: str | None,
        work: Callable[[web.Request, dict[str, str]], Answer],
    ) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            return _error(401, "invalid_request_error", message="Invalid API Key provided: sk_test_secret_words")
        if key is None or request.method == "GET":
            return work(request, form)
        known, answer = self._answers.get(key, (form, None))
        if known != form:
            return _error(400, "idempotency_error")
        if answer is None:
            answer = work(request, form)
            self._answers[key] = form, answer
        return answer

    async def _release(self, _: web.Application) -> None:
        self._released.set()

    def _create(self, _: web.Request, form: dict[str, str]) -> Answer:
        for name in form:
            if not _KNOWN.fullmatch(name):
                return _error(400, "invalid_request_error", "parameter_unknown", param=name)
        if not self._now() + 1800 <= int(form["expires_at"]) <= self._now() + 86400:
            return _error(400, "invalid_request_error", param="expires_at")
        ref = f"cs_test_{len(self.checkouts) + 1}"
        unit = int(form["line_items[0][price_data][unit_amount]"])
        if form.get("line_items[0][price_data][tax_behavior]") == "exclusive":
            self._tax_on_top.add(ref)
        self.checkouts[ref] = {
            "id": ref,
            "object": "checkout.session",
            "mode": form["mode"],
            "amount_total": unit * int(form["line_items[0][quantity]"]),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "currency": form["line_items[0][price_data][currency]"],
            "client_reference_id": form["client_reference_id"],
            "metadata": {"order": form["metadata[order]"]},
            "created": self._now(),
            "expires_at": int(form["expires_at"]),
            "livemode": False,
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": form["success_url"],
            "url": f"https://checkout.stripe.example/c/pay/{ref}",
        }
        return 200, dict(self.checkouts[ref])

    def _retrieve(self, request: web.Request, _: dict[str, str]) -> Answer:
        checkout = self.checkouts.get(request.match_info["id"])
        if checkout is None:
            return _error(404, "invalid_request_error", "resource_missing")
        assert list(request.query.values()) == ["payment_intent.latest_charge"]
        return 200, {**checkout, "payment_intent": self.intents.get(str(checkout["payment_intent"]))}

    def _expire(self, request: web.Request, _: dict[str, str]) -> Answer:
        checkout = self.checkouts.get(request.match_info["id"])
        if checkout is None:
            return _error(404, "invalid_request_error", "resource_missing")
        if checkout["status"] != "open":
            return _error(400, "invalid_request_error")
        checkout["status"] = "expired"
        return 200, {**checkout, "url": None}

    def _refund(self, _: web.Request, form: dict[str, str]) -> Answer:
        assert set(form) == {"payment_intent", "amount", "metadata[refund]"}
        intent = self.intents.get(form["payment_intent"])
        if intent is None:
            return _error(404, "invalid_request_error", "resource_missing")
        if int(form["amount"]) > self._left(intent):
            return _error(400, "invalid_request_error", "charge_already_refunded")
        return 200, self._new_refund(intent, int(form["amount"]), {"refund": form["metadata[refund]"]})

    def _left(self, intent: Json) -> int:
        """What may still be refunded: what a bank sent back may be again."""
        gone = [each for each in self.refunds.values() if each["payment_intent"] == intent["id"]]
        return int(intent["amount"] - sum(each["amount"] for each in gone if each["status"] != "failed"))

    def _new_refund(self, intent: Json, amount: int, metadata: Json) -> Json:
        assert amount <= self._left(intent)
        ref = f"re_{len(self.refunds) + 1}"
        self.refunds[ref] = {
            "id": ref,
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": amount,
            "currency": intent["currency"],
            "created": self._now(),
            "metadata": metadata,
            "status": self.refund_status,
        }
        return self.refunds[ref]

    def _list_refunds(self, request: web.Request, _: dict[str, str]) -> Answer:
        of_payment = request.query.get("payment_intent")
        found = [each for each in self.refunds.values() if of_payment in (None, each["payment_intent"])]
        return self._list(request, found)

    def _list_disputes(self, request: web.Request, _: dict[str, str]) -> Answer:
        return self._list(request, list(self.disputes.values()))

    def _list_checkouts(self, request: web.Request, _: dict[str, str]) -> Answer:
        assert request.query["expand[0]"] == "data.payment_intent.latest_charge"
        return self._list(request, [self._expanded(each) for each in self.checkouts.values()])

    def _list(self, request: web.Request, found: list[Json]) -> Answer:
        """The latest first, in pages, of the period that was asked for."""
        assert request.query["limit"] == "100"
        since, until = (int(request.query.get(f"created[{bound}]", -1)) for bound in ("gte", "lt"))
        found = [
            each for each in reversed(found) if since <= each["created"] and (until < 0 or each["created"] < until)
        ]
        refs = [each["id"] for each in found]
        first = refs.index(request.query["starting_after"]) + 1 if "starting_after" in request.query else 0
        more = first + self.page < len(found)
        shown = found[first : first + self.page]
        return 200, {"object": "list", "url": request.path, "has_more": more, "data": shown}

    def _expanded(self, checkout: Json) -> Json:
        intent = self.intents.get(str(checkout["payment_intent"]))
        if intent is None:
            return checkout
        gone = [each for each in self.refunds.values() if each["payment_intent"] == intent["id"]]
        refunded = sum(each["amount"] for each in gone if each["status"] != "failed")
        return {
            **checkout,
            "payment_intent": {**intent, "latest_charge": {**intent["latest_charge"], "amount_refunded": refunded}},
        }

    def _complete(self, ref: str, intent_status: str, payment_status: str, tax: int) -> None:
        checkout = self.checkouts[ref]
        assert checkout["status"] == "open"
        # This account's prices include tax, where nothing else is said, as most do outside the United States.
        total = checkout["amount_total"] + (tax if ref in self._tax_on_top else 0)
        intent = {
            "id": f"pi_{ref}",
            "object": "payment_intent",
            "amount": total,
            "currency": checkout["currency"],
            "status": intent_status,
            "created": self._now() - 60,
            "latest_charge": {"id": f"ch_{ref}", "object": "charge", "created": self._now()},
        }
        self.intents[str(intent["id"])] = intent
        checkout.update(status="complete", payment_status=payment_status, payment_intent=intent["id"])
        checkout.update(amount_total=total, total_details={**checkout["total_details"], "amount_tax": tax})

    def _intent_of(self, ref: str) -> Json:
        return self.intents[self.checkouts[ref]["payment_intent"]]

    def _now(self) -> int:
        return int(self.clock.now().timestamp())


def body_of(event: Json) -> bytes:
    return json.dumps(event).encode()


def _error(status: int, kind: str, code: str | None = None, *, param: str = "", message: str = "No.") -> Answer:
    return status, {"error": {"type": kind, "code": code, "param": param or None, "message": message}}
