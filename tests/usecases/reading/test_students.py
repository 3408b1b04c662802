import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.attention import Attention
from core.rules.refusals import Reason
from core.rules.states import PackState, SeatState
from core.usecases.asker import Asker
from core.usecases.reading.students import StudentCard, students_of
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
    a_seat,
    a_session,
    owner_of,
    staff_of,
)
from tests.clocks import NOW
from tests.statements import statements


async def another(db: Database, pair: Pair, name: str, **more: object) -> Pair:
    student = await a_member(db, pair.community, name)
    return await a_pair(db, mentor=pair.mentor, student=student, **more)  # type: ignore[arg-type]


def names(students: tuple[StudentCard, ...]) -> list[str]:
    return [student.student_name for student in students]


async def test_a_mentor_sees_what_each_has_left_and_what_comes_next(db: Database) -> None:
    pair = await a_pair(db, remaining=3)
    await a_session(db, pair, NOW + 3 * DAY)
    await a_session(db, pair, NOW + 2 * DAY)
    await a_pack(db, pair.student, pair.product_id, expires_at=NOW + 90 * DAY)

    (seen,) = given(await students_of(db, pair.mentor.asker)).students

    assert (seen.student_name, seen.mentor_name, seen.seat_state) == ("Stu", "Mara", SeatState.ACTIVE)
    assert (seen.left, seen.total, seen.booked) == (7, 8, 2)
    assert (seen.expires_at, seen.next_session_at) == (NOW + 60 * DAY, NOW + 2 * DAY)
    assert (seen.grace_ends_at, seen.unanswered_since, seen.attention) == (None, None, Attention.NONE)
    assert not seen.paused
    assert not seen.frozen


async def test_who_needs_somebody_comes_first(db: Database) -> None:
    pair = await a_pair(db)
    await another(db, pair, "Last", remaining=1)
    await another(db, pair, "Soon", expires_at=NOW + 5 * DAY)
    waiting = await another(db, pair, "Waiting")
    await a_session(db, waiting, NOW - 2 * HOUR)
    await a_session(db, waiting, NOW + DAY)
    at_work = await another(db, pair, "At work")
    await a_session(db, at_work, NOW - HOUR / 2)
    for name, days in (("Grace later", 3), ("Grace sooner", 1)):
        spent = await another(db, pair, name, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
        async with db.begin() as tx:
            ends = {"grace_ends_at": NOW + days * DAY}
            await tx.run(update(tables.seats).where(tables.seats.c.id == spent.seat_id).values(**ends))

    seen = given(await students_of(db, pair.mentor.asker)).students

    assert names(seen) == ["Grace sooner", "Grace later", "Waiting", "Last", "Soon", "At work", "Stu"]
    by_name = {student.student_name: student for student in seen}
    assert (by_name["Grace later"].grace_ends_at, by_name["Grace later"].left) == (NOW + 3 * DAY, 0)
    assert (by_name["Waiting"].unanswered_since, by_name["Waiting"].next_session_at) == (NOW - HOUR, NOW + DAY)
    assert by_name["At work"].next_session_at == NOW - HOUR / 2


async def test_who_pays_or_was_offered_a_seat_is_there_and_who_lost_it_is_not(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.RELEASED, remaining=2)
    for name, state in (("Ann", SeatState.HELD), ("Bea", SeatState.OFFERED)):
        await a_seat(db, await a_member(db, pair.community, name), pair.mentor, state)

    seen = given(await students_of(db, pair.mentor.asker)).students

    assert [(student.student_name, student.seat_state, student.total) for student in seen] == [
        ("Ann", SeatState.HELD, 0),
        ("Bea", SeatState.OFFERED, 0),
    ]


async def test_what_a_spent_or_expired_pack_still_holds_counts_and_stopped_clocks_are_named(db: Database) -> None:
    pair = await a_pair(db, remaining=1, state=PackState.EXPIRED, expires_at=NOW - DAY)
    await a_session(db, pair, NOW + DAY)
    await a_pack(db, pair.student, pair.product_id, frozen_at=NOW - DAY, frozen_for="dispute")
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(paused_at=NOW))

    (seen,) = given(await students_of(db, pair.mentor.asker)).students

    assert (seen.left, seen.total, seen.booked, seen.expires_at) == (5, 5, 1, None)
    assert seen.frozen
    assert seen.paused


async def test_a_mentor_never_sees_anothers_students_and_staff_see_all_or_one_mentors(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_mentor(db, pair.community, "Ada")
    await a_pair(db, mentor=other, student=await a_member(db, pair.community, "Kim"))
    await a_pair(db)

    own = given(await students_of(db, pair.mentor.asker))
    assert (own.mentor_id, names(own.students)) == (pair.mentor.id, ["Stu"])
    assert given(await students_of(db, pair.mentor.asker, pair.mentor.id)) == own
    assert why(await students_of(db, pair.mentor.asker, other.id)) is Reason.NOT_YOURS
    for staff in (staff_of(pair.community), owner_of(pair.community)):
        everybody = given(await students_of(db, staff))
        assert (everybody.mentor_id, names(everybody.students)) == (None, ["Kim", "Stu"])
        assert names(given(await students_of(db, staff, other.id)).students) == ["Kim"]


async def test_students_strangers_and_those_who_are_not_mentors_any_more_see_nobody(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_pair(db)
    staff, guild_id = staff_of(pair.community), pair.community.guild_id

    assert why(await students_of(db, pair.student.asker)) is Reason.NOT_A_MENTOR
    assert why(await students_of(db, Asker(guild_id, 5, "New"), pair.mentor.id)) is Reason.NOT_A_MENTOR
    assert why(await students_of(db, staff, elsewhere.mentor.id)) is Reason.UNKNOWN_MENTOR
    assert why(await students_of(db, staff, pair.student.id)) is Reason.UNKNOWN_MENTOR
    assert why(await students_of(db, Asker(3, 3, "New"))) is Reason.NOT_SET_UP
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(removed_at=NOW))
    assert why(await students_of(db, pair.mentor.asker)) is Reason.NOT_A_MENTOR


async def test_without_students_the_list_is_empty(db: Database) -> None:
    mentor = await a_mentor(db, await a_community(db))

    assert given(await students_of(db, mentor.asker)).students == ()
    assert given(await students_of(db, staff_of(mentor.community))).students == ()


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_forty_students_take_four_statements(db: Database) -> None:
    pair = await a_pair(db)
    for number in range(39):
        await another(db, pair, f"Student {number:02}")

    with statements(db) as sent:
        seen = given(await students_of(db, staff_of(pair.community))).students

    assert names(seen) == ["Stu", *(f"Student {number:02}" for number in range(39))]
    assert len(sent) <= 4, sent
