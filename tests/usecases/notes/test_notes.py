"""Notes about a student: who may write and read them, and what is kept."""

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason
from core.rules.states import SeatState
from core.usecases.asker import Asker
from core.usecases.notes.add_note import LONGEST_NOTE, add_note, tidy_note
from core.usecases.reading.notes import notes_about
from tests.answers import given, why
from tests.builders import a_pair, a_seat, count_of, owner_of, rows_of, staff_of
from tests.clocks import NOW, SettableClock
from tests.statements import statements


async def texts(db: Database, asker: Asker, seat_id: int) -> list[tuple[str, str]]:
    return [(note.by_name, note.text) for note in given(await notes_about(db, asker, seat_id)).notes]


async def test_a_mentor_writes_and_reads_the_latest_first(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    given(await add_note(db, pair.mentor.asker, pair.seat_id, "Likes rook endings"))
    clock.forward(hours=1)

    told = given(await add_note(db, pair.mentor.asker, pair.seat_id, "  Two\r\nlines \n\n\n\nand\x00 more\n"))

    assert (told.student_name, told.mentor_name) == ("Stu", "Mara")
    found = given(await notes_about(db, pair.mentor.asker, pair.seat_id))
    assert [note.text for note in found.notes] == ["Two\nlines\n\nand  more", "Likes rook endings"]
    assert found.notes[1].at == NOW


async def test_staff_read_and_write_under_their_own_name(db: Database) -> None:
    pair = await a_pair(db)
    given(await add_note(db, pair.mentor.asker, pair.seat_id, "From Mara"))

    given(await add_note(db, staff_of(pair.community), pair.seat_id, "From Sam"))

    both = [("Sam", "From Sam"), ("Mara", "From Mara")]
    assert await texts(db, owner_of(pair.community), pair.seat_id) == both
    assert await texts(db, pair.mentor.asker, pair.seat_id) == both


async def test_history_says_that_somebody_noted_something_and_not_what(db: Database) -> None:
    pair = await a_pair(db)

    given(await add_note(db, pair.mentor.asker, pair.seat_id, "A secret"))

    (row,) = await rows_of(db, tables.history)
    (note,) = await rows_of(db, tables.notes)
    assert (row["entity"], row["entity_id"], row["verb"], row["actor_id"]) == (
        "note",
        note["id"],
        "note",
        pair.mentor.id,
    )
    assert "secret" not in str(dict(row))


async def test_neither_the_student_nor_another_mentor_nor_a_stranger_reads_or_writes(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_pair(db)
    other = await a_pair(db, community=pair.community)
    given(await add_note(db, pair.mentor.asker, pair.seat_id, "Only for Mara"))
    student_of_staff = Asker(pair.community.guild_id, pair.student.user_id, "Stu", manages_guild=True)
    members = await count_of(db, tables.members)
    refused = [
        (pair.student.asker, pair.seat_id, Reason.NOT_YOURS),
        (student_of_staff, pair.seat_id, Reason.NOT_YOURS),
        (other.mentor.asker, pair.seat_id, Reason.NOT_YOURS),
        (Asker(pair.community.guild_id, 5, "New"), pair.seat_id, Reason.NOT_YOURS),
        (elsewhere.mentor.asker, pair.seat_id, Reason.UNKNOWN_STUDENT),
        (staff_of(elsewhere.community), pair.seat_id, Reason.UNKNOWN_STUDENT),
        (pair.mentor.asker, elsewhere.seat_id, Reason.UNKNOWN_STUDENT),
        (staff_of(pair.community), 10**17, Reason.UNKNOWN_STUDENT),
        (Asker(3, 3, "New"), pair.seat_id, Reason.NOT_SET_UP),
    ]

    for asker, seat_id, reason in refused:
        assert why(await add_note(db, asker, seat_id, "Hello")) is reason
        assert why(await notes_about(db, asker, seat_id)) is reason

    assert await count_of(db, tables.notes) == 1
    assert await count_of(db, tables.members) == members


async def test_a_mentor_who_was_removed_reads_nothing_any_more_and_staff_do(db: Database) -> None:
    pair = await a_pair(db)
    given(await add_note(db, pair.mentor.asker, pair.seat_id, "Before"))
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(removed_at=NOW))

    assert why(await notes_about(db, pair.mentor.asker, pair.seat_id)) is Reason.NOT_YOURS
    assert await texts(db, staff_of(pair.community), pair.seat_id) == [("Mara", "Before")]


async def test_notes_outlive_the_seat(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.RELEASED)
    given(await add_note(db, pair.mentor.asker, pair.seat_id, "Comes back in May"))
    again = await a_seat(db, pair.student, pair.mentor)

    assert await texts(db, pair.mentor.asker, again) == [("Mara", "Comes back in May")]


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x1f", "x" * (LONGEST_NOTE + 1)])
async def test_nothing_and_too_much_are_no_note(db: Database, text: str) -> None:
    pair = await a_pair(db)

    assert why(await add_note(db, pair.mentor.asker, pair.seat_id, text)) is Reason.BAD_NOTE
    assert await count_of(db, tables.notes) == 0


def test_the_longest_note_is_kept_whole() -> None:
    assert tidy_note("*" * LONGEST_NOTE) == "*" * LONGEST_NOTE


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_hundred_notes_are_read_by_two_statements(db: Database) -> None:
    pair = await a_pair(db)
    for number in range(100):
        given(await add_note(db, pair.mentor.asker, pair.seat_id, str(number)))

    with statements(db) as sent:
        assert len(given(await notes_about(db, pair.mentor.asker, pair.seat_id)).notes) == 100

    assert len(sent) <= 2, sent
