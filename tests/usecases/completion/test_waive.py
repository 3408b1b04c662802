"""What a student missed, or cancelled late, is given back to them."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EntryKind, PackState, SeatState, SessionState
from core.usecases.completion.choices import waivable_sessions
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.not_held import not_held
from core.usecases.completion.undo import undo
from core.usecases.completion.waive import waive
from core.usecases.packs.expire import expire
from core.usecases.seats.release import release
from tests.answers import given, why
from tests.builders import BESIDE_EXPIRY, DAY, a_community, a_mentor, a_pair, count_of, row_of, rows_of, staff_of
from tests.clocks import NOW, SettableClock
from tests.usecases.completion.steps import breaks, cancel_late, kinds, missed, past_sessions, warned

MOMENT = timedelta(microseconds=1)


LOST = {SessionState.NO_SHOW: missed, SessionState.CANCELED: cancel_late}


@pytest.mark.parametrize("state", LOST)
async def test_it_is_back_in_its_pack_and_stays_what_it_was(db: Database, state: SessionState) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    await LOST[state](db, pair, session_id)

    waived = given(await waive(db, pair.mentor.asker, session_id))

    assert (waived.state, waived.total, waived.remaining, waived.repeated) == (state, 4, 4, False)
    assert (waived.student_name, waived.student_user_id) == ("Stu", pair.student.user_id)
    assert (await row_of(db, tables.sessions, session_id))["state"] is state
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"], pack["state"]) == (4, 0, PackState.ACTIVE)
    restored = (await rows_of(db, tables.ledger))[-1]
    assert (restored["kind"], restored["attempt"], restored["balance"]) == (EntryKind.RESTORE, 1, 4)
    noted = (await rows_of(db, tables.history, tables.history.c.entity == "session"))[-1]
    assert (noted["before"], noted["after"], noted["verb"], noted["actor_id"]) == (
        state,
        state,
        "waive",
        pair.mentor.id,
    )
    told = (await rows_of(db, tables.notices, BESIDE_EXPIRY))[-1]
    assert (told["kind"], told["to_member_id"]) == (NoticeKind.SESSION_WAIVED, pair.student.id)
    assert await breaks(db) == {}


@pytest.mark.parametrize("state", LOST)
async def test_waived_twice_is_given_back_once(db: Database, state: SessionState) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    await LOST[state](db, pair, session_id)
    given(await waive(db, pair.mentor.asker, session_id))

    again = given(await waive(db, pair.staff, session_id))

    assert (again.state, again.remaining, again.repeated) == (state, 4, True)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.RESTORE) == 1


@pytest.mark.parametrize("state", LOST)
async def test_grace_that_it_began_ends(db: Database, state: SessionState) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)
    await LOST[state](db, pair, session_id)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.GRACE

    given(await waive(db, pair.mentor.asker, session_id))

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None)
    assert (await row_of(db, tables.packs, pair.pack_id))["state"] is PackState.ACTIVE
    assert await breaks(db) == {}


@pytest.mark.parametrize("state", LOST)
async def test_the_seat_that_was_released_since_is_theirs_again(
    db: Database, clock: SettableClock, state: SessionState
) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)
    await LOST[state](db, pair, session_id)
    await warned(db, pair.seat_id)
    clock.forward(days=4)
    given(await release(db, pair.seat_id))

    given(await waive(db, pair.staff, session_id))

    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    assert NoticeKind.SEAT_BACK_MENTOR in await kinds(db)
    assert await breaks(db) == {}


async def test_an_expired_pack_is_usable_for_two_weeks_more(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=1, expires_at=NOW + DAY)
    (session_id,) = await past_sessions(db, pair, 1)
    clock.forward(days=2)
    given(await expire(db, pair.pack_id))
    given(await no_show(db, pair.mentor.asker, session_id))

    given(await waive(db, pair.mentor.asker, session_id))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["state"], pack["remaining"], pack["expires_at"]) == (PackState.ACTIVE, 1, NOW + 16 * DAY)


async def test_it_is_waived_for_seven_days(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    first, second = await past_sessions(db, pair, 2)
    await missed(db, pair, first)
    await cancel_late(db, pair, second)

    clock.set(NOW + 7 * DAY)
    given(await waive(db, pair.mentor.asker, first))
    clock.set(NOW + 7 * DAY + MOMENT)

    assert why(await waive(db, pair.mentor.asker, second)) is Reason.TOO_LATE_TO_WAIVE
    async with db.begin() as tx:
        await tx.run(update(tables.communities).values(settings={"waive_days": 8}))
    given(await waive(db, pair.mentor.asker, second))


async def test_only_what_was_lost_is_waived(db: Database) -> None:
    pair = await a_pair(db)
    scheduled, held, returned, early = await past_sessions(db, pair, 4)
    given(await complete(db, pair.mentor.asker, held))
    given(await not_held(db, pair.mentor.asker, returned))
    async with db.begin() as tx:
        await tx.run(
            update(tables.sessions)
            .where(tables.sessions.c.id == early)
            .values(state=SessionState.CANCELED, decided_at=NOW)
        )

    for session_id in (scheduled, held, returned, early):
        assert why(await waive(db, pair.mentor.asker, session_id)) is Reason.NOTHING_TO_WAIVE


async def test_what_was_undone_and_missed_again_is_waived_as_its_second_attempt(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    await missed(db, pair, session_id)
    given(await waive(db, pair.mentor.asker, session_id))
    given(await undo(db, pair.mentor.asker, session_id))
    await missed(db, pair, session_id)

    waived = given(await waive(db, pair.mentor.asker, session_id))

    assert (waived.remaining, waived.repeated) == (4, False)
    told = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.SESSION_WAIVED)
    assert [row["cycle"] for row in told] == [1, 2]
    assert await breaks(db) == {}


async def test_a_refunded_pack_stays_as_it_is(db: Database) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)
    await missed(db, pair, session_id)
    async with db.begin() as tx:
        await tx.run(update(tables.packs).values(state=PackState.REFUNDED))

    assert why(await waive(db, pair.mentor.asker, session_id)) is Reason.PACK_REFUNDED


async def test_nobody_else_waives_it(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_community(db)
    other = await a_mentor(db, pair.community, "Noor")
    (session_id,) = await past_sessions(db, pair, 1)
    await missed(db, pair, session_id)

    assert why(await waive(db, other.asker, session_id)) is Reason.NOT_YOURS
    assert why(await waive(db, pair.student.asker, session_id)) is Reason.NOT_YOURS
    assert why(await waive(db, staff_of(elsewhere), session_id)) is Reason.UNKNOWN_SESSION
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 3


async def test_a_mentor_chooses_among_what_may_still_be_waived(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    first, second, third, _ = await past_sessions(db, pair, 4)
    await missed(db, pair, first)
    await cancel_late(db, pair, second)
    given(await complete(db, pair.mentor.asker, third))

    assert [choice.id for choice in await waivable_sessions(db, pair.mentor.asker)] == [second, first]
    given(await waive(db, pair.mentor.asker, second))
    assert [choice.id for choice in await waivable_sessions(db, pair.staff)] == [first]
    assert await waivable_sessions(db, pair.student.asker) == ()
    clock.set(NOW + 7 * DAY + MOMENT)
    assert await waivable_sessions(db, pair.mentor.asker) == ()
