"""The day's comparison with the providers: once a day, by whichever process comes first."""

from datetime import timedelta

from core.db import tables
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.states import OrderState
from tests.builders import a_pair, row_of, rows_of
from tests.clocks import SettableClock
from tests.jobs.inline import InlineEngine
from tests.jobs.steps import an_open_order
from tests.notices.courier import KeepingCourier
from tests.provider import LedgerProvider


async def test_what_was_paid_and_not_granted_is_repaired_by_the_jobs_and_staff_are_told(
    db: Database, jobs: Jobs, provider: LedgerProvider, courier: KeepingCourier
) -> None:
    order_id, ref = await an_open_order(db, await a_pair(db), provider)
    provider.pay(ref)

    await jobs.reconcile_today()
    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.FULFILLED
    (told,) = [each.message for each in courier.sent if each.message.title == "An order was not as its provider says"]
    assert "A comparison with Stripe" in told.text
    assert f"Order {order_id}, payment " in told.text


async def test_a_day_is_compared_once_and_begins_at_three_in_the_morning(
    jobs: Jobs, engine: InlineEngine, clock: SettableClock
) -> None:
    clock.set(clock.now().replace(hour=2, minute=59))
    for minutes in (0, 0, 1, 60 * 20, 60 * 4):
        clock.forward(minutes=minutes)
        await jobs.reconcile_today()
        await jobs.run_due()

    days = [clock.now().date().toordinal() - ago for ago in (2, 1, 0)]
    assert [each.rpartition(":")[0] for each in engine.ran] == [f"reconcile:{day}" for day in days]


async def test_a_provider_that_is_away_at_that_hour_is_asked_again_in_the_same_night(
    db: Database, clock: SettableClock, jobs: Jobs, engine: InlineEngine, provider: LedgerProvider
) -> None:
    order_id, ref = await an_open_order(db, await a_pair(db), provider)
    provider.pay(ref)
    provider.away = True

    pauses = []
    for _ in range(3):
        await jobs.reconcile_today()
        await jobs.run_due()
        (comparison,) = await rows_of(db, tables.comparisons)
        pauses.append(comparison["next_attempt_at"] - clock.now())
        clock.set(comparison["next_attempt_at"])

    assert await engine.given_up() == []
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.OPEN
    assert pauses == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]

    provider.away = False
    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.FULFILLED
    assert [row["next_attempt_at"] for row in await rows_of(db, tables.comparisons)] == [None]


async def test_a_provider_that_stays_away_is_left_to_the_next_days_comparison(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider
) -> None:
    provider.away = True
    await jobs.reconcile_today()
    for _ in range(MOST_ATTEMPTS):
        await jobs.run_due()
        clock.forward(hours=1)
    clock.forward(days=1)
    provider.away = False

    given_up = await rows_of(db, tables.comparisons, tables.comparisons.c.next_attempt_at.is_(None))
    await jobs.reconcile_today()
    await jobs.run_due()

    assert [row["attempts"] for row in given_up] == [MOST_ATTEMPTS]
    assert [row["next_attempt_at"] for row in await rows_of(db, tables.comparisons)] == [None, None]
