"""Many at once want the last seat, or bring the same news: one wins, and nobody is charged for nothing."""

import asyncio

from sqlalchemy import insert, update

from core.db import tables
from core.db.seats import occupied_of, take_seat
from core.db.unit import Database
from core.rules.refusals import Reason, Refused
from core.rules.states import OrderState, PackState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.checkout import ask_provider
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import settle_event
from core.usecases.seats.release import Released, release
from tests.builders import BESIDE_EXPIRY, Person, a_member, a_pair, a_product, a_seat, count_of, rows_of
from tests.clocks import SettableClock
from tests.usecases.buying.steps import URL, Shop, a_shop, event_of
from tests.usecases.seats.steps import warn

TEN = 10


async def students_of(shop: Shop) -> list[Person]:
    return [await a_member(shop.db, shop.mentor.community, f"Student {number}") for number in range(TEN)]


async def test_of_ten_students_who_want_the_last_seat_one_gets_it(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    students = await students_of(shop)

    answers = await asyncio.gather(
        *(buy(db, shop.providers, URL, student.asker, shop.mentor.id) for student in students)
    )

    refused = [answer.reason for answer in answers if isinstance(answer, Refused)]
    assert refused == [Reason.MENTOR_FULL] * 9
    assert await count_of(db, tables.seats) == 1
    assert len(shop.provider.checkouts) == 1


async def test_control_without_the_lock_ten_students_take_the_last_seat(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    students = await students_of(shop)
    everybody_looked = asyncio.Barrier(TEN)

    async def look_then_take(student: Person) -> None:
        async with db.look() as tx:
            free = await tx.value(occupied_of(shop.mentor.id)) < 1
        await everybody_looked.wait()
        if free:
            async with db.begin() as tx:
                await take_seat(
                    tx,
                    community_id=shop.mentor.community.id,
                    student_id=student.id,
                    mentor_id=shop.mentor.id,
                    state=SeatState.HELD,
                )

    await asyncio.gather(*(look_then_take(student) for student in students))

    assert await count_of(db, tables.seats) == TEN


async def test_ten_clicks_of_one_student_give_one_checkout(db: Database) -> None:
    shop = await a_shop(db)

    answers = await asyncio.gather(
        *(buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id) for _ in range(TEN))
    )

    ready = [answer for answer in answers if isinstance(answer, CheckoutReady)]
    assert len({each.pay_url for each in ready}) == 1
    assert len(ready) == TEN
    assert len(shop.provider.checkouts) == 1


async def test_two_choices_at_once_leave_one_open_order(db: Database) -> None:
    shop = await a_shop(db)
    larger = await a_product(db, shop.mentor, name="Twelve sessions", sessions=12)

    await asyncio.gather(
        *(
            buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(product))
            for product in (shop.product_id, larger)
        )
    )

    assert await count_of(db, tables.orders, tables.orders.c.state == OrderState.OPEN) == 1
    assert await count_of(db, tables.seats, tables.seats.c.state == SeatState.HELD) == 1


async def test_ten_deliveries_of_a_webhook_and_the_return_page_fulfil_once(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = await shop.paid(ready)
    same = [settle_event(db, event_of(paid)) for _ in range(TEN)]
    others = [settle_event(db, event_of(paid, f"evt_other_{number}")) for number in range(3)]
    pages = [ask_provider(db, shop.provider, URL, ready.order_id) for _ in range(3)]

    answers = await asyncio.gather(*same, *others, *pages)

    fulfilled = [answer for answer in answers if not isinstance(answer, Refused) and answer.what == "fulfilled"]
    assert len(fulfilled) == 1
    for table in (tables.payments, tables.packs, tables.ledger, tables.seats):
        assert await count_of(db, table) == 1, table.name
    assert await count_of(db, tables.notices, BESIDE_EXPIRY) == 2
    assert await count_of(db, tables.notices, ~BESIDE_EXPIRY) == 2
    assert await count_of(db, tables.refunds) == 0


async def test_control_by_the_orders_state_alone_ten_deliveries_give_ten_packs(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    everybody_looked = asyncio.Barrier(TEN)

    async def look_then_grant() -> None:
        (order,) = await rows_of(db, tables.orders)
        await everybody_looked.wait()
        if order["state"] is OrderState.OPEN:
            async with db.begin() as tx:
                await tx.run(
                    update(tables.orders)
                    .where(tables.orders.c.id == ready.order_id)
                    .values(state=OrderState.FULFILLED, settled_at=tx.now)
                )
                # Without the link to its order: `uq_packs_order_id` is the guard that this control takes away.
                await tx.run(
                    insert(tables.packs).values(
                        community_id=order["community_id"],
                        student_id=order["student_id"],
                        mentor_id=order["mentor_id"],
                        granted_by=order["mentor_id"],
                        state=PackState.ACTIVE,
                        total=4,
                        remaining=4,
                        session_minutes=60,
                        expires_at=tx.now,
                        created_at=tx.now,
                    )
                )

    await asyncio.gather(*(look_then_grant() for _ in range(TEN)))

    assert await count_of(db, tables.packs) == TEN


async def test_renewal_and_release_at_the_boundary_leave_one_outcome(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    seat_id = await a_seat(db, shop.student, shop.mentor, SeatState.GRACE, grace_ends_at=clock.now())
    await warn(db, seat_id)

    bought, released = await asyncio.gather(
        buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id), release(db, seat_id)
    )

    (seat, *_) = await rows_of(db, tables.seats)
    assert isinstance(released, Released)
    assert seat["state"] is SeatState.RELEASED
    # Before the release grace was over; after it the student buys like anybody, on a new seat.
    if isinstance(bought, Refused):
        assert bought.reason is Reason.GRACE_IS_OVER
    else:
        assert await count_of(db, tables.seats, tables.seats.c.state == SeatState.HELD) == 1


async def test_a_payment_and_the_release_at_the_same_instant_keep_the_seat(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student, seat=SeatState.GRACE)
    paid = await shop.paid(await shop.buys())
    clock.forward(days=3)
    await warn(db, pair.seat_id)

    await asyncio.gather(settle_event(db, event_of(paid)), *(release(db, pair.seat_id) for _ in range(3)))

    (seat,) = await rows_of(db, tables.seats)
    assert seat["state"] is SeatState.ACTIVE
    assert await count_of(db, tables.packs, tables.packs.c.state == PackState.ACTIVE) == 2
