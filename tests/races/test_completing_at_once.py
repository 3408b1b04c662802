"""Ten say how one session went: it is consumed once, and all hear the first answer."""

import asyncio

import pytest
from sqlalchemy import insert, select, update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.states import EntryKind, SeatState, SessionState
from core.usecases.booking.book import Booked, book
from core.usecases.buying.settle import settle_event
from core.usecases.completion.complete import complete, complete_by_webhook
from core.usecases.completion.outcome import Completed
from tests.answers import given
from tests.builders import DAY, HOUR, Pair, a_pack, a_pair, a_session, count_of, row_of, rows_of
from tests.clocks import NOW
from tests.races.gate import at_once
from tests.usecases.buying.steps import a_shop, event_of
from tests.usecases.completion.steps import an_event

TEN = 10


async def test_ten_completions_of_a_session_consume_it_once(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW - DAY)

    answers = await at_once(db, *(complete(db, pair.mentor.asker, session_id) for _ in range(TEN)))

    done = [given(answer) for answer in answers]
    assert [answer.repeated for answer in done].count(False) == 1
    assert {(answer.state, answer.remaining) for answer in done} == {(SessionState.COMPLETED, 3)}
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 3
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.CONSUME) == 1
    assert await count_of(db, tables.history) == 1
    assert await count_of(db, tables.notices) == 1


async def test_of_mentor_and_partner_who_disagree_the_first_is_believed(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW - DAY)
    of_partner = [complete_by_webhook(db, an_event(), pair.community.id, session_id, "no_show", NOW) for _ in range(5)]
    of_mentor = [complete(db, pair.mentor.asker, session_id) for _ in range(5)]

    answers = await at_once(db, *of_partner, *of_mentor)

    state = (await row_of(db, tables.sessions, session_id))["state"]
    assert {given(answer).state for answer in answers} == {state}
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.CONSUME) == 1


async def test_control_by_a_look_alone_ten_completions_consume_ten_sessions(db: Database) -> None:
    pair = await a_pair(db, total=12)
    session_id = await a_session(db, pair, NOW - DAY)
    everybody_looked = asyncio.Barrier(TEN)

    async def look_then_consume() -> None:
        session = await row_of(db, tables.sessions, session_id)
        await everybody_looked.wait()
        if session["state"] is SessionState.SCHEDULED:
            async with db.begin() as tx:
                await tx.run(update(tables.sessions).values(state=SessionState.COMPLETED, decided_at=tx.now))
                left = await tx.value(
                    update(tables.packs)
                    .values(remaining=tables.packs.c.remaining - 1)
                    .returning(tables.packs.c.remaining)
                )
                # Without its session: the ledger's own uniqueness is the guard that this control takes away.
                await tx.run(
                    insert(tables.ledger).values(
                        pack_id=pair.pack_id, kind=EntryKind.ADJUST, delta=-1, balance=left, at=tx.now
                    )
                )

    await asyncio.gather(*(look_then_consume() for _ in range(TEN)))

    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 12 - TEN


async def test_the_last_two_sessions_of_two_packs_begin_grace_once(db: Database) -> None:
    pair = await a_pair(db, total=1)
    other = await a_pack(db, pair.student, pair.product_id, total=1)
    sessions = [await a_session(db, pair, NOW - DAY), await a_session(db, pair, NOW - 2 * DAY, pack_id=other)]

    answers = await at_once(db, *(complete(db, pair.mentor.asker, session_id) for session_id in sessions * 5))

    assert [given(answer).repeated for answer in answers].count(False) == 2
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_number"]) == (SeatState.GRACE, 1)
    kinds = [row["kind"] for row in await rows_of(db, tables.notices)]
    assert kinds.count(NoticeKind.GRACE_BEGAN) == 1


async def test_a_booking_and_the_completion_of_the_last_session_never_leave_a_booked_seat_in_grace(
    db: Database,
) -> None:
    pair = await a_pair(db, total=1)
    await a_pack(db, pair.student, pair.product_id, total=1)
    session_id = await a_session(db, pair, NOW - DAY)

    booked, done = await at_once(
        db,
        _booked(db, pair),
        _completed(db, pair, session_id),
    )

    assert (type(booked), type(done)) == (Booked, Completed)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def _booked(db: Database, pair: Pair) -> object:
    return await book(db, pair.student.asker, pair.mentor.id, NOW + DAY + 22 * HOUR)


async def _completed(db: Database, pair: Pair, session_id: int) -> object:
    return await complete(db, pair.mentor.asker, session_id)


@pytest.mark.parametrize("renewal_first", [True, False])
async def test_a_renewal_at_the_instant_of_the_last_completion_leaves_the_seat_active(
    db: Database, renewal_first: bool
) -> None:
    shop = await a_shop(db)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student, total=1)
    session_id = await a_session(db, pair, NOW - DAY)
    paid = await shop.paid(await shop.buys())

    async def renew() -> object:
        return await settle_event(db, event_of(paid))

    calls = [renew(), _completed(db, pair, session_id)]
    # The seat's row is where the two meet: a payment takes no lock on members.
    await at_once(db, *(calls if renewal_first else calls[::-1]), closed=select(tables.seats.c.id))

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None)
    assert [row["remaining"] for row in await rows_of(db, tables.packs)] == [0, 4]
