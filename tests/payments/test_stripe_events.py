"""Stripe's webhooks: whose word is taken, and what is made of it."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import stripe as sdk

from core.payments.reading import BadSignature
from core.payments.stripe_events import livemode_of, read_event
from core.ports import ClosedUnpaid, DisputeNews, News, Paid, Pending, ProviderEvent, RefundNews, RefundsChanged
from core.rules.states import DisputeOutcome
from tests.clocks import NOW
from tests.payments import signing
from tests.payments.signing import SECRET

T = int(NOW.timestamp())


def signature_of(raw: bytes, *, at: str = str(T), secret: str = SECRET) -> str:
    return signing.signature_of(raw, at, secret)


def signed(raw: bytes, *, at: str = str(T), secret: str = SECRET) -> str:
    return signing.signed(raw, at, secret)


def an_event(kind: str = "checkout.session.completed", **changes: Any) -> dict[str, Any]:
    checkout = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "amount_total": 20_000,
        "total_details": {"amount_tax": 0},
        "client_reference_id": "token-42",
        "currency": "eur",
        "livemode": False,
        "metadata": {"order": "token-42"},
        "payment_intent": "pi_1",
        "payment_status": "paid",
        **changes,
    }
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": T - 10,
        "livemode": False,
        "data": {"object": checkout},
    }


def raw_of(event: object) -> bytes:
    return json.dumps(event).encode()


def read(raw: bytes, header: str | None = None, now: datetime = NOW) -> ProviderEvent | BadSignature:
    return read_event(raw, signed(raw) if header is None else header, SECRET, now)


def read_news(event: dict[str, Any]) -> News | None:
    known = read(raw_of(event))
    assert isinstance(known, ProviderEvent)
    return known.news


RAW = raw_of(an_event())


def test_a_signature_of_stripes_own_library_is_taken() -> None:
    header = sdk.WebhookSignature.generate_signature_header(RAW.decode(), SECRET, T)

    event = read(RAW, header)

    assert isinstance(event, ProviderEvent)
    assert (event.provider, event.event_id, event.kind) == ("stripe", "evt_1", "checkout.session.completed")
    assert event.body == RAW


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("nonsense", id="nonsense"),
        pytest.param(f"v1={signature_of(RAW)}", id="no time"),
        pytest.param(f"t={T}", id="no signature"),
        pytest.param(f"t={T},v1=", id="empty signature"),
        pytest.param(f"t={T},v0={signature_of(RAW)}", id="v0 only"),
        pytest.param(signed(RAW)[:-1], id="truncated"),
        pytest.param(signed(RAW).upper(), id="in capitals"),
        pytest.param(signed(RAW, secret="whsec_other"), id="another secret"),
        pytest.param(signed(RAW + b" "), id="another body"),
        pytest.param(f"t={T - 1},v1={signature_of(RAW)}", id="another time"),
        pytest.param(f"t={T - 900},{signed(RAW)}", id="two times"),
        pytest.param(signed(RAW, at="soon"), id="a time that is no number"),
        pytest.param(signed(RAW, at=f"{T}.5"), id="a fraction of a second"),
        pytest.param(signed(RAW, at=f"-{T}"), id="before time began"),
        pytest.param(signed(RAW, at=str(2**63)), id="a huge time"),
        pytest.param(signed(RAW, at="9" * 900), id="a time without end"),
        pytest.param(signed(RAW, at="١٧٧٢٤٥٢٨٠٠"), id="digits of another script"),
        pytest.param(f"t={T}," + f"v1={'0' * 64}," * 10_000 + f"v1={signature_of(RAW)}", id="ten thousand candidates"),
        pytest.param(f"t={T},v1={'ü' * 64}", id="letters beyond ASCII"),
    ],
)
def test_what_stripe_did_not_sign_is_nobodys_word(header: str | None) -> None:
    assert read_event(RAW, header, SECRET, NOW) == BadSignature()


def test_without_a_secret_nothing_is_taken() -> None:
    assert read_event(RAW, signed(RAW, secret=""), "", NOW) == BadSignature()


@pytest.mark.parametrize(
    ("seconds", "taken"), [(-301, False), (-300, True), (299, True), (300, True), (301, False), (31_536_000, False)]
)
def test_a_signature_is_fresh_for_five_minutes_on_either_side(seconds: int, taken: bool) -> None:
    event = read(RAW, now=NOW + timedelta(seconds=seconds))

    assert isinstance(event, ProviderEvent) is taken


def test_while_a_secret_is_rotated_either_signature_will_do() -> None:
    header = f"t={T},v1={signature_of(RAW, secret='whsec_old')},v1={signature_of(RAW)},v0=abc"

    assert isinstance(read(RAW, header), ProviderEvent)


def test_a_body_written_anew_is_another_body() -> None:
    again = json.dumps(json.loads(RAW), indent=1).encode()

    assert read(again, signed(RAW)) == BadSignature()


def test_a_paid_checkout_has_its_money() -> None:
    news = read_news(an_event(amount_total=23_800, total_details={"amount_tax": 3_800}))

    assert news == Paid(
        checkout_ref="cs_test_1",
        payment_ref="pi_1",
        amount_minor=23_800,
        tax_minor=3_800,
        currency="EUR",
        paid_at=NOW - timedelta(seconds=10),
        livemode=False,
        order_token="token-42",
    )


def test_a_completed_checkout_may_be_unpaid() -> None:
    news = read_news(an_event(payment_status="unpaid"))

    assert news == Pending("cs_test_1", NOW - timedelta(seconds=10), order_token="token-42")


def test_a_checkout_with_nothing_to_pay_received_nothing() -> None:
    news = read_news(an_event(payment_status="no_payment_required", payment_intent=None, amount_total=0))

    assert isinstance(news, Paid)
    assert (news.amount_minor, news.payment_ref) == (0, "cs_test_1")


def test_what_came_later_is_paid_failed_or_closed() -> None:
    arrived = read_news(an_event("checkout.session.async_payment_succeeded"))
    bounced = read_news(an_event("checkout.session.async_payment_failed", payment_status="unpaid"))
    expired = read_news(an_event("checkout.session.expired", payment_status="unpaid", payment_intent=None))

    assert isinstance(arrived, Paid)
    assert bounced == ClosedUnpaid("cs_test_1", failed=True, order_token="token-42")
    assert expired == ClosedUnpaid("cs_test_1", order_token="token-42")


@pytest.mark.parametrize(
    ("metadata", "reference"),
    [
        ({}, "token-42"),
        ({"order": "token-43"}, "token-42"),
        ({"order": "token-42"}, None),
        ({"order": "token-4٢"}, "token-4٢"),
        (None, None),
    ],
)
def test_an_order_that_is_not_named_twice_is_not_named(metadata: object, reference: object) -> None:
    news = read_news(an_event(metadata=metadata, client_reference_id=reference))

    assert isinstance(news, Paid)
    assert news.order_token is None


@pytest.mark.parametrize(
    "kind", ["charge.dispute.funds_withdrawn", "charge.succeeded", "payment_intent.created", "invoice.paid"]
)
def test_a_kind_that_nobody_acts_on_is_parked_under_its_own_id(kind: str) -> None:
    event = read(raw_of(an_event(kind)))

    assert event == ProviderEvent("stripe", "evt_1", kind, raw_of(an_event(kind)), None, event_why(event))


def a_refund(kind: str = "refund.created", **changes: Any) -> dict[str, Any]:
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 5_000,
        "charge": "ch_1",
        "created": T - 60,
        "currency": "eur",
        "metadata": {"refund": "17"},
        "payment_intent": "pi_1",
        "status": "succeeded",
        **changes,
    }
    return {**an_event(kind), "data": {"object": refund}}


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed"])
@pytest.mark.parametrize(
    ("status", "reason", "failed"),
    [
        ("succeeded", None, None),
        ("pending", None, None),
        ("requires_action", None, None),
        ("failed", "expired_or_canceled_card", "expired_or_canceled_card"),
        ("failed", "Poison\x00", "failed"),
        ("canceled", None, "canceled"),
    ],
)
def test_a_refund_says_itself_how_it_stands(kind: str, status: str, reason: str | None, failed: str | None) -> None:
    news = read_news(a_refund(kind, status=status, failure_reason=reason))

    assert news == RefundNews("pi_1", "re_1", 5_000, "EUR", NOW - timedelta(seconds=60), failed, refund_id=17)


@pytest.mark.parametrize(
    ("metadata", "ours"),
    [
        ({}, None),
        (None, None),
        ({"refund": 17}, None),
        ({"refund": "0"}, None),
        ({"refund": "١٧"}, None),
        ({"refund": "9" * 19}, None),
        ({"refund": "17", "other": "\x00"}, 17),
    ],
)
def test_a_refund_is_ours_if_it_bears_the_number_of_a_row(metadata: object, ours: int | None) -> None:
    news = read_news(a_refund(metadata=metadata))

    assert isinstance(news, RefundNews)
    assert news.refund_id == ours


def test_of_a_charge_it_is_known_only_that_something_went_back() -> None:
    charge = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount_refunded": 5_000}

    assert read_news({**an_event("charge.refunded"), "data": {"object": charge}}) == RefundsChanged("pi_1")


@pytest.mark.parametrize(
    "poison",
    [
        {"payment_intent": None},  # of a charge that was made without a checkout of ours
        {"payment_intent": "pi_\x00"},
        {"id": 7},
        {"amount": 50.0},
        {"amount": -1},
        {"currency": "xxx"},
        {"created": "now"},
        {"status": "perhaps"},
        {"status": None},
    ],
)
def test_a_refund_that_is_not_what_it_should_be_is_parked(poison: dict[str, Any]) -> None:
    event = read(raw_of(a_refund(**poison)))

    assert event_why(event).startswith("unreadable: ")


@pytest.mark.parametrize(
    ("key", "livemode"),
    [("sk_live_1", True), ("rk_live_1", True), ("sk_test_1", False), ("rk_test_1", False), ("", None), ("live", None)],
)
def test_a_key_says_whether_it_moves_real_money(key: str, livemode: bool | None) -> None:
    assert livemode_of(key) is livemode


@pytest.mark.parametrize("key_is_live", [True, False, None])
@pytest.mark.parametrize("event_is_live", [True, False])
@pytest.mark.parametrize("kind", ["checkout.session.completed", "checkout.session.expired", "refund.created"])
def test_an_event_of_the_other_mode_is_parked(kind: str, event_is_live: bool, key_is_live: bool | None) -> None:
    told = a_refund(kind) if kind == "refund.created" else an_event(kind, livemode=event_is_live)
    raw = raw_of({**told, "livemode": event_is_live})

    event = read_event(raw, signed(raw), SECRET, NOW, key_is_live)

    taken = key_is_live in (None, event_is_live)
    assert (isinstance(event, ProviderEvent) and event.news is not None) is taken
    if not taken:
        assert "livemode" in event_why(event)


def test_a_payment_of_the_other_mode_is_parked_whatever_its_event_says() -> None:
    raw = raw_of(an_event(livemode=True))

    assert "livemode" in event_why(read_event(raw, signed(raw), SECRET, NOW, False))


def test_an_event_of_another_account_is_parked() -> None:
    event = read(raw_of({**an_event(), "account": "acct_other"}))

    assert isinstance(event, ProviderEvent)
    assert event.news is None


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="not JSON"),
        pytest.param(b"[]", id="not an object"),
        pytest.param(RAW[:-10], id="truncated"),
        pytest.param(b"\xef\xbb\xbf" + RAW, id="a byte order mark"),
        pytest.param(RAW.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"id": "\xff"}', id="not UTF-8"),
        pytest.param(b"[" * 200_000, id="nested too deep"),
        pytest.param(b'{"a":' * 40_000, id="objects nested too deep"),
        pytest.param(b'{"id": "evt_1", "created": ' + b"9" * 100_000 + b"}", id="a number without end"),
        pytest.param(b'{"id": "evt_1", "created": NaN}', id="not a number"),
        pytest.param(b'{"id": "evt_\\u0000"}', id="NUL in the id"),
        pytest.param(b'{"id": "evt_\\ud800"}', id="half a surrogate in the id"),
        pytest.param(b'{"id": 7}', id="an id that is no text"),
    ],
)
def test_what_stripe_signed_and_nobody_can_read_is_kept_under_its_digest(raw: bytes) -> None:
    event = read(raw)

    assert isinstance(event, ProviderEvent)
    assert event.event_id == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert (event.kind, event.news, event.body) == ("unreadable", None, raw)
    assert event == read(raw)


@pytest.mark.parametrize(
    "poison",
    [
        {"id": "cs_\x00"},
        {"id": "cs_\ud800"},
        {"id": None},
        {"id": "c" * 256},
        {"amount_total": -1},
        {"amount_total": 10**19},
        {"amount_total": 200.0},
        {"amount_total": True},
        {"amount_total": "20000"},
        {"total_details": "none"},
        {"total_details": {"amount_tax": None}},
        {"currency": "xxx"},
        {"currency": 978},
        {"currency": "isk", "amount_total": 150},
        {"livemode": "no"},
        {"payment_intent": None},
        {"payment_intent": "pi 1"},
        {"payment_status": "perhaps"},
    ],
)
def test_a_checkout_that_is_not_what_it_should_be_is_parked(poison: dict[str, Any]) -> None:
    event = read(raw_of(an_event(**poison)))

    assert isinstance(event, ProviderEvent)
    assert (event.event_id, event.kind, event.news) == ("evt_1", "checkout.session.completed", None)
    assert event_why(event).startswith("unreadable: ")


@pytest.mark.parametrize(
    "changes", [{"created": -1}, {"created": 10**15}, {"data": None}, {"data": {"object": "cs_test_1"}}]
)
def test_an_event_that_is_not_what_it_should_be_is_parked(changes: dict[str, Any]) -> None:
    event = read(raw_of({**an_event(), **changes}))

    assert isinstance(event, ProviderEvent)
    assert event.news is None


@pytest.mark.parametrize("kind", [None, 7, "", "charge\x00", "k" * 101])
def test_a_kind_that_is_no_name_is_kept_under_the_events_id(kind: object) -> None:
    event = read(raw_of({**an_event(), "type": kind}))

    assert isinstance(event, ProviderEvent)
    assert (event.event_id, event.kind, event.news) == ("evt_1", "unreadable", None)


def test_poison_that_nobody_reads_does_no_harm() -> None:
    news = read_news(an_event(customer_details={"name": "A\x00B\ud800", "age": 10**19}))

    assert isinstance(news, Paid)


def event_why(event: ProviderEvent | BadSignature) -> str:
    assert isinstance(event, ProviderEvent)
    assert event.why_parked is not None
    return event.why_parked


A_DISPUTE = {
    "id": "dp_1",
    "object": "dispute",
    "amount": 20_000,
    "created": T - 60,
    "currency": "eur",
    "evidence_details": {"due_by": T + 86_400, "has_evidence": False},
    "payment_intent": "pi_1",
    "reason": "product_not_received",
    "status": "needs_response",
}


def dispute_event(kind: str = "charge.dispute.created", **changes: Any) -> dict[str, Any]:
    return {**an_event(kind), "data": {"object": {**A_DISPUTE, **changes}}}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("needs_response", None),
        ("under_review", None),
        ("warning_needs_response", None),
        ("warning_under_review", None),
        ("won", DisputeOutcome.WON),
        ("warning_closed", DisputeOutcome.WON),
        ("prevented", DisputeOutcome.WON),
        ("lost", DisputeOutcome.LOST),
    ],
)
def test_a_dispute_is_told_as_it_stands(status: str, outcome: DisputeOutcome | None) -> None:
    is_open = outcome is None
    assert read_news(dispute_event(status=status)) == DisputeNews(
        payment_ref="pi_1",
        dispute_ref="dp_1",
        disputed_minor=20_000,
        currency="EUR",
        at=NOW - timedelta(seconds=10),
        outcome=outcome,
        reason="product_not_received",
        answer_by=NOW + timedelta(days=1) if is_open else None,
        opened_at=NOW - timedelta(seconds=60),
    )


@pytest.mark.parametrize(
    ("changes", "answer_by"),
    [
        ({"payment_intent": {"id": "pi_1"}, "evidence_details": None}, None),
        ({"reason": "Anything <b>", "evidence_details": {"due_by": None}}, None),
    ],
)
def test_what_a_dispute_leaves_out_is_left_out(changes: dict[str, Any], answer_by: datetime | None) -> None:
    news = read_news(dispute_event("charge.dispute.updated", **changes))
    assert isinstance(news, DisputeNews)
    assert (news.payment_ref, news.answer_by) == ("pi_1", answer_by)
    assert news.reason in ("product_not_received", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "new_word"},
        {"status": ["won"]},
        {"status": None},
        {"payment_intent": None},
        {"amount": "20000"},
        {"amount": -1},
        {"currency": "zzz"},
        {"created": None},
        {"evidence_details": {"due_by": "soon"}},
        {"id": "dp 1"},
    ],
)
def test_a_dispute_with_a_field_that_is_not_as_it_should_be_is_kept_unread(changes: dict[str, Any]) -> None:
    event = read(raw_of(dispute_event("charge.dispute.closed", **changes)))
    assert isinstance(event, ProviderEvent)
    assert event.news is None
