from datetime import timedelta

from core.db.notices import Owed, owe
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.states import EntryKind, SeatState
from core.usecases.completion.complete import complete
from core.usecases.reading.books import Ahead, ahead, books, communities_kept
from tests.answers import given
from tests.builders import DAY, HOUR, a_community, a_mentor, a_pair, a_session
from tests.clocks import NOW, SettableClock


async def test_the_books_show_every_seat_with_its_balance_and_every_entry(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW)
    await a_session(db, pair, NOW + 2 * DAY)
    clock.forward(hours=1)
    given(await complete(db, pair.mentor.asker, session_id))

    seen = await books(db, pair.community.guild_id)

    assert [(seat.state, seat.remaining, seat.held) for seat in seen.seats] == [(SeatState.ACTIVE, 3, 1)]
    assert [(each.student, each.starts_at) for each in seen.sessions] == [("Stu", NOW + 2 * DAY)]
    assert [(entry.kind, entry.delta, entry.balance) for entry in seen.ledger] == [
        (EntryKind.PURCHASE, 4, 4),
        (EntryKind.CONSUME, -1, 3),
    ]
    assert {(entry.student, entry.at) for entry in seen.ledger} == {("Stu", NOW), ("Stu", NOW + HOUR)}


async def test_the_books_of_a_guild_hold_nothing_of_another(db: Database) -> None:
    await a_pair(db)
    other = await a_community(db, guild_id=4711)

    seen = await books(db, 4711)

    assert (seen.seats, seen.sessions, seen.ledger) == ((), (), ())
    assert await ahead(db, 4711) == ()
    assert other.guild_id in [kept.guild_id for kept in await communities_kept(db)]


async def test_what_is_due_next_comes_first_and_says_whom_it_concerns(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE)
    async with db.begin() as tx:
        soon = NOW + timedelta(minutes=5)
        await tx.write_all(
            owe(
                tx,
                pair.community.id,
                Owed(NoticeKind.FINAL_WARNING, pair.seat_id, pair.student.id, 1, due_at=soon),
                Owed(NoticeKind.SEAT_RELEASED_STAFF, pair.seat_id, None, 1, due_at=NOW),
            )
        )

    seen = await ahead(db, pair.community.guild_id)

    assert seen == (
        Ahead(NOW, NoticeKind.SEAT_RELEASED_STAFF, None),
        Ahead(soon, NoticeKind.FINAL_WARNING, "Stu"),
        Ahead(NOW + 3 * DAY, "seat", "Stu"),
        Ahead(NOW + 60 * DAY, "pack", "Stu"),
    )


async def test_a_kept_community_says_when_its_last_change_was(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, mentor=await a_mentor(db, await a_community(db)))
    session_id = await a_session(db, pair, NOW)
    clock.forward(hours=1)
    given(await complete(db, pair.mentor.asker, session_id))

    [kept] = await communities_kept(db)

    assert (kept.guild_id, kept.latest_at) == (pair.community.guild_id, NOW + HOUR)
