"""A student who does not come, a mentor who does not, and a session that is not held."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EntryKind, PackState, SeatState, SessionState
from core.usecases.completion.complete import complete, complete_by_webhook
from core.usecases.completion.no_show import no_show
from core.usecases.completion.not_held import mentor_no_show, not_held
from tests.answers import given, why
from tests.builders import DAY, HOUR, a_community, a_mentor, a_pair, a_session, count_of, row_of, rows_of, staff_of
from tests.clocks import NOW, SettableClock
from tests.usecases.completion.steps import Tell, an_event, breaks, kinds, past_sessions

MOMENT = timedelta(microseconds=1)
RETURNS = [not_held, mentor_no_show]


async def test_a_no_show_is_used_and_the_student_told(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)

    told = given(await no_show(db, pair.mentor.asker, session_id))

    assert (told.state, told.remaining, told.repeated) == (SessionState.NO_SHOW, 3, False)
    assert (await rows_of(db, tables.ledger))[-1]["kind"] is EntryKind.CONSUME
    assert await kinds(db) == [NoticeKind.SESSION_COMPLETED]


async def test_a_student_has_ten_minutes_to_come_and_so_has_the_mentor(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    first = await a_session(db, pair, NOW + HOUR)
    second = await a_session(db, pair, NOW + 2 * HOUR)

    clock.set(NOW + HOUR + timedelta(minutes=10) - MOMENT)
    assert why(await no_show(db, pair.mentor.asker, first)) is Reason.NOT_STARTED
    assert why(await mentor_no_show(db, pair.staff, first)) is Reason.NOT_STARTED
    clock.set(NOW + HOUR + timedelta(minutes=10))
    assert given(await no_show(db, pair.mentor.asker, first)).state is SessionState.NO_SHOW
    clock.set(NOW + 2 * HOUR - MOMENT)
    assert why(await not_held(db, pair.mentor.asker, second)) is Reason.NOT_STARTED
    clock.set(NOW + 2 * HOUR)

    assert given(await not_held(db, pair.mentor.asker, second)).state is SessionState.CANCELED


async def test_a_no_show_at_the_last_session_begins_grace(db: Database) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)

    given(await no_show(db, pair.mentor.asker, session_id))

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.GRACE, NOW + 3 * DAY)
    assert (await row_of(db, tables.packs, pair.pack_id))["state"] is PackState.DEPLETED
    assert set(await kinds(db)) == {
        NoticeKind.SESSION_COMPLETED,
        NoticeKind.GRACE_BEGAN,
        NoticeKind.FINAL_WARNING,
    }


@pytest.mark.parametrize("tell", RETURNS)
async def test_what_was_not_held_is_free_to_be_booked_again(db: Database, tell: Tell) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)

    told = given(await tell(db, pair.mentor.asker, session_id))

    assert (told.state, told.remaining, told.repeated) == (SessionState.CANCELED, 4, False)
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"], pack["state"]) == (4, 0, PackState.ACTIVE)
    assert await count_of(db, tables.ledger, tables.ledger.c.session_id == session_id) == 0
    assert await kinds(db) == [NoticeKind.SESSION_RETURNED]
    assert await breaks(db) == {}


@pytest.mark.parametrize("tell", RETURNS)
async def test_a_pack_that_a_session_returns_to_lasts_two_weeks_more(db: Database, tell: Tell) -> None:
    expired = await a_pair(db, total=2, remaining=2, state=PackState.EXPIRED, expires_at=NOW - DAY)
    ending = await a_pair(db, expires_at=NOW + DAY)
    lasting = await a_pair(db)

    for pair in (expired, ending, lasting):
        first, *_ = await past_sessions(db, pair, 2)
        given(await tell(db, pair.mentor.asker, first))

    packs = [await row_of(db, tables.packs, pair.pack_id) for pair in (expired, ending, lasting)]
    assert [pack["state"] for pack in packs] == [PackState.ACTIVE] * 3
    assert [pack["expires_at"] for pack in packs] == [NOW + 14 * DAY, NOW + 14 * DAY, NOW + 60 * DAY]
    moved = await rows_of(db, tables.history, tables.history.c.entity == "pack")
    assert [(row["before"], row["after"]) for row in moved] == [("expired", "active"), ("active", "active")]
    assert moved[0]["facts"] == {
        "from": (NOW - DAY).isoformat(),
        "to": (NOW + 14 * DAY).isoformat(),
    }


async def test_staffs_own_number_of_days_is_kept(db: Database) -> None:
    pair = await a_pair(db, expires_at=NOW + DAY)
    async with db.begin() as tx:
        await tx.run(update(tables.communities).values(settings={"returned_pack_days": 30}))
    (session_id,) = await past_sessions(db, pair, 1)

    given(await not_held(db, pair.mentor.asker, session_id))

    assert (await row_of(db, tables.packs, pair.pack_id))["expires_at"] == NOW + 30 * DAY


async def test_the_last_session_that_is_not_held_keeps_the_seat(db: Database) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)

    given(await not_held(db, pair.mentor.asker, session_id))

    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_whatever_is_said_second_the_first_outcome_is_the_answer(db: Database) -> None:
    pair = await a_pair(db)
    missed, returned = await past_sessions(db, pair, 2)
    given(await no_show(db, pair.mentor.asker, missed))
    given(await not_held(db, pair.mentor.asker, returned))

    for session_id, state in ((missed, SessionState.NO_SHOW), (returned, SessionState.CANCELED)):
        for tell in (complete, no_show, not_held, mentor_no_show):
            again = given(await tell(db, pair.staff, session_id))
            assert (again.state, again.repeated) == (state, True)
        event = an_event()
        again = given(await complete_by_webhook(db, event, pair.community.id, session_id, "completed", NOW))
        assert (again.state, again.repeated) == (state, True)
    assert await count_of(db, tables.history, tables.history.c.entity == "session") == 2
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 3


@pytest.mark.parametrize("tell", [no_show, not_held, mentor_no_show])
async def test_only_its_mentor_and_staff_may_say_it(db: Database, tell: Tell) -> None:
    pair, elsewhere = await a_pair(db), await a_community(db)
    other = await a_mentor(db, pair.community, "Noor")
    (session_id,) = await past_sessions(db, pair, 1)

    assert why(await tell(db, other.asker, session_id)) is Reason.NOT_YOURS
    assert why(await tell(db, pair.student.asker, session_id)) is Reason.NOT_YOURS
    assert why(await tell(db, staff_of(elsewhere), session_id)) is Reason.UNKNOWN_SESSION
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.SCHEDULED
    assert not given(await tell(db, pair.staff, session_id)).repeated


@pytest.mark.parametrize("tell", [no_show, not_held, mentor_no_show])
async def test_a_cancelled_session_has_no_outcome(db: Database, tell: Tell) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    async with db.begin() as tx:
        await tx.run(update(tables.sessions).values(state=SessionState.CANCELED, decided_at=NOW))

    assert why(await tell(db, pair.mentor.asker, session_id)) is Reason.SESSION_CANCELED
