"""Release by staff: at once, told to all three, and nothing that was paid for is lost (rule 12)."""

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import FreezeCause, OrderState, PackState, SeatState, SessionState
from core.usecases.asker import Asker
from core.usecases.buying.settle import settle_event
from core.usecases.completion.complete import complete
from core.usecases.packs.expire import due_expiries
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release_by_staff import (
    ReleasedByStaff,
    ReleasePreview,
    preview_release,
    release_by_staff,
)
from core.usecases.seats.settle_first import settle_first
from tests.answers import given, why
from tests.builders import DAY, Pair, a_pair, a_session, an_order, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.machines.invariants import breaches
from tests.usecases.buying.steps import URL, a_shop, event_of

WHY = "Did not come four times"
LEFT_BY_BUILDERS = {
    "history is an unbroken path (37)",
    "history's last word is the seat's state (37)",
    "history's last word is the pack's state (37)",
    "history's last word is the order's state (37)",
}
"""Builders write no history."""


async def releases(db: Database, pair: Pair) -> ReleasedByStaff:
    return given(await release_by_staff(db, pair.staff, pair.seat_id, WHY))


async def reason_of(db: Database, pair: Pair, asker: Asker | None = None, reason: str = WHY) -> Reason | None:
    """Both the preview's and the release's, which are the same."""
    previewed = why(await preview_release(db, asker or pair.staff, pair.seat_id, reason))
    assert why(await release_by_staff(db, asker or pair.staff, pair.seat_id, reason)) is previewed
    return previewed


async def test_the_seat_is_free_at_once_and_all_three_are_told_why(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)

    answer = await releases(db, pair)

    seat = await row_of(db, tables.seats, pair.seat_id)
    noted = (await rows_of(db, tables.history))[-1]
    told = [(row["kind"], row["to_member_id"], row["cycle"]) for row in await rows_of(db, tables.notices)]
    assert answer == ReleasedByStaff(pair.seat_id, "Stu", "Mara", 0, 4)
    assert (seat["state"], seat["released_at"]) == (SeatState.RELEASED, clock.now())
    assert (noted["entity"], noted["after"], noted["why"]) == ("seat", "released", WHY)
    assert told == [
        (NoticeKind.STAFF_RELEASED, pair.student.id, noted["id"]),
        (NoticeKind.STAFF_RELEASED_MENTOR, pair.mentor.id, noted["id"]),
        (NoticeKind.STAFF_RELEASED_STAFF, None, noted["id"]),
    ]


async def test_a_seat_in_grace_is_released_without_a_warning(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

    assert (await releases(db, pair)).kept == 0
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.RELEASED
    assert (await row_of(db, tables.packs, pair.pack_id))["frozen_at"] is None


async def test_what_is_left_is_kept_and_its_expiry_stands_still(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, remaining=3)

    await releases(db, pair)
    clock.forward(days=90)

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["state"], pack["remaining"], pack["frozen_for"]) == (PackState.ACTIVE, 3, FreezeCause.STAFF_RELEASE)
    assert await due_expiries(db) == ()


async def test_sessions_to_come_are_returned_with_a_notice_each_and_both_calendars_are_free(db: Database) -> None:
    pair = await a_pair(db)
    later = [await a_session(db, pair, NOW + days * DAY) for days in (2, 9)]

    previewed = given(await preview_release(db, pair.staff, pair.seat_id, f" {WHY} "))
    answer = await releases(db, pair)

    sessions = [await row_of(db, tables.sessions, each) for each in later]
    told = [row for row in await rows_of(db, tables.notices) if row["kind"] is NoticeKind.SESSION_CANCELED]
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert previewed == ReleasePreview(pair.seat_id, "Stu", "Mara", WHY, canceled=2, kept=4, waiting=0)
    assert (answer.canceled, answer.kept) == (2, 4)
    assert {row["state"] for row in sessions} == {SessionState.CANCELED}
    assert (pack["remaining"], pack["held"]) == (4, 0)
    assert [(row["subject_id"], row["to_member_id"]) for row in told] == [(each, pair.student.id) for each in later]
    assert await count_of(db, tables.calendar_blocks, tables.calendar_blocks.c.live) == 0


async def test_a_session_that_has_started_waits_for_its_outcome_and_can_be_completed(db: Database) -> None:
    pair = await a_pair(db)
    started = await a_session(db, pair, NOW)
    later = await a_session(db, pair, NOW + DAY)

    previewed = given(await preview_release(db, pair.staff, pair.seat_id, WHY))
    answer = await releases(db, pair)
    done = given(await complete(db, pair.mentor.asker, started))

    assert (previewed.canceled, previewed.kept, previewed.waiting) == (1, 3, 1)
    assert (answer.canceled, answer.kept) == (1, 3)
    assert (await row_of(db, tables.sessions, later))["state"] is SessionState.CANCELED
    assert (done.state, done.remaining) == (SessionState.COMPLETED, 3)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.RELEASED


async def test_a_session_returned_to_an_expired_pack_can_be_used_for_some_days_more(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db, total=1, expires_at=NOW - DAY, state=PackState.EXPIRED)
    await a_session(db, pair, NOW + DAY, pack_id=pair.pack_id)

    answer = await releases(db, pair)

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert answer.kept == 1
    assert (pack["state"], pack["expires_at"], pack["frozen_at"]) == (PackState.ACTIVE, NOW + 14 * DAY, NOW)


async def test_a_disputed_pack_stays_frozen_for_its_dispute(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, frozen_at=NOW - DAY, frozen_for=FreezeCause.DISPUTE)

    await releases(db, pair)

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["frozen_at"], pack["frozen_for"]) == (NOW - DAY, FreezeCause.DISPUTE)


async def test_what_other_pairs_have_is_left_alone(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, mentor=pair.mentor)
    theirs = await a_session(db, other, NOW + DAY)

    await releases(db, pair)

    assert (await row_of(db, tables.sessions, theirs))["state"] is SessionState.SCHEDULED
    assert (await row_of(db, tables.packs, other.pack_id))["frozen_at"] is None


async def test_who_comes_back_has_everything_again_and_a_second_release_is_told_anew(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db, expires_at=NOW + 10 * DAY)
    await releases(db, pair)
    clock.forward(days=30)

    granted = given(await grant(db, pair.staff, Grant(pair.student.user_id, "Stu", pair.mentor.id, 1, "Sorry")))
    given(await release_by_staff(db, pair.staff, granted.seat_id, "Again"))

    packs = await rows_of(db, tables.packs)
    assert [(row["expires_at"], row["frozen_at"]) for row in packs] == [
        (clock.now() + 10 * DAY, clock.now()),
        (clock.now() + 70 * DAY, clock.now()),
    ]
    assert await count_of(db, tables.notices, tables.notices.c.kind == NoticeKind.STAFF_RELEASED) == 2
    assert set(await breaches(db)) <= LEFT_BY_BUILDERS


async def test_while_money_moves_nothing_is_released(db: Database) -> None:
    shop = await a_shop(db)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student)
    ready = await shop.buys()

    assert await reason_of(db, pair) is Reason.ORDER_UNSETTLED
    await settle_event(db, event_of(await shop.paid(ready)))
    assert (await releases(db, pair)).kept == 8


@pytest.mark.parametrize("paid", [True, False])
async def test_the_provider_says_first_how_an_order_stands_that_ran_out(
    db: Database, clock: SettableClock, paid: bool
) -> None:
    shop = await a_shop(db)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student)
    ready = await shop.buys()
    if paid:
        await shop.paid(ready)
    clock.forward(minutes=36)
    assert await reason_of(db, pair) is Reason.ORDER_UNSETTLED

    await settle_first(db, shop.providers, URL, pair.student.asker, pair.seat_id)
    assert await reason_of(db, pair) is Reason.ORDER_UNSETTLED, "nobody but staff has it asked"
    await settle_first(db, shop.providers, URL, pair.staff, pair.seat_id)

    assert (await releases(db, pair)).kept == (8 if paid else 4)


async def test_money_that_is_parked_or_a_held_seat_waits_too(db: Database) -> None:
    pair = await a_pair(db)
    await an_order(db, pair.student, pair.product_id, OrderState.PARKED)
    held = await a_pair(db, seat=SeatState.HELD)

    assert await reason_of(db, pair) is Reason.ORDER_UNSETTLED
    assert await reason_of(db, held) is Reason.ORDER_UNSETTLED


async def test_a_seat_is_released_once(db: Database) -> None:
    pair = await a_pair(db)
    await releases(db, pair)

    assert await reason_of(db, pair) is Reason.SEAT_IS_RELEASED
    assert await count_of(db, tables.notices) == 3


async def test_only_staff_of_this_community_with_a_reason_release(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_pair(db)

    assert await reason_of(db, pair, pair.mentor.asker) is Reason.NOT_STAFF
    assert await reason_of(db, pair, pair.student.asker) is Reason.NOT_STAFF
    assert await reason_of(db, pair, elsewhere.staff) is Reason.UNKNOWN_STUDENT
    assert await reason_of(db, pair, reason=" ") is Reason.REASON_MISSING
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
