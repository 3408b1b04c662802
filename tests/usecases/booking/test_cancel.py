"""A session that is cancelled: what becomes of it, of its pack and seat, and who hears of it."""

from collections.abc import Awaitable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.notices.facts_now import facts_of
from core.notices.rendering import render
from core.ports import Message
from core.rules.cancelling import Consequence, Side
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EntryKind, PackState, SeatState, SessionState
from core.texts.when import discord_span
from core.usecases.asker import Asker
from core.usecases.booking.book import book
from core.usecases.booking.cancel import Cancellation, cancel, preview_cancel
from core.usecases.completion.choices import coming_sessions
from core.usecases.completion.complete import complete
from core.usecases.completion.waive import waive
from tests.answers import given, why
from tests.builders import (
    BESIDE_EXPIRY,
    DAY,
    HOUR,
    Pair,
    a_community,
    a_member,
    a_pair,
    a_session,
    count_of,
    row_of,
    rows_of,
)
from tests.clocks import NOW, SettableClock
from tests.races.gate import at_once
from tests.usecases.completion.steps import breaks, kinds

MOMENT = timedelta(microseconds=1)
WHY = "The room is closed"
RETURNED, USED = Consequence.RETURNED, Consequence.USED


async def booked(db: Database, pair: Pair, starts_at: datetime) -> int:
    """A session that was booked long ago."""
    session_id = await a_session(db, pair, starts_at)
    async with db.begin() as tx:
        await tx.run(update(tables.sessions).values(booked_at=NOW - 9 * DAY))
    return session_id


async def pack_of(db: Database, pair: Pair) -> tuple[object, ...]:
    pack = await row_of(db, tables.packs, pair.pack_id)
    return pack["remaining"], pack["held"], pack["state"]


@pytest.mark.parametrize(
    ("who", "expected"), [("student", RETURNED), ("late student", USED), ("mentor", RETURNED), ("staff", RETURNED)]
)
async def test_it_does_not_take_place_and_the_others_hear_of_it(db: Database, who: str, expected: Consequence) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, NOW + (DAY if who == "student" else HOUR))
    asker = {"mentor": pair.mentor.asker, "staff": pair.staff}.get(who, pair.student.asker)
    reason = f" {WHY}\n" if who == "staff" else None

    shown = given(await preview_cancel(db, asker, session_id, reason))
    done = given(await cancel(db, asker, session_id, shown.consequence, reason))

    assert (shown.consequence, done.consequence, done.repeated) == (expected, expected, False)
    assert (done.number, done.total, done.student_name, done.mentor_name) == (1, 4, "Stu", "Mara")
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.CANCELED
    assert await pack_of(db, pair) == ((3 if expected is USED else 4), 0, PackState.ACTIVE)
    assert await count_of(db, tables.calendar_blocks, tables.calendar_blocks.c.live) == 0
    told = [(row["kind"], row["to_member_id"]) for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]
    student = (NoticeKind.SESSION_CANCELED, pair.student.id)
    mentor = (NoticeKind.SESSION_CANCELED_MENTOR, pair.mentor.id)
    assert told == {"mentor": [student], "staff": [student, mentor]}.get(who, [mentor])
    noted = (await rows_of(db, tables.history, tables.history.c.entity == "session"))[-1]
    assert (noted["verb"], noted["facts"]["consequence"]) == ("cancel", expected.value)
    assert shown.reason == done.reason == noted["why"] == (WHY if who == "staff" else None)
    assert await breaks(db) == {}


async def test_staff_say_why_and_student_and_mentor_read_it(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, NOW + DAY)
    for reason, no in ((None, Reason.STAFF_SAY_WHY), (" ", Reason.REASON_MISSING), ("x" * 501, Reason.REASON_MISSING)):
        assert why(await preview_cancel(db, pair.staff, session_id, reason)) is no
        assert why(await cancel(db, pair.staff, session_id, RETURNED, reason)) is no

    given(await cancel(db, pair.staff, session_id, RETURNED, "The *room* is closed"))

    for kind in (NoticeKind.SESSION_CANCELED, NoticeKind.SESSION_CANCELED_MENTOR):
        assert (await told(db, kind, session_id)).text.endswith(r"Why: The \*room\* is closed")
    assert await breaks(db) == {}


async def told(db: Database, kind: NoticeKind, session_id: int) -> Message:
    async with db.look() as tx:
        facts = await facts_of(tx, kind, session_id, 1)
    assert facts is not None
    return render(kind, facts)


async def test_the_time_is_free_again_and_the_session_can_be_booked_anew(db: Database) -> None:
    pair = await a_pair(db, total=1)
    at = NOW.replace(hour=10) + 3 * DAY
    first = given(await book(db, pair.student.asker, pair.mentor.id, at))
    given(await cancel(db, pair.student.asker, first.session_id))

    again = given(await book(db, pair.student.asker, pair.mentor.id, at))

    assert again.session_id != first.session_id
    assert await breaks(db) == {}


async def test_the_mentor_reads_until_when_a_late_cancellation_may_be_given_back(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, NOW + HOUR)
    given(await cancel(db, pair.student.asker, session_id))

    late = await told(db, NoticeKind.SESSION_CANCELED_MENTOR, session_id)
    given(await waive(db, pair.mentor.asker, session_id))
    waived = await told(db, NoticeKind.SESSION_CANCELED_MENTOR, session_id)

    assert discord_span(NOW + 7 * DAY) in late.text
    assert "Why" not in late.text
    assert [button.action for button in late.buttons] == ["waive", "schedule"]
    assert "back in the student's pack" in waived.text
    assert [button.action for button in waived.buttons] == ["schedule"]


async def test_cancelled_twice_it_is_used_once_and_the_first_answer_stands(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, NOW + HOUR)
    given(await cancel(db, pair.student.asker, session_id))

    again = given(await cancel(db, pair.mentor.asker, session_id))
    shown = given(await preview_cancel(db, pair.student.asker, session_id))

    assert (again.consequence, again.repeated, again.side) == (USED, True, Side.MENTOR)
    assert (shown.consequence, shown.repeated) == (USED, True)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.CONSUME) == 1
    assert await kinds(db) == [NoticeKind.SESSION_CANCELED_MENTOR]


async def test_nothing_is_used_that_was_shown_as_returned(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, NOW + DAY)
    assert given(await preview_cancel(db, pair.student.asker, session_id)).consequence is RETURNED
    clock.set(NOW + MOMENT)

    assert why(await cancel(db, pair.student.asker, session_id, RETURNED)) is Reason.CANCELING_USES_IT
    assert await pack_of(db, pair) == (4, 1, PackState.ACTIVE)
    assert given(await cancel(db, pair.student.asker, session_id, USED)).consequence is USED


async def test_the_last_session_cancelled_late_begins_grace_and_a_waiver_ends_it(db: Database) -> None:
    pair = await a_pair(db, total=1)
    session_id = await booked(db, pair, NOW + HOUR)
    shown = given(await preview_cancel(db, pair.student.asker, session_id))

    given(await cancel(db, pair.student.asker, session_id))

    assert shown.is_last
    assert await pack_of(db, pair) == (0, 0, PackState.DEPLETED)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.GRACE
    given(await waive(db, pair.mentor.asker, session_id))
    assert await pack_of(db, pair) == (1, 0, PackState.ACTIVE)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    assert await breaks(db) == {}


@pytest.mark.parametrize(("by_mentor", "pack"), [(True, (1, 0, PackState.ACTIVE)), (False, (0, 0, PackState.EXPIRED))])
async def test_of_an_expired_pack_only_what_the_mentor_cancels_comes_back(
    db: Database, by_mentor: bool, pack: tuple[object, ...]
) -> None:
    pair = await a_pair(db, total=1)
    session_id = await booked(db, pair, NOW + 3 * DAY)
    async with db.begin() as tx:
        await tx.run(update(tables.packs).values(state=PackState.EXPIRED, expires_at=NOW - DAY))

    done = given(await cancel(db, (pair.mentor if by_mentor else pair.student).asker, session_id))

    assert await pack_of(db, pair) == pack
    expires_at = (await row_of(db, tables.packs, pair.pack_id))["expires_at"]
    assert done.usable_until == expires_at == (NOW + 14 * DAY if by_mentor else NOW - DAY)
    assert await breaks(db) == {}


async def test_what_has_begun_is_not_cancelled(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, NOW)

    for asker in (pair.student.asker, pair.mentor.asker, pair.staff):
        assert why(await preview_cancel(db, asker, session_id)) is Reason.SESSION_HAS_BEGUN
        assert why(await cancel(db, asker, session_id)) is Reason.SESSION_HAS_BEGUN


async def test_nobody_cancels_the_sessions_of_others(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_pair(db)
    session_id = await booked(db, pair, NOW + 3 * DAY)
    stranger = await a_member(db, pair.community, "Eve")
    nowhere = Asker(1, 1, "Nemo")

    for call in (preview_cancel, cancel):
        assert why(await call(db, stranger.asker, session_id)) is Reason.NOT_YOURS
        assert why(await call(db, elsewhere.staff, session_id)) is Reason.UNKNOWN_SESSION
        assert why(await call(db, nowhere, session_id)) is Reason.NOT_SET_UP


async def test_staff_choose_among_the_sessions_to_come_the_next_first(db: Database) -> None:
    pair = await a_pair(db, community=await a_community(db))
    later, sooner = await booked(db, pair, NOW + 2 * DAY), await booked(db, pair, NOW + HOUR)
    await booked(db, pair, NOW - HOUR)

    assert [each.id for each in await coming_sessions(db, pair.staff)] == [sooner, later]
    assert await coming_sessions(db, pair.student.asker) == ()


async def test_of_student_and_mentor_who_cancel_at_once_the_first_decides(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, NOW + HOUR)
    calls = [cancel(db, asker, session_id) for asker in (pair.student.asker, pair.mentor.asker) for _ in range(3)]

    answers: list[Cancellation] = [given(each) for each in await at_once(db, *calls)]

    assert len({each.consequence for each in answers}) == 1
    assert sum(not each.repeated for each in answers) == 1
    used = answers[0].consequence is USED
    assert await pack_of(db, pair) == (3 if used else 4, 0, PackState.ACTIVE)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.CONSUME) == used
    assert await breaks(db) == {}


@pytest.mark.parametrize("starts_at", [NOW, NOW + MOMENT])
async def test_of_a_cancellation_and_a_completion_at_once_the_start_decides(db: Database, starts_at: datetime) -> None:
    pair = await a_pair(db)
    session_id = await booked(db, pair, starts_at)

    await at_once(
        db, _done(cancel(db, pair.mentor.asker, session_id)), _done(complete(db, pair.mentor.asker, session_id))
    )

    began = starts_at == NOW
    state = (await row_of(db, tables.sessions, session_id))["state"]
    assert state is (SessionState.COMPLETED if began else SessionState.CANCELED)
    assert await pack_of(db, pair) == (3 if began else 4, 0, PackState.ACTIVE)


async def _done(call: Awaitable[object]) -> object:
    return await call
