from datetime import timedelta

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import Actor, EntryKind, PackState, SeatState, SessionState
from core.usecases.asker import Asker
from core.usecases.completion.choices import open_sessions
from core.usecases.completion.complete import complete, complete_by_webhook
from tests.answers import given, why
from tests.builders import (
    DAY,
    HOUR,
    a_community,
    a_mentor,
    a_pack,
    a_pair,
    a_session,
    count_of,
    owner_of,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW, SettableClock
from tests.usecases.completion.steps import an_event, past_sessions


async def test_a_completed_session_is_consumed_and_the_student_told(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)

    done = given(await complete(db, pair.mentor.asker, session_id))

    assert (done.state, done.number, done.total, done.remaining) == (SessionState.COMPLETED, 1, 4, 3)
    assert (done.student_name, done.student_user_id, done.repeated) == ("Stu", pair.student.user_id, False)
    session = await row_of(db, tables.sessions, session_id)
    assert (session["state"], session["decided_at"], session["decided_by"]) == (
        SessionState.COMPLETED,
        NOW,
        pair.mentor.id,
    )
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"], pack["state"]) == (3, 0, PackState.ACTIVE)
    entry = (await rows_of(db, tables.ledger))[-1]
    assert (entry["kind"], entry["delta"], entry["balance"]) == (EntryKind.CONSUME, -1, 3)
    assert (entry["session_id"], entry["attempt"], entry["actor_id"]) == (session_id, 1, pair.mentor.id)
    (notice,) = await rows_of(db, tables.notices)
    assert (notice["kind"], notice["subject_id"], notice["to_member_id"]) == (
        NoticeKind.SESSION_COMPLETED,
        session_id,
        pair.student.id,
    )


async def test_completing_twice_changes_nothing_and_answers_the_first_outcome(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    first = given(await complete(db, pair.mentor.asker, session_id))

    again = given(await complete(db, pair.staff, session_id))

    assert again.repeated
    assert (again.state, again.remaining) == (first.state, 3)
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 3
    assert await count_of(db, tables.history, tables.history.c.entity == "session") == 1


async def test_the_last_but_one_reminds_of_renewal_and_the_last_begins_grace(db: Database) -> None:
    pair = await a_pair(db)
    sessions = await past_sessions(db, pair, 4)

    told = []
    for session_id in sessions:
        given(await complete(db, pair.mentor.asker, session_id))
        told.append({row["kind"] for row in await rows_of(db, tables.notices)} - {NoticeKind.SESSION_COMPLETED})

    assert told == [
        set(),
        set(),
        {NoticeKind.RENEWAL_REMINDER},
        {NoticeKind.RENEWAL_REMINDER, NoticeKind.GRACE_BEGAN, NoticeKind.FINAL_WARNING},
    ]
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"], seat["grace_number"]) == (SeatState.GRACE, NOW + 3 * DAY, 1)
    assert (await row_of(db, tables.packs, pair.pack_id))["state"] is PackState.DEPLETED
    notices = {row["kind"]: row for row in await rows_of(db, tables.notices)}
    assert notices[NoticeKind.FINAL_WARNING]["due_at"] == NOW + 3 * DAY - 12 * HOUR
    assert notices[NoticeKind.GRACE_BEGAN]["due_at"] == NOW
    assert {notices[kind]["subject_id"] for kind in told[-1]} == {pair.seat_id}
    assert {notices[kind]["cycle"] for kind in told[-1]} == {1}


@pytest.mark.parametrize(("total", "reminders"), [(1, 0), (2, 1), (4, 1), (12, 1)])
async def test_packs_of_every_size_remind_once_and_begin_grace_once(db: Database, total: int, reminders: int) -> None:
    pair = await a_pair(db, total=total)

    for session_id in await past_sessions(db, pair, total):
        given(await complete(db, pair.mentor.asker, session_id))

    kinds = [row["kind"] for row in await rows_of(db, tables.notices)]
    assert kinds.count(NoticeKind.RENEWAL_REMINDER) == reminders
    assert kinds.count(NoticeKind.GRACE_BEGAN) == 1


async def test_grace_waits_for_a_session_of_an_expired_pack_that_is_still_booked(db: Database) -> None:
    pair = await a_pair(db, total=2, remaining=2, state=PackState.EXPIRED, expires_at=NOW - 9 * DAY)
    first, second = await past_sessions(db, pair, 2)

    given(await complete(db, pair.mentor.asker, first))
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    given(await complete(db, pair.mentor.asker, second))

    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.GRACE
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["state"], pack["remaining"]) == (PackState.EXPIRED, 0)


async def test_another_pack_keeps_grace_away(db: Database) -> None:
    pair = await a_pair(db, total=1)
    await a_pack(db, pair.student, pair.product_id)
    (session_id,) = await past_sessions(db, pair, 1)

    given(await complete(db, pair.mentor.asker, session_id))

    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    assert await count_of(db, tables.notices) == 1


async def test_only_its_mentor_and_staff_complete_a_session(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_mentor(db, pair.community, "Noor")
    first, second, third = await past_sessions(db, pair, 3)

    assert why(await complete(db, other.asker, first)) is Reason.NOT_YOURS
    assert why(await complete(db, pair.student.asker, first)) is Reason.NOT_YOURS
    assert (await row_of(db, tables.sessions, first))["state"] is SessionState.SCHEDULED
    assert not given(await complete(db, pair.mentor.asker, first)).repeated
    assert not given(await complete(db, pair.staff, second)).repeated
    assert not given(await complete(db, owner_of(pair.community), third)).repeated


async def test_a_stranger_does_not_learn_how_a_session_went(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_mentor(db, pair.community, "Noor")
    (session_id,) = await past_sessions(db, pair, 1)
    given(await complete(db, pair.mentor.asker, session_id))

    assert why(await complete(db, other.asker, session_id)) is Reason.NOT_YOURS


async def test_another_communitys_session_is_unknown_even_to_staff(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_community(db)
    (session_id,) = await past_sessions(db, pair, 1)

    assert why(await complete(db, staff_of(elsewhere), session_id)) is Reason.UNKNOWN_SESSION
    assert why(await complete(db, pair.mentor.asker, session_id + 1)) is Reason.UNKNOWN_SESSION
    assert why(await complete(db, Asker(1, 1, "Nobody"), session_id)) is Reason.NOT_SET_UP


async def test_a_session_is_completed_from_its_start_on(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW + HOUR)

    clock.set(NOW + HOUR - timedelta(microseconds=1))
    assert why(await complete(db, pair.mentor.asker, session_id)) is Reason.NOT_STARTED
    clock.set(NOW + HOUR)

    assert given(await complete(db, pair.mentor.asker, session_id)).state is SessionState.COMPLETED


async def test_a_canceled_session_is_not_completed(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    async with db.begin() as tx:
        await tx.run(tables.sessions.update().values(state=SessionState.CANCELED, decided_at=NOW))

    assert why(await complete(db, pair.mentor.asker, session_id)) is Reason.SESSION_CANCELED


async def test_a_partner_completes_by_webhook_and_may_say_it_again(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)

    first = given(await complete_by_webhook(db, an_event(), pair.community.id, session_id, "completed", NOW - HOUR))
    again = given(await complete_by_webhook(db, an_event(), pair.community.id, session_id, "no_show", NOW - HOUR))

    assert (first.repeated, again.repeated) == (False, True)
    assert again.state is SessionState.COMPLETED
    rows = await rows_of(db, tables.history, tables.history.c.entity == "session")
    assert [(row["actor"], row["actor_id"]) for row in rows] == [(Actor.PARTNER, None)]
    assert rows[0]["facts"] == {"occurred_at": (NOW - HOUR).isoformat()}
    assert (await row_of(db, tables.sessions, session_id))["decided_by"] is None


async def test_a_no_show_counts_ten_minutes_after_the_start_and_consumes(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW)
    at = (db, an_event(), pair.community.id, session_id, "no_show", NOW)

    clock.forward(minutes=9)
    assert why(await complete_by_webhook(*at)) is Reason.NOT_STARTED
    clock.forward(minutes=1)

    assert given(await complete_by_webhook(*at)).state is SessionState.NO_SHOW
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 3


async def test_a_partner_of_another_community_knows_no_such_session(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_community(db)
    (session_id,) = await past_sessions(db, pair, 1)

    for community_id in (elsewhere.id, 12345):
        refused = await complete_by_webhook(db, an_event(), community_id, session_id, "completed", NOW)
        assert why(refused) is Reason.UNKNOWN_SESSION
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.SCHEDULED


async def test_every_change_is_written_down_once_and_makes_a_path(db: Database) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)

    given(await complete(db, pair.mentor.asker, session_id))

    steps = [(row["entity"], row["before"], row["after"]) for row in await rows_of(db, tables.history)]
    assert steps == [
        ("session", "scheduled", "completed"),
        ("pack", "active", "depleted"),
        ("seat", "active", "grace"),
    ]


async def test_a_mentor_is_offered_their_own_open_sessions_and_staff_everyones(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, community=pair.community, mentor=await a_mentor(db, pair.community, "Noor"))
    mine = await a_session(db, pair, NOW - HOUR)
    theirs = await a_session(db, other, NOW - 2 * HOUR)
    await a_session(db, pair, NOW + HOUR)
    done = await a_session(db, other, NOW - DAY)
    given(await complete(db, pair.staff, done))

    own = await open_sessions(db, pair.mentor.asker)

    assert [(choice.id, choice.label) for choice in own] == [(mine, "Stu · 2026-03-02 11:00")]
    for asker in (pair.staff, owner_of(pair.community)):
        assert [choice.id for choice in await open_sessions(db, asker)] == [mine, theirs]
    assert (await open_sessions(db, pair.staff))[1].label == "Stu – Noor · 2026-03-02 10:00"
    assert await open_sessions(db, pair.student.asker) == ()
    assert await open_sessions(db, staff_of(await a_community(db))) == ()
