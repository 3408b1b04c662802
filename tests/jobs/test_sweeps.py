"""What is due is seen to once, in the right order, and nothing that fails keeps the rest waiting."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from core.db import tables
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.jobs.sweeps import Sweeps, next_due_at
from core.ports import RetryAfter
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.notices import NoticeKind
from core.rules.states import EventState, NoticeState, OrderState, PackState, RefundState, SeatState
from core.usecases.buying.buy import buy
from core.usecases.refunds.make_refund import make_refund
from tests.answers import given
from tests.builders import DAY, HOUR, Pair, a_community, a_pair, a_session, an_order, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.jobs.conftest import PUBLIC_URL
from tests.jobs.inline import InlineEngine
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, notice, states
from tests.provider import LedgerProvider

pytestmark = pytest.mark.usefixtures("engine")


async def _in_grace(db: Database) -> Pair:
    """Grace of three days that begins now, with its two notices owed."""
    pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
    await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id, due_at=NOW + 3 * DAY - 12 * HOUR)
    return pair


async def _seat(db: Database, pair: Pair) -> SeatState:
    return (await row_of(db, tables.seats, pair.seat_id))["state"]  # type: ignore[no-any-return]


def _at(moment: object) -> str:
    return f"<t:{int(moment.timestamp())}:F>"  # type: ignore[attr-defined]


# ---------------------------------------------------------------- notices


async def test_a_due_notice_is_delivered_and_one_that_is_not_due_waits(
    db: Database, jobs: Jobs, courier: KeepingCourier
) -> None:
    await _in_grace(db)

    await jobs.run_due()

    assert await states(db) == {
        NoticeKind.GRACE_BEGAN: NoticeState.DELIVERED,
        NoticeKind.FINAL_WARNING: NoticeState.PENDING,
    }
    assert len(courier.sent) == 1


async def test_a_seat_lives_through_grace_warning_and_release(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    pair = await _in_grace(db)
    told = []

    for _ in range(3):
        await jobs.run_due()
        told.append([each.message.title for each in courier.sent])
        courier.sent.clear()
        due_at = await next_due_at(db, clock.now())
        if due_at is not None:
            clock.set(due_at)

    assert told[0] == ["No sessions left with Mara"]
    assert told[1] == ["Last call: your seat with Mara"]
    assert sorted(told[2]) == ["Seat released", "Stu's seat is released", "Your seat with Mara is released"]
    assert await _seat(db, pair) is SeatState.RELEASED
    assert clock.now() == NOW + 3 * DAY


async def test_after_six_hours_away_what_is_due_goes_out_once_with_the_true_time_left(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    warned_late = await _in_grace(db)
    renewed = await a_pair(db)
    await a_notice(db, renewed, NoticeKind.FINAL_WARNING, renewed.seat_id)
    begun = await a_session(db, renewed, NOW + 3 * DAY - 10 * HOUR)
    await a_notice(db, renewed, NoticeKind.SESSION_SOON, begun, due_at=NOW + 3 * DAY - 11 * HOUR)
    to_come = await a_session(db, renewed, NOW + 3 * DAY + 14 * HOUR)
    await a_notice(db, renewed, NoticeKind.SESSION_TOMORROW, to_come, due_at=NOW + 3 * DAY - 10 * HOUR)
    clock.set(NOW + 3 * DAY - 12 * HOUR + 6 * HOUR + timedelta(minutes=20))  # six hours late and a bit

    await jobs.run_due()
    await jobs.run_due()

    moved = clock.now() + 6 * HOUR
    assert (await row_of(db, tables.seats, warned_late.seat_id))["grace_ends_at"] == moved
    by_title = {each.message.title: each.message.text for each in courier.sent}
    assert sorted(by_title) == [
        "Coming up: your session with Mara",
        "Last call: your seat with Mara",
        "No sessions left with Mara",
    ]
    assert len(courier.sent) == 3
    assert _at(moved) in by_title["Last call: your seat with Mara"]
    assert _at(NOW + 3 * DAY + 14 * HOUR) in by_title["Coming up: your session with Mara"]
    dropped = {
        (row["kind"], row["subject_id"])
        for row in await rows_of(db, tables.notices, tables.notices.c.state == NoticeState.DROPPED)
    }
    assert dropped == {(NoticeKind.FINAL_WARNING, renewed.seat_id), (NoticeKind.SESSION_SOON, begun)}


async def test_a_notice_that_discord_refuses_for_now_is_tried_again_after_its_pause(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    courier.answers = [RetryAfter(None, "503 0")]

    await jobs.run_due()
    clock.forward(seconds=29)
    await jobs.run_due()
    asked_too_early = len(courier.asked)
    clock.forward(seconds=1)
    await jobs.run_due()

    assert asked_too_early == 1
    assert (await notice(db, owed))["state"] is NoticeState.DELIVERED


async def test_a_notice_that_faults_is_put_off_and_the_others_go_out(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = [await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED) for _ in range(3)]
    owed = [await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id) for pair in pairs]
    courier.answers = [ValueError("a body that Discord does not take")]

    await jobs.run_due()

    rows = [await notice(db, each) for each in owed]
    assert sorted(row["state"] for row in rows) == ["delivered", "delivered", "pending"]
    (waiting,) = [row for row in rows if row["state"] is NoticeState.PENDING]
    reference = waiting["why"].removeprefix("fault ")
    assert f"fault {reference}: delivering notice {waiting['id']}" in caplog.text
    assert waiting["next_attempt_at"] == NOW + timedelta(seconds=30)


async def test_a_notice_that_always_faults_ends_as_a_dead_letter(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW + DAY)
    owed = await a_notice(db, pair, NoticeKind.SESSION_BOOKED, session)
    courier.answers = [ValueError("poison") for _ in range(MOST_ATTEMPTS)]

    for _ in range(MOST_ATTEMPTS):
        await jobs.run_due()
        clock.forward(hours=1)

    assert (await notice(db, owed))["state"] is NoticeState.DEAD
    await jobs.run_due()
    assert len(courier.asked) == MOST_ATTEMPTS


async def test_a_notice_that_cannot_be_handed_over_does_not_hold_up_its_batch(
    db: Database, jobs: Jobs, engine: InlineEngine
) -> None:
    pairs = [await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED) for _ in range(4)]
    owed = [await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id) for pair in pairs]
    engine.poison = {f"notice:{owed[1]}:"}

    await jobs.run_due()

    found = [(await notice(db, each))["state"] for each in owed]
    assert found == [NoticeState.DELIVERED, NoticeState.PENDING, NoticeState.DELIVERED, NoticeState.DELIVERED]


async def test_what_the_engine_gave_up_is_taken_back(
    db: Database, clock: SettableClock, jobs: Jobs, engine: InlineEngine
) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    async with db.begin() as tx:
        await tx.run(update(tables.notices).values(state=NoticeState.QUEUED))
    await engine.give_up("deliver_notice", f"notice:{owed}:0:20260302T120000.000000")
    await engine.give_up("settle_checkout", "checkout:5:20260302T120000.000000")

    await jobs.tend()

    row = await notice(db, owed)
    assert (row["state"], row["attempts"], row["why"]) == (NoticeState.PENDING, 1, "the engine gave it up")
    assert not await engine.given_up()
    clock.forward(minutes=1)
    await jobs.run_due()
    assert (await notice(db, owed))["state"] is NoticeState.DELIVERED


async def test_many_notices_are_claimed_batch_by_batch(
    db: Database, engine: InlineEngine, courier: KeepingCourier
) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
    for cycle in range(1, 8):
        await a_notice(db, pair, NoticeKind.SEAT_RELEASED, pair.seat_id, cycle=cycle)

    handed = await Sweeps(db, engine, batch=3).sweep()

    assert handed == 7
    assert len(await engine.waiting()) == 7


# ---------------------------------------------------------------- seats and packs


async def test_a_seat_is_not_released_before_its_warning_was_delivered(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    pair = await _in_grace(db)
    clock.set(NOW + 3 * DAY)
    courier.always = RetryAfter(None, "503 0")

    await jobs.run_due()
    still = await _seat(db, pair)
    courier.always = None
    clock.forward(hours=1)
    await jobs.run_due()
    after_the_warning = await _seat(db, pair)
    warned_at = clock.now()
    clock.forward(hours=6)
    await jobs.run_due()

    assert (still, after_the_warning) == (SeatState.GRACE, SeatState.GRACE)
    assert await _seat(db, pair) is SeatState.RELEASED
    released = await row_of(db, tables.seats, pair.seat_id)
    assert released["released_at"] == warned_at + 6 * HOUR


async def test_release_waits_for_the_pairs_open_checkout_and_asks_the_provider_first(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await _in_grace(db)
    clock.set(NOW + 3 * DAY - 12 * HOUR)
    await jobs.run_due()
    clock.set(NOW + 3 * DAY - timedelta(minutes=5))
    order_id, _ = await _open_order(db, pair, provider)
    clock.set(NOW + 3 * DAY)

    await jobs.run_due()
    while_open = await _seat(db, pair)
    clock.forward(minutes=31)
    await jobs.run_due()

    assert while_open is SeatState.GRACE
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.CLOSED
    assert await _seat(db, pair) is SeatState.RELEASED


async def test_who_paid_in_time_keeps_the_seat_though_no_webhook_came(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider, courier: KeepingCourier
) -> None:
    pair = await _in_grace(db)
    clock.set(NOW + 3 * DAY - 12 * HOUR)
    await jobs.run_due()
    clock.set(NOW + 3 * DAY - timedelta(minutes=5))
    order_id, ref = await _open_order(db, pair, provider)
    provider.pay(ref)
    clock.set(NOW + 3 * DAY)

    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.FULFILLED
    assert await _seat(db, pair) is SeatState.ACTIVE
    assert courier.sent[-1].message.title == "Renewed: your seat with Mara"


async def test_a_pack_that_faults_does_not_keep_the_next_from_its_expiry(
    db: Database, clock: SettableClock, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await a_pair(db, community=await a_community(db, settings={"grace_hours": "three days"}))
    sound = await a_pair(db)
    clock.set(NOW + 60 * DAY)

    await jobs.run_due()

    assert await _seat(db, sound) is SeatState.GRACE
    assert await _seat(db, broken) is SeatState.ACTIVE
    assert f"the due pack {broken.pack_id}" in caplog.text
    caplog.clear()
    await jobs.run_due()
    assert not caplog.text  # it has its pause
    clock.forward(seconds=30)
    await jobs.run_due()
    assert f"the due pack {broken.pack_id}" in caplog.text


async def test_a_pack_whose_time_is_over_expires_and_grace_begins(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    clock.set(NOW + 60 * DAY)

    await jobs.run_due()

    assert (await row_of(db, tables.packs, pair.pack_id))["state"] is PackState.EXPIRED
    assert await _seat(db, pair) is SeatState.GRACE
    assert courier.sent[-1].message.title == "No sessions left with Mara"


# ---------------------------------------------------------------- checkouts, refunds, events


async def _open_order(db: Database, pair: Pair, provider: LedgerProvider) -> tuple[int, str]:
    """An order of the pair, open at the provider, and its checkout's reference."""
    made = given(await buy(db, provider, PUBLIC_URL, pair.student.asker, pair.mentor.id, pair.product_id))
    (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == made.order_id)
    return checkout["order_id"], checkout["provider_ref"]


async def test_a_checkout_that_ran_out_unpaid_is_closed_at_the_provider_and_its_order_with_it(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    order_id, ref = await _open_order(db, pair, provider)
    clock.forward(minutes=35)

    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.CLOSED
    assert type(provider.news[ref]).__name__ == "ClosedUnpaid"


async def test_while_the_provider_is_away_the_checkout_is_asked_about_again_later(
    db: Database, clock: SettableClock, jobs: Jobs, provider: LedgerProvider
) -> None:
    pair = await a_pair(db)
    order_id, _ = await _open_order(db, pair, provider)
    clock.forward(minutes=35)
    provider.away = True

    await jobs.run_due()

    (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == order_id)
    assert checkout["next_attempt_at"] > clock.now()
    provider.away = False
    clock.set(checkout["next_attempt_at"])
    await jobs.run_due()
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.CLOSED


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
    assert (refund["state"], refund["provider_ref"]) == (RefundState.DONE, f"re_refund-{refund_id}")
    assert refund["done_at"] == NOW
    (payment,) = await rows_of(db, tables.payments)
    assert payment["refunded_minor"] == 20_000
    assert list(provider.refunds) == [f"refund-{refund_id}"]
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
    (sent,) = courier.sent
    assert "the account may not do this" in sent.message.text
    assert "€200.00" in sent.message.text


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


async def test_a_refund_whose_making_faults_is_asked_for_again(
    db: Database, jobs: Jobs, provider: LedgerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    _, refund_id = await _a_refund(db)
    async with db.begin() as tx:  # the books say that all was given back, so the refund cannot be counted
        await tx.run(update(tables.payments).values(refunded_minor=20_000))

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
    order_id, ref = await _open_order(db, pair, provider)
    provider.pay(ref)
    event_id = await _a_failed_event(db, ref.encode())

    await jobs.run_due()

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.FULFILLED
    assert (await row_of(db, tables.provider_events, event_id))["state"] is EventState.APPLIED


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


# ---------------------------------------------------------------- what is due next


async def test_the_next_due_thing_is_the_earliest_of_all(db: Database, provider: LedgerProvider) -> None:
    nothing = await next_due_at(db)
    pair = await a_pair(db)
    expiry = await next_due_at(db)
    await _in_grace(db)
    begins = await next_due_at(db)
    warning = await next_due_at(db, NOW)
    await _open_order(db, pair, provider)
    checkout = await next_due_at(db, NOW)

    assert nothing is None
    assert expiry == NOW + 60 * DAY
    assert begins == NOW
    assert warning == NOW + 3 * DAY - 12 * HOUR
    assert checkout == NOW + timedelta(minutes=35)
    assert await next_due_at(db, NOW + 3 * DAY - 12 * HOUR) == NOW + 3 * DAY


async def test_a_sweep_with_nothing_due_writes_nothing(db: Database, engine: InlineEngine) -> None:
    await a_pair(db)

    assert await Sweeps(db, engine).sweep() == 0
    assert await count_of(db, tables.history) == 0
