"""A dispute from its first news to its end: what is frozen, what runs on, what is lost (rules 12, 20, 28 and 29)."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from core.db import tables
from core.db.unit import Database, Transaction, reading
from core.notices.facts_now import facts_of
from core.notices.rendering import render
from core.ports import REVERSED, DisputeNews, Message
from core.rules.notices import NoticeKind, cycle_at
from core.rules.refusals import Reason
from core.rules.states import DisputeOutcome, EventState, FreezeCause, OrderState, PackState, SeatState, SessionState
from core.usecases.booking.book import book
from core.usecases.booking.cancel import cancel
from core.usecases.buying.settle import settle_event
from core.usecases.community.pause_mentor import pause_mentor, resume_mentor
from core.usecases.community.remove_mentor import remove_mentor
from core.usecases.completion.complete import complete
from core.usecases.completion.undo import undo
from core.usecases.packs.adjust import adjust
from core.usecases.packs.expire import due_expiries, expire
from core.usecases.seats.release import due_releases, release
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_pack, a_pair, a_session, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.usecases.buying.steps import a_shop, event_of
from tests.usecases.disputes.steps import ANSWER_BY, LOST, WON, reverses, tells
from tests.usecases.refunds.steps import Standing, hears, news_of, payment_of, standing, told_to
from tests.usecases.seats.steps import warn

ODD = timedelta(days=5, microseconds=7)
USED_UP: dict[str, Any] = {"total": 1, "remaining": 0, "state": PackState.DEPLETED}


async def lost(db: Database, pair: Pair) -> int:
    minor: int = (await payment_of(db, pair))["lost_minor"]
    return minor


async def frozen_for(db: Database, pack_id: int) -> FreezeCause | None:
    cause: FreezeCause | None = (await row_of(db, tables.packs, pack_id))["frozen_for"]
    return cause


async def grace_of(db: Database, pair: Pair) -> tuple[Any, Any, Any]:
    seat = await row_of(db, tables.seats, pair.seat_id)
    return seat["state"], seat["grace_ends_at"], seat["grace_stopped_at"]


@reading
async def message_about(tx: Transaction, kind: NoticeKind) -> Message:
    """What the last notice of this kind says now."""
    rows = await tx.all(select(tables.notices).where(tables.notices.c.kind == kind).order_by(tables.notices.c.id))
    facts = await facts_of(tx, kind, rows[-1]["subject_id"], rows[-1]["cycle"])
    assert facts is not None
    return render(kind, facts)


class TestOpened:
    async def test_the_pack_is_frozen_and_both_are_told(self, db: Database) -> None:
        pair = await a_pair(db)
        session = await a_session(db, pair, NOW + 3 * DAY)

        await tells(db, pair)
        await tells(db, pair)

        assert await frozen_for(db, pair.pack_id) is FreezeCause.DISPUTE
        assert await standing(db, pair) == Standing(0, 4, 1, PackState.ACTIVE, SeatState.ACTIVE)
        (dispute,) = await rows_of(db, tables.disputes)
        assert (dispute["reason"], dispute["answer_by"], dispute["outcome"]) == ("fraudulent", ANSWER_BY, None)
        assert await told_to(db, pair) == {
            "student": [NoticeKind.DISPUTED],
            "mentor": [],
            "staff": [NoticeKind.DISPUTED_STAFF],
        }
        assert [row["entity"] for row in await rows_of(db, tables.history)] == ["dispute", "pack"]
        assert why(await book(db, pair.student.asker, pair.mentor.id, NOW + 4 * DAY)) is Reason.PACK_FROZEN
        given(await cancel(db, pair.student.asker, session))
        assert (await standing(db, pair)).held == 0

    async def test_neither_the_pack_expires_nor_begins_a_grace(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db, total=1, expires_at=NOW + DAY)
        session = await a_session(db, pair, NOW + 2 * HOUR)
        await tells(db, pair)
        clock.forward(hours=3)
        given(await complete(db, pair.mentor.asker, session))
        clock.forward(days=2)

        assert await due_expiries(db) == ()
        assert why(await expire(db, pair.pack_id)) is Reason.NOTHING_TO_EXPIRE
        assert (await standing(db, pair)).seat is SeatState.ACTIVE

        await tells(db, pair, WON)
        assert (await standing(db, pair)).seat is SeatState.GRACE

    async def test_only_another_deadline_is_told_once_more(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db)
        await tells(db, pair)
        clock.forward(hours=1)
        await tells(db, pair, disputed_minor=15_000)
        clock.forward(hours=1)
        await tells(db, pair, disputed_minor=15_000, answer_by=ANSWER_BY + DAY)

        staff = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.DISPUTED_STAFF)
        assert [row["cycle"] for row in staff] == [cycle_at(ANSWER_BY), cycle_at(ANSWER_BY + DAY)]
        (dispute,) = await rows_of(db, tables.disputes)
        assert (dispute["amount_minor"], dispute["answer_by"]) == (15_000, ANSWER_BY + DAY)
        assert (await told_to(db, pair))["student"] == [NoticeKind.DISPUTED]

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_in_whatever_order_updates_come_the_latest_counts(self, db: Database, order: tuple[int, ...]) -> None:
        pair = await a_pair(db)
        updates: list[dict[str, Any]] = [
            {"at": NOW, "opened_at": NOW},
            {"at": NOW + HOUR, "opened_at": NOW, "disputed_minor": 15_000, "answer_by": ANSWER_BY + DAY},
            {"at": NOW + 2 * HOUR, "opened_at": NOW, "disputed_minor": 15_000, "answer_by": None},
        ]

        for number in order:
            await tells(db, pair, **updates[number])

        (dispute,) = await rows_of(db, tables.disputes)
        assert (dispute["amount_minor"], dispute["answer_by"]) == (15_000, None)
        assert (dispute["opened_at"], dispute["told_at"]) == (NOW, NOW + 2 * HOUR)

    async def test_what_a_used_up_pack_gets_back_is_frozen_as_well(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db, total=1, expires_at=NOW + 20 * DAY)
        session = await a_session(db, pair, NOW - HOUR)
        given(await complete(db, pair.mentor.asker, session))
        await tells(db, pair)
        assert await frozen_for(db, pair.pack_id) is None

        given(await undo(db, pair.mentor.asker, session))

        assert await frozen_for(db, pair.pack_id) is FreezeCause.DISPUTE
        assert ("pack", "freeze") in [(row["entity"], row["verb"]) for row in await rows_of(db, tables.history)]
        clock.set(clock.now() + ODD)
        await tells(db, pair, WON)
        pack = await row_of(db, tables.packs, pair.pack_id)
        assert (pack["expires_at"], pack["frozen_for"]) == (NOW + 20 * DAY + ODD, None)

    async def test_what_staff_add_to_a_used_up_pack_is_frozen_as_well(self, db: Database) -> None:
        pair = await a_pair(db, **USED_UP)
        await tells(db, pair)

        given(await adjust(db, pair.staff, pair.seat_id, pair.pack_id, 1, 0, "goodwill"))

        assert await frozen_for(db, pair.pack_id) is FreezeCause.DISPUTE
        assert why(await book(db, pair.student.asker, pair.mentor.id, NOW + 4 * DAY)) is Reason.PACK_FROZEN

    async def test_of_a_used_up_pack_nothing_is_frozen_but_the_grace_stands(
        self, db: Database, clock: SettableClock
    ) -> None:
        pair = await a_pair(db, seat=SeatState.GRACE, **USED_UP)
        await warn(db, pair.seat_id)
        ends_at = (await grace_of(db, pair))[1]
        clock.forward(hours=1)
        await tells(db, pair)
        assert await frozen_for(db, pair.pack_id) is None
        stopped_at = clock.now()
        clock.set(clock.now() + ODD)
        assert await due_releases(db) == ()
        assert why(await release(db, pair.seat_id)) is Reason.GRACE_NOT_OVER

        await tells(db, pair, WON)

        assert await grace_of(db, pair) == (SeatState.GRACE, ends_at + (clock.now() - stopped_at), None)


class TestWon:
    async def test_the_expiry_is_as_far_away_as_it_was(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db, expires_at=NOW + DAY)
        await tells(db, pair)
        clock.set(clock.now() + ODD)

        await tells(db, pair, WON)
        await tells(db, pair, WON)

        pack = await row_of(db, tables.packs, pair.pack_id)
        assert (pack["expires_at"], pack["frozen_at"]) == (NOW + DAY + ODD, None)
        assert await lost(db, pair) == 0
        assert (await told_to(db, pair))["staff"] == [NoticeKind.DISPUTED_STAFF, NoticeKind.DISPUTE_WON_STAFF]

    @pytest.mark.parametrize("pause_first", [True, False])
    @pytest.mark.parametrize("resume_first", [True, False])
    @pytest.mark.parametrize("grace", [True, False])
    async def test_a_pause_beside_it_counts_no_time_twice(
        self, db: Database, clock: SettableClock, pause_first: bool, resume_first: bool, grace: bool
    ) -> None:
        pair = await a_pair(db, **({"seat": SeatState.GRACE, **USED_UP} if grace else {"expires_at": NOW + 3 * DAY}))
        table, row, column = (
            ("seats", pair.seat_id, "grace_ends_at") if grace else ("packs", pair.pack_id, "expires_at")
        )
        for pause in (pause_first, not pause_first):
            if pause:
                given(await pause_mentor(db, pair.staff, pair.mentor.id))
            else:
                await tells(db, pair)
            clock.set(clock.now() + ODD)
        for resume in (resume_first, not resume_first):
            if resume:
                given(await resume_mentor(db, pair.staff, pair.mentor.id))
            else:
                await tells(db, pair, WON)
            if resume is resume_first:
                clock.set(clock.now() + ODD)

        assert (await row_of(db, getattr(tables, table), row))[column] == NOW + 3 * DAY + 3 * ODD

    async def test_another_dispute_of_the_payment_keeps_it_frozen(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db, expires_at=NOW + DAY)
        await tells(db, pair)
        clock.forward(hours=1)
        await tells(db, pair, dispute_ref="dp_2", disputed_minor=1)
        clock.forward(hours=1)
        await tells(db, pair, WON)
        assert await frozen_for(db, pair.pack_id) is FreezeCause.DISPUTE
        clock.forward(hours=1)
        await tells(db, pair, WON, dispute_ref="dp_2", disputed_minor=1)
        assert (await row_of(db, tables.packs, pair.pack_id))["expires_at"] == NOW + DAY + 3 * HOUR

    async def test_who_lost_the_mentor_meanwhile_keeps_what_they_have(self, db: Database) -> None:
        pair = await a_pair(db)
        await tells(db, pair)
        given(await remove_mentor(db, pair.staff, pair.mentor.id, "left us"))

        await tells(db, pair, WON)

        pack = await row_of(db, tables.packs, pair.pack_id)
        assert (pack["frozen_for"], pack["frozen_at"]) == (FreezeCause.MENTOR_REMOVED, NOW)


class TestLost:
    @pytest.mark.parametrize("opened_first", [True, False])
    async def test_all_that_is_unused_goes_with_bookings_and_seat(self, db: Database, opened_first: bool) -> None:
        pair = await a_pair(db, remaining=3)
        session = await a_session(db, pair, NOW + 3 * DAY)
        if opened_first:
            await tells(db, pair)
        await tells(db, pair, LOST)
        await tells(db, pair, LOST)
        await tells(db, pair)

        assert await standing(db, pair) == Standing(0, 0, 0, PackState.REFUNDED, SeatState.RELEASED)
        assert await lost(db, pair) == 20_000
        assert await frozen_for(db, pair.pack_id) is None
        assert (await row_of(db, tables.sessions, session))["state"] is SessionState.CANCELED
        order = await row_of(db, tables.orders, (await payment_of(db, pair))["order_id"])
        assert order["state"] is OrderState.REFUNDED
        told = await told_to(db, pair)
        assert told["student"][-3:] == [
            NoticeKind.SESSION_CANCELED,
            NoticeKind.REFUND_RELEASED,
            NoticeKind.DISPUTE_LOST,
        ]
        assert told["staff"][-2:] == [NoticeKind.REFUND_RELEASED_STAFF, NoticeKind.DISPUTE_LOST_STAFF]

    async def test_a_session_that_started_counts_as_used(self, db: Database) -> None:
        pair = await a_pair(db)
        await a_session(db, pair, NOW - HOUR)
        await tells(db, pair)
        await tells(db, pair, LOST)
        assert await standing(db, pair) == Standing(0, 1, 1, PackState.REFUNDED, SeatState.ACTIVE)

    async def test_of_a_used_up_pack_the_seat_is_left_to_staff(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db, seat=SeatState.GRACE, **USED_UP)
        ends_at = (await grace_of(db, pair))[1]
        await tells(db, pair)
        clock.set(clock.now() + ODD)
        await tells(db, pair, LOST)
        assert await grace_of(db, pair) == (SeatState.GRACE, ends_at + ODD, None)
        assert (await lost(db, pair), (await standing(db, pair)).pack) == (20_000, PackState.REFUNDED)

    async def test_another_pack_of_the_pair_keeps_seat_and_bookings(self, db: Database) -> None:
        pair = await a_pair(db)
        other = await a_pack(db, pair.student, pair.product_id)
        session = await a_session(db, pair, NOW + 3 * DAY)
        await tells(db, pair)
        assert await frozen_for(db, other) is None
        given(await book(db, pair.student.asker, pair.mentor.id, NOW + 4 * DAY))

        await tells(db, pair, LOST)

        assert await standing(db, pair) == Standing(0, 0, 0, PackState.REFUNDED, SeatState.ACTIVE)
        assert (await row_of(db, tables.sessions, session))["pack_id"] == other
        assert (await row_of(db, tables.packs, other))["held"] == 2

    @pytest.mark.parametrize("refund_first", [True, False])
    async def test_never_more_than_what_is_left_is_lost(self, db: Database, refund_first: bool) -> None:
        pair = await a_pair(db)
        if refund_first:
            await hears(db, await news_of(db, pair, 5_000))
        await tells(db, pair, LOST)
        if not refund_first:
            await hears(db, await news_of(db, pair, 5_000))
        assert (await lost(db, pair), (await standing(db, pair)).refunded_minor) == (15_000, 5_000)

    @pytest.mark.parametrize("dispute_first", [True, False])
    async def test_a_reversal_beside_its_dispute_is_the_same_money(self, db: Database, dispute_first: bool) -> None:
        pair = await a_pair(db)
        await tells(db, pair, disputed_minor=8_000)
        if not dispute_first:
            await reverses(db, pair, 8_000)
        await tells(db, pair, LOST, disputed_minor=8_000)
        if dispute_first:
            await reverses(db, pair, 8_000)
        assert await lost(db, pair) == 8_000
        assert (await told_to(db, pair))["staff"].count(NoticeKind.DISPUTE_LOST_STAFF) == 1
        await hears(db, await news_of(db, pair, 20_000))  # the whole of it among the refunds, too
        assert (await lost(db, pair), (await standing(db, pair)).refunded_minor) == (0, 20_000)

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_a_reversal_that_is_taken_back_is_no_loss(self, db: Database, order: tuple[int, ...]) -> None:
        pair = await a_pair(db, remaining=3)
        news: list[tuple[DisputeOutcome | None, dict[str, Any]]] = [
            (None, {"at": NOW, "opened_at": NOW}),
            (LOST, {"at": NOW + HOUR, "dispute_ref": "rev_1", "reason": REVERSED}),
            (WON, {"at": NOW + DAY, "opened_at": NOW}),
        ]

        for number in (*order, *order):
            await tells(db, pair, news[number][0], **news[number][1])

        assert await lost(db, pair) == 0
        assert {row["outcome"] for row in await rows_of(db, tables.disputes)} == {WON}
        # What the reversal took stays taken, if it was heard of while it stood: staff are told to see to it.
        taken = order.index(1) < order.index(2)
        assert (await standing(db, pair)).remaining == (0 if taken else 3)
        assert (await told_to(db, pair))["staff"][-1] is NoticeKind.DISPUTE_WON_STAFF
        sent = await message_about(db, NoticeKind.DISPUTE_WON_STAFF)
        assert ("/staff grant" in sent.text) is taken
        assert ("3 sessions were taken" in sent.text) is taken

    @pytest.mark.parametrize("back_first", [True, False])
    async def test_a_credit_in_the_list_ends_a_reversal(self, db: Database, back_first: bool) -> None:
        pair = await a_pair(db)
        back: dict[str, Any] = {"at": NOW + DAY, "dispute_ref": "rev_2", "reason": REVERSED}
        if back_first:
            await tells(db, pair, WON, **back)
            assert (await told_to(db, pair))["staff"] == []
        await reverses(db, pair)
        await tells(db, pair, WON, **back)

        assert await lost(db, pair) == 0
        assert NoticeKind.DISPUTE_WON_STAFF in (await told_to(db, pair))["staff"] or back_first

    async def test_only_a_later_end_is_another_one(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db)
        await tells(db, pair, WON)
        await tells(db, pair, LOST)
        assert await lost(db, pair) == 0
        clock.forward(hours=1)
        await tells(db, pair, LOST)
        assert (await lost(db, pair), (await standing(db, pair)).remaining) == (20_000, 0)
        clock.forward(hours=1)
        await tells(db, pair, WON)
        assert (await lost(db, pair), (await standing(db, pair)).remaining) == (0, 0)


async def test_before_its_payment_is_known_it_is_parked_and_then_woken(db: Database) -> None:
    shop = await a_shop(db)
    paid = await shop.paid(await shop.buys())
    news = DisputeNews(paid.payment_ref, "dp_1", 20_000, "EUR", NOW)

    assert given(await settle_event(db, event_of(news, "evt_early"))).what == "parked"
    assert given(await settle_event(db, event_of(paid, "evt_paid"))).what == "fulfilled"

    event = (await rows_of(db, tables.provider_events))[0]
    assert (event["state"], event["next_attempt_at"]) == (EventState.FAILED, NOW)
    assert given(await settle_event(db, event_of(news, "evt_early"))).what == "given_back"
    (pack,) = await rows_of(db, tables.packs)
    assert pack["frozen_for"] is FreezeCause.DISPUTE
