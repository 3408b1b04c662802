import pytest
from sqlalchemy import insert

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason
from core.rules.states import EntryKind
from core.usecases.asker import Asker
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.undo import undo
from core.usecases.completion.waive import waive
from core.usecases.packs.expire import expire
from core.usecases.packs.grant import Grant, grant
from core.usecases.reading.history import Entries, history_of
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_community, a_member, a_mentor, a_pack, a_pair, a_session
from tests.clocks import NOW, SettableClock
from tests.statements import statements
from tests.usecases.completion.steps import cancel_late


async def seen_by(db: Database, asker: Asker, page: int = 0) -> Entries:
    return given(await history_of(db, asker, page))


async def adjusted(db: Database, pair: Pair, times: int) -> None:
    """So many corrections by the mentor, a second apart."""
    async with db.begin() as tx:
        for number in range(times):
            entry = {"kind": EntryKind.ADJUST, "delta": 1 if number % 2 else -1, "balance": 3 + number % 2}
            await tx.run(
                insert(tables.ledger).values(
                    pack_id=pair.pack_id, actor_id=pair.mentor.id, reason=f"no. {number}", at=tx.now, **entry
                )
            )


async def test_what_was_bought_used_and_given_back_comes_latest_first(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    first, second = await a_session(db, pair, NOW - 2 * DAY), await a_session(db, pair, NOW - DAY)
    clock.forward(hours=1)
    given(await complete(db, pair.mentor.asker, first))
    clock.forward(hours=1)
    given(await no_show(db, pair.mentor.asker, second))
    clock.forward(hours=1)
    given(await waive(db, pair.mentor.asker, second))
    clock.forward(hours=1)
    given(await undo(db, pair.mentor.asker, first))

    entries = (await seen_by(db, pair.student.asker)).entries

    kinds = [EntryKind.RESTORE, EntryKind.RESTORE, EntryKind.CONSUME, EntryKind.CONSUME, EntryKind.PURCHASE]
    assert [entry.kind for entry in entries] == kinds
    assert [entry.delta for entry in entries] == [1, 1, -1, -1, 4]
    assert [entry.balance for entry in entries] == [4, 3, 2, 3, 4]
    told = [(entry.meeting.verb, entry.meeting.number, entry.meeting.starts_at) for entry in entries if entry.meeting]
    assert told == [
        ("undo", 1, NOW - 2 * DAY),
        ("waive", 2, NOW - DAY),
        ("no show", 2, NOW - DAY),
        ("complete", 1, NOW - 2 * DAY),
    ]
    assert {entry.by_name for entry in entries} == {"Mara", None}
    assert (entries[-1].product_name, entries[-1].mentor_name, entries[-1].at) == ("Four sessions", "Mara", NOW)
    assert entries[0].at == NOW + 4 * HOUR


async def test_a_late_cancellation_is_told_from_other_uses_and_is_the_students_own(db: Database) -> None:
    pair = await a_pair(db)
    await cancel_late(db, pair, await a_session(db, pair, NOW + HOUR))

    (entry, _) = (await seen_by(db, pair.student.asker)).entries

    assert entry.meeting is not None
    assert (entry.meeting.verb, entry.by_name) == ("cancel", None)


async def test_grants_and_corrections_say_who_and_why_and_expiry_that_nobody_did_it(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db, expires_at=NOW + DAY)
    gift = Grant(pair.student.user_id, "Stu", pair.mentor.id, sessions=2, reason="a birthday")
    given(await grant(db, pair.staff, gift))
    clock.forward(hours=1)
    await adjusted(db, pair, 1)
    clock.forward(days=2)
    given(await expire(db, pair.pack_id))

    expired, changed, granted, _ = (await seen_by(db, pair.student.asker)).entries

    assert (expired.kind, expired.by_name, expired.reason, expired.meeting) == (EntryKind.EXPIRE, None, None, None)
    assert (changed.kind, changed.by_name, changed.reason) == (EntryKind.ADJUST, "Mara", "no. 0")
    assert (granted.kind, granted.by_name, granted.reason) == (EntryKind.GRANT, "Sam", "a birthday")
    assert (granted.product_name, granted.total) == (None, 2)


async def test_everybody_sees_their_own_as_a_student_only(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, student=pair.mentor, mentor=await a_mentor(db, pair.community, "Max"))

    assert [entry.mentor_name for entry in (await seen_by(db, pair.mentor.asker)).entries] == ["Max"]
    assert (await seen_by(db, other.mentor.asker)).entries == ()
    assert (await seen_by(db, pair.staff)).entries == ()
    assert (await seen_by(db, (await a_member(db, pair.community, "Kim")).asker)).entries == ()


async def test_each_guild_has_its_own(db: Database) -> None:
    pair = await a_pair(db)
    elsewhere = await a_community(db)
    await a_pair(db, student=await a_member(db, elsewhere, user_id=pair.student.user_id))

    assert len((await seen_by(db, pair.student.asker)).entries) == 1
    assert why(await history_of(db, Asker(3, pair.student.user_id, "Stu"))) is Reason.NOT_SET_UP


async def test_a_long_history_has_pages_of_ten(db: Database) -> None:
    pair = await a_pair(db)
    await adjusted(db, pair, 20)

    first, last = await seen_by(db, pair.student.asker), await seen_by(db, pair.student.asker, 2)

    assert ([entry.reason for entry in first.entries][:2], first.page, first.pages) == (["no. 19", "no. 18"], 0, 3)
    assert ([entry.kind for entry in last.entries], last.page) == ([EntryKind.PURCHASE], 2)
    assert (await seen_by(db, pair.student.asker, 99)).page == 2
    assert (await seen_by(db, pair.student.asker, -1)).page == 0


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_page_takes_at_most_three_statements(db: Database) -> None:
    pair = await a_pair(db)
    await a_pack(db, pair.student, pair.product_id)
    await adjusted(db, pair, 20)

    with statements(db) as sent:
        await seen_by(db, pair.student.asker)

    assert len(sent) <= 3, sent
