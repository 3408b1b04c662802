"""Whose seat and sessions somebody may change: pairs by name, each once."""

from core.db.unit import Database
from core.rules.states import FreezeCause, PackState, SeatState
from core.usecases.asker import Asker
from core.usecases.choice import Choice
from core.usecases.reading.pairs import find_pairs
from tests.builders import Pair, a_member, a_pair, a_seat, owner_of
from tests.clocks import NOW


async def labels(db: Database, asker: Asker, text: str = "") -> list[str]:
    return [choice.label for choice in await find_pairs(db, asker, text)]


async def a_gone_pair(db: Database, pair: Pair, name: str, **pack: object) -> Pair:
    student = await a_member(db, pair.community, name)
    return await a_pair(db, mentor=pair.mentor, student=student, seat=SeatState.RELEASED, **pack)  # type: ignore[arg-type]


async def test_a_mentor_finds_their_own_and_staff_all_with_the_mentors_name(db: Database) -> None:
    pair = await a_pair(db)
    await a_pair(db, community=pair.community)
    await a_pair(db)

    assert await find_pairs(db, pair.mentor.asker, "") == (Choice(pair.seat_id, "Stu"),)
    assert await labels(db, pair.staff) == ["Stu – Mara"] * 2
    assert len(await labels(db, owner_of(pair.community))) == 2
    assert await labels(db, pair.student.asker) == []


async def test_who_has_neither_seat_nor_sessions_is_left_out(db: Database) -> None:
    pair = await a_pair(db)
    await a_gone_pair(db, pair, "Gone", remaining=0, state=PackState.DEPLETED)
    await a_gone_pair(db, pair, "Kept", frozen_at=NOW, frozen_for=FreezeCause.STAFF_RELEASE)

    assert await labels(db, pair.mentor.asker) == ["Kept", "Stu"]


async def test_of_several_seats_of_a_pair_the_live_one_else_the_last_is_meant(db: Database) -> None:
    pair = await a_pair(db)
    await a_seat(db, pair.student, pair.mentor, SeatState.RELEASED)
    gone = await a_gone_pair(db, pair, "Kept", frozen_at=NOW, frozen_for=FreezeCause.STAFF_RELEASE)
    last = await a_seat(db, gone.student, pair.mentor, SeatState.RELEASED)

    found = await find_pairs(db, pair.mentor.asker, "")

    assert [choice.id for choice in found] == [last, pair.seat_id]


async def test_a_text_is_found_in_either_name_as_typed(db: Database) -> None:
    pair = await a_pair(db)
    student = await a_member(db, pair.community, "100%")
    await a_pair(db, mentor=pair.mentor, student=student)

    assert await labels(db, pair.staff, " 0% ") == ["100% – Mara"]
    assert await labels(db, pair.staff, "_") == []
    assert await labels(db, pair.staff, "STU – m") == ["Stu – Mara"]
