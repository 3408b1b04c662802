"""Ten want what one can have: one gets it, the others hear why not; and without the guard all ten get it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from core.db import tables
from core.db.seats import lock_members, move_seat
from core.db.unit import Database
from core.rules.balance import Pack
from core.rules.booking import choose
from core.rules.hours import Interval
from core.rules.refusals import Reason, Refused
from core.rules.states import SeatState
from core.usecases.booking.book import Booked, book
from core.usecases.booking.facts import facts_of, wish_of
from tests.builders import DAY, HOUR, Pair, a_community, a_mentor, a_pack, a_pair, a_session, count_of, rows_of
from tests.clocks import NOW
from tests.races.gate import at_once, until_waiting

TEN = 10
TUESDAY_TEN = NOW + DAY + 22 * HOUR


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody's booking that could be made if it were the only one."""

    pair: Pair
    starts_at: datetime


async def one_slot(db: Database) -> list[Wanted]:
    mentor = await a_mentor(db, await a_community(db))
    return [Wanted(await a_pair(db, mentor=mentor), TUESDAY_TEN) for _ in range(TEN)]


async def overlapping_slots(db: Database) -> list[Wanted]:
    six_minutes = timedelta(minutes=6)
    return [Wanted(wanted.pair, TUESDAY_TEN + number * six_minutes) for number, wanted in enumerate(await one_slot(db))]


async def slots_within_the_buffer(db: Database) -> list[Wanted]:
    mentor = await a_mentor(db, await a_community(db), buffer_minutes=30)
    pairs = [await a_pair(db, mentor=mentor) for _ in range(TEN)]
    return [Wanted(pair, TUESDAY_TEN + number % 2 * HOUR) for number, pair in enumerate(pairs)]


async def one_student_with_two_mentors(db: Database) -> list[Wanted]:
    first = await a_pair(db)
    second = await a_pair(db, student=first.student, mentor=await a_mentor(db, first.community, "Noor"))
    return [Wanted(pair, TUESDAY_TEN) for pair in (first, second) * (TEN // 2)]


async def a_mentor_who_teaches_and_learns(db: Database) -> list[Wanted]:
    teaches = await a_pair(db)
    learns = await a_pair(db, student=teaches.mentor, mentor=await a_mentor(db, teaches.community, "Noor"))
    return [Wanted(pair, TUESDAY_TEN) for pair in (teaches, learns) * (TEN // 2)]


async def the_last_session_of_a_pack(db: Database) -> list[Wanted]:
    pair = await a_pair(db, remaining=1)
    return [Wanted(pair, TUESDAY_TEN + number * DAY) for number in range(TEN)]


Scenario = Callable[[Database], Awaitable[list[Wanted]]]
OVERLAPS: list[Scenario] = [
    one_slot,
    overlapping_slots,
    slots_within_the_buffer,
    one_student_with_two_mentors,
    a_mentor_who_teaches_and_learns,
]


async def books_at_once(db: Database, all_wanted: list[Wanted]) -> list[Booked | Refused]:
    return await at_once(
        db,
        *(book(db, wanted.pair.student.asker, wanted.pair.mentor.id, wanted.starts_at) for wanted in all_wanted),
    )


async def held(db: Database) -> int:
    async with db.look() as tx:
        total: int = await tx.value(select(func.sum(tables.packs.c.held)))
        return total


def refusals(answers: list[Booked | Refused]) -> list[Reason]:
    return [answer.reason for answer in answers if isinstance(answer, Refused)]


@pytest.mark.parametrize("scenario", [*OVERLAPS, the_last_session_of_a_pack])
async def test_of_ten_bookings_of_what_one_can_have_one_is_made(db: Database, scenario: Scenario) -> None:
    wanted = await scenario(db)

    answers = await books_at_once(db, wanted)

    assert len(refusals(answers)) == TEN - 1
    assert await count_of(db, tables.sessions) == 1
    assert await count_of(db, tables.calendar_blocks) == 2
    assert await count_of(db, tables.history) == 1
    assert await held(db) == 1


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        (one_slot, Reason.MENTOR_BUSY),
        (overlapping_slots, Reason.MENTOR_BUSY),
        (slots_within_the_buffer, Reason.MENTOR_BUSY),
        (the_last_session_of_a_pack, Reason.ALL_SESSIONS_BOOKED),
    ],
)
async def test_whoever_came_too_late_hears_why(db: Database, scenario: Scenario, reason: Reason) -> None:
    wanted = await scenario(db)

    answers = await books_at_once(db, wanted)

    assert refusals(answers) == [reason] * (TEN - 1)


async def test_a_student_in_two_places_at_once_hears_whose_calendar_was_taken(db: Database) -> None:
    wanted = await one_student_with_two_mentors(db)

    answers = await books_at_once(db, wanted)

    (winner,) = [answer.mentor_id for answer in answers if isinstance(answer, Booked)]
    for each, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, Refused):
            taken = Reason.MENTOR_BUSY if each.pair.mentor.id == winner else Reason.STUDENT_BUSY
            assert answer.reason is taken


async def test_ten_bookings_that_do_not_meet_are_all_made(db: Database) -> None:
    mentor = await a_mentor(db, await a_community(db))
    pairs = [await a_pair(db, mentor=mentor) for _ in range(TEN)]
    wanted = [Wanted(pair, TUESDAY_TEN + number * DAY) for number, pair in enumerate(pairs)]

    answers = await books_at_once(db, wanted)

    assert refusals(answers) == []
    assert await held(db) == TEN


async def test_who_loses_the_last_session_of_one_pack_is_booked_on_the_next(db: Database) -> None:
    pair = await a_pair(db, remaining=1)
    await a_pack(db, pair.student, pair.product_id, total=1, expires_at=NOW + 90 * DAY)
    wanted = [Wanted(pair, TUESDAY_TEN + number * DAY) for number in range(TEN)]

    answers = await books_at_once(db, wanted)

    assert refusals(answers) == [Reason.ALL_SESSIONS_BOOKED] * (TEN - 2)
    assert [row["held"] for row in await rows_of(db, tables.packs)] == [1, 1]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_seat_that_is_lost_between_look_and_write_books_nothing(db: Database) -> None:
    pair = await a_pair(db)
    async with db.begin() as gate:
        await lock_members(gate, pair.student.id, pair.mentor.id)
        booking = asyncio.ensure_future(book(db, pair.student.asker, pair.mentor.id, TUESDAY_TEN))
        await until_waiting(db, 1, [booking])
        await move_seat(gate, pair.seat_id, [SeatState.ACTIVE], SeatState.RELEASED)

    assert refusals([await booking]) == [Reason.NO_SEAT]
    assert await held(db) == 0


# ------------------------------------------------------------------ controls


async def without_the_overlap_guard(db: Database) -> None:
    async with db.begin() as tx:
        if tx.is_postgres:
            await tx.run(text("ALTER TABLE calendar_blocks DROP CONSTRAINT ex_calendar_blocks_overlap"))
        else:
            await tx.run(text("DROP TRIGGER calendar_blocks_insert"))


async def without_the_holds_guard(db: Database) -> None:
    async with db.begin() as tx:
        if tx.is_postgres:
            await tx.run(text("ALTER TABLE packs DROP CONSTRAINT ck_packs_holds"))
        else:
            await tx.run(text("PRAGMA ignore_check_constraints = ON"))


async def look_then_book(db: Database, all_wanted: list[Wanted]) -> None:
    """Ask the same rule, then write what it allowed, as if nobody else had been there in between."""
    everybody_looked = asyncio.Barrier(len(all_wanted))

    async def one(wanted: Wanted) -> None:
        async with db.look() as tx:
            wish = await wish_of(tx, wanted.pair.student.asker, wanted.pair.mentor.id)
            assert not isinstance(wish, Refused)
            facts = await facts_of(tx, wish, Interval(wanted.starts_at, wanted.starts_at))
        allowed = choose(facts, wanted.starts_at)
        await everybody_looked.wait()
        assert isinstance(allowed, Pack)
        await a_session(db, wanted.pair, wanted.starts_at, pack_id=allowed.id)

    await asyncio.gather(*(one(wanted) for wanted in all_wanted))


@pytest.mark.parametrize("scenario", OVERLAPS)
async def test_control_without_the_overlap_guard_ten_looks_make_ten_bookings(db: Database, scenario: Scenario) -> None:
    wanted = await scenario(db)
    await without_the_overlap_guard(db)
    await without_the_holds_guard(db)  # else a pack of four would stop the fifth of one pair

    await look_then_book(db, wanted)

    assert await count_of(db, tables.sessions) == TEN


async def test_control_without_the_holds_guard_ten_looks_book_one_session_ten_times(db: Database) -> None:
    wanted = await the_last_session_of_a_pack(db)
    await without_the_holds_guard(db)

    await look_then_book(db, wanted)

    (pack,) = await rows_of(db, tables.packs)
    assert (pack["remaining"], pack["held"]) == (1, TEN)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.parametrize("scenario", OVERLAPS)
async def test_control_booking_itself_leans_on_the_constraint(db: Database, scenario: Scenario) -> None:
    wanted = await scenario(db)
    await without_the_overlap_guard(db)

    await books_at_once(db, wanted)

    # On SQLite its one writer reads what the last one wrote, and the rule itself refuses.
    assert await count_of(db, tables.sessions) > 1
