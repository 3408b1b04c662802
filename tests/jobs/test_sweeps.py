"""What is due is seen to once, in the right order, and nothing that fails keeps the rest waiting."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.jobs.sweeps import Sweeps, next_due_at
from core.ports import RetryAfter
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState, OrderState, PackState, SeatState
from tests.builders import DAY, HOUR, Pair, a_community, a_pair, a_session, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.jobs.inline import InlineEngine
from tests.jobs.steps import a_grace, an_open_order
from tests.logged import events_of, the_log
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, notice, states
from tests.provider import LedgerProvider

pytestmark = pytest.mark.usefixtures("engine")


async def _seat(db: Database, pair: Pair) -> SeatState:
    return (await row_of(db, tables.seats, pair.seat_id))["state"]  # type: ignore[no-any-return]


def _at(moment: object) -> str:
    return f"<t:{int(moment.timestamp())}:F>"  # type: ignore[attr-defined]


# ---------------------------------------------------------------- notices


async def test_a_due_notice_is_delivered_and_one_that_is_not_due_waits(
    db: Database, jobs: Jobs, courier: KeepingCourier
) -> None:
    await a_grace(db)

    await jobs.run_due()

    assert await states(db) == {
        NoticeKind.GRACE_BEGAN: NoticeState.DELIVERED,
        NoticeKind.FINAL_WARNING: NoticeState.PENDING,
    }
    assert len(courier.sent) == 1


async def test_a_seat_lives_through_grace_warning_and_release(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    pair = await a_grace(db)
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
    warned_late = await a_grace(db)
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


async def test_what_nobody_asked_for_is_followed_from_its_errand_to_the_notice(
    db: Database, clock: SettableClock, jobs: Jobs
) -> None:
    pair = await a_grace(db)
    clock.forward(days=2.5)
    await jobs.run_due()
    clock.forward(days=1)
    with the_log() as lines:
        await jobs.run_due()

    cause = f"due_seat:{pair.seat_id}"
    released = await rows_of(db, tables.notices, tables.notices.c.cause == cause)
    assert {row["kind"] for row in released} >= {NoticeKind.SEAT_RELEASED, NoticeKind.SEAT_RELEASED_STAFF}
    told = [f"notice {row['id']} ({row['kind']}): delivered" for row in released]
    assert sorted(events_of(lines, cause)) == sorted(told)
    (change,) = await rows_of(db, tables.history, tables.history.c.cause == cause)
    assert (change["entity"], change["verb"]) == ("seat", "release")


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
        await a_notice(db, pair, NoticeKind.SEAT_RELEASED_STAFF, pair.seat_id, cycle=cycle)

    handed = await Sweeps(db, engine, batch=3).sweep()

    assert handed == 7
    assert len(await engine.waiting()) == 7


# ---------------------------------------------------------------- seats and packs


async def test_a_seat_is_not_released_before_its_warning_was_delivered(
    db: Database, clock: SettableClock, jobs: Jobs, courier: KeepingCourier
) -> None:
    pair = await a_grace(db)
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
    pair = await a_grace(db)
    clock.set(NOW + 3 * DAY - 12 * HOUR)
    await jobs.run_due()
    clock.set(NOW + 3 * DAY - timedelta(minutes=5))
    order_id, _ = await an_open_order(db, pair, provider)
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
    pair = await a_grace(db)
    clock.set(NOW + 3 * DAY - 12 * HOUR)
    await jobs.run_due()
    clock.set(NOW + 3 * DAY - timedelta(minutes=5))
    order_id, ref = await an_open_order(db, pair, provider)
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


# ---------------------------------------------------------------- what is due next


async def test_the_next_due_thing_is_the_earliest_of_all(db: Database, provider: LedgerProvider) -> None:
    nothing = await next_due_at(db)
    pair = await a_pair(db)
    expiry = await next_due_at(db)
    await a_grace(db)
    begins = await next_due_at(db)
    warning = await next_due_at(db, NOW)
    await an_open_order(db, pair, provider)
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
