"""A late approval meets whoever closes the order or releases the seat: no seat is left over, and none is missing."""

import pytest
from sqlalchemy import RowMapping, select

from core.db import tables
from core.db.seats import take_seat
from core.db.unit import Database
from core.rules.refusals import Reason, Refused
from core.rules.states import OrderState, SeatState
from core.usecases.buying.checkout import ask_provider, leave
from core.usecases.buying.settle import settle
from core.usecases.seats.release import release
from tests.answers import given, why
from tests.builders import HOUR, a_seat, row_of, rows_of
from tests.clocks import SettableClock
from tests.machines.invariants import breaches, occupied
from tests.races.gate import at_once
from tests.usecases.buying.steps import URL, Shop, a_shop
from tests.usecases.seats.steps import warn

_EVERY_ORDER = select(tables.orders.c.id)


async def ran_out(shop: Shop, clock: SettableClock) -> tuple[int, str]:
    """An order whose checkout ran out: its id, and the checkout's."""
    ready = await shop.buys()
    ref = await shop.ref_of(ready)
    clock.forward(minutes=36)
    assert given(await ask_provider(shop.db, shop.provider, URL, ready.order_id)).what == "closed"
    return ready.order_id, ref


async def seat_states(db: Database) -> list[SeatState]:
    return [row["state"] for row in await rows_of(db, tables.seats)]


async def test_a_close_that_waited_for_a_late_approval_sees_the_seat_that_it_took(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db, capacity=1)
    order_id, ref = await ran_out(shop, clock)
    closed, approved = shop.provider.news[ref], shop.provider.approve(ref)

    await at_once(db, settle(db, "stripe", approved), settle(db, "stripe", closed), closed=_EVERY_ORDER)

    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.CLOSED
    assert await seat_states(db) == [SeatState.RELEASED, SeatState.RELEASED]
    assert await breaches(db) == {}


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_control_who_waits_for_the_order_in_one_statement_misses_the_seat(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db, capacity=1)
    await ran_out(shop, clock)
    pair = {"student_id": shop.student.id, "mentor_id": shop.mentor.id}

    async def take() -> int:
        async with db.begin() as tx:
            await tx.run(_EVERY_ORDER.with_for_update())
            return await take_seat(tx, community_id=shop.mentor.community.id, **pair, state=SeatState.HELD)

    async def look() -> RowMapping | None:
        live = (tables.seats.c.student_id == tables.orders.c.student_id) & (tables.seats.c.state != SeatState.RELEASED)
        async with db.begin() as tx:
            joined = select(tables.orders.c.id, tables.seats.c.state).outerjoin(tables.seats, live)
            return await tx.one(joined.with_for_update(of=tables.orders))

    _, seen = await at_once(db, take(), look(), closed=_EVERY_ORDER)

    assert isinstance(seen, RowMapping)
    assert seen["state"] is None
    assert await seat_states(db) == [SeatState.RELEASED, SeatState.HELD]


async def test_an_approval_that_waited_for_the_release_takes_a_seat_anew(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db, capacity=1)
    in_an_hour = clock.now() + HOUR
    seat_id = await a_seat(db, shop.student, shop.mentor, SeatState.GRACE, grace_ends_at=in_an_hour)
    order_id, ref = await ran_out(shop, clock)
    await warn(db, seat_id)
    clock.forward(hours=1)
    approved = shop.provider.approve(ref)

    released, _ = await at_once(db, release(db, seat_id), settle(db, "stripe", approved))

    assert not isinstance(released, Refused)
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.OPEN
    assert await seat_states(db) == [SeatState.RELEASED, SeatState.HELD]
    assert await occupied(db) == {shop.mentor.id: (1, 1)}
    assert await breaches(db) == {}


@pytest.mark.parametrize("approved_first", [True, False])
async def test_of_an_approval_and_a_leaving_at_once_one_counts(db: Database, approved_first: bool) -> None:
    shop = await a_shop(db, capacity=1)
    ready = await shop.buys()
    approved = shop.provider.approve(await shop.ref_of(ready))
    calls = [settle(db, "stripe", approved), leave(db, shop.provider, URL, ready.order_id)]

    answers = await at_once(db, *(calls if approved_first else calls[::-1]), closed=_EVERY_ORDER)

    heard, left = answers if approved_first else answers[::-1]
    stands = given(heard).what == "approved"
    assert why(left) is (Reason.PAYMENT_IS_SETTLING if stands else None)
    order = await row_of(db, tables.orders, ready.order_id)
    assert order["state"] is (OrderState.OPEN if stands else OrderState.CLOSED)
    assert await seat_states(db) == [SeatState.HELD if stands else SeatState.RELEASED]
    if db.engine.dialect.name == "postgresql":
        assert stands is approved_first
