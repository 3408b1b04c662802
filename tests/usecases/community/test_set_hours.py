from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.hours import WeeklyHours, say_hours
from core.rules.refusals import Reason, Refused
from core.usecases.asker import Asker
from core.usecases.booking.free_times import free_times
from core.usecases.community.set_hours import set_hours
from core.usecases.reading.availability import availability
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_community, a_mentor, a_pair, a_session, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.statements import statements


async def a_pair_in_berlin(db: Database) -> Pair:
    community = await a_community(db)
    return await a_pair(db, mentor=await a_mentor(db, community, time_zone="Europe/Berlin"))


async def hours_kept(db: Database) -> tuple[WeeklyHours, ...]:
    rows = await rows_of(db, tables.mentor_hours)
    return tuple(sorted(WeeklyHours(row["weekday"], row["starts_minute"], row["ends_minute"]) for row in rows))


async def test_a_mentor_says_when_they_can_be_booked(db: Database) -> None:
    pair = await a_pair_in_berlin(db)

    done = given(await set_hours(db, pair.mentor.asker, "Mon-Fri 17:00-21:00, Sat 10:00-14:00"))

    assert say_hours(done.hours.weekly) == "Mon–Fri 17:00–21:00, Sat 10:00–14:00"
    assert (done.hours.zone, done.hours.minutes_a_week) == ("Europe/Berlin", 24 * 60)
    assert done.hours.next_openings[0].starts_at == NOW + 4 * HOUR  # 17:00 there is 16:00 UTC
    assert await hours_kept(db) == done.hours.weekly


async def test_history_says_what_the_hours_were_and_are(db: Database) -> None:
    pair = await a_pair_in_berlin(db)

    given(await set_hours(db, pair.mentor.asker, "Mon 10-12"))
    given(await set_hours(db, pair.mentor.asker, "monday 10:00–12:00"))

    (change,) = await rows_of(db, tables.history)
    assert (change["entity"], change["entity_id"], change["actor_id"]) == ("mentor", pair.mentor.id, pair.mentor.id)
    assert change["facts"] == {"from": "Mon–Sun 09:00–17:00", "to": "Mon 10:00–12:00"}


async def test_booked_sessions_outside_the_new_hours_stay_and_are_counted(db: Database) -> None:
    pair = await a_pair_in_berlin(db)
    await a_session(db, pair, NOW - DAY)  # waits for its outcome: it is no business of hours to come
    inside = await a_session(db, pair, NOW + 7 * DAY)  # 13:00 in Berlin
    beside = await a_session(db, pair, NOW + 8 * DAY)

    done = given(await set_hours(db, pair.mentor.asker, "Mon 13-14"))

    assert done.outside == (NOW + 8 * DAY,)
    for session_id in (inside, beside):
        assert (await row_of(db, tables.sessions, session_id))["state"] == "scheduled"


async def test_what_cannot_be_read_changes_nothing_and_is_named(db: Database) -> None:
    pair = await a_pair_in_berlin(db)
    before = await hours_kept(db)

    refused = await set_hours(db, pair.mentor.asker, "Mon-Fri 17:00-21:00, Sunday whenever")

    assert isinstance(refused, Refused)
    assert (refused.reason, dict(refused.facts)["piece"]) == (Reason.BAD_HOURS, "whenever")
    assert await hours_kept(db) == before
    assert await rows_of(db, tables.history) == []


@pytest.mark.parametrize(
    "typed", ["", "\u200b\u202e", "@everyone", "x" * 4000, "Mon 10-12\x00", "**Mon** 10-12", "Mon 25-26"]
)
async def test_whatever_is_typed_there_is_an_answer(db: Database, typed: str) -> None:
    pair = await a_pair_in_berlin(db)

    assert why(await set_hours(db, pair.mentor.asker, typed)) is Reason.BAD_HOURS


async def test_only_mentors_have_hours(db: Database) -> None:
    pair = await a_pair_in_berlin(db)
    removed = await a_mentor(db, pair.community, "Rita", removed_at=NOW)
    new = Asker(pair.community.guild_id, 3, "New")

    for asker in (pair.student.asker, pair.staff, removed.asker, new):
        assert why(await set_hours(db, asker, "Mon 10-12")) is Reason.NOT_A_MENTOR
        assert why(await availability(db, asker)) is Reason.NOT_A_MENTOR
    assert why(await set_hours(db, Asker(3, 3, "New"), "Mon 10-12")) is Reason.NOT_SET_UP
    assert why(await availability(db, Asker(3, 3, "New"))) is Reason.NOT_SET_UP


async def test_a_paused_mentor_may_set_them_and_stays_paused(db: Database) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community, paused_at=NOW)

    given(await set_hours(db, mentor.asker, "Mon 10-12"))

    assert given(await availability(db, mentor.asker)).paused
    (change,) = await rows_of(db, tables.history)
    assert (change["before"], change["after"]) == ("paused", "paused")


async def test_a_mentor_sees_hours_limits_and_the_next_times(db: Database, clock: SettableClock) -> None:
    mentor = await a_mentor(db, await a_community(db), buffer_minutes=15, hours=[WeeklyHours(2, 600, 690)])
    async with db.begin() as tx:
        closed = {"on_date": (NOW + 2 * DAY).date(), "starts_minute": 0, "ends_minute": 1440, "is_open": False}
        await tx.run(tables.mentor_overrides.insert().values(mentor_id=mentor.id, **closed))

    seen = given(await availability(db, mentor.asker))

    assert (seen.hours.minutes_a_week, seen.session_minutes, seen.buffer_minutes) == (90, 60, 15)
    assert (seen.notice_hours, seen.horizon_days, seen.paused) == (24, 60, False)
    first = seen.hours.next_openings[0]
    assert first.starts_at == NOW + 9 * DAY - 2 * HOUR  # this week's Wednesday is closed
    assert first.ends_at - first.starts_at == timedelta(minutes=90)


async def test_a_mentor_may_have_no_hours(db: Database) -> None:
    mentor = await a_mentor(db, await a_community(db), hours=())

    seen = given(await availability(db, mentor.asker))

    assert (seen.hours.weekly, seen.hours.minutes_a_week, seen.hours.next_openings) == ((), 0, ())


async def test_new_hours_are_those_that_can_be_booked(db: Database) -> None:
    pair = await a_pair_in_berlin(db)
    async with db.begin() as tx:
        await tx.run(update(tables.members).values(time_zone="Europe/Berlin"))

    given(await set_hours(db, pair.mentor.asker, "Sun 10-12"))

    slots = given(await free_times(db, pair.student.asker, pair.mentor.id)).by_day
    assert {day.weekday() for day in slots} == {6}


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_setting_and_seeing_take_few_statements(db: Database) -> None:
    pair = await a_pair_in_berlin(db)

    with statements(db) as sent:
        given(await availability(db, pair.mentor.asker))
    assert len(sent) <= 3, sent

    with statements(db) as sent:
        given(await set_hours(db, pair.mentor.asker, "Mon 10-12"))
    assert len(sent) <= 8, sent
