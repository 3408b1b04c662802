"""Down the ladder: DM, then staff; not now, later, and at last a dead letter (rule 33)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import DM_CLOSED_FOR, deliver, put_off
from core.ports import Address, ChannelClosed, RetryAfter
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.notices import NoticeKind
from core.rules.states import Channel, NoticeState
from tests.builders import STAFF_CHANNEL, a_community, row_of
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, a_pair_in_grace, at_attempt, notice


async def test_who_has_closed_their_dms_is_reached_through_staff_and_left_alone_for_a_day(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair_in_grace(db)
    courier.closed = {pair.student.user_id}
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    assert await deliver(db, courier, owed) is NoticeState.DELIVERED

    (sent,) = courier.sent
    assert sent.to == Address(Channel.STAFF, STAFF_CHANNEL)
    assert f"Could not reach **Stu** (<@{pair.student.user_id}>)" in sent.message.text
    assert "> **No sessions left with Mara**" in sent.message.text
    assert not sent.message.buttons
    assert (await notice(db, owed))["channel"] is Channel.STAFF
    assert (await row_of(db, tables.members, pair.student.id))["dm_closed_at"] == NOW

    clock.set(NOW + DM_CLOSED_FOR - timedelta(microseconds=1))
    again = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id)
    courier.asked.clear()
    await deliver(db, courier, again)

    assert [address.channel for address in courier.asked] == [Channel.STAFF]


async def test_a_day_later_the_dm_is_tried_again_and_found_open(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair_in_grace(db)
    async with db.begin() as tx:
        await tx.run(update(tables.members).where(tables.members.c.id == pair.student.id).values(dm_closed_at=NOW))
    clock.set(NOW + DM_CLOSED_FOR)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    await deliver(db, courier, owed)

    assert (await notice(db, owed))["channel"] is Channel.DM
    assert (await row_of(db, tables.members, pair.student.id))["dm_closed_at"] is None


async def test_without_a_staff_channel_what_reaches_nobody_waits_and_then_is_dead_with_a_reason(
    db: Database, courier: KeepingCourier
) -> None:
    community = await a_community(db, staff_channel_id=None)
    pair = await a_pair_in_grace(db, community=community)
    courier.closed = {pair.student.user_id}
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    assert await deliver(db, courier, owed) is NoticeState.PENDING
    await at_attempt(db, owed, MOST_ATTEMPTS - 1)
    assert await deliver(db, courier, owed) is NoticeState.DEAD

    row = await notice(db, owed)
    assert row["why"] == "the community has no staff channel"
    assert row["ended_at"] == NOW


async def test_a_staff_channel_that_is_gone_is_tried_again_later(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair_in_grace(db)
    courier.closed = {pair.student.user_id}
    courier.answers = [ChannelClosed("403 50007"), ChannelClosed("404 10003")]
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    assert await deliver(db, courier, owed) is NoticeState.PENDING
    assert (await notice(db, owed))["why"] == "the staff channel is closed to us: 404 10003"


@pytest.mark.parametrize(
    ("attempts", "named", "seconds"),
    [(0, None, 30), (1, None, 60), (6, None, 1920), (7, None, 3600), (10, None, 3600), (0, 120.0, 120), (3, 2.0, 240)],
)
async def test_discord_says_not_now_and_the_pause_grows(
    db: Database, courier: KeepingCourier, attempts: int, named: float | None, seconds: int
) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    await at_attempt(db, owed, attempts)
    courier.always = RetryAfter(named, "429 0")

    assert await deliver(db, courier, owed, attempts) is NoticeState.PENDING

    row = await notice(db, owed)
    assert (row["attempts"], row["why"]) == (attempts + 1, "429 0")
    assert row["next_attempt_at"] == NOW + timedelta(seconds=seconds)


async def test_after_the_last_attempt_a_notice_is_a_dead_letter(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    courier.always = RetryAfter(None, "503 0")

    outcomes = [await deliver(db, courier, owed, attempt) for attempt in range(MOST_ATTEMPTS)]

    assert outcomes == [NoticeState.PENDING] * (MOST_ATTEMPTS - 1) + [NoticeState.DEAD]
    assert (await notice(db, owed))["why"] == "503 0"


async def test_putting_off_counts_an_attempt_once(db: Database) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    assert await put_off(db, owed, 0, "fault abc") is NoticeState.PENDING
    assert await put_off(db, owed, 0, "fault abc") is NoticeState.PENDING

    assert (await notice(db, owed))["attempts"] == 1


async def test_a_final_warning_is_tried_until_it_is_out(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair_in_grace(db)
    owed = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id)
    await at_attempt(db, owed, MOST_ATTEMPTS + 5)
    courier.always = RetryAfter(None, "503 0")

    assert await deliver(db, courier, owed, MOST_ATTEMPTS + 5) is NoticeState.PENDING

    assert (await notice(db, owed))["next_attempt_at"] == NOW + timedelta(hours=1)
