"""The mentor is asked how a session went until somebody says it: one question a period, and staff see it once."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.ports import RetryAfter
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState, SessionState
from core.usecases.booking.book import book
from core.usecases.completion.complete import complete
from core.usecases.completion.undo import undo
from tests.answers import given
from tests.builders import DAY, HOUR, STAFF_CHANNEL, Pair, a_pair, rows_of
from tests.clocks import NOW, SettableClock
from tests.jobs.conftest import engine, jobs, provider, reread, roles
from tests.notices.courier import KeepingCourier

__all__ = ["engine", "jobs", "provider", "reread", "roles"]

ASKING = (NoticeKind.OUTCOME_PROMPT, NoticeKind.OUTCOME_REMINDER, NoticeKind.OUTCOME_OVERDUE_STAFF)
STARTS_AT = NOW + DAY + 22 * HOUR
ENDS_AT = STARTS_AT + HOUR


@pytest.fixture
async def pair(db: Database) -> Pair:
    return await a_pair(db)


@pytest.fixture
async def session_id(db: Database, pair: Pair) -> int:
    return given(await book(db, pair.student.asker, pair.mentor.id, STARTS_AT)).session_id


async def asked(db: Database) -> Counter[NoticeKind]:
    """How often it was asked, and staff were told."""
    rows = await rows_of(db, tables.notices, tables.notices.c.state == NoticeState.DELIVERED)
    return Counter(row["kind"] for row in rows if row["kind"] in ASKING)


async def at(jobs: Jobs, clock: SettableClock, after_the_end: timedelta) -> None:
    clock.set(ENDS_AT + after_the_end)
    await jobs.run_due()


async def test_unanswered_the_question_comes_again_after_a_day_and_then_every_three(
    db: Database, clock: SettableClock, jobs: Jobs, session_id: int
) -> None:
    seen = []
    for after_the_end in (timedelta(), DAY - HOUR, DAY, 4 * DAY - HOUR, 4 * DAY, 7 * DAY, 10 * DAY):
        await at(jobs, clock, after_the_end)
        told = await asked(db)
        seen.append((told[NoticeKind.OUTCOME_REMINDER], told[NoticeKind.OUTCOME_OVERDUE_STAFF]))

    assert seen == [(0, 0), (0, 0), (1, 1), (1, 1), (2, 1), (3, 1), (4, 1)]
    session = await rows_of(db, tables.sessions)
    assert session[0]["state"] is SessionState.SCHEDULED


async def test_the_reminder_goes_to_the_mentor_with_three_buttons_and_staff_are_told_without(
    clock: SettableClock, jobs: Jobs, session_id: int, courier: KeepingCourier, pair: Pair
) -> None:
    await at(jobs, clock, timedelta())
    courier.sent.clear()

    await at(jobs, clock, DAY)

    sent = {each.to.discord_id: each.message for each in courier.sent}
    assert set(sent) == {pair.mentor.user_id, STAFF_CHANNEL}
    buttons = sent[pair.mentor.user_id].buttons
    assert [(button.action, button.subject_id) for button in buttons] == [
        ("complete", session_id),
        ("noshow", session_id),
        ("not-held", session_id),
    ]
    assert not sent[STAFF_CHANNEL].buttons
    assert "Mara" in sent[STAFF_CHANNEL].text


async def test_the_answer_ends_the_asking(
    db: Database, clock: SettableClock, jobs: Jobs, session_id: int, pair: Pair
) -> None:
    await at(jobs, clock, DAY)
    await at(jobs, clock, 2 * DAY)
    before = await asked(db)
    given(await complete(db, pair.mentor.asker, session_id))

    for days in range(3, 20):
        await at(jobs, clock, days * DAY)

    assert await asked(db) == before
    assert not await rows_of(db, tables.notices, tables.notices.c.state == NoticeState.PENDING)


async def test_after_downtime_there_is_one_question_and_not_a_burst(
    db: Database, clock: SettableClock, jobs: Jobs, session_id: int
) -> None:
    await at(jobs, clock, 30 * DAY)
    assert await asked(db) == {NoticeKind.OUTCOME_PROMPT: 1}

    await at(jobs, clock, 60 * DAY)

    assert await asked(db) == {
        NoticeKind.OUTCOME_PROMPT: 1,
        NoticeKind.OUTCOME_REMINDER: 1,
        NoticeKind.OUTCOME_OVERDUE_STAFF: 1,
    }


async def test_a_question_that_dies_on_its_way_is_asked_again_all_the_same(
    db: Database, clock: SettableClock, jobs: Jobs, session_id: int, courier: KeepingCourier
) -> None:
    courier.always = RetryAfter(None, "503")
    async with db.begin() as tx:
        await tx.run(
            update(tables.notices).where(tables.notices.c.kind == NoticeKind.OUTCOME_PROMPT).values(attempts=11)
        )
    await at(jobs, clock, timedelta())
    (prompt,) = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.OUTCOME_PROMPT)
    assert prompt["state"] is NoticeState.DEAD
    courier.always = None

    await at(jobs, clock, DAY)

    assert (await asked(db))[NoticeKind.OUTCOME_REMINDER] == 1


async def test_an_undone_session_is_asked_about_anew_and_staff_see_it_once_more(
    db: Database, clock: SettableClock, jobs: Jobs, session_id: int, pair: Pair
) -> None:
    await at(jobs, clock, timedelta())
    await at(jobs, clock, DAY)
    given(await complete(db, pair.mentor.asker, session_id))
    given(await undo(db, pair.mentor.asker, session_id))
    await at(jobs, clock, DAY)
    assert (await asked(db))[NoticeKind.OUTCOME_PROMPT] == 1

    await at(jobs, clock, DAY + HOUR)
    await at(jobs, clock, 2 * DAY + HOUR)
    await at(jobs, clock, 5 * DAY + HOUR)

    assert await asked(db) == {
        NoticeKind.OUTCOME_PROMPT: 2,
        NoticeKind.OUTCOME_REMINDER: 3,
        NoticeKind.OUTCOME_OVERDUE_STAFF: 2,
    }


async def test_staffs_own_periods_are_kept(db: Database, clock: SettableClock, jobs: Jobs, session_id: int) -> None:
    async with db.begin() as tx:
        own = {"outcome_reminder_hours": 2, "outcome_again_hours": 4}
        await tx.run(update(tables.communities).values(settings=own))

    for hours in (0, 2, 6, 10):
        await at(jobs, clock, hours * HOUR)

    assert (await asked(db))[NoticeKind.OUTCOME_REMINDER] == 3
