import pytest

from core.db.unit import Database
from core.rules.refusals import Reason
from core.usecases.asker import Asker
from core.usecases.completion.complete import complete
from core.usecases.reading.schedule import schedule
from tests.answers import given, why
from tests.builders import DAY, HOUR, a_mentor, a_pair, a_session
from tests.clocks import NOW
from tests.statements import statements


async def test_a_person_sees_their_sessions_as_student_and_as_mentor_the_earliest_first(db: Database) -> None:
    pair = await a_pair(db)
    as_student = await a_pair(db, student=pair.mentor, mentor=await a_mentor(db, pair.community, "Ada"))
    later = await a_session(db, pair, NOW + 2 * DAY)
    sooner = await a_session(db, as_student, NOW + DAY)

    seen = given(await schedule(db, pair.mentor.asker)).sessions

    assert [(card.session_id, card.as_mentor, card.with_name) for card in seen] == [
        (sooner, False, "Ada"),
        (later, True, "Stu"),
    ]
    assert (seen[1].with_user_id, seen[1].mentor_id) == (pair.student.user_id, pair.mentor.id)
    assert (seen[1].starts_at, seen[1].ends_at) == (NOW + 2 * DAY, NOW + 2 * DAY + HOUR)


async def test_sessions_carry_their_number_in_the_pack(db: Database) -> None:
    pair = await a_pair(db)
    for day in (3, 1, 2):
        await a_session(db, pair, NOW + day * DAY)

    seen = given(await schedule(db, pair.student.asker)).sessions

    assert [(card.number, card.total) for card in seen] == [(1, 4), (2, 4), (3, 4)]


async def test_a_session_stays_until_its_outcome_is_told(db: Database) -> None:
    pair = await a_pair(db)
    past = await a_session(db, pair, NOW - DAY)
    await a_session(db, pair, NOW + DAY)

    seen = given(await schedule(db, pair.student.asker)).sessions
    given(await complete(db, pair.mentor.asker, past))

    assert [card.has_started for card in seen] == [True, False]
    assert [card.number for card in given(await schedule(db, pair.student.asker)).sessions] == [2]


async def test_a_long_schedule_has_pages_of_ten(db: Database) -> None:
    pair = await a_pair(db, total=12)
    made = [await a_session(db, pair, NOW + day * DAY) for day in range(1, 13)]

    first = given(await schedule(db, pair.student.asker))
    second = given(await schedule(db, pair.student.asker, 1))

    assert ([card.session_id for card in first.sessions], first.page, first.pages) == (made[:10], 0, 2)
    assert ([card.session_id for card in second.sessions], second.page) == (made[10:], 1)
    assert given(await schedule(db, pair.student.asker, 99)).page == 1
    assert given(await schedule(db, pair.student.asker, -1)).page == 0


async def test_who_has_nothing_scheduled_sees_one_empty_page(db: Database) -> None:
    pair = await a_pair(db)

    for asker in (pair.student.asker, Asker(pair.community.guild_id, 3, "New")):
        seen = given(await schedule(db, asker))
        assert (seen.sessions, seen.pages) == ((), 1)
    assert why(await schedule(db, Asker(3, 3, "New"))) is Reason.NOT_SET_UP


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_page_takes_at_most_three_statements(db: Database) -> None:
    pair = await a_pair(db, total=12)
    for day in range(1, 13):
        await a_session(db, pair, NOW + day * DAY)

    with statements(db) as sent:
        given(await schedule(db, pair.student.asker))

    assert len(sent) <= 3, sent
