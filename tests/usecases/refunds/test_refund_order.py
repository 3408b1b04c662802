"""Staff give money back: their share by default, what it takes shown first, done once (rules 12 and 28)."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refunds import SeatAfter
from core.rules.refusals import Reason
from core.rules.states import (
    EntryKind,
    FreezeCause,
    OrderState,
    PackState,
    RefundCause,
    RefundState,
    SeatState,
    SessionState,
)
from core.usecases.completion.complete import complete
from core.usecases.reading.tasks import TaskKind, tasks
from core.usecases.refunds.case import RefundDone, RefundPreview
from core.usecases.refunds.make_refund import make_refund
from core.usecases.refunds.refund_order import Wish, preview_refund, refund_order
from tests.answers import given, why
from tests.builders import (
    DAY,
    HOUR,
    Pair,
    a_community,
    a_pack,
    a_pair,
    a_session,
    an_order,
    count_of,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW, SettableClock
from tests.provider import LedgerProvider
from tests.usecases.disputes.steps import WON, tells
from tests.usecases.records.tasks import a_dispute, a_parked_order, kept
from tests.usecases.refunds.steps import Standing, hears, news_of, payment_of, refunds_in, standing, told_to

WHY = "They move away"


async def wish_of(db: Database, pair: Pair, **wish: object) -> Wish:
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    return replace(Wish(order_id, WHY), **wish)  # type: ignore[arg-type]


async def looks(db: Database, pair: Pair, amount: str | None = None, **wish: object) -> RefundPreview:
    return given(await preview_refund(db, pair.staff, await wish_of(db, pair, **wish), amount))


async def confirms(db: Database, pair: Pair, shown: RefundPreview) -> RefundDone:
    return given(await refund_order(db, pair.staff, confirmed(shown), shown.seen))


def confirmed(shown: RefundPreview) -> Wish:
    return Wish(shown.order_id, shown.reason, shown.sessions, shown.amount_minor, shown.keep_seat)


async def refunds(db: Database, pair: Pair, amount: str | None = None, **wish: object) -> RefundDone:
    return await confirms(db, pair, await looks(db, pair, amount, **wish))


class TestShownFirst:
    async def test_all_that_is_unused_and_its_share_of_the_money(self, db: Database) -> None:
        pair = await a_pair(db, remaining=3)
        await a_session(db, pair, NOW - HOUR)
        await a_session(db, pair, NOW + 3 * DAY)

        shown = await looks(db, pair)

        assert (shown.unused, shown.sessions, shown.total) == (2, 2, 4)
        assert (shown.amount_minor, shown.left_minor, shown.currency) == (10_000, 20_000, "EUR")
        assert (shown.canceled, shown.moved) == ((NOW + 3 * DAY,), ())
        assert (shown.seat, shown.seat_at_stake, shown.in_full) == (SeatAfter.AS_IT_IS, False, False)
        assert (shown.student_name, shown.mentor_name, shown.product_name) == ("Stu", "Mara", "Four sessions")
        assert await standing(db, pair) == Standing(0, 3, 2, PackState.ACTIVE, SeatState.ACTIVE)
        assert await rows_of(db, tables.history) == []

    @pytest.mark.parametrize(
        ("keep_seat", "seat"), [(False, SeatAfter.RELEASED), (True, SeatAfter.GRACE)], ids=["release", "keep"]
    )
    async def test_the_pairs_last_session_puts_the_seat_at_stake(
        self, db: Database, keep_seat: bool, seat: SeatAfter
    ) -> None:
        pair = await a_pair(db)

        shown = await looks(db, pair, keep_seat=keep_seat)

        assert (shown.seat, shown.seat_at_stake, shown.in_full) == (seat, True, True)

    async def test_a_booking_that_another_pack_covers_is_moved_and_not_cancelled(self, db: Database) -> None:
        pair = await a_pair(db)
        await a_pack(db, pair.student, pair.product_id)
        await a_session(db, pair, NOW + 3 * DAY)

        shown = await looks(db, pair)

        assert (shown.canceled, shown.moved, shown.seat) == ((), (NOW + 3 * DAY,), SeatAfter.AS_IT_IS)

    async def test_all_of_the_money_takes_all_of_the_sessions(self, db: Database) -> None:
        pair = await a_pair(db)

        shown = await looks(db, pair, "200,00", sessions=1)

        assert (shown.sessions, shown.amount_minor, shown.in_full) == (4, 20_000, True)

    @pytest.mark.parametrize(
        ("wish", "amount", "reason"),
        [
            ({"sessions": 5}, None, Reason.BAD_NUMBER),
            ({"sessions": -1}, None, Reason.BAD_NUMBER),
            ({"sessions": 0}, None, Reason.NOTHING_TO_REFUND),
            ({}, "200.01", Reason.MORE_THAN_LEFT),
            ({}, "1.999", Reason.BAD_NUMBER),
            ({}, "-1", Reason.BAD_NUMBER),
            ({"reason": " "}, None, Reason.REASON_MISSING),
            ({"order_id": 404}, None, Reason.UNKNOWN_ORDER),
        ],
    )
    async def test_what_cannot_be_is_refused(
        self, db: Database, wish: dict[str, object], amount: str | None, reason: Reason
    ) -> None:
        pair = await a_pair(db)

        assert why(await preview_refund(db, pair.staff, await wish_of(db, pair, **wish), amount)) is reason

    async def test_nobody_else_looks_or_refunds_and_no_other_community(self, db: Database) -> None:
        pair = await a_pair(db)
        shown, elsewhere = await looks(db, pair), staff_of(await a_community(db))

        for asker in (pair.student.asker, pair.mentor.asker):
            assert why(await preview_refund(db, asker, await wish_of(db, pair))) is Reason.NOT_STAFF
            assert why(await refund_order(db, asker, confirmed(shown), shown.seen)) is Reason.NOT_STAFF
        assert why(await preview_refund(db, elsewhere, await wish_of(db, pair))) is Reason.UNKNOWN_ORDER
        assert why(await refund_order(db, elsewhere, confirmed(shown), shown.seen)) is Reason.UNKNOWN_ORDER
        assert await refunds_in(db) == []

    async def test_orders_about_which_others_decide_are_refused(self, db: Database) -> None:
        pair = await a_pair(db)
        parked = await a_parked_order(db, pair)
        unpaid = await an_order(db, pair.student, pair.product_id, OrderState.CLOSED)
        await a_dispute(db, pair)

        answers = [
            why(await preview_refund(db, pair.staff, await wish_of(db, pair, **wish)))
            for wish in ({}, {"order_id": parked}, {"order_id": unpaid})
        ]

        assert answers == [Reason.DISPUTE_IS_OPEN, Reason.DECIDE_IN_TASKS, Reason.NOTHING_TO_REFUND]

    async def test_of_an_erased_student_nothing_is_refunded(self, db: Database) -> None:
        pair = await a_pair(db)
        async with db.begin() as tx:
            await tx.run(update(tables.members).where(tables.members.c.id == pair.student.id).values(erased_at=tx.now))

        assert why(await preview_refund(db, pair.staff, await wish_of(db, pair))) is Reason.MEMBER_ERASED


class TestDone:
    async def test_the_money_is_owed_and_made_and_everything_that_it_takes_is_taken(self, db: Database) -> None:
        pair = await a_pair(db)
        session = await a_session(db, pair, NOW + 3 * DAY)

        done = await refunds(db, pair)

        assert (done.amount_minor, done.sessions, done.canceled, done.seat) == (20_000, 4, 1, SeatAfter.RELEASED)
        assert await standing(db, pair) == Standing(0, 0, 0, PackState.REFUNDED, SeatState.RELEASED)
        (refund,) = await rows_of(db, tables.refunds)
        asked = (refund["cause"], refund["sessions"], refund["reason"], refund["next_attempt_at"])
        assert asked == (RefundCause.STAFF, 4, WHY, NOW)
        assert (await row_of(db, tables.orders, done.order_id))["state"] is OrderState.REFUNDED
        assert (await row_of(db, tables.sessions, session))["state"] is SessionState.CANCELED
        entry = (await rows_of(db, tables.ledger))[-1]
        assert (entry["kind"], entry["delta"], entry["reason"]) == (EntryKind.REFUND, -4, WHY)
        assert entry["actor_id"] == refund["asked_by"]
        told = await told_to(db, pair)
        assert told["student"] == [NoticeKind.SESSION_CANCELED, NoticeKind.REFUND_RELEASED, NoticeKind.REFUNDED]
        assert told["mentor"] == [NoticeKind.SESSION_CANCELED_MENTOR, NoticeKind.REFUND_RELEASED_MENTOR]
        assert told["staff"] == [NoticeKind.REFUND_RELEASED_STAFF, NoticeKind.REFUNDED_STAFF]
        changes = [(row["entity"], row["after"], row["why"]) for row in await rows_of(db, tables.history)]
        assert changes == [
            ("order", "refunded", WHY),
            ("session", "canceled", WHY),
            ("pack", "refunded", WHY),
            ("seat", "released", WHY),
            ("refund", "intended", WHY),
        ]
        assert await make_refund(db, {"stripe": LedgerProvider(db.clock)}, refund["id"]) is RefundState.DONE
        assert (await payment_of(db, pair))["refunded_minor"] == 20_000

    async def test_in_full_nobody_is_asked_any_more_which_sessions_go_with_an_earlier_refund(
        self, db: Database
    ) -> None:
        pair = await a_pair(db)
        await hears(db, await news_of(db, pair, 5_000))
        assert [task.kind for task in given(await tasks(db, pair.staff))] == [TaskKind.REFUND_SEEN]

        await refunds(db, pair)

        assert given(await tasks(db, pair.staff)) == ()
        assert (await standing(db, pair)).pack is PackState.REFUNDED

    async def test_in_part_the_pack_lives_on_and_the_last_session_is_announced(self, db: Database) -> None:
        pair = await a_pair(db)

        done = await refunds(db, pair, sessions=3)

        assert (done.amount_minor, done.seat) == (15_000, SeatAfter.AS_IT_IS)
        assert await standing(db, pair) == Standing(0, 1, 0, PackState.ACTIVE, SeatState.ACTIVE)
        assert (await row_of(db, tables.orders, done.order_id))["state"] is OrderState.FULFILLED
        assert (await told_to(db, pair))["student"] == [NoticeKind.RENEWAL_REMINDER, NoticeKind.REFUNDED]

    async def test_in_parts_nothing_is_lost_and_what_is_on_its_way_counts(self, db: Database) -> None:
        pair = await a_pair(db, total=3)

        amounts = [(await refunds(db, pair, sessions=1)).amount_minor for _ in range(3)]

        assert amounts == [6_666, 6_667, 6_667]
        assert (await standing(db, pair)).pack is PackState.REFUNDED
        assert why(await preview_refund(db, pair.staff, await wish_of(db, pair))) is Reason.NOTHING_TO_REFUND

    async def test_staff_may_keep_the_seat_in_grace(self, db: Database) -> None:
        pair = await a_pair(db)

        await refunds(db, pair, keep_seat=True)

        seat = await row_of(db, tables.seats, pair.seat_id)
        assert (seat["state"], seat["grace_ends_at"]) == (SeatState.GRACE, NOW + 3 * DAY)
        assert (await told_to(db, pair))["student"] == [
            NoticeKind.GRACE_BEGAN,
            NoticeKind.FINAL_WARNING,
            NoticeKind.REFUNDED,
        ]

    async def test_while_another_payment_is_disputed_the_seat_stays_and_grace_waits(
        self, db: Database, clock: SettableClock
    ) -> None:
        pair = await a_pair(db, total=1, remaining=0, state=PackState.DEPLETED)
        await tells(db, pair)
        other = replace(pair, pack_id=await a_pack(db, pair.student, pair.product_id))

        shown = await looks(db, other)
        done = await confirms(db, other, shown)

        assert (shown.seat, shown.seat_at_stake, done.seat) == (SeatAfter.DISPUTED, False, SeatAfter.DISPUTED)
        assert await standing(db, other) == Standing(0, 0, 0, PackState.REFUNDED, SeatState.ACTIVE)
        clock.forward(days=9)
        await tells(db, pair, WON)
        seat = await row_of(db, tables.seats, pair.seat_id)
        assert (seat["state"], seat["grace_ends_at"]) == (SeatState.GRACE, NOW + 12 * DAY)

    async def test_the_students_role_is_due_when_the_seat_is_released(self, db: Database) -> None:
        pair = await a_pair(db)
        async with db.begin() as tx:
            await tx.run(update(tables.seats).values(role_id=77))

        await refunds(db, pair)

        assert (await row_of(db, tables.seats, pair.seat_id))["role_due_at"] == NOW

    async def test_goodwill_gives_money_and_takes_nothing(self, db: Database) -> None:
        pair = await a_pair(db, remaining=0, state=PackState.DEPLETED, seat=SeatState.GRACE)

        done = await refunds(db, pair, "30")

        assert (done.amount_minor, done.sessions) == (3_000, 0)
        assert await standing(db, pair) == Standing(0, 0, 0, PackState.DEPLETED, SeatState.GRACE)
        assert await refunds_in(db) == [(RefundState.INTENDED, 3_000, 0)]

    async def test_without_money_sessions_are_taken_and_nothing_is_asked_of_a_provider(self, db: Database) -> None:
        pair = await a_pair(db)
        async with db.begin() as tx:
            await tx.run(update(tables.payments).values(amount_minor=0))

        done = await refunds(db, pair, keep_seat=True)

        assert (done.amount_minor, done.sessions, done.seat) == (0, 4, SeatAfter.GRACE)
        assert (await standing(db, pair)).pack is PackState.REFUNDED
        assert (await row_of(db, tables.orders, done.order_id))["state"] is OrderState.FULFILLED
        assert await refunds_in(db) == []
        assert NoticeKind.PACK_ADJUSTED in (await told_to(db, pair))["student"]

    async def test_what_staff_kept_when_they_released_the_seat_is_refunded(self, db: Database) -> None:
        pair = await a_pair(db)
        await kept(db, pair, FreezeCause.STAFF_RELEASE)

        done = await refunds(db, pair)

        assert (done.sessions, done.seat) == (4, SeatAfter.AS_IT_IS)
        pack = await row_of(db, tables.packs, pair.pack_id)
        assert (pack["state"], pack["frozen_at"]) == (PackState.REFUNDED, None)

    async def test_a_refund_that_failed_is_still_owed_and_not_offered_again(self, db: Database) -> None:
        pair = await a_pair(db)
        await refunds(db, pair, sessions=1)
        (refund,) = await rows_of(db, tables.refunds)
        await make_refund(db, {"stripe": LedgerProvider(db.clock, refusing=True)}, refund["id"])

        shown = await looks(db, pair)

        assert (shown.amount_minor, shown.left_minor) == (15_000, 15_000)


class TestOnceAndAsSeen:
    async def test_pressed_twice_it_is_done_once(self, db: Database) -> None:
        pair = await a_pair(db)
        shown = await looks(db, pair, sessions=1)
        await confirms(db, pair, shown)

        assert why(await refund_order(db, pair.staff, confirmed(shown), shown.seen)) is Reason.STALE_REFUND

        assert (await standing(db, pair)).remaining == 3
        assert await count_of(db, tables.refunds) == 1

    async def test_after_anything_changed_it_is_looked_at_again(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(db)
        session = await a_session(db, pair, NOW + HOUR)
        shown = await looks(db, pair)

        async def refused() -> bool:
            return why(await refund_order(db, pair.staff, confirmed(shown), shown.seen)) is Reason.STALE_REFUND

        clock.set(NOW + HOUR)  # the session has begun
        assert await refused()
        shown = await looks(db, pair)
        given(await complete(db, pair.mentor.asker, session))
        assert await refused()
        shown = await looks(db, pair)
        await a_session(db, pair, NOW + 3 * DAY)
        assert await refused()
        shown = await looks(db, pair)
        await a_pack(db, pair.student, pair.product_id)  # which covers the booking
        assert await refused()
        assert await count_of(db, tables.refunds) == 0
        assert (await confirms(db, pair, await looks(db, pair))).moved == 1

    async def test_a_number_that_was_never_shown_confirms_nothing(self, db: Database) -> None:
        pair = await a_pair(db)
        shown = await looks(db, pair)

        forged = await refund_order(db, pair.staff, replace(confirmed(shown), amount_minor=1), shown.seen)

        assert why(forged) is Reason.STALE_REFUND
