from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import Actor, PackState, SeatState, SessionState
from core.usecases.asker import Asker
from core.usecases.booking.book import book
from tests.answers import given, why
from tests.builders import (
    DAY,
    HOUR,
    Pair,
    a_community,
    a_member,
    a_mentor,
    a_pack,
    a_pair,
    a_session,
    count_of,
    row_of,
    rows_of,
)
from tests.clocks import NOW, SettableClock
from tests.statements import statements

WEDNESDAY_TEN = NOW + 2 * DAY - 2 * HOUR


async def test_a_booked_session_stands_in_the_calendar_and_is_held_by_its_pack(db: Database) -> None:
    pair = await a_pair(db)

    booked = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    assert (booked.number, booked.total, booked.remaining, booked.available) == (1, 4, 4, 3)
    assert (booked.mentor_name, booked.ends_at) == ("Mara", WEDNESDAY_TEN + HOUR)
    session = await row_of(db, tables.sessions, booked.session_id)
    assert (session["state"], session["pack_id"]) == (SessionState.SCHEDULED, pair.pack_id)
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"]) == (4, 1)
    assert await count_of(db, tables.ledger) == 1  # nothing is consumed by booking


async def test_the_mentor_is_told_and_the_student_is_reminded(db: Database) -> None:
    pair = await a_pair(db)

    booked = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    notices = {row["kind"]: row for row in await rows_of(db, tables.notices)}
    assert {kind: (row["to_member_id"], row["due_at"]) for kind, row in notices.items()} == {
        NoticeKind.SESSION_BOOKED: (pair.mentor.id, NOW),
        NoticeKind.SESSION_TOMORROW: (pair.student.id, WEDNESDAY_TEN - DAY),
        NoticeKind.SESSION_SOON: (pair.student.id, WEDNESDAY_TEN - HOUR),
        NoticeKind.OUTCOME_PROMPT: (pair.mentor.id, WEDNESDAY_TEN + HOUR),
    }
    assert {(row["subject_id"], row["cycle"]) for row in notices.values()} == {(booked.session_id, 1)}


async def test_a_booking_says_who_made_it(db: Database) -> None:
    pair = await a_pair(db)

    booked = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    (row,) = await rows_of(db, tables.history)
    assert (row["entity"], row["entity_id"], row["before"], row["after"]) == (
        "session",
        booked.session_id,
        None,
        "scheduled",
    )
    assert (row["actor"], row["actor_id"]) == (Actor.MEMBER, pair.student.id)


async def test_the_mentors_buffer_is_blocked_behind_the_session_and_the_students_is_not(db: Database) -> None:
    community = await a_community(db)
    pair = await a_pair(db, mentor=await a_mentor(db, community, buffer_minutes=15))

    given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    until = {row["member_id"]: row["ends_at"] for row in await rows_of(db, tables.calendar_blocks)}
    assert until == {
        pair.student.id: WEDNESDAY_TEN + HOUR,
        pair.mentor.id: WEDNESDAY_TEN + HOUR + timedelta(minutes=15),
    }


async def test_the_pack_that_expires_first_is_drawn_on(db: Database) -> None:
    pair = await a_pair(db)
    sooner = await a_pack(db, pair.student, pair.product_id, expires_at=NOW + 30 * DAY)

    booked = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    assert (await row_of(db, tables.sessions, booked.session_id))["pack_id"] == sooner


async def test_sessions_are_numbered_by_their_time_and_not_by_when_they_were_booked(db: Database) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, WEDNESDAY_TEN + 2 * DAY)

    earlier = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))
    last = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN + 3 * DAY))

    assert (earlier.number, last.number) == (1, 3)
    assert last.available == 1


async def test_a_second_booking_of_the_same_time_is_refused_and_leaves_nothing(db: Database) -> None:
    pair = await a_pair(db)
    given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    again = await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN)

    assert why(again) is Reason.MENTOR_BUSY
    assert (await row_of(db, tables.packs, pair.pack_id))["held"] == 1
    assert await count_of(db, tables.sessions) == 1


async def test_a_student_with_another_mentor_at_that_time_is_refused_by_the_right_name(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, student=pair.student, mentor=await a_mentor(db, pair.community, "Noor"))
    await a_session(db, pair, WEDNESDAY_TEN)

    assert why(await book(db, pair.student.asker, other.mentor.id, WEDNESDAY_TEN)) is Reason.STUDENT_BUSY


async def test_a_mentor_who_is_a_student_has_one_calendar(db: Database) -> None:
    pair = await a_pair(db)
    as_student = await a_pair(db, student=pair.mentor, mentor=await a_mentor(db, pair.community, "Noor"))
    await a_session(db, pair, WEDNESDAY_TEN)

    assert why(await book(db, pair.mentor.asker, as_student.mentor.id, WEDNESDAY_TEN)) is Reason.STUDENT_BUSY


async def test_without_a_seat_nobody_books(db: Database) -> None:
    pair = await a_pair(db)
    stranger = await a_member(db, pair.community, "Kim")
    unknown = Asker(pair.community.guild_id, 5, "Nobody")

    assert why(await book(db, stranger.asker, pair.mentor.id, WEDNESDAY_TEN)) is Reason.NO_SEAT
    assert why(await book(db, unknown, pair.mentor.id, WEDNESDAY_TEN)) is Reason.NO_SEAT


async def test_a_seat_in_grace_cannot_book(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

    assert why(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN)) is Reason.SEAT_IN_GRACE


async def test_a_released_seat_cannot_book(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.RELEASED)

    assert why(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN)) is Reason.NO_SEAT


@pytest.mark.parametrize(
    ("starts_at", "reason"),
    [
        (NOW - HOUR, Reason.IN_THE_PAST),
        (datetime.min.replace(tzinfo=NOW.tzinfo), Reason.IN_THE_PAST),
        (NOW + HOUR, Reason.TOO_SOON),
        (NOW + 61 * DAY, Reason.PACK_EXPIRES_FIRST),
        (datetime.max.replace(tzinfo=NOW.tzinfo), Reason.TOO_FAR_AHEAD),
        (WEDNESDAY_TEN - 2 * HOUR, Reason.OUTSIDE_HOURS),
        (WEDNESDAY_TEN + 7 * HOUR - timedelta(minutes=30), Reason.OUTSIDE_HOURS),
    ],
)
async def test_a_time_that_cannot_be_is_refused_by_name(db: Database, starts_at: datetime, reason: Reason) -> None:
    pair = await a_pair(db)

    assert why(await book(db, pair.student.asker, pair.mentor.id, starts_at)) is reason


async def test_a_pack_without_an_unbooked_session_books_no_more(db: Database) -> None:
    pair = await a_pair(db, total=1)
    await a_session(db, pair, WEDNESDAY_TEN)

    assert why(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN + DAY)) is Reason.ALL_SESSIONS_BOOKED


async def test_blacked_out_hours_are_not_booked_and_extra_hours_are(db: Database) -> None:
    pair = await a_pair(db)
    await _override(db, pair, WEDNESDAY_TEN, 0, 1440, is_open=False)
    await _override(db, pair, WEDNESDAY_TEN + DAY, 20 * 60, 22 * 60, is_open=True)

    closed = await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN)
    extra = await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN + DAY + 10 * HOUR)

    assert why(closed) is Reason.BLACKED_OUT
    assert given(extra).number == 1


async def test_a_paused_mentor_is_not_booked_and_a_removed_one_is_unknown(db: Database) -> None:
    paused, removed = await a_pair(db), await a_pair(db)
    await _mentor(db, paused, paused_at=NOW)
    await _mentor(db, removed, removed_at=NOW)

    assert why(await book(db, paused.student.asker, paused.mentor.id, WEDNESDAY_TEN)) is Reason.MENTOR_PAUSED
    assert why(await book(db, removed.student.asker, removed.mentor.id, WEDNESDAY_TEN)) is Reason.UNKNOWN_MENTOR


async def test_another_communitys_mentor_is_unknown_and_so_is_a_guild_that_is_not_set_up(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_pair(db)

    assert why(await book(db, pair.student.asker, elsewhere.mentor.id, WEDNESDAY_TEN)) is Reason.UNKNOWN_MENTOR
    assert why(await book(db, Asker(4, 5, "Nobody"), pair.mentor.id, WEDNESDAY_TEN)) is Reason.NOT_SET_UP


async def test_nobody_books_themselves(db: Database) -> None:
    pair = await a_pair(db)

    assert why(await book(db, pair.mentor.asker, pair.mentor.id, WEDNESDAY_TEN)) is Reason.OWN_MENTOR


async def test_a_time_in_another_zone_is_the_same_instant(db: Database, clock: SettableClock) -> None:
    from zoneinfo import ZoneInfo

    pair = await a_pair(db)

    booked = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN.astimezone(ZoneInfo("Asia/Tokyo"))))

    assert (await row_of(db, tables.sessions, booked.session_id))["starts_at"] == WEDNESDAY_TEN


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_booking_takes_at_most_eight_statements(db: Database) -> None:
    pair = await a_pair(db)

    with statements(db) as sent:
        given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    assert len(sent) <= 8, sent


async def _override(db: Database, pair: Pair, on: datetime, starts: int, ends: int, *, is_open: bool) -> None:
    async with db.begin() as tx:
        await tx.run(
            tables.mentor_overrides.insert().values(
                mentor_id=pair.mentor.id,
                on_date=on.date(),
                starts_minute=starts,
                ends_minute=ends,
                is_open=is_open,
            )
        )


async def _mentor(db: Database, pair: Pair, **changes: Any) -> None:
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).where(tables.mentors.c.member_id == pair.mentor.id).values(**changes))
