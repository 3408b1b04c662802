from datetime import date, timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.hours import WeeklyHours
from core.rules.refusals import Reason
from core.rules.states import PackState, SeatState
from core.usecases.asker import Asker
from core.usecases.booking.book import book
from core.usecases.booking.free_times import free_times
from tests.answers import given, why
from tests.builders import DAY, HOUR, a_community, a_member, a_mentor, a_pack, a_pair, a_seat, a_session
from tests.clocks import NOW
from tests.statements import statements

WEDNESDAYS = (WeeklyHours(2, 9 * 60, 11 * 60),)
WEDNESDAY_NINE = NOW + 2 * DAY - 3 * HOUR


async def test_what_is_free_is_shown_by_day_and_every_time_of_it_can_be_booked(db: Database) -> None:
    pair = await a_pair(db, mentor=await a_mentor(db, await a_community(db), hours=WEDNESDAYS))

    times = given(await free_times(db, pair.student.asker, pair.mentor.id, days=7))

    half = timedelta(minutes=30)
    assert times.by_day == {date(2026, 3, 4): (WEDNESDAY_NINE, WEDNESDAY_NINE + half, WEDNESDAY_NINE + 2 * half)}
    assert (times.mentor_name, times.zone) == ("Mara", "Europe/Berlin")
    booked = await book(db, pair.student.asker, pair.mentor.id, times.by_day[date(2026, 3, 4)][2])
    assert given(booked).starts_at == WEDNESDAY_NINE + HOUR


async def test_days_are_those_of_the_students_own_zone(db: Database) -> None:
    community = await a_community(db)
    student = await a_member(db, community, time_zone="Pacific/Auckland")
    late = (WeeklyHours(2, 20 * 60, 21 * 60),)
    pair = await a_pair(db, student=student, mentor=await a_mentor(db, community, hours=late))

    times = given(await free_times(db, student.asker, pair.mentor.id, days=7))

    assert times.zone == "Pacific/Auckland"
    assert list(times.by_day) == [date(2026, 3, 5)]


async def test_what_is_taken_is_not_shown(db: Database) -> None:
    pair = await a_pair(db, mentor=await a_mentor(db, await a_community(db), hours=WEDNESDAYS))
    await a_session(db, pair, WEDNESDAY_NINE)

    times = given(await free_times(db, pair.student.asker, pair.mentor.id, days=7))

    assert list(times.by_day.values()) == [(WEDNESDAY_NINE + HOUR,)]


async def test_nothing_is_shown_beyond_the_horizon_and_the_expiry(db: Database) -> None:
    pair = await a_pair(db, expires_at=NOW + 10 * DAY)

    times = given(await free_times(db, pair.student.asker, pair.mentor.id))

    assert max(times.by_day) == date(2026, 3, 12)
    near = given(await free_times(db, pair.student.asker, pair.mentor.id, days=2))
    assert list(near.by_day) == [date(2026, 3, 3), date(2026, 3, 4)]


async def test_a_week_without_a_free_time_is_empty_and_no_refusal(db: Database) -> None:
    pair = await a_pair(db, mentor=await a_mentor(db, await a_community(db), hours=()))

    assert given(await free_times(db, pair.student.asker, pair.mentor.id)).by_day == {}


async def test_the_reason_why_no_time_can_be_booked_at_all_is_said(db: Database) -> None:
    spent = await a_pair(db, total=1)
    await a_session(db, spent, WEDNESDAY_NINE)
    grace = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    stranger = await a_member(db, spent.community, "Kim")

    assert why(await free_times(db, spent.student.asker, spent.mentor.id)) is Reason.ALL_SESSIONS_BOOKED
    assert why(await free_times(db, grace.student.asker, grace.mentor.id)) is Reason.SEAT_IN_GRACE
    assert why(await free_times(db, stranger.asker, spent.mentor.id)) is Reason.NO_SEAT
    assert why(await free_times(db, spent.mentor.asker, spent.mentor.id)) is Reason.OWN_MENTOR


async def test_without_a_name_the_students_only_mentor_is_meant(db: Database) -> None:
    pair = await a_pair(db)

    assert given(await free_times(db, pair.student.asker)).mentor_id == pair.mentor.id


async def test_without_a_name_an_active_seat_is_meant_before_one_in_grace(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    assert why(await free_times(db, pair.student.asker)) is Reason.SEAT_IN_GRACE

    active = await a_pair(db, student=pair.student, mentor=await a_mentor(db, pair.community, "Noor"))

    assert given(await free_times(db, pair.student.asker)).mentor_id == active.mentor.id


async def test_who_has_several_mentors_says_which_and_who_has_none_hears_it(db: Database) -> None:
    pair = await a_pair(db)
    await a_seat(db, pair.student, await a_mentor(db, pair.community, "Noor"))
    stranger = await a_member(db, pair.community, "Kim")

    assert why(await free_times(db, pair.student.asker)) is Reason.CHOOSE_MENTOR
    assert why(await free_times(db, stranger.asker)) is Reason.NO_SEAT_ANYWHERE
    assert why(await free_times(db, Asker(4, 5, "Nobody"))) is Reason.NOT_SET_UP


async def test_a_removed_mentor_is_meant_by_nobody(db: Database) -> None:
    pair = await a_pair(db)
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(removed_at=NOW))

    assert why(await free_times(db, pair.student.asker)) is Reason.NO_SEAT_ANYWHERE


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_free_times_take_three_statements_whatever_is_booked(db: Database) -> None:
    pair = await a_pair(db, total=40)
    await a_pack(db, pair.student, pair.product_id)
    for day in range(2, 30):
        await a_session(db, pair, NOW + day * DAY)

    with statements(db) as sent:
        given(await free_times(db, pair.student.asker, pair.mentor.id))

    assert len(sent) <= 3, sent
