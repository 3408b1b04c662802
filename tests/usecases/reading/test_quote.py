from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason
from core.rules.states import SeatState
from core.usecases.asker import Asker
from core.usecases.booking.book import book
from core.usecases.completion.waive import waive
from core.usecases.reading.own_mentors import own_mentors
from core.usecases.reading.quote import quote
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_member, a_mentor, a_pair, a_seat, a_session, count_of
from tests.clocks import NOW
from tests.usecases.completion.steps import cancel_late, missed, past_sessions

WEDNESDAY_TEN = NOW + 2 * DAY - 2 * HOUR


async def test_a_quote_says_what_the_booking_will_be_and_reserves_nothing(db: Database) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW + DAY)

    offered = given(await quote(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    assert await count_of(db, tables.sessions) == 1
    booked = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))
    assert (offered.number, offered.total, offered.available) == (booked.number, booked.total, booked.available)
    assert (offered.starts_at, offered.ends_at) == (booked.starts_at, booked.ends_at)
    assert (offered.mentor_name, offered.expires_at) == ("Mara", NOW + 60 * DAY)


@pytest.mark.parametrize("lose", [missed, cancel_late])
async def test_what_was_given_back_takes_no_number_and_what_was_cancelled_late_does(
    db: Database, lose: Callable[[Database, Pair, int], Awaitable[None]]
) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    await lose(db, pair, session_id)

    lost = given(await quote(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))
    given(await waive(db, pair.mentor.asker, session_id))
    waived = given(await quote(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))

    booked = given(await book(db, pair.student.asker, pair.mentor.id, WEDNESDAY_TEN))
    assert (lost.number, waived.number, booked.number) == (2, 1, 1)


async def test_a_quote_refuses_what_the_booking_would(db: Database) -> None:
    pair = await a_pair(db)
    asker, mentor_id = pair.student.asker, pair.mentor.id

    assert why(await quote(db, asker, mentor_id, WEDNESDAY_TEN - 3 * HOUR)) is Reason.OUTSIDE_HOURS
    assert why(await quote(db, asker, mentor_id + 99, WEDNESDAY_TEN)) is Reason.UNKNOWN_MENTOR
    assert why(await quote(db, asker, mentor_id, datetime.max.replace(tzinfo=NOW.tzinfo))) is Reason.TOO_FAR_AHEAD
    assert why(await quote(db, asker, mentor_id, NOW - 2 * DAY)) is Reason.IN_THE_PAST


async def test_own_mentors_are_those_at_whom_one_has_a_seat(db: Database) -> None:
    pair = await a_pair(db)
    ada, gone = await a_mentor(db, pair.community, "ada"), await a_mentor(db, pair.community, "Gone")
    await a_seat(db, pair.student, ada, SeatState.GRACE)
    await a_seat(db, pair.student, gone, SeatState.RELEASED)

    found = given(await own_mentors(db, pair.student.asker))

    assert [choice.label for choice in found] == ["ada", "Mara"]
    stranger = await a_member(db, pair.community, "Kim")
    assert why(await own_mentors(db, stranger.asker)) is Reason.NO_SEAT_ANYWHERE
    assert why(await own_mentors(db, Asker(3, 3, "Nobody"))) is Reason.NOT_SET_UP
