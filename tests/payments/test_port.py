"""The port PaymentProvider, held against Stripe and PayPal alike: what every caller may rely on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.ports import (
    ClosedUnpaid,
    Paid,
    Pending,
    ProviderRefused,
    ProviderUnavailable,
    Refunded,
    RefundFailed,
    StillOpen,
)
from tests.clocks import NOW, SettableClock
from tests.payments.fake_stripe import BadDay
from tests.payments.tills import REFUND, REQUEST, Till


async def test_the_same_key_gives_the_same_checkout(till: Till) -> None:
    first = await till.provider.open_checkout(REQUEST)

    again = await till.provider.open_checkout(REQUEST)

    assert again == first
    assert till.checkouts() == [first.ref]
    assert first.expires_at == REQUEST.expires_at
    assert first.url.startswith("https://")


async def test_a_checkout_that_was_made_although_no_answer_came_is_found_again(till: Till) -> None:
    till.bad_day(BadDay(status=502, done=True))
    with pytest.raises(ProviderUnavailable):
        await till.provider.open_checkout(REQUEST)

    opened = await till.provider.open_checkout(REQUEST)

    assert till.checkouts() == [opened.ref]


async def test_a_checkout_nobody_paid_yet_is_still_open(till: Till) -> None:
    opened = await till.provider.open_checkout(REQUEST)

    assert await till.provider.ask_checkout(opened.ref) == StillOpen(opened.ref, order_token="token-42")


async def test_a_paid_checkout_tells_what_came_and_when(till: Till, clock: SettableClock) -> None:
    opened = await till.provider.open_checkout(REQUEST)
    clock.forward(minutes=5)
    await till.pay(opened.ref)
    clock.forward(hours=3)

    news = await till.provider.ask_checkout(opened.ref)

    assert isinstance(news, Paid)
    assert replace(news, fee_minor=None) == Paid(
        checkout_ref=opened.ref,
        payment_ref=till.payment_of(opened.ref),
        amount_minor=20_000,
        tax_minor=0,
        currency="EUR",
        paid_at=NOW + timedelta(minutes=5),
        livemode=False,
        order_token="token-42",
    )


@pytest.mark.parametrize(("amount_minor", "currency"), [(5_000, "JPY"), (199_000, "HUF"), (4_990, "USD")])
async def test_what_is_asked_for_in_any_currency_is_what_comes(till: Till, amount_minor: int, currency: str) -> None:
    opened = await till.provider.open_checkout(replace(REQUEST, amount_minor=amount_minor, currency=currency))
    await till.pay(opened.ref)

    news = await till.provider.ask_checkout(opened.ref)

    assert isinstance(news, Paid)
    assert (news.amount_minor, news.currency) == (amount_minor, currency)


async def test_an_amount_that_cannot_be_charged_is_refused_and_not_asked_for(till: Till) -> None:
    with pytest.raises(ProviderRefused, match="KWD"):
        await till.provider.open_checkout(replace(REQUEST, amount_minor=5_125, currency="KWD"))

    assert till.checkouts() == []


async def test_money_that_takes_days_is_pending_until_it_arrives(till: Till) -> None:
    opened = await till.provider.open_checkout(REQUEST)
    await till.pay_later(opened.ref)
    on_its_way = await till.provider.ask_checkout(opened.ref)

    till.arrive(opened.ref)

    assert on_its_way == Pending(opened.ref, NOW, order_token="token-42")
    assert isinstance(await till.provider.ask_checkout(opened.ref), Paid)


async def test_money_that_takes_days_is_pending_until_it_bounces(till: Till) -> None:
    opened = await till.provider.open_checkout(REQUEST)
    await till.pay_later(opened.ref)

    till.bounce(opened.ref)

    bounced = ClosedUnpaid(opened.ref, failed=True, order_token="token-42")
    assert await till.provider.ask_checkout(opened.ref) == bounced


async def test_closing_an_open_checkout_ends_it_however_often(till: Till) -> None:
    opened = await till.provider.open_checkout(REQUEST)

    news = await till.provider.close_checkout(opened.ref)

    assert isinstance(news, ClosedUnpaid)
    assert (news.checkout_ref, news.failed, news.order_token) == (opened.ref, False, "token-42")
    assert await till.provider.close_checkout(opened.ref) == news


async def test_closing_a_checkout_that_was_paid_meanwhile_says_so(till: Till) -> None:
    opened = await till.provider.open_checkout(REQUEST)
    await till.pay(opened.ref)

    assert isinstance(await till.provider.close_checkout(opened.ref), Paid)


async def test_a_checkout_that_is_open_or_paid_is_not_captured_again(till: Till) -> None:
    opened = await till.provider.open_checkout(REQUEST)
    before = await till.provider.capture(opened.ref, "capture-7")
    await till.pay(opened.ref)

    after = [await till.provider.capture(opened.ref, key) for key in ("capture-7", "capture-7", "capture-8")]

    assert before == StillOpen(opened.ref, order_token="token-42")
    assert all(isinstance(news, Paid) and news.payment_ref == till.payment_of(opened.ref) for news in after)


async def test_a_refund_is_made_once_per_key(till: Till) -> None:
    payment = await paid(till)

    first = await till.provider.refund(replace(REFUND, payment_ref=payment))
    again = await till.provider.refund(replace(REFUND, payment_ref=payment))

    assert isinstance(first, Refunded)
    assert again == first
    assert till.returned() == [20_000]


async def test_a_refund_that_was_made_although_no_answer_came_is_not_made_twice(till: Till) -> None:
    payment = await paid(till)
    till.bad_day(BadDay(cuts=True, done=True))
    with pytest.raises(ProviderUnavailable):
        await till.provider.refund(replace(REFUND, payment_ref=payment))

    assert isinstance(await till.provider.refund(replace(REFUND, payment_ref=payment)), Refunded)
    assert till.returned() == [20_000]


async def test_two_parts_of_a_payment_may_go_back_and_not_a_third(till: Till) -> None:
    payment = await paid(till)
    part = replace(REFUND, payment_ref=payment, amount_minor=10_000)

    made = [await till.provider.refund(replace(part, key=f"refund-{each}", refund_id=each)) for each in (3, 4, 5)]

    assert [isinstance(each, Refunded) for each in made] == [True, True, False]
    assert isinstance(made[2], RefundFailed)
    assert till.returned() == [10_000, 10_000]


async def test_a_refund_that_was_sent_back_has_failed(till: Till) -> None:
    payment = await paid(till)
    till.refund_fails()

    assert await till.provider.refund(replace(REFUND, payment_ref=payment)) == RefundFailed("failed")


async def test_a_refund_of_nobodys_payment_has_failed(till: Till) -> None:
    assert isinstance(await till.provider.refund(replace(REFUND, payment_ref="3C9")), RefundFailed)


async def test_what_may_be_asked_again_is_unavailable(till: Till) -> None:
    opened = await till.provider.open_checkout(REQUEST)

    for day in till.away():
        till.bad_day(day)
        with pytest.raises(ProviderUnavailable):
            await till.provider.ask_checkout(opened.ref)

    assert isinstance(await till.provider.ask_checkout(opened.ref), StillOpen)


async def paid(till: Till) -> str:
    opened = await till.provider.open_checkout(REQUEST)
    await till.pay(opened.ref)
    return till.payment_of(opened.ref)
