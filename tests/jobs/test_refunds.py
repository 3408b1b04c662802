"""What was given back of a payment: asked for when something changed, and settled once its payment is known (28)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from core.db import tables
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.jobs.sweeps import next_due_at
from core.ports import ProviderEvent, RefundNews, RefundsChanged
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.states import EventState, OrderState, PackState, RefundState
from core.usecases.buying.settle import settle, settle_event
from core.usecases.refunds.ask_refunds import ask_refunds
from tests.answers import given
from tests.builders import Pair, a_pair, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.jobs.steps import an_open_order
from tests.provider import LedgerProvider
from tests.usecases.refunds.steps import news_of, payment_of, refunds_in, standing

SOON = timedelta(seconds=30)


async def something_changed(db: Database, pair: Pair) -> int:
    payment = await payment_of(db, pair)
    given(await settle(db, "stripe", RefundsChanged(payment["provider_ref"])))
    return int(payment["id"])


async def test_when_something_was_given_back_the_provider_is_asked_what_and_all_of_it_is_settled(
    db: Database, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    provider.refund_news = [await news_of(db, pair, 5_000), await news_of(db, pair, 15_000, "re_2")]
    await something_changed(db, pair)
    assert await next_due_at(db) == NOW

    await jobs.run_due()

    assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0), (RefundState.DONE, 15_000, 4)]
    assert (await standing(db, pair)).pack is PackState.REFUNDED
    payment = await payment_of(db, pair)
    assert (payment["next_attempt_at"], payment["attempts"]) == (None, 0)


@pytest.mark.parametrize("fault", ["away", "refusing", "not configured", "a fault"])
async def test_without_an_answer_it_is_asked_again_later(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider, fault: str
) -> None:
    pair = await a_pair(db)
    provider.refund_news = [await news_of(db, pair, 5_000, currency="USD" if fault == "a fault" else "EUR")]
    provider.away, provider.refusing = fault == "away", fault == "refusing"
    async with db.begin() as tx:
        if fault == "not configured":
            await tx.run(tables.payments.update().values(provider="paypal", next_attempt_at=tx.now))
    if fault != "not configured":
        await something_changed(db, pair)

    await jobs.run_due()

    payment = await payment_of(db, pair)
    assert (payment["next_attempt_at"], payment["attempts"]) == (NOW + SOON, 1)
    assert await refunds_in(db) == []
    provider.away = provider.refusing = False
    provider.refund_news = [await news_of(db, pair, 5_000)]
    async with db.begin() as tx:
        await tx.run(tables.payments.update().values(provider="stripe"))
    clock.forward(seconds=30)
    await jobs.run_due()
    assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0)]


async def test_what_changes_while_the_provider_is_asked_is_asked_about_again(
    db: Database, clock: SettableClock, jobs: Jobs
) -> None:
    pair = await a_pair(db)

    class Changing(LedgerProvider):
        async def refunds_of(self, payment_ref: str) -> Sequence[RefundNews]:
            clock.forward(seconds=1)
            given(await settle(db, "stripe", RefundsChanged(payment_ref)))
            return []

    payment_id = await something_changed(db, pair)

    assert await ask_refunds(db, {"stripe": Changing(clock)}, payment_id) == "asked"

    assert (await payment_of(db, pair))["next_attempt_at"] == NOW + timedelta(seconds=1)
    await jobs.run_due()
    assert (await payment_of(db, pair))["next_attempt_at"] is None
    assert await ask_refunds(db, {}, payment_id) == "known"
    assert await ask_refunds(db, {}, 404) == "known"


async def test_a_refund_that_is_told_before_its_payment_is_settled_after_it(
    db: Database, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    order_id, ref = await an_open_order(db, pair, provider)
    paid = provider.pay(ref)
    news = RefundNews(paid.payment_ref, "re_early", 20_000, "EUR", NOW)
    provider.refund_news = [news]
    event = ProviderEvent("stripe", "evt_early", "refund.created", b"re_early", news)
    assert given(await settle_event(db, event)).what == "parked"

    await jobs.run_due()
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.OPEN
    given(await settle(db, "stripe", paid))
    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.REFUNDED
    (stored,) = await rows_of(db, tables.provider_events)
    assert stored["state"] is EventState.APPLIED
    _, bought = await rows_of(db, tables.packs)
    assert (bought["remaining"], bought["state"]) == (0, PackState.REFUNDED)


async def test_what_the_provider_will_never_tell_is_not_asked_for_ever(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    pair = await a_pair(db)
    payment_id = await something_changed(db, pair)
    provider.refusing = True

    for _ in range(MOST_ATTEMPTS):
        assert (await payment_of(db, pair))["next_attempt_at"] is not None
        await jobs.run_due()
        clock.forward(hours=1)

    assert (await payment_of(db, pair))["next_attempt_at"] is None
    assert f"payment {payment_id}: stripe does not tell what was given back" in caplog.text
