"""A refund at the provider: noted once, whoever made it and in whatever order the news come (rules 12 and 28)."""

from dataclasses import replace
from itertools import permutations

import pytest
from sqlalchemy import insert, update

from core.db import tables
from core.db.unit import Database
from core.ports import Refunded, RefundNews, RefundRequest, RefundsChanged
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import (
    EntryKind,
    EventState,
    FreezeCause,
    OrderState,
    PackState,
    RefundCause,
    RefundState,
    SeatState,
    SessionState,
)
from core.usecases.buying.decide_parked import refund_parked
from core.usecases.buying.given_back import wake_news_of_known_payments
from core.usecases.buying.settle import keep_failed_event, settle, settle_event
from core.usecases.completion.not_held import not_held
from core.usecases.reading.tasks import TaskKind, tasks
from core.usecases.refunds.ask_refunds import settle_refunds_of
from core.usecases.refunds.by_hand import refunded_by_hand
from core.usecases.refunds.make_refund import make_refund
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_pack, a_pair, a_session, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import a_shop, event_of
from tests.usecases.disputes import steps as disputes
from tests.usecases.records.tasks import a_parked_order, kept
from tests.usecases.refunds.steps import Standing, hears, news_of, payment_of, refunds_in, standing, told_to, we_owe


async def order_state(db: Database, pair: Pair) -> OrderState:
    payment = await payment_of(db, pair)
    state: OrderState = (await row_of(db, tables.orders, payment["order_id"]))["state"]
    return state


class TestOnTheProvidersPages:
    async def test_in_full_it_takes_all_that_is_unused_with_bookings_and_seat(self, db: Database) -> None:
        pair = await a_pair(db, remaining=3)
        session = await a_session(db, pair, NOW + 3 * DAY)

        (settled,) = await hears(db, await news_of(db, pair, 20_000))

        assert settled.what == "given_back"
        assert await standing(db, pair) == Standing(20_000, 0, 0, PackState.REFUNDED, SeatState.RELEASED)
        assert await order_state(db, pair) is OrderState.REFUNDED
        assert await refunds_in(db) == [(RefundState.DONE, 20_000, 3)]
        assert (await row_of(db, tables.sessions, session))["state"] is SessionState.CANCELED
        assert await count_of(db, tables.calendar_blocks, tables.calendar_blocks.c.live) == 0
        entry = (await rows_of(db, tables.ledger))[-1]
        assert (entry["kind"], entry["delta"], entry["balance"], entry["reason"]) == (EntryKind.REFUND, -3, 0, None)
        assert await told_to(db, pair) == {
            "student": [NoticeKind.SESSION_CANCELED, NoticeKind.REFUND_RELEASED, NoticeKind.REFUNDED],
            "mentor": [NoticeKind.SESSION_CANCELED_MENTOR, NoticeKind.REFUND_RELEASED_MENTOR],
            "staff": [NoticeKind.REFUND_RELEASED_STAFF, NoticeKind.REFUND_SEEN_STAFF],
        }

    async def test_in_part_it_takes_nothing_and_staff_are_asked(self, db: Database) -> None:
        pair = await a_pair(db)
        await a_session(db, pair, NOW + 3 * DAY)

        await hears(db, await news_of(db, pair, 19_999))

        assert await standing(db, pair) == Standing(19_999, 4, 1, PackState.ACTIVE, SeatState.ACTIVE)
        assert await order_state(db, pair) is OrderState.FULFILLED
        (refund,) = await rows_of(db, tables.refunds)
        assert (refund["cause"], refund["decided_at"], refund["done_at"]) == (RefundCause.PROVIDER, None, NOW)
        assert await told_to(db, pair) == {
            "student": [NoticeKind.REFUNDED],
            "mentor": [],
            "staff": [NoticeKind.REFUND_SEEN_STAFF],
        }

    async def test_told_again_it_changes_nothing(self, db: Database) -> None:
        pair = await a_pair(db)
        part, rest = await news_of(db, pair, 5_000), await news_of(db, pair, 15_000, "re_2")

        await hears(db, part, part, rest, rest, part)

        assert await standing(db, pair) == Standing(20_000, 0, 0, PackState.REFUNDED, SeatState.RELEASED)
        assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0), (RefundState.DONE, 15_000, 4)]
        assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.REFUND) == 1

    async def test_the_last_part_of_several_is_a_full_one_and_nobody_is_asked_any_more(self, db: Database) -> None:
        pair = await a_pair(db)

        await hears(db, *[await news_of(db, pair, 10_000, ref) for ref in ("re_1", "re_2")])

        assert (await standing(db, pair)).pack is PackState.REFUNDED
        assert {row["decided_at"] for row in await rows_of(db, tables.refunds)} == {NOW}

    @pytest.mark.parametrize("remaining", [0, 1])
    async def test_of_a_pack_without_anything_unused_there_is_nothing_to_ask(
        self, db: Database, remaining: int
    ) -> None:
        state = PackState.ACTIVE if remaining else PackState.DEPLETED
        pair = await a_pair(db, remaining=remaining, state=state)
        if remaining:
            await a_session(db, pair, NOW - HOUR)

        await hears(db, await news_of(db, pair, 5_000))

        (refund,) = await rows_of(db, tables.refunds)
        assert refund["decided_at"] == NOW
        assert (await standing(db, pair)).remaining == remaining

    async def test_after_use_in_full_only_the_pack_is_marked_and_a_grace_runs_on(self, db: Database) -> None:
        pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

        await hears(db, await news_of(db, pair, 20_000))

        assert await standing(db, pair) == Standing(20_000, 0, 0, PackState.REFUNDED, SeatState.GRACE)
        assert (await row_of(db, tables.seats, pair.seat_id))["grace_ends_at"] == NOW + 3 * DAY
        assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.REFUND) == 0

    async def test_what_staff_had_kept_frozen_goes_and_nothing_stands_still_any_more(self, db: Database) -> None:
        pair = await a_pair(db)
        await kept(db, pair, FreezeCause.STAFF_RELEASE)

        await hears(db, await news_of(db, pair, 20_000))

        pack = await row_of(db, tables.packs, pair.pack_id)
        assert (pack["state"], pack["frozen_at"], pack["frozen_for"]) == (PackState.REFUNDED, None, None)
        assert (await standing(db, pair)).seat is SeatState.RELEASED

    async def test_bookings_move_to_the_pairs_other_pack_and_the_seat_stays(self, db: Database) -> None:
        pair = await a_pair(db)
        other = await a_pack(db, pair.student, pair.product_id)
        session = await a_session(db, pair, NOW + 3 * DAY)

        await hears(db, await news_of(db, pair, 20_000))

        assert await standing(db, pair) == Standing(20_000, 0, 0, PackState.REFUNDED, SeatState.ACTIVE)
        moved = await row_of(db, tables.sessions, session)
        assert (moved["state"], moved["pack_id"]) == (SessionState.SCHEDULED, other)
        assert (await row_of(db, tables.packs, other))["held"] == 1
        assert await count_of(db, tables.calendar_blocks, tables.calendar_blocks.c.live) == 2
        (change,) = await rows_of(db, tables.history, tables.history.c.verb == "cover")
        assert change["facts"] == {"from_pack": pair.pack_id, "to_pack": other}

    async def test_a_session_that_has_begun_waits_for_its_outcome_and_if_not_held_goes_too(self, db: Database) -> None:
        pair = await a_pair(db)
        session = await a_session(db, pair, NOW - HOUR)
        await hears(db, await news_of(db, pair, 20_000))
        assert await standing(db, pair) == Standing(20_000, 1, 1, PackState.REFUNDED, SeatState.ACTIVE)

        given(await not_held(db, pair.mentor.asker, session))

        assert await standing(db, pair) == Standing(20_000, 0, 0, PackState.REFUNDED, SeatState.GRACE)
        entries = [(row["kind"], row["delta"], row["balance"]) for row in await rows_of(db, tables.ledger)]
        assert entries[1:] == [(EntryKind.REFUND, -3, 1), (EntryKind.REFUND, -1, 0)]

    async def test_while_the_pair_buys_anew_the_seat_goes_to_grace_and_not_to_others(self, db: Database) -> None:
        shop = await a_shop(db)
        pair = await a_pair(db, mentor=shop.mentor, student=shop.student)
        ready = await shop.buys()

        await hears(db, await news_of(db, pair, 20_000))

        assert (await standing(db, pair)).seat is SeatState.GRACE
        given(await settle(db, "stripe", await shop.paid(ready)))
        assert (await standing(db, pair)).seat is SeatState.ACTIVE

    async def test_in_another_currency_it_is_a_fault_and_changes_nothing(self, db: Database) -> None:
        pair = await a_pair(db)

        with pytest.raises(ValueError, match="currency"):
            await settle(db, "stripe", await news_of(db, pair, 20_000, currency="USD"))

        assert await refunds_in(db) == []

    async def test_an_event_that_faults_is_kept_with_its_order_for_staff_to_find(self, db: Database) -> None:
        pair = await a_pair(db)

        given(await keep_failed_event(db, event_of(await news_of(db, pair, 1)), "fault"))

        (event,) = await rows_of(db, tables.provider_events)
        assert event["order_id"] == (await payment_of(db, pair))["order_id"]


class TestOfAPaymentWithoutAPack:
    async def test_a_parked_order_ends_when_all_of_its_money_has_gone_and_frees_its_held_seat(
        self, db: Database
    ) -> None:
        pair = await a_pair(db, seat=SeatState.HELD, remaining=0, state=PackState.DEPLETED)
        order_id = await a_parked_order(db, pair)
        (payment,) = await rows_of(db, tables.payments, tables.payments.c.order_id == order_id)

        await hears(db, RefundNews(payment["provider_ref"], "re_1", 9_000, "EUR", NOW))
        assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.PARKED
        await hears(db, RefundNews(payment["provider_ref"], "re_2", 10_000, "EUR", NOW))

        assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.REFUNDED
        assert (await standing(db, pair)).seat is SeatState.RELEASED
        assert {row["decided_at"] for row in await rows_of(db, tables.refunds)} == {NOW}

    async def test_what_went_back_of_a_parked_payment_is_not_given_back_again(self, db: Database) -> None:
        pair = await a_pair(db)
        order_id = await a_parked_order(db, pair)
        (payment,) = await rows_of(db, tables.payments, tables.payments.c.order_id == order_id)
        await hears(db, RefundNews(payment["provider_ref"], "re_1", 9_000, "EUR", NOW))

        assert given(await refund_parked(db, pair.staff, order_id, "They want it")).amount_minor == 10_000

    async def test_a_second_payment_goes_back_and_leaves_the_pack_of_the_first_alone(self, db: Database) -> None:
        shop = await a_shop(db)
        ready = await shop.buys()
        ref = await shop.ref_of(ready)
        given(await settle(db, "stripe", shop.provider.pay(ref)))
        again = shop.provider.pay_again(ref)
        given(await settle(db, "stripe", again))
        (owed,) = await rows_of(db, tables.refunds)

        await make_refund(db, {"stripe": shop.provider}, owed["id"])

        first, second = await rows_of(db, tables.payments)
        assert (first["refunded_minor"], second["refunded_minor"]) == (0, 20_000)
        (pack,) = await rows_of(db, tables.packs)
        assert (pack["remaining"], pack["state"]) == (4, PackState.ACTIVE)
        assert (await row_of(db, tables.orders, ready.order_id))["state"] is OrderState.FULFILLED


class TestOurOwn:
    async def test_its_answer_and_its_news_are_one_refund_in_either_order(self, db: Database) -> None:
        pair = await a_pair(db)
        provider = LedgerProvider(db.clock)
        refund_id = await we_owe(db, pair, 5_000)
        ref = f"re_refund-{refund_id}-{(await payment_of(db, pair))['provider_ref']}"
        news = await news_of(db, pair, 5_000, ref, refund_id=refund_id)

        await hears(db, news)
        assert await make_refund(db, {"stripe": provider}, refund_id) is RefundState.DONE
        await hears(db, news)

        assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0)]
        assert (await standing(db, pair)).refunded_minor == 5_000
        assert provider.refunds == {}  # heard of before it was asked for: it is not asked for again

    async def test_news_that_comes_while_the_provider_is_asked_is_counted_once(self, db: Database) -> None:
        pair = await a_pair(db)
        refund_id = await we_owe(db, pair, 5_000)
        news = await news_of(db, pair, 5_000, "re_early", refund_id=refund_id)

        class ToldFirst(LedgerProvider):
            async def refund(self, request: RefundRequest) -> Refunded:
                await hears(db, news)
                return Refunded("re_early")

        assert await make_refund(db, {"stripe": ToldFirst(db.clock)}, refund_id) is RefundState.DONE

        assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0)]
        assert (await standing(db, pair)).refunded_minor == 5_000

    async def test_one_without_our_name_of_the_amount_that_we_owe_is_taken_for_it(self, db: Database) -> None:
        pair = await a_pair(db)
        provider = LedgerProvider(db.clock)
        refund_id = await we_owe(db, pair, 5_000)

        await hears(db, await news_of(db, pair, 5_000, "re_from_the_pages"))
        await make_refund(db, {"stripe": provider}, refund_id)

        assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0)]
        assert provider.refunds == {}

    async def test_our_name_on_a_refund_of_another_amount_or_payment_is_not_believed(self, db: Database) -> None:
        pair, other = await a_pair(db), await a_pair(db)
        refund_id = await we_owe(db, pair, 5_000)

        await hears(db, await news_of(db, pair, 4_000, "re_1", refund_id=refund_id))
        await hears(db, await news_of(db, other, 5_000, "re_2", refund_id=refund_id))

        states = [(row["id"] == refund_id, row["state"]) for row in await rows_of(db, tables.refunds)]
        assert states == [(True, RefundState.INTENDED), (False, RefundState.DONE), (False, RefundState.DONE)]

    async def test_given_up_without_an_answer_it_may_turn_out_to_be_made(self, db: Database) -> None:
        pair = await a_pair(db)
        refund_id = await we_owe(db, pair, 5_000)
        provider = LedgerProvider(db.clock, refusing=True)
        assert await make_refund(db, {"stripe": provider}, refund_id) is RefundState.FAILED

        await hears(db, await news_of(db, pair, 5_000, refund_id=refund_id))

        assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0)]
        assert (await standing(db, pair)).refunded_minor == 5_000

    async def test_it_is_not_owed_any_more_if_all_the_money_has_gone_in_another_way(self, db: Database) -> None:
        pair = await a_pair(db)
        part = await we_owe(db, pair, 15_000)
        await hears(db, await news_of(db, pair, 12_000, "re_1"))
        refusing = {"stripe": LedgerProvider(db.clock, refusing=True)}

        await make_refund(db, refusing, part)
        assert await refunds_in(db) == [(RefundState.FAILED, 8_000, 0), (RefundState.DONE, 12_000, 4)]
        await hears(db, await news_of(db, pair, 7_000, "re_2"))
        assert (await refunds_in(db))[0] == (RefundState.FAILED, 1_000, 0)
        await hears(db, await news_of(db, pair, 1_000, "re_3"))

        assert (await refunds_in(db))[0] == (RefundState.REPLACED, 1_000, 0)
        assert (await standing(db, pair)).refunded_minor == 20_000


class TestThatFailsLater:
    async def test_it_regrants_nothing_and_is_owed_again_for_staff_to_see_to(self, db: Database) -> None:
        pair = await a_pair(db)
        await hears(db, await news_of(db, pair, 20_000))

        failed = await news_of(db, pair, 20_000, failed="expired_or_canceled_card")
        await hears(db, failed, failed)

        assert await standing(db, pair) == Standing(0, 0, 0, PackState.REFUNDED, SeatState.RELEASED)
        (refund,) = await rows_of(db, tables.refunds)
        assert (refund["state"], refund["last_error"]) == (RefundState.FAILED, "expired_or_canceled_card")
        assert (await told_to(db, pair))["staff"].count(NoticeKind.REFUND_FAILED_STAFF) == 1

    async def test_paid_by_hand_since_late_news_of_the_failure_changes_nothing(self, db: Database) -> None:
        pair = await a_pair(db)
        made, failed = await news_of(db, pair, 20_000), await news_of(db, pair, 20_000, failed="lost_or_stolen_card")
        await hears(db, made, failed)
        (refund,) = await rows_of(db, tables.refunds)
        given(await refunded_by_hand(db, pair.staff, refund["id"], "by bank transfer"))

        await hears(db, failed, made)

        assert await refunds_in(db) == [(RefundState.DONE, 20_000, 4)]
        assert (await standing(db, pair)).refunded_minor == 20_000

    @pytest.mark.parametrize("said_by_hand", [False, True])
    async def test_made_good_on_the_providers_pages_it_is_owed_and_counted_once(
        self, db: Database, said_by_hand: bool
    ) -> None:
        pair = await a_pair(db)
        await hears(db, await news_of(db, pair, 5_000), await news_of(db, pair, 5_000, failed="no"))
        if said_by_hand:
            (refund,) = await rows_of(db, tables.refunds)
            given(await refunded_by_hand(db, pair.staff, refund["id"], "on the pages"))

        await hears(db, await news_of(db, pair, 5_000, "re_2"), await news_of(db, pair, 5_000, "re_2"))

        assert await refunds_in(db) == [(RefundState.REPLACED, 5_000, 0), (RefundState.DONE, 5_000, 0)]
        assert (await standing(db, pair)).refunded_minor == 5_000
        assert (await told_to(db, pair))["staff"].count(NoticeKind.REFUND_SEEN_STAFF) == 1

    async def test_one_of_the_same_amount_that_is_made_later_than_what_staff_paid_by_hand_is_another(
        self, db: Database, clock: SettableClock
    ) -> None:
        pair = await a_pair(db)
        await hears(db, await news_of(db, pair, 5_000), await news_of(db, pair, 5_000, failed="no"))
        (refund,) = await rows_of(db, tables.refunds)
        given(await refunded_by_hand(db, pair.staff, refund["id"], "by bank transfer"))
        clock.forward(days=30)

        await hears(db, await news_of(db, pair, 5_000, "re_2"))

        assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0), (RefundState.DONE, 5_000, 0)]
        assert (await standing(db, pair)).refunded_minor == 10_000
        assert (await told_to(db, pair))["student"].count(NoticeKind.REFUNDED) == 2
        assert [task.kind for task in given(await tasks(db, pair.staff))] == [TaskKind.REFUND_SEEN] * 2

    @pytest.mark.parametrize("later", [False, True])
    async def test_our_own_that_was_given_up_and_paid_by_hand_counts_once_if_it_had_been_made_before(
        self, db: Database, clock: SettableClock, later: bool
    ) -> None:
        pair = await a_pair(db)
        refund_id = await we_owe(db, pair, 5_000)
        await make_refund(db, {"stripe": LedgerProvider(db.clock, refusing=True)}, refund_id)
        made = await news_of(db, pair, 5_000, refund_id=refund_id)
        given(await refunded_by_hand(db, pair.staff, refund_id, "it was on the pages"))
        clock.forward(hours=1)

        await hears(db, *[replace(made, at=clock.now()) if later else made] * 2)

        first = RefundState.DONE if later else RefundState.REPLACED
        assert await refunds_in(db) == [(first, 5_000, 0), (RefundState.DONE, 5_000, 0)]
        assert (await standing(db, pair)).refunded_minor == (10_000 if later else 5_000)

    @pytest.mark.parametrize("amounts", [(20_000,), (5_000,), (12_000, 8_000)])
    async def test_in_whatever_order_the_news_come_the_end_is_the_same(
        self, db: Database, amounts: tuple[int, ...]
    ) -> None:
        ends = set()
        pairs = [await a_pair(db)]
        for number, order in enumerate(permutations(range(len(amounts) + 1))):
            pair = pairs[0] if number == 0 else await a_pair(db, community=pairs[0].community)
            made = [await news_of(db, pair, minor, f"re_{number}_{each}") for each, minor in enumerate(amounts)]
            failed = await news_of(db, pair, amounts[0], f"re_{number}_0", failed="no")
            told = [*made, failed]

            await hears(db, *(told[each] for each in order), *told)

            payment = await payment_of(db, pair)
            rows = await rows_of(db, tables.refunds, tables.refunds.c.payment_id == payment["id"])
            states = tuple(sorted((row["amount_minor"], row["state"], row["decided_at"] is None) for row in rows))
            ends.add((await standing(db, pair), await order_state(db, pair), states))

        assert len(ends) == 1


class TestBeforeItsPaymentIsKnown:
    async def test_the_news_waits_and_is_woken_by_the_payment(self, db: Database) -> None:
        shop = await a_shop(db)
        ready = await shop.buys()
        paid = await shop.paid(ready)
        news = RefundNews(paid.payment_ref, "re_1", 20_000, "EUR", NOW)

        assert given(await settle_event(db, event_of(news, "evt_refund"))).what == "parked"
        (event,) = await rows_of(db, tables.provider_events)
        assert (event["state"], event["about"]) == (EventState.PARKED, paid.payment_ref)
        assert given(await settle_event(db, event_of(paid, "evt_paid"))).what == "fulfilled"

        event = await row_of(db, tables.provider_events, event["id"])
        assert (event["state"], event["next_attempt_at"]) == (EventState.FAILED, NOW)

    async def test_news_that_missed_its_payment_by_an_instant_is_woken_by_the_jobs(self, db: Database) -> None:
        pair = await a_pair(db)
        payment = await payment_of(db, pair)
        values = {"event_id": "evt_1", "kind": "refund.created", "state": EventState.PARKED, "body": b"{}"}
        async with db.begin() as tx:
            for event, about in (("evt_1", payment["provider_ref"]), ("evt_2", "pi_of_another_shop")):
                row = values | {"event_id": event, "about": about, "provider": "stripe", "received_at": tx.now}
                await tx.run(insert(tables.provider_events).values(row))

        await wake_news_of_known_payments(db)

        states = {row["event_id"]: row["state"] for row in await rows_of(db, tables.provider_events)}
        assert states == {"evt_1": EventState.FAILED, "evt_2": EventState.PARKED}

    async def test_that_something_changed_makes_the_payment_due_for_a_question(self, db: Database) -> None:
        pair = await a_pair(db)
        async with db.begin() as tx:
            await tx.run(update(tables.payments).values(attempts=9))
        payment = await payment_of(db, pair)

        given(await settle(db, "stripe", RefundsChanged(payment["provider_ref"])))

        payment = await payment_of(db, pair)
        assert (payment["next_attempt_at"], payment["attempts"]) == (NOW, 0)


async def test_what_a_dispute_took_is_not_owed_when_a_refund_turns_out_to_have_failed(db: Database) -> None:
    """At the provider the refund failed before the dispute; the news of it comes last."""
    pair = await a_pair(db)
    refund = await news_of(db, pair, 20_000)
    await hears(db, refund)
    await disputes.tells(db, pair, disputes.LOST)
    assert (await payment_of(db, pair))["lost_minor"] == 0  # it cannot take what has gone

    await hears(db, replace(refund, failed="account_closed"))

    books = await payment_of(db, pair)
    assert (books["refunded_minor"], books["lost_minor"]) == (0, 20_000)
    assert await refunds_in(db) == [(RefundState.REPLACED, 20_000, 4)]


async def test_a_refund_of_money_that_came_back_from_another_waits_until_we_hear_of_that(db: Database) -> None:
    pair = await a_pair(db)
    first = await news_of(db, pair, 20_000)
    await hears(db, first)
    second = await news_of(db, pair, 15_000, "re_2")

    assert why(await settle(db, "stripe", second)) is Reason.MORE_THAN_LEFT
    assert (await payment_of(db, pair))["refunded_minor"] == 20_000

    await hears(db, replace(first, failed="account_closed"), second)
    assert (await payment_of(db, pair))["refunded_minor"] == 15_000


async def test_what_failed_is_heard_before_what_went_instead(db: Database) -> None:
    """Providers list the latest first."""
    pair = await a_pair(db)
    provider = LedgerProvider(db.clock)
    first = await news_of(db, pair, 20_000)
    await hears(db, first)
    provider.refund_news = [await news_of(db, pair, 15_000, "re_2"), replace(first, failed="account_closed")]

    assert await settle_refunds_of(db, provider, first.payment_ref) is None

    assert (await payment_of(db, pair))["refunded_minor"] == 15_000
