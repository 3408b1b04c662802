"""Release: only when grace is over, the warning was delivered, and no money of the pair is moving (rule 12)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused
from core.rules.states import Channel, NoticeState, SeatState
from core.usecases.buying.checkout import leave
from core.usecases.buying.settle import settle_event
from core.usecases.seats.release import DueRelease, Released, due_releases, release
from tests.builders import Pair, a_member, a_pair, a_seat, row_of, rows_of
from tests.clocks import SettableClock
from tests.usecases.buying.steps import URL, Shop, a_shop, event_of
from tests.usecases.seats.steps import warn


async def a_seat_in_grace(db: Database, shop: Shop) -> Pair:
    return await a_pair(db, mentor=shop.mentor, student=shop.student, seat=SeatState.GRACE)


def reason_of(answer: object) -> Reason:
    assert isinstance(answer, Refused), answer
    return answer.reason


async def test_a_seat_whose_grace_is_over_is_released_and_all_three_are_told(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_seat_in_grace(db, await a_shop(db))
    await warn(db, pair.seat_id)
    clock.forward(days=3)

    answer = await release(db, pair.seat_id)

    seat = await row_of(db, tables.seats, pair.seat_id)
    told = [(row["kind"], row["to_member_id"]) for row in await rows_of(db, tables.notices)][1:]
    assert answer == Released(pair.seat_id)
    assert (seat["state"], seat["released_at"], seat["grace_ends_at"]) == (SeatState.RELEASED, clock.now(), None)
    assert told == [
        (NoticeKind.SEAT_RELEASED, pair.student.id),
        (NoticeKind.SEAT_RELEASED_MENTOR, pair.mentor.id),
        (NoticeKind.SEAT_RELEASED_STAFF, None),
    ]


async def test_a_moment_before_its_end_the_seat_is_kept(db: Database, clock: SettableClock) -> None:
    pair = await a_seat_in_grace(db, await a_shop(db))
    await warn(db, pair.seat_id)
    clock.forward(days=3)
    clock.set(clock.now() - timedelta(microseconds=1))

    assert reason_of(await release(db, pair.seat_id)) is Reason.GRACE_NOT_OVER


@pytest.mark.parametrize("state", [NoticeState.PENDING, NoticeState.QUEUED, NoticeState.DROPPED, NoticeState.DEAD])
async def test_who_was_not_warned_is_not_released(db: Database, clock: SettableClock, state: NoticeState) -> None:
    pair = await a_seat_in_grace(db, await a_shop(db))
    await warn(db, pair.seat_id, state)
    clock.forward(days=3)

    assert reason_of(await release(db, pair.seat_id)) is Reason.WARNING_NOT_DELIVERED


async def test_where_every_channel_of_the_student_failed_staff_were_warned_and_the_seat_is_released(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_seat_in_grace(db, await a_shop(db))
    await warn(db, pair.seat_id, channel=Channel.STAFF)
    clock.forward(days=3)

    assert await release(db, pair.seat_id) == Released(pair.seat_id)


async def test_the_warning_of_an_older_grace_does_not_count(db: Database, clock: SettableClock) -> None:
    pair = await a_seat_in_grace(db, await a_shop(db))
    await warn(db, pair.seat_id)
    async with db.begin() as tx:
        await tx.run(update(tables.seats).values(grace_number=2))
    clock.forward(days=3)

    assert reason_of(await release(db, pair.seat_id)) is Reason.WARNING_NOT_DELIVERED


async def test_release_waits_for_the_pairs_open_checkout(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    pair = await a_seat_in_grace(db, shop)
    await warn(db, pair.seat_id)
    clock.forward(days=3, seconds=-1)
    ready = await shop.buys()
    clock.forward(seconds=1)

    waiting = await release(db, pair.seat_id)
    due = await due_releases(db)
    await leave(db, shop.provider, URL, ready.order_id)
    done = await release(db, pair.seat_id)

    assert reason_of(waiting) is Reason.ORDER_UNSETTLED
    assert due == (DueRelease(pair.seat_id, ready.order_id),)
    assert done == Released(pair.seat_id)


async def test_who_paid_in_time_keeps_the_seat_when_the_news_is_late(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    pair = await a_seat_in_grace(db, shop)
    await warn(db, pair.seat_id)
    clock.forward(days=3, seconds=-1)
    paid = await shop.paid(await shop.buys())
    clock.forward(seconds=1)

    waiting = await release(db, pair.seat_id)
    await settle_event(db, event_of(paid))
    refused = await release(db, pair.seat_id)

    assert reason_of(waiting) is Reason.ORDER_UNSETTLED
    assert reason_of(refused) is Reason.NOT_IN_GRACE
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_money_that_is_parked_for_staff_keeps_the_seat(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    pair = await a_seat_in_grace(db, shop)
    await warn(db, pair.seat_id)
    await settle_event(db, event_of(replace(await shop.paid(await shop.buys()), amount_minor=1)))
    clock.forward(days=3)

    assert reason_of(await release(db, pair.seat_id)) is Reason.ORDER_UNSETTLED
    assert await due_releases(db) == ()


async def test_a_paused_mentors_seats_keep_their_grace(db: Database, clock: SettableClock) -> None:
    pair = await a_seat_in_grace(db, await a_shop(db))
    await warn(db, pair.seat_id)
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(paused_at=tx.now))
    clock.forward(days=3)

    assert reason_of(await release(db, pair.seat_id)) is Reason.GRACE_NOT_OVER


async def test_a_seat_that_is_not_there_is_refused(db: Database) -> None:
    assert reason_of(await release(db, 404)) is Reason.NO_SEAT


async def test_due_releases_come_by_id_from_where_the_sweep_stands(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    first = await a_seat_in_grace(db, shop)
    second = await a_pair(db, mentor=shop.mentor, seat=SeatState.GRACE)
    later = await a_member(db, shop.mentor.community, "Olli")
    await a_seat(db, later, shop.mentor, SeatState.GRACE, grace_ends_at=clock.now() + timedelta(days=4))
    clock.forward(days=3)

    assert [due.seat_id for due in await due_releases(db)] == [first.seat_id, second.seat_id]
    assert [due.seat_id for due in await due_releases(db, first.seat_id)] == [second.seat_id]
