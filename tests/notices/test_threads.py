"""The rung between DM and staff: a private thread that is the pair's (rule 33)."""

from typing import Any

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.threads import note_thread
from core.db.unit import Database
from core.notices.deliver import deliver
from core.ports import Address, ChannelClosed, RetryAfter
from core.rules.notices import Audience, NoticeKind, Subject, audience_of, may_be_shared, subject_of
from core.rules.states import Channel, NoticeState, OrderState, SeatState
from tests.builders import STAFF_CHANNEL, Pair, a_community, a_mentor, a_pair, a_seat, a_session, an_order, row_of
from tests.clocks import NOW
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, a_pair_in_grace, notice

ROOM = 900


async def a_closed_pair(db: Database, courier: KeepingCourier, **community: Any) -> Pair:
    """A pair in grace whose student's DMs are closed, in a community with a channel for private threads."""
    values = {"sessions_channel_id": ROOM, **community}
    pair = await a_pair_in_grace(db, community=await a_community(db, **values))
    courier.closed = {pair.student.user_id}
    return pair


async def thread_of(db: Database, seat_id: int) -> int | None:
    found: int | None = (await row_of(db, tables.seats, seat_id))["thread_id"]
    return found


async def test_a_thread_is_opened_when_it_is_first_needed_and_both_read_it(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_closed_pair(db, courier)
    first = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    second = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id)

    assert await deliver(db, courier, first) is NoticeState.DELIVERED
    assert await deliver(db, courier, second) is NoticeState.DELIVERED

    assert courier.opened == [(ROOM, "Stu – Mara")]
    there = Address(Channel.THREAD, 9001, to=pair.student.user_id, beside=pair.mentor.user_id)
    assert [sent.to for sent in courier.sent] == [there, there]
    assert courier.sent[0].message.buttons
    assert await thread_of(db, pair.seat_id) == 9001
    assert (await notice(db, first))["channel"] is Channel.THREAD


async def test_a_mentor_who_is_written_to_is_pinged_there_and_not_the_student(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_closed_pair(db, courier)
    courier.closed = {pair.mentor.user_id}
    booked = await a_pair(db, mentor=pair.mentor)
    session_id = await a_session(db, booked, NOW)

    await deliver(db, courier, await a_notice(db, booked, NoticeKind.SESSION_BOOKED, session_id))

    (sent,) = courier.sent
    assert (sent.to.to, sent.to.beside) == (booked.mentor.user_id, booked.student.user_id)
    assert await thread_of(db, booked.seat_id) == 9001


async def test_what_is_about_money_is_never_shown_in_the_thread(db: Database, courier: KeepingCourier) -> None:
    pair = await a_closed_pair(db, courier)
    order_id = await an_order(db, pair.student, pair.product_id, OrderState.PENDING)

    await deliver(db, courier, await a_notice(db, pair, NoticeKind.PAYMENT_PENDING, order_id))

    (sent,) = courier.sent
    assert sent.to == Address(Channel.STAFF, STAFF_CHANNEL)
    assert courier.opened == []


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if may_be_shared(kind)])
def test_what_is_shared_is_about_sessions_and_the_seat_and_never_for_staff(kind: NoticeKind) -> None:
    assert subject_of(kind) in (Subject.SESSION, Subject.SEAT) or kind.startswith("pack_expires")
    assert audience_of(kind) is not Audience.STAFF


async def test_without_a_channel_for_threads_staff_pass_it_on(db: Database, courier: KeepingCourier) -> None:
    pair = await a_closed_pair(db, courier, sessions_channel_id=None)

    await deliver(db, courier, await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id))

    assert [sent.to.channel for sent in courier.sent] == [Channel.STAFF]


async def test_a_thread_that_was_deleted_is_opened_anew_once(db: Database, courier: KeepingCourier) -> None:
    pair = await a_closed_pair(db, courier)
    await deliver(db, courier, await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id))
    warning = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id)
    courier.answers = [ChannelClosed("404 10003", is_gone=True)]

    assert await deliver(db, courier, warning) is NoticeState.DELIVERED

    assert len(courier.opened) == 2
    assert courier.sent[-1].to.discord_id == 9002
    assert await thread_of(db, pair.seat_id) == 9002


async def test_a_thread_that_is_closed_to_the_person_is_not_opened_anew(db: Database, courier: KeepingCourier) -> None:
    pair = await a_closed_pair(db, courier)
    await deliver(db, courier, await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id))
    warning = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id)
    courier.answers = [ChannelClosed("403 50001")]

    assert await deliver(db, courier, warning) is NoticeState.DELIVERED

    assert len(courier.opened) == 1
    assert courier.sent[-1].to.channel is Channel.STAFF


async def test_where_no_thread_can_be_opened_staff_pass_it_on(db: Database, courier: KeepingCourier) -> None:
    pair = await a_closed_pair(db, courier)
    courier.opening = [ChannelClosed("403 50013")]

    await deliver(db, courier, await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id))

    assert [sent.to.channel for sent in courier.sent] == [Channel.STAFF]
    assert await thread_of(db, pair.seat_id) is None


async def test_an_opening_that_must_wait_is_tried_again_later(db: Database, courier: KeepingCourier) -> None:
    pair = await a_closed_pair(db, courier)
    courier.opening = [RetryAfter(90.0, "429 0")]
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    assert await deliver(db, courier, owed) is NoticeState.PENDING
    assert await deliver(db, courier, owed) is NoticeState.DELIVERED

    assert [sent.to.channel for sent in courier.sent] == [Channel.THREAD]


async def test_a_pair_that_comes_back_finds_its_thread(db: Database, courier: KeepingCourier) -> None:
    community = await a_community(db, sessions_channel_id=ROOM)
    mentor = await a_mentor(db, community)
    pair = await a_pair(db, mentor=mentor, seat=SeatState.RELEASED)
    async with db.begin() as tx:
        await tx.run(update(tables.seats).values(thread_id=777))
    again = await a_seat(db, pair.student, mentor, SeatState.GRACE)
    courier.closed = {pair.student.user_id}

    await deliver(db, courier, await a_notice(db, pair, NoticeKind.GRACE_BEGAN, again))

    assert courier.sent[0].to.discord_id == 777
    assert courier.opened == []


async def test_of_two_threads_opened_at_once_the_first_noted_stays(db: Database) -> None:
    pair = await a_pair(db)

    async with db.begin() as tx:
        assert await note_thread(tx, pair.seat_id, None, 1) == 1
        assert await note_thread(tx, pair.seat_id, None, 2) == 1
        assert await note_thread(tx, pair.seat_id, 1, 3) == 3

    assert await thread_of(db, pair.seat_id) == 3
