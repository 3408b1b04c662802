"""What PayPal's own lists tell of a period."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.payments.paypal import PayPalProvider
from core.ports import DisputeNews, News, Paid, Pending, ProviderRefused, RefundNews
from core.rules.states import DisputeOutcome
from tests.clocks import NOW, SettableClock
from tests.payments.fake_paypal import Asked, FakePayPal
from tests.payments.tills import REFUND, REQUEST

DAY = timedelta(days=1)


async def pay(provider: PayPalProvider, paypal: FakePayPal, key: str) -> str:
    ref = (await provider.open_checkout(replace(REQUEST, key=key))).ref
    paypal.approve(ref)
    await provider.capture(ref, f"capture-{key}")
    return ref


async def told(provider: PayPalProvider, days: float = 2) -> list[News]:
    return [news async for news in provider.told_since(NOW - DAY, NOW + days * DAY)]


async def test_payments_refunds_reversals_and_disputes_are_told(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock
) -> None:
    first, second = [await pay(paypal_provider, paypal, key) for key in ("one", "two")]
    mine, theirs = [paypal.capture_of(ref)["id"] for ref in (first, second)]
    clock.forward(hours=2)
    await paypal_provider.refund(replace(REFUND, payment_ref=mine, amount_minor=5_000))
    paypal.give_back(mine, "30.00")
    paypal.reverse(theirs)
    paypal.dispute(theirs)
    paypal.resolve("PP-D-1", "RESOLVED_BUYER_FAVOUR")

    news = await told(paypal_provider)

    later = NOW + timedelta(hours=2)
    paid = [each for each in news if isinstance(each, Paid)]
    assert [(each.checkout_ref, each.payment_ref, each.amount_minor) for each in paid] == [
        (first, mine, 20_000),
        (second, theirs, 20_000),
    ]
    assert news[2:] == [
        RefundNews(mine, "1R000000000000001", 5_000, "EUR", later, refund_id=3),
        RefundNews(mine, "1R000000000000002", 3_000, "EUR", later),
        DisputeNews(theirs, "1R000000000000003", 20_000, "EUR", later, DisputeOutcome.LOST, "reversed"),
        DisputeNews(
            theirs,
            "PP-D-1",
            20_000,
            "EUR",
            later,
            DisputeOutcome.LOST,
            "merchandise_or_service_not_received",
            opened_at=later,
        ),
    ]


@pytest.mark.parametrize("code", ["T1106", "T1202"])
async def test_a_reversal_that_paypal_takes_back_is_no_second_loss(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock, code: str
) -> None:
    payment = paypal.capture_of(await pay(paypal_provider, paypal, "one"))
    clock.forward(hours=2)
    paypal.note("9CREDIT", code, "200.00", payment, custom_field=None, reference=payment["id"])

    listed = [news for news in await told(paypal_provider) if isinstance(news, DisputeNews)]

    assert listed == [DisputeNews(payment["id"], "9CREDIT", 20_000, "EUR", clock.now(), DisputeOutcome.WON, "reversed")]


async def test_a_refund_in_the_list_is_the_refund_that_was_made(
    paypal_provider: PayPalProvider, paypal: FakePayPal
) -> None:
    payment = paypal.capture_of(await pay(paypal_provider, paypal, "one"))["id"]
    await paypal_provider.refund(replace(REFUND, payment_ref=payment, amount_minor=5_000))

    listed = [news for news in await told(paypal_provider) if isinstance(news, RefundNews)]

    assert listed == await paypal_provider.refunds_of(payment)


async def test_pages_and_months_are_all_read(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.payments.paypal_reports._PAGE_SIZE", 2)
    for number in range(5):
        await pay(paypal_provider, paypal, f"early-{number}")
    clock.forward(days=40)
    late = await pay(paypal_provider, paypal, "late")
    for _ in range(3):
        paypal.dispute(paypal.capture_of(late)["id"])

    news = await told(paypal_provider, days=50)

    refs = [each.checkout_ref for each in news if isinstance(each, Paid)]
    assert sorted(refs) == sorted(paypal.orders)
    assert [each.dispute_ref for each in news if isinstance(each, DisputeNews)] == ["PP-D-1", "PP-D-2", "PP-D-3"]
    windows = {(request.query["start_date"], request.query["end_date"]) for request in reports(paypal)}
    assert len(windows) == 2


async def test_too_many_at_once_are_asked_for_in_parts(
    paypal_provider: PayPalProvider, paypal: FakePayPal, clock: SettableClock
) -> None:
    paypal.most_listed = 2
    for number in range(5):
        await pay(paypal_provider, paypal, str(number))
        clock.forward(hours=7)

    news = await told(paypal_provider)

    assert {each.checkout_ref for each in news if isinstance(each, Paid)} == set(paypal.orders)


async def test_more_than_paypal_lists_is_said(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    paypal.most_listed = 0
    await pay(paypal_provider, paypal, "one")

    with pytest.raises(ProviderRefused, match="no more than"):
        await told(paypal_provider)


@pytest.mark.parametrize(
    ("path", "feature"), [("/v1/reporting", "Transaction Search"), ("/v1/customer", "Customer Disputes")]
)
async def test_a_permission_that_is_missing_is_named(
    paypal_provider: PayPalProvider, paypal: FakePayPal, path: str, feature: str
) -> None:
    paypal.forbidden = {path}

    with pytest.raises(ProviderRefused) as refused:
        await told(paypal_provider)

    assert str(refused.value) == f"this app may not read PayPal's {feature}: switch it on in its settings"


async def test_money_that_is_not_ours_is_passed_over(
    paypal_provider: PayPalProvider, paypal: FakePayPal, caplog: pytest.LogCaptureFixture
) -> None:
    ref = await pay(paypal_provider, paypal, "one")
    (ours,) = [each["transaction_info"] for each in paypal.transactions]
    strangers = [
        {**ours, "custom_field": "invoice 7 of a shop"},
        {**ours, "custom_field": "token-of-another", "transaction_id": "9X1"},  # of another product: no capture
        {**ours, "transaction_amount": {"currency_code": "EUR", "value": "-5.00"}},  # paid by us
        {**ours, "transaction_event_code": "T0400"},  # to our bank
        {**ours, "transaction_event_code": "T1107", "paypal_reference_id": "O-1", "paypal_reference_id_type": "ODR"},
        {**ours, "transaction_event_code": 7},
        {**ours, "transaction_amount": None},
    ]
    paypal.transactions += [{"transaction_info": each} for each in strangers]

    news = await told(paypal_provider)

    assert [each.checkout_ref for each in news if isinstance(each, Paid)] == [ref]
    assert len(news) == 1
    assert caplog.text.count("cannot be read") == 2


async def test_a_payment_that_is_on_its_way_is_told_as_such(
    paypal_provider: PayPalProvider, paypal: FakePayPal
) -> None:
    paypal.means = "PENDING"
    ref = await pay(paypal_provider, paypal, "one")
    capture = paypal.capture_of(ref)
    paypal.note(capture["id"], "T0006", "200.00", capture, custom_field="token-42")

    assert await told(paypal_provider) == [Pending(ref, NOW, order_token="token-42")]


def reports(paypal: FakePayPal) -> list[Asked]:
    return [request for request in paypal.requests if request.path == "/v1/reporting/transactions"]
