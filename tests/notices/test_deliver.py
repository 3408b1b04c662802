"""One notice on its way: dropped, delivered, handed to staff, put off, or dead."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import deliver, put_off
from core.ports import Address
from core.rules.notices import NoticeKind
from core.rules.states import Channel, NoticeState, OrderState, PackState, SeatState, SessionState
from tests.builders import DAY, HOUR, STAFF_CHANNEL, a_pair, a_seat, a_session, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, a_pair_in_grace, at_attempt, notice
from tests.usecases.records.tasks import a_dispute, a_failed_refund


async def test_a_notice_goes_to_its_persons_dm_and_says_so(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    state = await deliver(db, courier, owed)

    assert state is NoticeState.DELIVERED
    (sent,) = courier.sent
    assert sent.to == Address(Channel.DM, pair.student.user_id)
    assert sent.message.title == "No sessions left with Mara"
    row = await notice(db, owed)
    assert (row["state"], row["channel"], row["message_id"]) == (NoticeState.DELIVERED, Channel.DM, 1)
    assert row["ended_at"] == NOW


async def test_a_delivered_notice_is_not_sent_again(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    await deliver(db, courier, owed)

    state = await deliver(db, courier, owed)

    assert state is NoticeState.DELIVERED
    assert len(courier.asked) == 1


async def test_there_is_nothing_to_deliver_for_a_notice_that_does_not_exist(
    db: Database, courier: KeepingCourier
) -> None:
    assert await deliver(db, courier, 404) is None
    assert await put_off(db, 404, 0, "no reason") is None


async def test_an_older_attempt_that_a_crash_brings_back_sends_nothing(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    await at_attempt(db, owed, 2)

    await deliver(db, courier, owed, attempt=1)

    assert not courier.asked
    assert (await notice(db, owed))["state"] is NoticeState.PENDING


async def test_a_repeat_after_a_crash_carries_the_nonce_of_the_first_time(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    await deliver(db, courier, owed)
    async with db.begin() as tx:  # the process died before it noted the delivery
        await tx.run(update(tables.notices).where(tables.notices.c.id == owed).values(state=NoticeState.QUEUED))

    await deliver(db, courier, owed)

    assert len(courier.asked) == 2
    assert len(courier.sent) == 1
    assert len(courier.sent[0].nonce) <= 25


@pytest.mark.parametrize("kind", [NoticeKind.GRACE_BEGAN, NoticeKind.FINAL_WARNING])
async def test_who_renewed_is_not_told_of_grace(db: Database, courier: KeepingCourier, kind: NoticeKind) -> None:
    pair = await a_pair(db)
    owed = await a_notice(db, pair, kind, pair.seat_id)

    state = await deliver(db, courier, owed)

    assert state is NoticeState.DROPPED
    assert not courier.asked
    row = await notice(db, owed)
    assert row["ended_at"] == NOW
    assert row["why"]


async def test_the_warning_of_an_older_grace_is_dropped(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair_in_grace(db)
    async with db.begin() as tx:
        await tx.run(update(tables.seats).where(tables.seats.c.id == pair.seat_id).values(grace_number=2))
    owed = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id, cycle=1)

    assert await deliver(db, courier, owed) is NoticeState.DROPPED
    assert (await notice(db, owed))["why"] == "it belongs to an older grace"


async def test_a_renewal_reminder_is_dropped_when_the_last_session_is_used(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db, remaining=0, state="depleted")
    owed = await a_notice(db, pair, NoticeKind.RENEWAL_REMINDER, pair.seat_id)

    assert await deliver(db, courier, owed) is NoticeState.DROPPED


async def test_a_renewal_reminder_goes_out_while_one_session_is_left(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db, remaining=1)
    owed = await a_notice(db, pair, NoticeKind.RENEWAL_REMINDER, pair.seat_id)

    assert await deliver(db, courier, owed) is NoticeState.DELIVERED
    assert f"<t:{int((NOW + 60 * DAY).timestamp())}:F>" in courier.sent[0].message.text


async def test_a_reminder_is_dropped_when_the_session_has_begun(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW + 2 * HOUR)
    owed = await a_notice(db, pair, NoticeKind.SESSION_SOON, session, due_at=NOW + HOUR)
    clock.forward(hours=2)

    assert await deliver(db, courier, owed) is NoticeState.DROPPED
    assert (await notice(db, owed))["why"] == "the session has begun"


async def test_the_mentor_is_asked_how_a_session_went_with_a_button_for_it(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW + 2 * HOUR)
    owed = await a_notice(db, pair, NoticeKind.OUTCOME_PROMPT, session)
    clock.forward(hours=3)

    await deliver(db, courier, owed)

    (sent,) = courier.sent
    assert sent.to == Address(Channel.DM, pair.mentor.user_id)
    assert "Session 1 of 4" in sent.message.text
    pressed = [(button.action, button.subject_id) for button in sent.message.buttons]
    assert pressed == [("complete", session), ("noshow", session), ("not-held", session)]


async def test_a_session_that_was_completed_needs_no_prompt(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW + HOUR)
    owed = await a_notice(db, pair, NoticeKind.OUTCOME_PROMPT, session)
    async with db.begin() as tx:
        await tx.run(
            update(tables.sessions)
            .where(tables.sessions.c.id == session)
            .values(state=SessionState.COMPLETED, decided_at=NOW + 2 * HOUR)
        )
    clock.forward(hours=2)

    assert await deliver(db, courier, owed) is NoticeState.DROPPED


async def test_what_a_purchase_gave_is_read_from_the_order_and_its_pack(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    pack = await row_of(db, tables.packs, pair.pack_id)
    owed = await a_notice(db, pair, NoticeKind.PURCHASE_CONFIRMED, pack["order_id"])

    await deliver(db, courier, owed)

    text = courier.sent[0].message.text
    assert "€200.00" in text
    assert "You have 4 sessions to use." in text
    assert f"<t:{int(pack['expires_at'].timestamp())}:F>" in text


async def test_a_notice_about_a_row_that_is_gone_is_dropped(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    owed = [
        await a_notice(db, pair, NoticeKind.SEAT_RELEASED, 404),
        await a_notice(db, pair, NoticeKind.SESSION_BOOKED, 404),
        await a_notice(db, pair, NoticeKind.PAID_TWICE_STAFF, 404),
    ]

    assert [await deliver(db, courier, each) for each in owed] == [NoticeState.DROPPED] * 3


async def test_staff_are_told_in_their_channel(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    async with db.begin() as tx:
        payment = await tx.value(select(tables.payments.c.id))
        await tx.run(
            tables.refunds.insert().values(
                id=77,
                payment_id=payment,
                state="failed",
                cause="no_seat",
                amount_minor=12_345,
                created_at=NOW,
                last_error="the card is closed",
            )
        )
    owed = await a_notice(db, pair, NoticeKind.REFUND_FAILED_STAFF, order_id, cycle=77)

    await deliver(db, courier, owed)

    (sent,) = courier.sent
    assert sent.to == Address(Channel.STAFF, STAFF_CHANNEL)
    assert "€123.45" in sent.message.text
    assert "the card is closed" in sent.message.text


async def test_of_a_disputed_payment_staff_are_told_to_wait_and_not_to_pay_by_hand(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    refund = await a_failed_refund(db, pair)
    await a_dispute(db, pair)
    owed = await a_notice(db, pair, NoticeKind.REFUND_FAILED_STAFF, order_id, cycle=refund)

    await deliver(db, courier, owed)

    (sent,) = courier.sent
    assert sent.message.title == "A refund of a disputed payment failed"
    assert "pay nothing" in sent.message.text


# ---------------------------------------------------------------- rule 12


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=5), timedelta(hours=30)])
async def test_a_warning_that_comes_late_first_moves_the_end_that_it_announces(
    db: Database, clock: SettableClock, courier: KeepingCourier, late: timedelta
) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id)
    clock.set(NOW + 3 * DAY - 6 * HOUR + timedelta(microseconds=1) + late)

    await deliver(db, courier, owed)

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert seat["grace_ends_at"] == clock.now() + 6 * HOUR
    assert f"<t:{int(seat['grace_ends_at'].timestamp())}:F>" in courier.sent[0].message.text
    (moved,) = await rows_of(db, tables.history)
    assert (moved["entity"], moved["verb"]) == ("seat", "move grace end")


async def test_a_warning_in_good_time_moves_nothing(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id)
    clock.set(NOW + 3 * DAY - 6 * HOUR)

    await deliver(db, courier, owed)

    assert (await row_of(db, tables.seats, pair.seat_id))["grace_ends_at"] == NOW + 3 * DAY
    assert not await rows_of(db, tables.history)


async def test_the_news_of_grace_is_dropped_once_its_end_has_passed(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    clock.set(NOW + 3 * DAY)

    assert await deliver(db, courier, owed) is NoticeState.DROPPED


async def test_an_order_that_waits_for_its_money_says_not_to_pay_again(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    owed = await a_notice(db, pair, NoticeKind.PAYMENT_PENDING, order_id)
    async with db.begin() as tx:
        await tx.run(
            update(tables.orders).where(tables.orders.c.id == order_id).values(state=OrderState.PENDING, pending_at=NOW)
        )

    assert await deliver(db, courier, owed) is NoticeState.DELIVERED
    assert "do not pay again" in courier.sent[0].message.text


async def test_a_released_seat_is_told_to_student_mentor_and_staff(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    seat = pair.seat_id
    async with db.begin() as tx:
        await tx.run(
            update(tables.seats).where(tables.seats.c.id == seat).values(state=SeatState.RELEASED, released_at=NOW)
        )
    kinds = (NoticeKind.SEAT_RELEASED, NoticeKind.SEAT_RELEASED_MENTOR, NoticeKind.SEAT_RELEASED_STAFF)

    for kind in kinds:
        await deliver(db, courier, await a_notice(db, pair, kind, seat))

    assert [each.to for each in courier.sent] == [
        Address(Channel.DM, pair.student.user_id),
        Address(Channel.DM, pair.mentor.user_id),
        Address(Channel.STAFF, STAFF_CHANNEL),
    ]
    assert "Seats taken: 0 of 5" in courier.sent[1].message.text


async def test_who_has_a_seat_again_is_not_told_of_the_one_that_was_released(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db, seat=SeatState.RELEASED)
    owed = await a_notice(db, pair, NoticeKind.SEAT_RELEASED, pair.seat_id)
    await a_seat(db, pair.student, pair.mentor)

    assert await deliver(db, courier, owed) is NoticeState.DROPPED


async def test_what_is_booked_is_still_left_though_its_pack_has_expired(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db, total=2)
    first = await a_session(db, pair, NOW)
    await a_session(db, pair, NOW + 3 * HOUR)
    async with db.begin() as tx:
        await tx.run(update(tables.packs).values(state=PackState.EXPIRED, expires_at=NOW, remaining=1, held=1))
        await tx.run(
            update(tables.sessions)
            .where(tables.sessions.c.id == first)
            .values(state=SessionState.COMPLETED, decided_at=NOW)
        )
    owed = await a_notice(db, pair, NoticeKind.SESSION_COMPLETED, first)

    await deliver(db, courier, owed)

    assert "You have 1 session left." in courier.sent[-1].message.text
