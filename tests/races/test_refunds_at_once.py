"""Money that goes back at the same instant as something else: never more than was paid, never a session twice (28)."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from core.db import tables
from core.db.refunds import given_back
from core.db.unit import Database
from core.ports import RefundNews
from core.rules.refusals import Reason
from core.rules.states import EntryKind, OrderState, PackState, RefundState, SeatState, SessionState
from core.usecases.booking.book import Booked, book
from core.usecases.buying.decide_parked import Decided, grant_parked
from core.usecases.buying.settle import settle
from core.usecases.completion.complete import complete
from core.usecases.completion.outcome import Completed
from core.usecases.refunds.case import RefundDone, RefundPreview
from core.usecases.refunds.make_refund import make_refund
from core.usecases.refunds.refund_order import Wish, preview_refund, refund_order
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_pair, a_session, count_of, row_of, rows_of, staff_of
from tests.clocks import NOW
from tests.provider import LedgerProvider
from tests.races.gate import at_once
from tests.usecases.buying.steps import a_shop
from tests.usecases.completion.steps import breaks
from tests.usecases.disputes.steps import dispute_of
from tests.usecases.refunds.steps import Standing, hears, news_of, payment_of, standing

TEN = 10


async def looked_at(db: Database, pair: Pair, sessions: int | None = None) -> RefundPreview:
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    return given(await preview_refund(db, pair.staff, Wish(order_id, "They move away", sessions)))


async def refunded(db: Database, pair: Pair, shown: RefundPreview) -> object:
    wish = Wish(shown.order_id, shown.reason, shown.sessions, shown.amount_minor)
    return await refund_order(db, pair.staff, wish, shown.seen)


async def ledgers_sum(db: Database) -> int:
    return sum(row["delta"] for row in await rows_of(db, tables.ledger))


async def owed(db: Database) -> int:
    return sum(row["amount_minor"] for row in await rows_of(db, tables.refunds))


async def test_of_ten_staff_who_give_it_all_back_at_once_one_does(db: Database) -> None:
    pair = await a_pair(db)
    shown = await looked_at(db, pair)

    answers = await at_once(db, *(refunded(db, pair, shown) for _ in range(TEN)))

    assert [type(answer) for answer in answers].count(RefundDone) == 1
    assert {why(answer) for answer in answers} == {None, Reason.STALE_REFUND}
    assert await owed(db) == 20_000
    assert await standing(db, pair) == Standing(0, 0, 0, PackState.REFUNDED, SeatState.RELEASED)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.REFUND) == 1


async def test_control_by_a_look_alone_ten_times_the_money_is_owed(db: Database) -> None:
    pair = await a_pair(db)
    payment_id = (await payment_of(db, pair))["id"]
    everybody_looked = asyncio.Barrier(TEN)

    async def look_then_owe() -> None:
        async with db.look() as tx:
            left = (await given_back(tx, payment_id)).left_minor
        await everybody_looked.wait()
        if left == 20_000:
            async with db.begin() as tx:
                owing = {"state": RefundState.INTENDED, "cause": "staff", "amount_minor": left, "created_at": tx.now}
                await tx.run(insert(tables.refunds).values(payment_id=payment_id, **owing))

    await asyncio.gather(*(look_then_owe() for _ in range(TEN)))

    assert await owed(db) == TEN * 20_000


@pytest.mark.parametrize("refund_first", [True, False])
async def test_the_last_session_is_booked_or_refunded_and_never_both(db: Database, refund_first: bool) -> None:
    pair = await a_pair(db, remaining=1)
    shown = await looked_at(db, pair)

    async def booked() -> object:
        return await book(db, pair.student.asker, pair.mentor.id, NOW + 2 * DAY)

    calls = [refunded(db, pair, shown), booked()]
    answers = await at_once(db, *(calls if refund_first else calls[::-1]))

    now = await standing(db, pair)
    scheduled = await count_of(db, tables.sessions, tables.sessions.c.state == SessionState.SCHEDULED)
    is_refunded = any(isinstance(answer, RefundDone) for answer in answers)
    is_booked = any(isinstance(answer, Booked) for answer in answers)
    assert is_refunded is not is_booked
    assert (now.remaining, now.held, scheduled) == ((0, 0, 0) if is_refunded else (1, 1, 1))
    assert await ledgers_sum(db) == now.remaining
    assert await count_of(db, tables.calendar_blocks, tables.calendar_blocks.c.live) == 2 * scheduled


@pytest.mark.parametrize("refund_first", [True, False])
async def test_a_session_that_is_completed_at_that_instant_is_used_and_not_refunded(
    db: Database, refund_first: bool
) -> None:
    pair = await a_pair(db, total=2)
    session = await a_session(db, pair, NOW - HOUR)
    shown = await looked_at(db, pair)
    assert shown.sessions == 1

    async def completed() -> object:
        return await complete(db, pair.mentor.asker, session)

    calls = [refunded(db, pair, shown), completed()]
    answers = await at_once(db, *(calls if refund_first else calls[::-1]))

    now = await standing(db, pair)
    is_refunded = any(isinstance(answer, RefundDone) for answer in answers)
    assert any(isinstance(answer, Completed) for answer in answers)
    assert is_refunded or Reason.STALE_REFUND in {why(answer) for answer in answers}
    assert now.remaining == await ledgers_sum(db) == (0 if is_refunded else 1)
    assert now.held == 0
    assert await owed(db) == (10_000 if is_refunded else 0)


@pytest.mark.parametrize("staff_first", [True, False])
async def test_staffs_refund_and_one_on_the_providers_pages_are_never_more_than_was_paid(
    db: Database, staff_first: bool
) -> None:
    pair = await a_pair(db)
    shown, news = await looked_at(db, pair, sessions=2), await news_of(db, pair, 15_000)

    async def heard() -> object:
        return await settle(db, "stripe", news)

    calls = [refunded(db, pair, shown), heard()]
    await at_once(db, *(calls if staff_first else calls[::-1]))
    for refund in await rows_of(db, tables.refunds, tables.refunds.c.state == RefundState.INTENDED):
        # The provider knows best what is left.
        await make_refund(db, {"stripe": LedgerProvider(db.clock, refusing=True)}, refund["id"])

    async with db.look() as tx:
        books = await given_back(tx, (await payment_of(db, pair))["id"])
    assert books.refunded_minor <= books.paid_minor
    assert (await payment_of(db, pair))["refunded_minor"] == 15_000
    assert await ledgers_sum(db) == (await standing(db, pair)).remaining


async def test_the_same_news_by_ten_roads_is_one_refund(db: Database) -> None:
    pair = await a_pair(db)
    news = [await news_of(db, pair, 20_000) for _ in range(TEN)]

    async def heard(each: RefundNews) -> object:
        return await hears(db, each)

    await at_once(db, *(heard(each) for each in news))

    assert await count_of(db, tables.refunds) == 1
    assert await standing(db, pair) == Standing(20_000, 0, 0, PackState.REFUNDED, SeatState.RELEASED)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.REFUND) == 1


@pytest.mark.parametrize("grant_first", [True, False])
async def test_money_that_goes_back_while_staff_grant_what_it_was_for_takes_the_sessions_with_it(
    db: Database, grant_first: bool
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = replace(await shop.paid(ready), amount_minor=19_500)
    given(await settle(db, "stripe", paid))
    news = RefundNews(paid.payment_ref, "re_1", 19_500, "EUR", NOW)

    async def granted() -> object:
        return await grant_parked(db, staff_of(shop.mentor.community), ready.order_id, "Agreed by mail")

    async def heard() -> object:
        return await settle(db, "stripe", news)

    calls = [granted(), heard()]
    answers = await at_once(
        db, *(calls if grant_first else calls[::-1]), closed=select(tables.orders.c.id)
    )  # both want the order

    (order,), (payment,) = await rows_of(db, tables.orders), await rows_of(db, tables.payments)
    assert any(isinstance(answer, Decided) for answer in answers) is grant_first
    assert (order["state"], payment["refunded_minor"]) == (OrderState.REFUNDED, 19_500)
    assert {(row["state"], row["remaining"]) for row in await rows_of(db, tables.packs)} <= {(PackState.REFUNDED, 0)}
    assert {row["state"] for row in await rows_of(db, tables.seats)} == {SeatState.RELEASED}
    assert await breaks(db) == {}


async def test_staffs_refund_that_waits_for_a_dispute_leaves_the_money_to_the_bank(db: Database) -> None:
    pair = await a_pair(db)
    shown, news = await looked_at(db, pair, sessions=1), await dispute_of(db, pair)

    async def told() -> object:
        return await settle(db, "stripe", news)

    _, answer = await at_once(db, told(), refunded(db, pair, shown))

    assert why(answer) is Reason.DISPUTE_IS_OPEN
    assert await owed(db) == 0
