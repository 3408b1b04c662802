"""Money that is not what its order says waits for staff, who grant what was ordered or give it back (rule 26)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.ports import DisputeNews
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused
from core.rules.states import DisputeOutcome, OrderState, RefundCause, RefundState, SeatState
from core.usecases.asker import Asker
from core.usecases.buying.checkout import leave
from core.usecases.buying.decide_parked import Decided, grant_parked, refund_parked
from core.usecases.buying.settle import settle, settle_event
from core.usecases.refunds.make_refund import make_refund
from tests.answers import given, why
from tests.builders import BESIDE_EXPIRY, DAY, a_community, a_pair, count_of, row_of, rows_of, staff_of
from tests.clocks import NOW
from tests.usecases.buying.steps import URL, Shop, a_shop, event_of

DECISIONS = pytest.mark.parametrize("decide", [grant_parked, refund_parked], ids=["grant", "give back"])


async def a_parked_purchase(db: Database, *, capacity: int = 5) -> tuple[Shop, int]:
    """A first purchase that was paid with five euros too little."""
    shop = await a_shop(db, capacity)
    ready = await shop.buys()
    paid = replace(await shop.paid(ready), amount_minor=19_500)
    assert given(await settle_event(db, event_of(paid))).state is OrderState.PARKED
    return shop, ready.order_id


def staff(shop: Shop) -> Asker:
    return staff_of(shop.mentor.community)


async def told(db: Database) -> list[NoticeKind]:
    return [row["kind"] for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]


async def test_granting_gives_what_was_ordered_and_says_who_and_why(db: Database) -> None:
    shop, order_id = await a_parked_purchase(db)

    done = given(await grant_parked(db, staff(shop), order_id, "a rounding of  the bank"))

    assert done == Decided(order_id, OrderState.FULFILLED, "Stu", "Mara", "Four sessions", 19_500, "EUR")
    (seat,) = await rows_of(db, tables.seats)
    (pack,) = await rows_of(db, tables.packs)
    assert (seat["state"], pack["order_id"], pack["remaining"]) == (SeatState.ACTIVE, order_id, 4)
    assert await count_of(db, tables.refunds) == 0
    assert set(await told(db)) == {
        NoticeKind.PAYMENT_PARKED,
        NoticeKind.PAYMENT_PARKED_STAFF,
        NoticeKind.PURCHASE_CONFIRMED,
        NoticeKind.STUDENT_JOINED,
    }
    (change,) = await rows_of(db, tables.history, tables.history.c.verb == "fulfil", tables.history.c.entity == "order")
    assert (change["before"], change["after"], change["why"]) == ("parked", "fulfilled", "a rounding of the bank")
    assert change["actor_id"] is not None


async def test_giving_back_refunds_all_of_it_and_frees_the_seat(db: Database) -> None:
    shop, order_id = await a_parked_purchase(db)

    done = given(await refund_parked(db, staff(shop), order_id, "they want it back"))

    assert (done.state, done.amount_minor) == (OrderState.REFUNDED, 19_500)
    (seat,) = await rows_of(db, tables.seats)
    (refund,) = await rows_of(db, tables.refunds)
    assert seat["state"] is SeatState.RELEASED
    assert (refund["state"], refund["cause"], refund["amount_minor"]) == (
        RefundState.INTENDED,
        RefundCause.STAFF,
        19_500,
    )
    assert await count_of(db, tables.packs) == 0
    assert (await told(db))[-1] is NoticeKind.PARKED_REFUNDED
    assert await make_refund(db, {"stripe": shop.provider}, refund["id"]) is RefundState.DONE
    (payment,) = await rows_of(db, tables.payments)
    assert payment["refunded_minor"] == payment["amount_minor"]


async def test_a_seat_that_was_there_before_stays_when_the_money_of_its_renewal_goes_back(db: Database) -> None:
    shop, order_id = await a_parked_purchase(db)
    async with db.begin() as tx:
        await tx.run(update(tables.seats).values(state=SeatState.ACTIVE))

    given(await refund_parked(db, staff(shop), order_id, "they want it back"))

    (seat,) = await rows_of(db, tables.seats)
    assert seat["state"] is SeatState.ACTIVE


async def test_a_seat_that_another_checkout_of_the_pair_holds_stays_held(db: Database) -> None:
    shop = await a_shop(db)
    left = await shop.buys()
    given(await leave(db, shop.provider, URL, left.order_id))
    await shop.buys()
    paid = replace(await shop.paid(left), amount_minor=19_500)
    assert given(await settle_event(db, event_of(paid))).state is OrderState.PARKED

    given(await refund_parked(db, staff(shop), left.order_id, "they pay anew"))

    assert [row["state"] for row in await rows_of(db, tables.seats)] == [SeatState.RELEASED, SeatState.HELD]


async def test_granting_gives_a_seat_above_capacity_if_it_was_lost_meanwhile(db: Database) -> None:
    shop, order_id = await a_parked_purchase(db, capacity=1)
    async with db.begin() as tx:
        await tx.run(update(tables.seats).values(state=SeatState.RELEASED, released_at=tx.now))
    await a_pair(db, mentor=shop.mentor)

    assert given(await grant_parked(db, staff(shop), order_id, "promised")).state is OrderState.FULFILLED

    assert NoticeKind.ABOVE_CAPACITY_STAFF in await told(db)


@DECISIONS
async def test_what_is_decided_is_decided(db: Database, decide: Any) -> None:
    shop, order_id = await a_parked_purchase(db)
    given(await decide(db, staff(shop), order_id, "once"))

    assert why(await grant_parked(db, staff(shop), order_id, "twice")) is Reason.ALREADY_DECIDED
    assert why(await refund_parked(db, staff(shop), order_id, "twice")) is Reason.ALREADY_DECIDED


@DECISIONS
async def test_while_the_money_is_disputed_nobody_decides_but_the_bank(db: Database, decide: Any) -> None:
    shop, order_id = await a_parked_purchase(db)
    (payment,) = await rows_of(db, tables.payments)
    dispute = DisputeNews(payment["provider_ref"], "dp_1", 19_500, "EUR", NOW)
    given(await settle(db, "stripe", dispute))

    assert why(await decide(db, staff(shop), order_id, "theirs")) is Reason.DISPUTE_IS_OPEN

    given(await settle(db, "stripe", replace(dispute, at=NOW + DAY, outcome=DisputeOutcome.WON)))
    assert given(await decide(db, staff(shop), order_id, "ours")).order_id == order_id


async def test_of_two_who_decide_at_once_one_does(db: Database) -> None:
    shop, order_id = await a_parked_purchase(db)

    answers = await asyncio.gather(
        *(decide(db, staff(shop), order_id, "mine") for decide in (grant_parked, refund_parked) * 3)
    )

    (one,) = [answer for answer in answers if not isinstance(answer, Refused)]
    packs, refunds = await count_of(db, tables.packs), await count_of(db, tables.refunds)
    assert (packs, refunds) == ((1, 0) if one.state is OrderState.FULFILLED else (0, 1))


@DECISIONS
async def test_nobody_else_decides_and_not_without_a_reason(db: Database, decide: Any) -> None:
    shop, order_id = await a_parked_purchase(db)
    elsewhere = staff_of(await a_community(db))

    assert why(await decide(db, shop.mentor.asker, order_id, "mine")) is Reason.NOT_STAFF
    assert why(await decide(db, shop.student.asker, order_id, "mine")) is Reason.NOT_STAFF
    assert why(await decide(db, elsewhere, order_id, "mine")) is Reason.UNKNOWN_ORDER
    assert why(await decide(db, staff(shop), order_id, "  ")) is Reason.REASON_MISSING
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.PARKED
