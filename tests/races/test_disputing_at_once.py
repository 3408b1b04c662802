"""A dispute ends while its student books: whatever comes first, nothing is booked on money that is gone."""

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.states import PackState, SeatState, SessionState
from core.usecases.booking.book import Booked, book
from core.usecases.buying.settle import settle
from tests.builders import DAY, a_pair, row_of, rows_of
from tests.clocks import NOW
from tests.races.gate import at_once
from tests.usecases.completion.steps import breaks
from tests.usecases.disputes.steps import LOST, dispute_of
from tests.usecases.refunds.steps import payment_of


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
