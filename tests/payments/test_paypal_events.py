"""PayPal's events: what is made of them, and of those that nobody can read."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.payments.paypal_certificates import Certificates
from core.payments.paypal_events import KINDS, PayPalEvents
from core.ports import (
    Approved,
    ClosedUnpaid,
    DisputeNews,
    News,
    Paid,
    Pending,
    ProviderEvent,
    ProviderUnavailable,
    RefundNews,
)
from core.rules.states import DisputeOutcome
from tests.clocks import NOW

Resource = dict[str, Any]

LINK = "https://api.sandbox.paypal.com/v2"
CAPTURE: Resource = {
    "id": "3C1",
    "status": "COMPLETED",
    "amount": {"currency_code": "EUR", "value": "200.00"},
    "custom_id": "token-42",
    "supplementary_data": {"related_ids": {"order_id": "5O1"}},
    "seller_receivable_breakdown": {"paypal_fee": {"currency_code": "EUR", "value": "5.33"}},
    "create_time": "2026-03-02T11:59:00Z",
    "links": [{"rel": "up", "href": f"{LINK}/checkout/orders/5O1", "method": "GET"}],
}
ORDER: Resource = {
    "id": "5O1",
    "status": "APPROVED",
    "purchase_units": [{"custom_id": "token-42", "amount": {"currency_code": "EUR", "value": "200.00"}}],
    "create_time": "2026-03-02T11:30:00Z",
}
REFUND: Resource = {
    "id": "1R1",
    "status": "COMPLETED",
    "amount": {"currency_code": "EUR", "value": "50.50"},
    "create_time": "2026-03-02T04:00:00-07:00",
    "links": [
        {"rel": "self", "href": f"{LINK}/payments/refunds/1R1"},
        {"rel": "up", "href": f"{LINK}/payments/captures/3C1"},
    ],
}
DISPUTE: Resource = {
    "dispute_id": "PP-D-27803",
    "create_time": "2026-03-01T10:00:00.000Z",
    "update_time": "2026-03-02T10:00:00.000Z",
    "disputed_transactions": [{"seller_transaction_id": "3C1"}],
    "reason": "UNAUTHORISED",
    "status": "WAITING_FOR_SELLER_RESPONSE",
    "dispute_amount": {"currency_code": "EUR", "value": "200.00"},
    "seller_response_due_date": "2026-03-12T10:00:00.000Z",
}


async def nowhere(_: str) -> bytes:
    raise ProviderUnavailable


EVENTS = PayPalEvents("webhook", Certificates(nowhere), livemode=True)


def an_event(kind: str, resource: object, **changes: Any) -> dict[str, Any]:
    return {
        "id": "WH-1",
        "event_type": kind,
        "create_time": "2026-03-02T12:00:00.123Z",
        "resource": resource,
        **changes,
    }


def read(event: object) -> ProviderEvent:
    return EVENTS.read_authentic(event if isinstance(event, bytes) else json.dumps(event).encode())


def news_of(kind: str, resource: object) -> News | None:
    return read(an_event(kind, resource)).news


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def test_a_completed_capture_is_money() -> None:
    assert news_of("PAYMENT.CAPTURE.COMPLETED", CAPTURE) == Paid(
        checkout_ref="5O1",
        payment_ref="3C1",
        amount_minor=20_000,
        tax_minor=0,
        currency="EUR",
        paid_at=NOW - timedelta(minutes=1),
        livemode=True,
        order_token="token-42",
        fee_minor=533,
    )


def test_money_that_has_gone_back_meanwhile_had_come() -> None:
    for status in ("REFUNDED", "PARTIALLY_REFUNDED"):
        assert isinstance(news_of("PAYMENT.CAPTURE.COMPLETED", {**CAPTURE, "status": status}), Paid)


def test_the_order_of_a_capture_is_found_by_its_link_too() -> None:
    news = news_of("PAYMENT.CAPTURE.COMPLETED", {**CAPTURE, "supplementary_data": {}})

    assert isinstance(news, Paid)
    assert news.checkout_ref == "5O1"


@pytest.mark.parametrize("fee", [None, {}, {"paypal_fee": {"currency_code": "USD", "value": "5.33"}}])
def test_a_fee_that_is_not_told_in_the_payments_currency_is_not_known(fee: object) -> None:
    news = news_of("PAYMENT.CAPTURE.COMPLETED", {**CAPTURE, "seller_receivable_breakdown": fee})

    assert isinstance(news, Paid)
    assert news.fee_minor is None


@pytest.mark.parametrize("token", [None, 7, "short", "token\x00", "t" * 65, "token-4٢"])
def test_a_token_that_is_none_is_not_ours(token: object) -> None:
    news = news_of("PAYMENT.CAPTURE.COMPLETED", {**CAPTURE, "custom_id": token})

    assert isinstance(news, Paid)
    assert news.order_token is None


def test_a_capture_may_be_on_its_way_or_fail() -> None:
    waiting = news_of("PAYMENT.CAPTURE.PENDING", {**CAPTURE, "status": "PENDING"})
    denied = news_of("PAYMENT.CAPTURE.DENIED", {**CAPTURE, "status": "DENIED"})
    declined = news_of("PAYMENT.CAPTURE.DECLINED", {**CAPTURE, "status": "DECLINED"})

    assert waiting == Pending("5O1", NOW - timedelta(minutes=1), order_token="token-42")
    assert denied == declined == ClosedUnpaid("5O1", failed=True, order_token="token-42")


def test_an_approval_is_of_when_the_order_changed_or_else_of_the_event() -> None:
    changed = news_of("CHECKOUT.ORDER.APPROVED", {**ORDER, "update_time": "2026-03-02T11:45:00Z"})
    unsaid = news_of("CHECKOUT.ORDER.APPROVED", ORDER)

    assert changed == Approved("5O1", hours_ago(0.25), order_token="token-42")
    assert unsaid == Approved("5O1", NOW + timedelta(milliseconds=123), order_token="token-42")


def test_a_refund_is_known_by_our_mark_or_is_somebody_elses() -> None:
    theirs = news_of("PAYMENT.CAPTURE.REFUNDED", REFUND)
    ours = news_of("PAYMENT.CAPTURE.REFUNDED", {**REFUND, "custom_id": "refund-7"})
    failed = {**REFUND, "status": "FAILED", "status_details": {"reason": "ECHECK"}}

    assert theirs == RefundNews("3C1", "1R1", 5_050, "EUR", hours_ago(1))
    assert ours == RefundNews("3C1", "1R1", 5_050, "EUR", hours_ago(1), refund_id=7)
    assert news_of("PAYMENT.CAPTURE.REFUNDED", failed) == RefundNews(
        "3C1", "1R1", 5_050, "EUR", hours_ago(1), failed="echeck"
    )


@pytest.mark.parametrize("mark", ["7", "token-42", "refund-", "refund-x", "refund-" + "9" * 19, "refund-٣", 70])
def test_a_mark_that_is_none_is_not_ours(mark: object) -> None:
    news = news_of("PAYMENT.CAPTURE.REFUNDED", {**REFUND, "custom_id": mark})

    assert isinstance(news, RefundNews)
    assert news.refund_id is None


def test_a_reversal_is_a_dispute_that_was_lost_at_once() -> None:
    assert news_of("PAYMENT.CAPTURE.REVERSED", REFUND) == DisputeNews(
        "3C1", "1R1", 5_050, "EUR", hours_ago(1), DisputeOutcome.LOST, "reversed"
    )


@pytest.mark.parametrize("kind", ["CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED"])
def test_an_open_dispute_wants_an_answer(kind: str) -> None:
    assert news_of(kind, DISPUTE) == DisputeNews(
        "3C1",
        "PP-D-27803",
        20_000,
        "EUR",
        hours_ago(2),
        reason="unauthorised",
        answer_by=NOW + timedelta(days=9, hours=22),
        opened_at=hours_ago(26),
    )


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("RESOLVED_BUYER_FAVOUR", DisputeOutcome.LOST),
        ("ACCEPTED", DisputeOutcome.LOST),
        ("RESOLVED_SELLER_FAVOUR", DisputeOutcome.WON),
        ("RESOLVED_WITH_PAYOUT", DisputeOutcome.WON),
        ("CANCELED_BY_BUYER", DisputeOutcome.WON),
        ("DENIED", DisputeOutcome.WON),
        ("NONE", DisputeOutcome.WON),
    ],
)
def test_a_dispute_ends_won_or_lost(code: str, outcome: DisputeOutcome) -> None:
    ended = {**DISPUTE, "status": "RESOLVED", "dispute_outcome": {"outcome_code": code}}

    assert news_of("CUSTOMER.DISPUTE.RESOLVED", ended) == DisputeNews(
        "3C1", "PP-D-27803", 20_000, "EUR", hours_ago(2), outcome, "unauthorised", opened_at=hours_ago(26)
    )


def test_what_paypals_simulator_sent_is_read() -> None:
    raw = (Path(__file__).parent / "from_paypal" / "body.json").read_bytes()

    event = read(raw)

    assert (event.provider, event.kind) == ("paypal", "PAYMENT.CAPTURE.REFUNDED")
    assert event.event_id == "WH-1GE84257G0350133W-6RW800890C634293G"
    assert event.news == RefundNews(
        "0JF852973C016714D", "1Y107995YT783435V", 99, "USD", datetime(2018, 8, 15, 19, 13, 29, tzinfo=UTC)
    )


# ---------------------------------------------------------------- what nobody can read


@pytest.mark.parametrize("kind", ["PAYMENT.SALE.COMPLETED", "CHECKOUT.ORDER.COMPLETED", "BILLING.PLAN.CREATED"])
def test_a_kind_that_nobody_acts_on_is_parked_under_its_own_id(kind: str) -> None:
    event = read(an_event(kind, CAPTURE))

    assert (event.event_id, event.kind, event.news) == ("WH-1", kind, None)
    assert event.why_parked == "a kind that nobody here acts on"


POISONED: dict[str, tuple[Resource, list[Resource]]] = {
    "PAYMENT.CAPTURE.COMPLETED": (
        CAPTURE,
        [
            {"id": "3C\x00"},
            {"id": "3C\ud800"},
            {"id": "../3C"},
            {"id": None},
            {"id": "C" * 65},
            {"status": "PENDING"},
            {"status": "DECLINED"},
            {"status": None},
            {"amount": None},
            {"amount": {"currency_code": "EUR", "value": 200}},
            {"amount": {"currency_code": "EUR", "value": "-200.00"}},
            {"amount": {"currency_code": "EUR", "value": "2e2"}},
            {"amount": {"currency_code": "EUR", "value": "200.001"}},
            {"amount": {"currency_code": "EUR", "value": "9" * 15}},
            {"amount": {"currency_code": "EUR", "value": "9" * 5_000}},
            {"amount": {"currency_code": "XXX", "value": "200.00"}},
            {"amount": {"currency_code": ["EUR"], "value": "200.00"}},
            {"create_time": None},
            {"create_time": "yesterday"},
            {"create_time": "9999-12-31T23:59:59-23:59"},
            {"create_time": "2026-03-02T11:59:60Z"},
            {"supplementary_data": {"related_ids": {"order_id": 7}}},
            {"supplementary_data": None, "links": []},
            {"supplementary_data": None, "links": "none"},
            {"supplementary_data": None, "links": [{"rel": "up", "href": f"{LINK}/payments/authorizations/1"}]},
            {"seller_receivable_breakdown": {"paypal_fee": "none"}},
        ],
    ),
    "CHECKOUT.ORDER.APPROVED": (
        ORDER,
        [
            {"id": None},
            {"status": "CREATED"},
            {"status": "VOIDED"},
            {"purchase_units": []},
            {"purchase_units": ORDER["purchase_units"] * 2},
            {"purchase_units": ["one"]},
            {"update_time": 7},
            {"status": "COMPLETED"},
        ],
    ),
    "PAYMENT.CAPTURE.REFUNDED": (
        REFUND,
        [{"links": []}, {"status": "PERHAPS"}, {"status": "done\x00"}, {"create_time": ""}],
    ),
    "PAYMENT.CAPTURE.REVERSED": (REFUND, [{"links": [{"rel": "up", "href": "https://evil.example/3C1"}]}]),
    "CUSTOMER.DISPUTE.RESOLVED": (
        DISPUTE,
        [
            {"disputed_transactions": []},
            {"disputed_transactions": DISPUTE["disputed_transactions"] * 2},
            {"status": "RESOLVED"},
            {"status": "RESOLVED", "dispute_outcome": {"outcome_code": "PERHAPS"}},
            {"seller_response_due_date": "soon"},
        ],
    ),
}


@pytest.mark.parametrize(
    ("kind", "poison"),
    [(kind, {**whole, **poison}) for kind, (whole, poisons) in POISONED.items() for poison in poisons],
)
def test_a_resource_that_is_not_what_it_should_be_is_parked(kind: str, poison: object) -> None:
    event = read(an_event(kind, poison))

    assert (event.event_id, event.kind, event.news) == ("WH-1", kind, None)
    assert event.why_parked is not None
    assert event.why_parked.startswith("unreadable: ")


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_about_nothing_is_parked(kind: str) -> None:
    nothing: list[object] = [None, "x", [], {}]
    assert [read(an_event(kind, each)).news for each in nothing] == [None] * 4
    assert read({"id": "WH-1", "event_type": kind}).news is None


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="not JSON"),
        pytest.param(b"[]", id="not an object"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b'{"id": "\xff"}', id="not UTF-8"),
        pytest.param(b"[" * 200_000, id="nested too deep"),
        pytest.param(b'{"id": "WH-1", "create_time": ' + b"9" * 100_000 + b"}", id="a number without end"),
        pytest.param(b'{"id": "WH-\\u0000"}', id="NUL in the id"),
        pytest.param(b'{"id": "WH-\\ud800"}', id="half a surrogate in the id"),
        pytest.param(b'{"id": 7}', id="an id that is no text"),
    ],
)
def test_what_paypal_signed_and_nobody_can_read_is_kept_under_its_digest(raw: bytes) -> None:
    event = read(raw)

    assert event.event_id == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert (event.kind, event.news, event.body) == ("unreadable", None, raw)


@pytest.mark.parametrize("kind", [None, 7, "", "capture\x00", "K" * 101])
def test_a_kind_that_is_no_name_is_kept_under_the_events_id(kind: object) -> None:
    event = read({**an_event("X", CAPTURE), "event_type": kind})

    assert (event.event_id, event.kind, event.news) == ("WH-1", "unreadable", None)


def test_poison_that_nobody_reads_does_no_harm() -> None:
    news = news_of("PAYMENT.CAPTURE.COMPLETED", {**CAPTURE, "payer": {"name": "A\x00B\ud800", "age": 10**19}})

    assert isinstance(news, Paid)
