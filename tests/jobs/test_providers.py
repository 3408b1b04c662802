"""Checkouts, refunds and events: asked about, made and tried again until they are settled or a task for staff."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from core.db import tables
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.states import Channel, EventState, OrderState, RefundState
from core.usecases.refunds.make_refund import make_refund
from tests.builders import Pair, a_pair, an_order, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.jobs.steps import an_open_order
from tests.notices.courier import KeepingCourier
from tests.provider import LedgerProvider
from tests.usecases.refunds.steps import news_of


async def test_a_checkout_that_ran_out_unpaid_is_closed_at_the_provider_and_its_order_with_it(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    order_id, ref = await an_open_order(db, pair, provider)
    clock.forward(minutes=35)

    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.CLOSED
    assert type(provider.news[ref]).__name__ == "ClosedUnpaid"


async def test_while_the_provider_is_away_the_checkout_is_asked_about_again_later(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    order_id, _ = await an_open_order(db, pair, provider)
    clock.forward(minutes=35)
    provider.away = True

    await jobs.run_due()

    (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == order_id)
    assert checkout["next_attempt_at"] > clock.now()
    provider.away = False
    clock.set(checkout["next_attempt_at"])
    await jobs.run_due()
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.CLOSED


async def test_money_that_is_on_its_way_is_asked_about_again_after_hours(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    order_id, ref = await an_open_order(db, pair, provider)
    provider.pay_later(ref)
    clock.forward(minutes=35)
    await jobs.run_due()
    pauses = []
    for _ in range(3):
        (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == order_id)
        pauses.append(checkout["next_attempt_at"] - clock.now())
        clock.set(checkout["next_attempt_at"])

        await jobs.run_due()

    assert pauses == [timedelta(hours=6)] * 3
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.PENDING


async def test_a_checkout_of_a_provider_that_is_not_configured_waits(
    db: Database, clock: SettableClock, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    pair = await a_pair(db)
    order_id = await an_order(db, pair.student, pair.product_id)
    async with db.begin() as tx:
        await tx.run(update(tables.checkouts).values(provider="paypal", next_attempt_at=tx.now))

    await jobs.run_due()

    (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == order_id)
    assert checkout["next_attempt_at"] > clock.now()
    assert "paypal is not configured" in caplog.text


async def test_a_checkout_that_faults_is_put_off(
    db: Database, clock: SettableClock, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    pair = await a_pair(db)
    order_id = await an_order(db, pair.student, pair.product_id)  # the provider never heard of it
    async with db.begin() as tx:
        await tx.run(
            update(tables.checkouts).where(tables.checkouts.c.order_id == order_id).values(next_attempt_at=tx.now)
        )

    await jobs.run_due()

    (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == order_id)
    assert (checkout["attempts"], checkout["next_attempt_at"]) == (1, NOW + timedelta(seconds=30))
    assert f"settling order {order_id}" in caplog.text


async def _a_refund(db: Database) -> tuple[Pair, int]:
    """A payment of 200 euros, all of which we owe back."""
    pair = await a_pair(db)
    (payment,) = await rows_of(db, tables.payments)
    async with db.begin() as tx:
        refund_id = await tx.value(
            insert(tables.refunds)
            .values(
                payment_id=payment["id"],
                state=RefundState.INTENDED,
                cause="no_seat",
                amount_minor=payment["amount_minor"],
                created_at=tx.now,
                next_attempt_at=tx.now,
            )
            .returning(tables.refunds.c.id)
        )
    return pair, refund_id


async def test_a_refund_that_we_owe_is_made_once_and_counted_in_the_books(
    db: Database, jobs: Jobs, provider: LedgerProvider
) -> None:
    _, refund_id = await _a_refund(db)

    await jobs.run_due()
    await jobs.run_due()

    refund = await row_of(db, tables.refunds, refund_id)
    (asked,) = provider.refunds.values()
    assert (refund["state"], refund["provider_ref"]) == (RefundState.DONE, f"re_{asked.key}")
    assert refund["done_at"] == NOW
    (payment,) = await rows_of(db, tables.payments)
    assert payment["refunded_minor"] == 20_000
    assert (asked.payment_ref, asked.amount_minor, asked.currency) == (payment["provider_ref"], 20_000, "EUR")
    (change,) = await rows_of(db, tables.history, tables.history.c.entity == "refund")
    assert (change["before"], change["after"]) == ("intended", "done")


async def test_a_refund_that_the_provider_will_not_make_is_a_task_for_staff(
    db: Database, jobs: Jobs, provider: LedgerProvider, courier: KeepingCourier
) -> None:
    _, refund_id = await _a_refund(db)
    provider.refusing = True

    await jobs.run_due()

    refund = await row_of(db, tables.refunds, refund_id)
    assert (refund["state"], refund["last_error"]) == (RefundState.FAILED, "the account may not do this")
    student, staff = courier.sent
    assert "the account may not do this" in staff.message.text
    assert "€200.00" in staff.message.text
    assert (student.message.title, student.to.channel) == ("Your €200.00 are not on their way yet", Channel.DM)


async def test_a_refund_is_asked_for_again_until_staff_must_see_to_it(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider, courier: KeepingCourier
) -> None:
    _, refund_id = await _a_refund(db)
    provider.away = True

    for _ in range(MOST_ATTEMPTS - 1):
        await jobs.run_due()
        clock.forward(hours=1)
    before_the_last = (await row_of(db, tables.refunds, refund_id))["state"]
    await jobs.run_due()

    assert before_the_last is RefundState.INTENDED
    assert (await row_of(db, tables.refunds, refund_id))["state"] is RefundState.FAILED
    assert courier.sent[-1].message.title.startswith("A refund failed")


async def test_a_refund_that_meets_a_fault_each_time_is_a_task_for_staff_in_the_end(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider, courier: KeepingCourier
) -> None:
    pair, refund_id = await _a_refund(db)
    provider.refund_news = [await news_of(db, pair, 20_000, currency="USD")]  # of a payment in euros: a fault
    clock.forward(hours=12)

    for _ in range(MOST_ATTEMPTS):
        assert (await row_of(db, tables.refunds, refund_id))["state"] is RefundState.INTENDED
        await jobs.run_due()
        clock.forward(hours=1)
    await jobs.run_due()

    refund = await row_of(db, tables.refunds, refund_id)
    assert (refund["state"], refund["last_error"][:6]) == (RefundState.FAILED, "fault ")
    assert refund["last_error"] in courier.sent[-1].message.text
    assert provider.refunds == {}


async def test_a_refund_of_a_provider_that_is_not_configured_waits(db: Database, jobs: Jobs) -> None:
    _, refund_id = await _a_refund(db)
    async with db.begin() as tx:
        await tx.run(update(tables.payments).values(provider="paypal"))

    await jobs.run_due()

    refund = await row_of(db, tables.refunds, refund_id)
    assert (refund["state"], refund["attempts"]) == (RefundState.INTENDED, 1)
    assert refund["next_attempt_at"] == NOW + timedelta(seconds=30)


async def test_a_refund_is_ended_by_one_of_those_who_make_it_at_once(db: Database, provider: LedgerProvider) -> None:
    _, refund_id = await _a_refund(db)
    providers = {"stripe": provider}

    states_after = await asyncio.gather(*(make_refund(db, providers, refund_id) for _ in range(4)))

    assert set(states_after) == {RefundState.DONE}
    (payment,) = await rows_of(db, tables.payments)
    assert payment["refunded_minor"] == 20_000
    assert await count_of(db, tables.history, tables.history.c.entity == "refund") == 1
    assert await make_refund(db, providers, refund_id) is RefundState.DONE
    assert await make_refund(db, providers, 404) is None


async def test_a_refund_that_cannot_be_counted_yet_is_asked_for_again(
    db: Database, jobs: Jobs, provider: LedgerProvider
) -> None:
    _, refund_id = await _a_refund(db)
    async with db.begin() as tx:  # the books say that all was given back: of what came to us again we have not heard
        await tx.run(update(tables.payments).values(refunded_minor=20_000))

    await jobs.run_due()

    refund = await row_of(db, tables.refunds, refund_id)
    assert (refund["state"], refund["attempts"]) == (RefundState.INTENDED, 1)


async def test_a_refund_whose_making_faults_is_asked_for_again(
    db: Database, jobs: Jobs, provider: LedgerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    _, refund_id = await _a_refund(db)
    (payment,) = await rows_of(db, tables.payments)
    await a_pair(db)
    async with db.begin() as tx:  # another payment's refund has the name already, so it cannot be noted
        others = tables.payments.c.id != payment["id"]
        taken = {"payment_id": await tx.value(select(tables.payments.c.id).where(others)), "amount_minor": 1}
        name = f"re_refund-{refund_id}-{payment['provider_ref']}"
        done = {"state": RefundState.DONE, "cause": "provider", "provider_ref": name, "created_at": tx.now}
        await tx.run(insert(tables.refunds).values(**taken, **done))

    await jobs.run_due()

    refund = await row_of(db, tables.refunds, refund_id)
    assert (refund["state"], refund["attempts"]) == (RefundState.INTENDED, 1)
    assert f"making refund {refund_id}" in caplog.text


async def _a_failed_event(db: Database, body: bytes) -> int:
    async with db.begin() as tx:
        event_id: int = await tx.value(
            insert(tables.provider_events)
            .values(
                provider="stripe",
                event_id="evt_1",
                kind="checkout.session.completed",
                state=EventState.FAILED,
                body=body,
                received_at=tx.now,
                next_attempt_at=tx.now,
            )
            .returning(tables.provider_events.c.id)
        )
        return event_id


async def test_an_event_that_failed_is_settled_when_it_is_tried_again(
    db: Database, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    order_id, ref = await an_open_order(db, pair, provider)
    provider.pay(ref)
    event_id = await _a_failed_event(db, ref.encode())

    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.FULFILLED
    assert (await row_of(db, tables.provider_events, event_id))["state"] is EventState.APPLIED
    paid_for = await rows_of(db, tables.history, tables.history.c.verb == "fulfil")
    assert {change["cause"] for change in paid_for} == {"stripe:evt_1"}, "as if it had worked when it came"


async def test_an_event_that_always_fails_stays_for_staff_to_see(
    db: Database, clock: SettableClock, jobs: Jobs
) -> None:
    event_id = await _a_failed_event(db, b"\xff not utf-8")

    for _ in range(MOST_ATTEMPTS + 2):
        await jobs.run_due()
        clock.forward(hours=1)

    event = await row_of(db, tables.provider_events, event_id)
    assert (event["state"], event["attempts"], event["next_attempt_at"]) == (EventState.FAILED, MOST_ATTEMPTS, None)
    assert event["why"].startswith("fault ")


async def test_an_event_that_cannot_be_read_again_is_parked(db: Database, jobs: Jobs) -> None:
    event_id = await _a_failed_event(db, b"cs_unknown")

    await jobs.run_due()

    assert (await row_of(db, tables.provider_events, event_id))["state"] is EventState.PARKED
