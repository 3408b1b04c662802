"""Settling: once per order, by whatever road the news comes, and only by money that agrees (rules 25 to 27)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.ports import CheckoutNews, ClosedUnpaid
from core.rules.notices import NoticeKind
from core.rules.refusals import Refused
from core.rules.states import EventState, OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.checkout import ask_provider, leave
from core.usecases.buying.settle import Settled, keep_failed_event, settle, settle_event
from tests.builders import DAY, a_member, a_pack, a_pair, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.statements import statements
from tests.usecases.buying.steps import URL, a_shop, event_of, notice_kinds


async def snapshot(db: Database) -> dict[str, list[dict[str, object]]]:
    """Every row of every table, but for the log of events."""
    return {
        name: [dict(row) for row in await rows_of(db, table)]
        for name, table in tables.metadata.tables.items()
        if name != "provider_events"
    }


async def test_a_paid_order_gives_a_pack_a_ledger_entry_and_the_seat(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()

    settled = await settle_event(db, event_of(await shop.paid(ready)))

    (pack,) = await rows_of(db, tables.packs)
    (entry,) = await rows_of(db, tables.ledger)
    (seat,) = await rows_of(db, tables.seats)
    assert settled == Settled(ready.order_id, OrderState.FULFILLED, "fulfilled")
    assert (pack["total"], pack["remaining"], pack["held"]) == (4, 4, 0)
    assert pack["expires_at"] == clock.now() + timedelta(days=60)
    assert (entry["delta"], entry["balance"]) == (4, 4)
    assert seat["state"] is SeatState.ACTIVE
    assert await notice_kinds(db) == [NoticeKind.PURCHASE_CONFIRMED, NoticeKind.STUDENT_JOINED]


async def test_an_event_that_was_told_before_changes_nothing(db: Database) -> None:
    shop = await a_shop(db)
    told = event_of(await shop.paid(await shop.buys()))
    await settle_event(db, told)
    before = await snapshot(db)

    again = await settle_event(db, told)

    assert not isinstance(again, Refused)
    assert again.what == "known"
    assert await snapshot(db) == before


async def test_the_same_payment_by_another_road_changes_nothing(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    await settle_event(db, event_of(await shop.paid(ready)))
    before = await snapshot(db)

    await settle_event(db, event_of(shop.provider.news[await shop.ref_of(ready)], "evt_2"))
    await ask_provider(db, shop.provider, URL, ready.order_id)

    assert await snapshot(db) == before


async def test_news_that_comes_before_we_noted_the_checkout_finds_its_order(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    async with db.begin() as tx:
        await tx.run(update(tables.checkouts).values(provider_ref=None, opened_at=None, url=None))

    settled = await settle_event(db, event_of(paid))

    assert not isinstance(settled, Refused)
    assert settled.state is OrderState.FULFILLED


async def test_an_order_id_alone_does_not_pay_for_an_order_with_another_checkout(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    foreign = replace(await shop.paid(ready), checkout_ref="cs_of_somebody_else")

    settled = await settle_event(db, event_of(foreign))

    assert settled == Settled(None, None, "parked")
    assert await count_of(db, tables.packs) == 0


class TestARenewal:
    async def test_in_grace_makes_the_seat_active_and_clears_the_end(self, db: Database) -> None:
        shop = await a_shop(db)
        await a_pair(db, mentor=shop.mentor, student=shop.student, seat=SeatState.GRACE)

        await settle(db, "stripe", await shop.paid(await shop.buys()))

        (seat,) = await rows_of(db, tables.seats)
        assert (seat["state"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None)
        assert await notice_kinds(db) == [NoticeKind.SEAT_RENEWED]

    async def test_that_comes_early_loses_nothing(self, db: Database, clock: SettableClock) -> None:
        shop = await a_shop(db)
        await a_pair(db, mentor=shop.mentor, student=shop.student, expires_at=clock.now() + timedelta(days=20))

        await settle(db, "stripe", await shop.paid(await shop.buys()))

        last = (await rows_of(db, tables.packs))[-1]
        assert last["expires_at"] == clock.now() + timedelta(days=80)

    async def test_that_was_paid_in_time_keeps_a_seat_released_meanwhile(self, db: Database) -> None:
        shop = await a_shop(db, capacity=1)
        pair = await a_pair(db, mentor=shop.mentor, student=shop.student, seat=SeatState.GRACE)
        paid = await shop.paid(await shop.buys())
        async with db.begin() as tx:
            await tx.run(update(tables.seats).values(state=SeatState.RELEASED, released_at=tx.now, grace_ends_at=None))
        other = await a_member(db, shop.mentor.community, "Olli")
        await shop.buys(other.asker)

        await settle_event(db, event_of(paid))

        assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
        assert NoticeKind.ABOVE_CAPACITY_STAFF in await notice_kinds(db)


class TestAPaymentThatTakesDays:
    async def test_keeps_the_seat_while_it_is_pending(self, db: Database) -> None:
        shop = await a_shop(db)
        ready = await shop.buys()

        settled = await settle_event(db, event_of(shop.provider.pay_later(await shop.ref_of(ready))))

        (seat,) = await rows_of(db, tables.seats)
        assert settled == Settled(ready.order_id, OrderState.PENDING, "pending")
        assert seat["state"] is SeatState.HELD
        assert await count_of(db, tables.packs) == 0
        told, late = await rows_of(db, tables.notices)
        assert (told["kind"], late["kind"]) == (NoticeKind.PAYMENT_PENDING, NoticeKind.PAYMENT_LATE_STAFF)
        assert (late["to_member_id"], late["due_at"]) == (None, NOW + 7 * DAY)

    async def test_fulfils_when_the_money_came(self, db: Database) -> None:
        shop = await a_shop(db)
        ready = await shop.buys()
        await settle_event(db, event_of(shop.provider.pay_later(await shop.ref_of(ready))))

        await settle_event(db, event_of(await shop.paid(ready), "evt_2"))

        assert (await row_of(db, tables.orders, ready.order_id))["state"] is OrderState.FULFILLED


class TestLateNews:
    @pytest.mark.parametrize("late", ["closed", "failed", "pending"])
    async def test_after_the_payment_changes_nothing(self, db: Database, late: str) -> None:
        shop = await a_shop(db)
        ready = await shop.buys()
        ref = await shop.ref_of(ready)
        await settle_event(db, event_of(await shop.paid(ready)))
        before = await snapshot(db)
        told: dict[str, CheckoutNews] = {
            "closed": ClosedUnpaid(ref),
            "failed": shop.provider.fail(ref),
            "pending": shop.provider.pay_later(ref),
        }

        await settle_event(db, event_of(told[late], "evt_2"))

        assert await snapshot(db) == before

    async def test_of_two_seatless_payments_keeps_one_place_in_the_line(self, db: Database) -> None:
        shop = await a_shop(db, capacity=1)
        first = await shop.buys()
        await leave(db, shop.provider, URL, first.order_id)
        second = await shop.buys()
        await leave(db, shop.provider, URL, second.order_id)
        other = await a_member(db, shop.mentor.community, "Olli")
        await shop.buys(other.asker)

        await settle_event(db, event_of(await shop.paid(first)))
        await settle_event(db, event_of(await shop.paid(second), "evt_2"))

        assert await count_of(db, tables.refunds) == 2
        assert await count_of(db, tables.waiting_list) == 1


class TestAnEvent:
    async def test_of_a_kind_that_we_do_not_know_is_parked_whole(self, db: Database) -> None:
        settled = await settle_event(db, event_of(None))

        (row,) = await rows_of(db, tables.provider_events)
        assert settled == Settled(None, None, "parked")
        assert (row["state"], row["body"], row["why"]) == (EventState.PARKED, b'{"as": "told"}', "unknown kind")

    async def test_of_nobodys_order_is_parked(self, db: Database) -> None:
        await settle_event(db, event_of(ClosedUnpaid("cs_of_nobody")))

        (row,) = await rows_of(db, tables.provider_events)
        assert row["state"] is EventState.PARKED

    async def test_that_failed_is_settled_when_it_is_told_again(self, db: Database) -> None:
        shop = await a_shop(db)
        told = event_of(await shop.paid(await shop.buys()))
        await keep_failed_event(db, told, "the disk was full")

        settled = await settle_event(db, told)

        (row,) = await rows_of(db, tables.provider_events)
        assert not isinstance(settled, Refused)
        assert settled.state is OrderState.FULFILLED
        assert row["state"] is EventState.APPLIED

    async def test_that_was_settled_is_not_failed_afterwards(self, db: Database) -> None:
        told = event_of(None)
        await settle_event(db, told)

        await keep_failed_event(db, told, "came too late")

        (row,) = await rows_of(db, tables.provider_events)
        assert row["state"] is EventState.PARKED


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.parametrize("renews", [False, True], ids=["a purchase", "a renewal in grace"])
async def test_settling_a_paid_webhook_takes_eight_statements_at_the_most(db: Database, renews: bool) -> None:
    shop = await a_shop(db)
    if renews:
        await a_pair(db, mentor=shop.mentor, student=shop.student, seat=SeatState.GRACE)
    told = event_of(await shop.paid(await shop.buys()))

    with statements(db) as sent:
        await settle_event(db, told)

    assert len(sent) <= 8, sent


async def test_replayed_history_gives_every_states_row(db: Database) -> None:
    shop = await a_shop(db)
    await settle_event(db, event_of(await shop.paid(await shop.buys())))
    await leave(db, shop.provider, URL, (await shop.buys()).order_id)

    replayed: dict[tuple[str, int], str] = {}
    for row in await rows_of(db, tables.history):
        entity = (row["entity"], row["entity_id"])
        assert row["before"] == replayed.get(entity)
        replayed[entity] = row["after"]

    for name, table in (("order", tables.orders), ("seat", tables.seats), ("pack", tables.packs)):
        for row in await rows_of(db, table):
            assert replayed[name, row["id"]] == row["state"]


async def test_a_pack_of_another_student_is_none_of_this_pairs_renewal(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    other = await a_member(db, shop.mentor.community, "Olli")
    await a_pack(db, other, shop.product_id, expires_at=clock.now() + timedelta(days=300))

    bought = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id)
    assert isinstance(bought, CheckoutReady)
    await settle(db, "stripe", await shop.paid(bought))

    mine = [row for row in await rows_of(db, tables.packs) if row["student_id"] == shop.student.id]
    assert mine[0]["expires_at"] == clock.now() + timedelta(days=60)
