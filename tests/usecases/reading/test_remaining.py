import pytest

from core.db.unit import Database
from core.rules.refusals import Reason
from core.rules.states import PackState, SeatState
from core.usecases.asker import Asker
from core.usecases.reading.remaining import remaining
from tests.answers import given, why
from tests.builders import DAY, HOUR, a_member, a_mentor, a_pack, a_pair, a_session
from tests.clocks import NOW
from tests.statements import statements


async def test_a_student_sees_packs_seat_and_next_session(db: Database) -> None:
    pair = await a_pair(db, remaining=3)
    await a_session(db, pair, NOW + 3 * DAY)
    await a_session(db, pair, NOW + 2 * DAY)
    await a_session(db, pair, NOW - 2 * DAY)

    (pair_seen,) = given(await remaining(db, pair.student.asker)).mentors

    assert (pair_seen.mentor_name, pair_seen.seat_state) == ("Mara", SeatState.ACTIVE)
    assert pair_seen.grace_ends_at is None
    assert pair_seen.next_session_at == NOW + 2 * DAY
    (pack,) = pair_seen.packs
    assert (pack.total, pack.remaining, pack.held, pack.available) == (4, 3, 3, 0)
    assert (pack.expires_at, pack.state) == (NOW + 60 * DAY, PackState.ACTIVE)


async def test_in_grace_the_deadline_and_the_spent_pack_are_shown(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

    (seen,) = given(await remaining(db, pair.student.asker)).mentors

    assert (seen.seat_state, seen.grace_ends_at) == (SeatState.GRACE, NOW + 3 * DAY)
    assert [(pack.remaining, pack.state) for pack in seen.packs] == [(0, PackState.DEPLETED)]


async def test_packs_come_by_expiry_and_spent_ones_only_when_they_are_the_last(db: Database) -> None:
    pair = await a_pair(db, remaining=0, state=PackState.DEPLETED)
    later = await a_pack(db, pair.student, pair.product_id, expires_at=NOW + 90 * DAY)
    sooner = await a_pack(db, pair.student, pair.product_id, expires_at=NOW + 30 * DAY)

    (seen,) = given(await remaining(db, pair.student.asker)).mentors

    assert [pack.pack_id for pack in seen.packs] == [sooner, later]


async def test_each_mentor_is_shown_by_name_or_only_the_one_who_is_asked_for(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, student=pair.student, mentor=await a_mentor(db, pair.community, "Ada"))

    everyone = given(await remaining(db, pair.student.asker)).mentors
    (one,) = given(await remaining(db, pair.student.asker, pair.mentor.id)).mentors

    assert [seen.mentor_id for seen in everyone] == [other.mentor.id, pair.mentor.id]
    assert one.mentor_id == pair.mentor.id
    assert [pack.pack_id for pack in one.packs] == [pair.pack_id]


async def test_sessions_left_after_the_seat_are_still_shown_and_spent_packs_are_not(db: Database) -> None:
    kept = await a_pair(db, seat=SeatState.RELEASED, remaining=2)
    await a_pair(
        db,
        student=kept.student,
        mentor=await a_mentor(db, kept.community, "Ada"),
        seat=SeatState.RELEASED,
        remaining=0,
        state=PackState.DEPLETED,
    )

    (seen,) = given(await remaining(db, kept.student.asker)).mentors

    assert (seen.mentor_id, seen.seat_state) == (kept.mentor.id, None)
    assert seen.packs[0].remaining == 2


async def test_nobody_sees_what_others_have(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_member(db, pair.community, "Kim")

    assert given(await remaining(db, other.asker)).mentors == ()
    assert given(await remaining(db, pair.mentor.asker)).mentors == ()
    assert given(await remaining(db, Asker(pair.community.guild_id, 3, "New"))).mentors == ()
    assert why(await remaining(db, other.asker, pair.mentor.id)) is Reason.NO_SEAT
    assert why(await remaining(db, other.asker, other.id)) is Reason.UNKNOWN_MENTOR
    assert why(await remaining(db, Asker(3, 3, "New"))) is Reason.NOT_SET_UP


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_it_takes_three_statements_whatever_there_is(db: Database) -> None:
    pair = await a_pair(db)
    for number in range(6):
        more = await a_pair(db, student=pair.student, mentor=await a_mentor(db, pair.community, f"M{number}"))
        await a_session(db, more, NOW + DAY + number * HOUR)

    with statements(db) as sent:
        assert len(given(await remaining(db, pair.student.asker)).mentors) == 7

    assert len(sent) <= 3, sent
