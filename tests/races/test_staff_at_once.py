"""Staff, mentors, students and the jobs at the same instant: nothing is lost, doubled, or done on an old balance."""

import asyncio

import pytest
from sqlalchemy import insert, update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EntryKind, FreezeCause, PackState, SeatState, SessionState
from core.usecases.booking.book import book
from core.usecases.buying.settle import settle_event
from core.usecases.community.remove_mentor import MentorRemoved, remove_mentor
from core.usecases.completion.complete import complete
from core.usecases.packs.adjust import Adjusted, adjust
from core.usecases.packs.answer_adjustment import answer_adjustment
from core.usecases.packs.grant import Grant, Granted, grant
from core.usecases.seats.release import Released, release
from core.usecases.seats.release_by_staff import ReleasedByStaff, release_by_staff
from tests.answers import given, why
from tests.builders import (
    DAY,
    HOUR,
    Pair,
    Person,
    a_member,
    a_pair,
    a_session,
    count_of,
    owner_of,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW, SettableClock
from tests.races.gate import at_once
from tests.usecases.buying.steps import a_shop, event_of
from tests.usecases.seats.steps import warn

TEN = 10
LIVE = tables.seats.c.state != SeatState.RELEASED


async def granted(db: Database, student: Person, mentor: Person) -> object:
    return await grant(db, staff_of(mentor.community), Grant(student.user_id, student.name, mentor.id, 1, "Sorry"))


async def ledgers_sum(db: Database) -> int:
    return sum(row["delta"] for row in await rows_of(db, tables.ledger))


@pytest.mark.parametrize("grant_first", [True, False])
async def test_a_grant_at_the_instant_of_the_release_leaves_the_student_one_active_seat(
    db: Database, clock: SettableClock, grant_first: bool
) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    await warn(db, pair.seat_id)
    clock.forward(days=3)

    async def released() -> object:
        return await release(db, pair.seat_id)

    calls = [granted(db, pair.student, pair.mentor), released()]
    answers = await at_once(db, *(calls if grant_first else calls[::-1]))

    (seat,) = await rows_of(db, tables.seats, LIVE)
    assert [type(answer) for answer in answers].count(Granted) == 1
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None)
    swept = [answer for answer in answers if not isinstance(answer, Granted)]
    assert swept == [Released(pair.seat_id)] or why(swept[0]) is Reason.NOT_IN_GRACE


async def test_the_last_seat_is_granted_once(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    students = [await a_member(db, shop.mentor.community, f"Stu {number}") for number in range(TEN)]

    answers = await at_once(db, *(granted(db, student, shop.mentor) for student in students))

    assert [type(answer) for answer in answers].count(Granted) == 1
    assert {why(answer) for answer in answers} == {None, Reason.ABOVE_CAPACITY}
    assert await count_of(db, tables.seats, LIVE) == await count_of(db, tables.packs) == 1


async def test_control_by_a_look_alone_the_last_seat_is_granted_to_all(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    students = [await a_member(db, shop.mentor.community, f"Stu {number}") for number in range(TEN)]
    everybody_looked = asyncio.Barrier(TEN)

    async def look_then_take(student: Person) -> None:
        taken = await count_of(db, tables.seats, LIVE)
        await everybody_looked.wait()
        if taken < 1:
            async with db.begin() as tx:
                await tx.run(
                    insert(tables.seats).values(
                        community_id=student.community.id,
                        student_id=student.id,
                        mentor_id=shop.mentor.id,
                        state=SeatState.ACTIVE,
                        created_at=tx.now,
                    )
                )

    await asyncio.gather(*(look_then_take(student) for student in students))

    assert await count_of(db, tables.seats, LIVE) == TEN


async def test_nothing_is_granted_with_a_mentor_who_is_removed_at_that_instant(db: Database) -> None:
    pair = await a_pair(db)

    async def removed() -> object:
        # By another of the staff: one who is new here waits for themselves.
        return await remove_mentor(db, owner_of(pair.community), pair.mentor.id, "Gone")

    left, answer = await at_once(db, removed(), granted(db, pair.student, pair.mentor))

    assert isinstance(left, MentorRemoved)
    assert why(answer) is Reason.UNKNOWN_MENTOR
    assert [row["frozen_for"] for row in await rows_of(db, tables.packs)] == [FreezeCause.MENTOR_REMOVED]


@pytest.mark.parametrize("adjust_first", [True, False])
async def test_a_correction_and_a_completion_both_count_or_the_balance_was_an_old_one(
    db: Database, adjust_first: bool
) -> None:
    pair = await a_pair(db, total=2)
    session = await a_session(db, pair, NOW - HOUR)

    async def adjusted() -> object:
        return await adjust(db, pair.staff, pair.seat_id, pair.pack_id, -1, 2, "Counted twice")

    async def completed() -> object:
        return await complete(db, pair.mentor.asker, session)

    calls = [adjusted(), completed()]
    answers = await at_once(db, *(calls if adjust_first else calls[::-1]))

    pack = await row_of(db, tables.packs, pair.pack_id)
    done = any(isinstance(answer, Adjusted) for answer in answers)
    assert pack["remaining"] == await ledgers_sum(db) == (0 if done else 1)
    assert pack["held"] == 0
    assert done or Reason.STALE_BALANCE in {why(answer) for answer in answers}
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is (SeatState.GRACE if done else SeatState.ACTIVE)


async def test_of_ten_corrections_of_the_same_balance_one_is_made(db: Database) -> None:
    pair = await a_pair(db, total=12)

    answers = await at_once(
        db,
        *(adjust(db, pair.staff, pair.seat_id, pair.pack_id, -1, 12, "Counted twice") for _ in range(TEN)),
    )

    assert [type(answer) for answer in answers].count(Adjusted) == 1
    assert {why(answer) for answer in answers} == {None, Reason.STALE_BALANCE}
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 11


async def test_control_by_a_look_alone_ten_corrections_are_made(db: Database) -> None:
    pair = await a_pair(db, total=12)
    everybody_looked = asyncio.Barrier(TEN)

    async def look_then_correct() -> None:
        seen = await row_of(db, tables.packs, pair.pack_id)
        await everybody_looked.wait()
        if seen["remaining"] == 12:
            async with db.begin() as tx:
                await tx.run(update(tables.packs).values(remaining=tables.packs.c.remaining - 1))

    await asyncio.gather(*(look_then_correct() for _ in range(TEN)))

    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 12 - TEN


async def test_of_ten_answers_the_first_counts_and_all_hear_it(db: Database) -> None:
    pair = await a_pair(db)
    given(await adjust(db, pair.mentor.asker, pair.seat_id, pair.pack_id, -1, 4, "We met on the phone"))
    (asked,) = await rows_of(db, tables.adjustments)

    answers = await at_once(
        db, *(answer_adjustment(db, pair.student.asker, asked["id"], number % 2 == 0) for number in range(TEN))
    )

    said = [given(answer) for answer in answers]
    (row,) = await rows_of(db, tables.adjustments)
    accepted = row["answer"] == "accepted"
    assert [answer.repeated for answer in said].count(False) == 1
    assert {answer.answer for answer in said} == {row["answer"]}
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == (3 if accepted else 4)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.ADJUST) == int(accepted)
    assert await count_of(db, tables.notices, tables.notices.c.kind == NoticeKind.ADJUSTMENT_ANSWERED) == 1


async def test_a_booking_at_the_instant_of_staffs_release_is_cancelled_or_refused(db: Database) -> None:
    pair = await a_pair(db)

    booked, released = await at_once(db, _booked(db, pair), _released(db, pair))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert isinstance(released, ReleasedByStaff)
    assert why(booked) in {None, Reason.ALL_SESSIONS_BOOKED, Reason.NO_SEAT}
    assert await count_of(db, tables.sessions, tables.sessions.c.state == SessionState.SCHEDULED) == 0
    assert await count_of(db, tables.calendar_blocks, tables.calendar_blocks.c.live) == pack["held"] == 0


async def _booked(db: Database, pair: Pair) -> object:
    return await book(db, pair.student.asker, pair.mentor.id, NOW + 2 * DAY)


async def _released(db: Database, pair: Pair) -> object:
    return await release_by_staff(db, pair.staff, pair.seat_id, "Did not come")


@pytest.mark.parametrize("payment_first", [True, False])
async def test_a_payment_at_the_instant_of_staffs_release_is_never_lost(db: Database, payment_first: bool) -> None:
    shop = await a_shop(db)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student)
    paid = await shop.paid(await shop.buys())

    async def renewed() -> object:
        return await settle_event(db, event_of(paid))

    calls = [renewed(), _released(db, pair)]
    # Nobody waits for the other here: while the order is open the release is refused.
    await asyncio.gather(*(calls if payment_first else calls[::-1]))

    seat = await row_of(db, tables.seats, pair.seat_id)
    packs = await rows_of(db, tables.packs)
    assert [row["remaining"] for row in packs] == [4, 4]
    kept = {row["frozen_at"] is not None for row in packs}
    assert kept == {seat["state"] is SeatState.RELEASED}
