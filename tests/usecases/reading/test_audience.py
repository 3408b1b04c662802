from core.db import tables
from core.db.unit import Database
from core.rules.states import SeatState
from core.usecases.asker import Asker
from core.usecases.reading.audience import Standing, standing_of
from tests.builders import a_community, a_member, a_mentor, a_pair, count_of, owner_of, staff_of
from tests.clocks import NOW


async def test_everybody_is_what_they_are_here(db: Database) -> None:
    pair = await a_pair(db)
    once = await a_pair(db, mentor=pair.mentor, student=await a_member(db, pair.community, "Old"))
    removed = await a_mentor(db, pair.community, "Rita", removed_at=NOW)
    stranger = Asker(pair.community.guild_id, 3, "New")

    assert await standing_of(db, pair.student.asker) == Standing(set_up=True, student=True)
    assert await standing_of(db, once.student.asker) == Standing(set_up=True, student=True)
    assert await standing_of(db, pair.mentor.asker) == Standing(set_up=True, mentor=True)
    assert await standing_of(db, removed.asker) == Standing(set_up=True)
    assert await standing_of(db, stranger) == Standing(set_up=True)
    assert await standing_of(db, staff_of(pair.community)) == Standing(set_up=True, staff=True)
    assert await standing_of(db, owner_of(pair.community)) == Standing(set_up=True, staff=True)
    assert await count_of(db, tables.members, tables.members.c.user_id == 3) == 0


async def test_who_had_a_seat_is_a_student_still(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.RELEASED)

    assert (await standing_of(db, pair.student.asker)).student


async def test_a_mentor_may_be_a_student_and_staff_too(db: Database) -> None:
    pair = await a_pair(db)
    await a_pair(db, mentor=await a_mentor(db, pair.community, "Max"), student=pair.mentor)
    asker = Asker(pair.community.guild_id, pair.mentor.user_id, "Mara", manages_guild=True)

    assert await standing_of(db, asker) == Standing(set_up=True, student=True, mentor=True, staff=True)


async def test_before_the_set_up_only_who_can_do_it_is_somebody(db: Database) -> None:
    other = await a_pair(db, community=await a_community(db))

    assert await standing_of(db, Asker(3, other.student.user_id, "Stu")) == Standing(set_up=False)
    assert await standing_of(db, Asker(3, 3, "Olga", manages_guild=True)) == Standing(set_up=False, staff=True)
