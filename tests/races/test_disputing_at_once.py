"""A dispute ends while its student books: whatever comes first, nothing is booked on money that is gone."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from core.db import tables
from core.db.unit import Database
from core.ports import DisputeNews
from core.rules.refusals import Reason
from core.rules.states import PackState, SeatState, SessionState
from core.usecases.booking.book import Booked, book
from core.usecases.buying.decide_parked import grant_parked
from core.usecases.buying.settle import settle
from tests.answers import given, why
from tests.builders import DAY, a_pair, row_of, rows_of, staff_of
from tests.clocks import NOW
from tests.races.gate import at_once
from tests.usecases.buying.steps import a_shop
from tests.usecases.completion.steps import breaks
from tests.usecases.disputes.steps import LOST, dispute_of
from tests.usecases.refunds.steps import payment_of


async def test_what_staff_decide_while_the_dispute_is_told_is_left_to_the_bank(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = replace(await shop.paid(ready), amount_minor=19_500)
    given(await settle(db, "stripe", paid))
    news = DisputeNews(paid.payment_ref, "dp_1", 19_500, "EUR", NOW)

    async def told() -> object:
        return await settle(db, "stripe", news)

    async def granted() -> object:
        return await grant_parked(db, staff_of(shop.mentor.community), ready.order_id, "Agreed by mail")

    _, answer = await at_once(db, told(), granted(), closed=select(tables.orders.c.id))

    assert why(answer) is Reason.DISPUTE_IS_OPEN
    assert await rows_of(db, tables.packs) == []


@pytest.mark.parametrize("books_first", [True, False])
async def test_a_lost_dispute_leaves_no_booking(db: Database, books_first: bool) -> None:
    pair = await a_pair(db)
    news = await dispute_of(db, pair, LOST)
    calls = [book(db, pair.student.asker, pair.mentor.id, NOW + 3 * DAY), settle(db, "stripe", news)]

    answers = await at_once(db, *(calls if books_first else reversed(calls)))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"], pack["state"]) == (0, 0, PackState.REFUNDED)
    booked = [answer for answer in answers if isinstance(answer, Booked)]
    assert len(booked) == books_first
    assert [row["state"] for row in await rows_of(db, tables.sessions)] == [SessionState.CANCELED] * len(booked)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.RELEASED
    assert (await payment_of(db, pair))["lost_minor"] == 20_000
    assert await breaks(db) == {}
