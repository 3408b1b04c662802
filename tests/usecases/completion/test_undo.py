"""An outcome taken back: the session is a hold again, and pack and seat are what they were, or better."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.ports import ProviderEvent
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EntryKind, FreezeCause, PackState, SeatState, SessionState
from core.usecases.asker import Asker
from core.usecases.booking.book import book
from core.usecases.buying.settle import settle
from core.usecases.completion.choices import undoable_sessions
from core.usecases.completion.complete import complete, complete_by_webhook
from core.usecases.completion.no_show import no_show
from core.usecases.completion.not_held import not_held
from core.usecases.completion.outcome import Completed
from core.usecases.completion.undo import undo
from core.usecases.completion.waive import waive
from core.usecases.packs.expire import expire
from core.usecases.seats.release import release
from core.usecases.seats.release_by_staff import release_by_staff
from tests.answers import given, why
from tests.builders import (
    BESIDE_EXPIRY,
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
    count_of,
    owner_of,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW, SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import Shop, a_shop
from tests.usecases.completion.steps import Tell, an_event, breaks, cancel_late, kinds, past_sessions, used_up, warned

MOMENT = timedelta(microseconds=1)


async def a_released_pair(db: Database, clock: SettableClock, **pair: Any) -> tuple[Pair, int]:
    """A pair whose only session is completed, whose grace is over and whose seat is released; and that session."""
    made = await a_pair(db, total=1, **pair)
    (session_id,) = await used_up(db, made, 1)
    await warned(db, made.seat_id)
    clock.forward(days=4)
    given(await release(db, made.seat_id))
    return made, session_id


@pytest.mark.parametrize("tell", [complete, no_show])
async def test_what_was_used_is_restored_and_held_again(db: Database, tell: Tell) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    given(await tell(db, pair.mentor.asker, session_id))

    back = given(await undo(db, pair.mentor.asker, session_id))

    assert (back.state, back.number, back.total, back.remaining) == (SessionState.SCHEDULED, 1, 4, 4)
    assert (back.student_name, back.repeated) == ("Stu", False)
    session = await row_of(db, tables.sessions, session_id)
    assert (session["state"], session["attempt"]) == (SessionState.SCHEDULED, 2)
    assert (session["decided_at"], session["decided_by"]) == (None, None)
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"], pack["state"]) == (4, 1, PackState.ACTIVE)
    consumed, restored = (await rows_of(db, tables.ledger))[-2:]
    assert (consumed["kind"], consumed["attempt"]) == (EntryKind.CONSUME, 1)
    assert (restored["kind"], restored["delta"], restored["balance"]) == (EntryKind.RESTORE, 1, 4)
    assert (restored["attempt"], restored["actor_id"]) == (1, pair.mentor.id)
    assert await breaks(db) == {}


async def test_the_student_hears_of_it_and_the_mentor_is_asked_anew_a_little_later(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await used_up(db, pair, 1)

    given(await undo(db, pair.mentor.asker, session_id))

    _, reopened, prompt = await rows_of(db, tables.notices, BESIDE_EXPIRY)
    assert (reopened["kind"], reopened["to_member_id"], reopened["cycle"]) == (
        NoticeKind.SESSION_REOPENED,
        pair.student.id,
        2,
    )
    assert (prompt["kind"], prompt["to_member_id"], prompt["cycle"]) == (NoticeKind.OUTCOME_PROMPT, pair.mentor.id, 2)
    assert (reopened["due_at"], prompt["due_at"]) == (NOW, NOW + HOUR)


async def test_the_mentor_hears_of_it_when_staff_undo(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await used_up(db, pair, 1)

    given(await undo(db, pair.staff, session_id))

    told = {row["kind"]: row["to_member_id"] for row in await rows_of(db, tables.notices)}
    assert told[NoticeKind.SESSION_REOPENED_MENTOR] == pair.mentor.id


async def test_a_session_that_is_not_over_is_asked_about_at_its_end(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW)
    given(await complete(db, pair.mentor.asker, session_id))
    async with db.begin() as tx:
        await tx.run(update(tables.sessions).values(ends_at=NOW + 3 * HOUR))

    given(await undo(db, pair.mentor.asker, session_id))

    assert (await rows_of(db, tables.notices, BESIDE_EXPIRY))[-1]["due_at"] == NOW + 3 * HOUR


async def test_an_undone_session_is_completed_again_as_its_second_attempt(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await used_up(db, pair, 1)
    given(await undo(db, pair.mentor.asker, session_id))

    again = given(await no_show(db, pair.mentor.asker, session_id))

    assert (again.state, again.attempt, again.remaining, again.repeated) == (SessionState.NO_SHOW, 2, 3, False)
    entries = [(row["kind"], row["attempt"]) for row in await rows_of(db, tables.ledger)][1:]
    assert entries == [(EntryKind.CONSUME, 1), (EntryKind.RESTORE, 1), (EntryKind.CONSUME, 2)]
    completed = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.SESSION_COMPLETED)
    assert [row["cycle"] for row in completed] == [1, 2]
    assert given(await undo(db, pair.mentor.asker, session_id)).remaining == 4
    assert await breaks(db) == {}


async def test_undone_twice_is_undone_once(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await used_up(db, pair, 1)
    given(await undo(db, pair.mentor.asker, session_id))

    again = given(await undo(db, pair.staff, session_id))

    assert (again.state, again.remaining, again.repeated) == (SessionState.SCHEDULED, 4, True)
    assert (await row_of(db, tables.sessions, session_id))["attempt"] == 2
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.RESTORE) == 1


async def test_a_button_of_an_older_attempt_does_not_undo_what_was_said_since(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await used_up(db, pair, 1)
    given(await undo(db, pair.mentor.asker, session_id, 1))
    given(await complete(db, pair.mentor.asker, session_id))

    again = given(await undo(db, pair.mentor.asker, session_id, 1))

    assert (again.state, again.remaining, again.repeated) == (SessionState.COMPLETED, 3, True)
    assert not given(await undo(db, pair.mentor.asker, session_id, 2)).repeated


async def test_grace_that_began_ends_and_a_later_one_is_a_new_one(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await used_up(db, pair, 1)
    clock.forward(days=2)

    given(await undo(db, pair.mentor.asker, session_id))

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None)
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["state"], pack["remaining"], pack["held"]) == (PackState.ACTIVE, 1, 1)
    assert await breaks(db) == {}
    given(await complete(db, pair.mentor.asker, session_id))
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"], seat["grace_number"]) == (SeatState.GRACE, NOW + 5 * DAY, 2)
    began = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.GRACE_BEGAN)
    assert [row["cycle"] for row in began] == [1, 2]


async def test_a_released_seat_is_the_students_again(db: Database, clock: SettableClock) -> None:
    pair, session_id = await a_released_pair(db, clock)

    given(await undo(db, pair.mentor.asker, session_id))

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["released_at"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None, None)
    moved = (await rows_of(db, tables.history, tables.history.c.entity == "seat"))[-1]
    assert (moved["before"], moved["after"], moved["actor_id"]) == ("released", "active", pair.mentor.id)
    owed = await kinds(db)
    assert NoticeKind.SEAT_BACK_MENTOR not in owed
    assert NoticeKind.SEAT_BACK_STAFF not in owed
    assert await breaks(db) == {}


async def test_above_capacity_if_need_be_and_staff_and_the_mentor_are_told(db: Database, clock: SettableClock) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community, capacity=1)
    pair, session_id = await a_released_pair(db, clock, mentor=mentor)
    await a_pair(db, mentor=mentor, student=await a_member(db, community, "Ann"))

    given(await undo(db, pair.staff, session_id))

    live = await count_of(db, tables.seats, tables.seats.c.state == SeatState.ACTIVE)
    assert live == 2
    noted = (await rows_of(db, tables.history, tables.history.c.entity == "seat"))[-1]
    assert noted["facts"] == {"session_id": session_id, "above_capacity": True}
    told = {row["kind"]: row for row in await rows_of(db, tables.notices)}
    assert told[NoticeKind.SEAT_BACK_STAFF]["cycle"] == noted["id"]
    assert told[NoticeKind.SEAT_BACK_MENTOR]["to_member_id"] == mentor.id


async def test_after_a_renewal_both_packs_are_usable_on_the_one_seat(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await used_up(db, pair, 1)
    shop = Shop(db, LedgerProvider(clock), pair.mentor, pair.student, pair.product_id)
    given(await settle(db, "stripe", await shop.paid(await shop.buys())))

    given(await undo(db, pair.mentor.asker, session_id))

    seats = await rows_of(db, tables.seats)
    assert [(seat["state"], seat["grace_ends_at"]) for seat in seats] == [(SeatState.ACTIVE, None)]
    assert [row["remaining"] for row in await rows_of(db, tables.packs)] == [1, 4]
    assert await breaks(db) == {}


async def test_a_pair_that_has_another_seat_by_now_keeps_that_one(db: Database, clock: SettableClock) -> None:
    pair, session_id = await a_released_pair(db, clock)
    live = await a_seat(db, pair.student, pair.mentor)
    await a_pack(db, pair.student, pair.product_id)

    given(await undo(db, pair.mentor.asker, session_id))

    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.RELEASED
    assert (await row_of(db, tables.seats, live))["state"] is SeatState.ACTIVE


async def test_a_seat_that_a_checkout_holds_is_theirs_without_it(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    pair, session_id = await a_released_pair(db, clock, mentor=shop.mentor, student=shop.student)
    paid = await shop.paid(await shop.buys())
    held = (await rows_of(db, tables.seats))[-1]
    assert held["state"] is SeatState.HELD

    given(await undo(db, pair.mentor.asker, session_id))
    given(await settle(db, "stripe", paid))

    assert (await row_of(db, tables.seats, held["id"]))["state"] is SeatState.ACTIVE
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.RELEASED
    assert [row["remaining"] for row in await rows_of(db, tables.packs)] == [1, 4]
    assert await breaks(db) == {}


async def test_what_staff_kept_at_a_release_thaws_with_the_seat(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    (session_id,) = await used_up(db, pair, 1)
    given(await release_by_staff(db, pair.staff, pair.seat_id, "moved away"))
    assert (await row_of(db, tables.packs, pair.pack_id))["frozen_for"] is FreezeCause.STAFF_RELEASE
    clock.forward(days=5)

    given(await undo(db, pair.mentor.asker, session_id))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["frozen_at"], pack["expires_at"]) == (None, NOW + 65 * DAY)
    assert (pack["remaining"], pack["held"]) == (4, 1)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    assert await breaks(db) == {}


async def test_an_expired_pack_is_usable_for_two_weeks_more(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=2, expires_at=NOW + DAY)
    (session_id,) = await used_up(db, pair, 1)
    clock.forward(days=2)
    given(await expire(db, pair.pack_id))

    given(await undo(db, pair.mentor.asker, session_id))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["state"], pack["remaining"], pack["held"]) == (PackState.ACTIVE, 1, 1)
    assert pack["expires_at"] == NOW + 16 * DAY
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_an_outcome_is_undone_for_seven_days(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    first, second = await used_up(db, pair, 2)

    clock.set(NOW + 7 * DAY)
    given(await undo(db, pair.mentor.asker, first))
    clock.set(NOW + 7 * DAY + MOMENT)

    assert why(await undo(db, pair.mentor.asker, second)) is Reason.TOO_LATE_TO_UNDO
    async with db.begin() as tx:
        await tx.run(update(tables.communities).values(settings={"undo_days": 8}))
    given(await undo(db, pair.mentor.asker, second))


async def test_what_was_not_held_is_a_hold_again_if_the_pack_has_one_left(db: Database) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)
    given(await not_held(db, pair.mentor.asker, session_id))

    given(await undo(db, pair.mentor.asker, session_id))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"]) == (1, 1)
    assert await count_of(db, tables.ledger, tables.ledger.c.session_id == session_id) == 0
    assert await breaks(db) == {}


async def test_what_was_not_held_stays_so_when_another_session_took_its_place(db: Database) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)
    given(await not_held(db, pair.mentor.asker, session_id))
    given(await book(db, pair.student.asker, pair.mentor.id, NOW + DAY + 22 * HOUR))

    assert why(await undo(db, pair.mentor.asker, session_id)) is Reason.NOTHING_TO_HOLD
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.CANCELED


async def test_a_waived_session_is_held_again_without_a_second_restore(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    given(await no_show(db, pair.mentor.asker, session_id))
    given(await waive(db, pair.mentor.asker, session_id))

    given(await undo(db, pair.mentor.asker, session_id))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"]) == (4, 1)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.RESTORE) == 1
    assert await breaks(db) == {}


async def test_a_refunded_pack_stays_as_it_is(db: Database) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await used_up(db, pair, 1)
    async with db.begin() as tx:
        await tx.run(update(tables.packs).values(state=PackState.REFUNDED))

    assert why(await undo(db, pair.mentor.asker, session_id)) is Reason.PACK_REFUNDED
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.COMPLETED


async def test_there_is_nothing_to_undo_before_an_outcome_nor_in_a_cancellation(db: Database) -> None:
    pair = await a_pair(db)
    first, second = await past_sessions(db, pair, 2)
    await cancel_late(db, pair, second)

    assert why(await undo(db, pair.mentor.asker, first)) is Reason.NO_OUTCOME
    assert why(await undo(db, pair.mentor.asker, second)) is Reason.CANCELLATION_STAYS


async def test_nobody_else_undoes_it(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_community(db)
    other = await a_mentor(db, pair.community, "Noor")
    (session_id,) = await used_up(db, pair, 1)

    assert why(await undo(db, other.asker, session_id)) is Reason.NOT_YOURS
    assert why(await undo(db, pair.student.asker, session_id)) is Reason.NOT_YOURS
    assert why(await undo(db, staff_of(elsewhere), session_id)) is Reason.UNKNOWN_SESSION
    assert why(await undo(db, Asker(1, 1, "Nobody"), session_id)) is Reason.NOT_SET_UP
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.COMPLETED
    assert not given(await undo(db, owner_of(pair.community), session_id)).repeated


async def test_a_redelivered_completion_of_an_undone_session_does_nothing(db: Database) -> None:
    pair = await a_pair(db)
    first, second = await past_sessions(db, pair, 2)
    believed, overtaken = an_event(), an_event()

    async def say(event: ProviderEvent, session_id: int) -> Completed:
        return given(await complete_by_webhook(db, event, pair.community.id, session_id, "completed", NOW))

    await say(believed, first)
    given(await complete(db, pair.mentor.asker, second))
    await say(overtaken, second)
    for event, session_id in ((believed, first), (overtaken, second)):
        given(await undo(db, pair.mentor.asker, session_id))

        again = await say(event, session_id)

        assert (again.state, again.repeated) == (SessionState.SCHEDULED, True)
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 4
    assert (await say(an_event(), first)).state is SessionState.COMPLETED


async def test_a_completion_that_was_refused_may_come_again(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW + HOUR)
    event = an_event()
    early = await complete_by_webhook(db, event, pair.community.id, session_id, "completed", NOW)
    clock.forward(hours=1)

    done = given(await complete_by_webhook(db, event, pair.community.id, session_id, "completed", NOW))

    assert why(early) is Reason.NOT_STARTED
    assert (done.state, done.repeated) == (SessionState.COMPLETED, False)


async def test_history_keeps_an_unbroken_path_through_undo_and_again(db: Database, clock: SettableClock) -> None:
    pair, session_id = await a_released_pair(db, clock)

    given(await undo(db, pair.staff, session_id))
    given(await complete(db, pair.mentor.asker, session_id))

    for entity in ("session", "pack", "seat"):
        steps = await rows_of(db, tables.history, tables.history.c.entity == entity)
        assert all(later["before"] == earlier["after"] for earlier, later in pairwise(steps))


async def test_a_mentor_chooses_among_what_may_still_be_undone(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    first, second, third, _ = await past_sessions(db, pair, 4)
    given(await complete(db, pair.mentor.asker, first))
    clock.forward(days=1)
    given(await not_held(db, pair.mentor.asker, second))
    await cancel_late(db, pair, third)

    assert [choice.id for choice in await undoable_sessions(db, pair.mentor.asker)] == [second, first]
    assert [choice.id for choice in await undoable_sessions(db, pair.staff)] == [second, first]
    assert await undoable_sessions(db, pair.student.asker) == ()
    assert await undoable_sessions(db, staff_of(await a_community(db))) == ()
    clock.set(NOW + 7 * DAY + MOMENT)
    assert [choice.id for choice in await undoable_sessions(db, pair.mentor.asker)] == [second]
