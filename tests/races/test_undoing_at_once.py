"""An outcome is taken back once, whoever else moves session, pack and seat at that instant."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import insert, select, update

from core.db import tables
from core.db.unit import Database
from core.ports import ProviderEvent
from core.rules.states import EntryKind, PackState, SeatState, SessionState
from core.usecases.asker import Asker
from core.usecases.buying.settle import settle_event
from core.usecases.completion.complete import complete, complete_by_webhook
from core.usecases.completion.no_show import no_show
from core.usecases.completion.outcome import Completed
from core.usecases.completion.undo import Reopened, undo
from core.usecases.completion.waive import waive
from core.usecases.seats.release import release
from tests.answers import given
from tests.builders import DAY, a_pair, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.races.gate import at_once
from tests.usecases.buying.steps import a_shop, event_of
from tests.usecases.completion.steps import an_event, breaks, past_sessions, used_up, warned

TEN = 10


async def test_ten_undos_restore_one_session(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await used_up(db, pair, 1)

    answers = await at_once(db, *(undo(db, pair.mentor.asker, session_id) for _ in range(TEN)))

    assert [given(answer).repeated for answer in answers].count(False) == 1
    assert (await row_of(db, tables.sessions, session_id))["attempt"] == 2
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["remaining"], pack["held"]) == (4, 1)
    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.RESTORE) == 1
    assert await breaks(db) == {}


async def test_ten_waivers_give_one_session_back(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    given(await no_show(db, pair.mentor.asker, session_id))

    answers = await at_once(db, *(waive(db, pair.mentor.asker, session_id) for _ in range(TEN)))

    assert [given(answer).repeated for answer in answers].count(False) == 1
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 4
    assert await breaks(db) == {}


async def test_control_by_a_look_alone_ten_undos_restore_more_than_one(db: Database) -> None:
    pair = await a_pair(db, total=12)
    (session_id,) = await used_up(db, pair, 1)
    async with db.begin() as tx:
        await tx.run(update(tables.packs).values(remaining=1))
    everybody_looked = asyncio.Barrier(TEN)

    async def look_then_restore() -> None:
        session = await row_of(db, tables.sessions, session_id)
        await everybody_looked.wait()
        if session["state"] is SessionState.COMPLETED:
            async with db.begin() as tx:
                await tx.run(
                    update(tables.sessions).values(state=SessionState.SCHEDULED, decided_at=None, decided_by=None)
                )
                left = await tx.value(
                    update(tables.packs)
                    .values(remaining=tables.packs.c.remaining + 1)
                    .returning(tables.packs.c.remaining)
                )
                # Without its session: the ledger's own uniqueness is the guard that this control takes away.
                await tx.run(
                    insert(tables.ledger).values(
                        pack_id=pair.pack_id, kind=EntryKind.ADJUST, delta=1, balance=left, at=tx.now
                    )
                )

    await asyncio.gather(*(look_then_restore() for _ in range(TEN)))

    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 1 + TEN


@pytest.mark.parametrize("undo_first", [True, False])
async def test_undo_and_completion_leave_the_word_of_whoever_comes_last(db: Database, undo_first: bool) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await used_up(db, pair, 1)
    calls = [_undo(db, pair.mentor.asker, session_id), _complete(db, pair.staff, session_id)]

    answers = await at_once(db, *(calls if undo_first else calls[::-1]))

    session = await row_of(db, tables.sessions, session_id)
    again = any(isinstance(answer, Completed) and not answer.repeated for answer in answers)
    assert session["attempt"] == 2
    assert session["state"] is (SessionState.COMPLETED if again else SessionState.SCHEDULED)
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert seat["state"] is (SeatState.GRACE if again else SeatState.ACTIVE)
    assert await breaks(db) == {}


@pytest.mark.parametrize("undo_first", [True, False])
async def test_undo_and_waiver_restore_once(db: Database, undo_first: bool) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await past_sessions(db, pair, 1)
    given(await no_show(db, pair.mentor.asker, session_id))
    calls = [_undo(db, pair.mentor.asker, session_id), _waive(db, pair.staff, session_id)]

    await at_once(db, *(calls if undo_first else calls[::-1]))

    assert await count_of(db, tables.ledger, tables.ledger.c.kind == EntryKind.RESTORE) == 1
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.SCHEDULED
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["state"], pack["remaining"], pack["held"]) == (PackState.ACTIVE, 1, 1)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    assert await breaks(db) == {}


@pytest.mark.parametrize("undo_first", [True, False])
async def test_undo_and_the_sweep_that_releases_leave_the_seat_to_its_student(
    db: Database, clock: SettableClock, undo_first: bool
) -> None:
    pair = await a_pair(db, total=1)
    (session_id,) = await used_up(db, pair, 1)
    await warned(db, pair.seat_id)
    clock.set(NOW + 3 * DAY)
    calls = [_undo(db, pair.mentor.asker, session_id), _release(db, pair.seat_id)]

    answers = await at_once(db, *(calls if undo_first else calls[::-1]))

    assert any(isinstance(answer, Reopened) for answer in answers)
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"], seat["released_at"]) == (SeatState.ACTIVE, None, None)
    assert await breaks(db) == {}


@pytest.mark.parametrize("released", [True, False])
@pytest.mark.parametrize("undo_first", [True, False])
async def test_undo_and_a_renewals_payment_end_on_one_active_seat(
    db: Database, clock: SettableClock, undo_first: bool, released: bool
) -> None:
    shop = await a_shop(db)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student, total=1)
    (session_id,) = await used_up(db, pair, 1)
    paid = await shop.paid(await shop.buys())
    if released:  # the sweep came between the payment and the news of it
        async with db.begin() as tx:
            await tx.run(update(tables.seats).values(state=SeatState.RELEASED, grace_ends_at=None, released_at=tx.now))

    async def renew() -> object:
        return await settle_event(db, event_of(paid))

    calls = [renew(), _undo(db, pair.mentor.asker, session_id)]
    # The seat's row is where the two meet: a payment for a live seat takes no lock on members.
    closed = select(tables.members.c.id) if released else select(tables.seats.c.id)
    await at_once(db, *(calls[::-1] if undo_first else calls), closed=closed)

    seats = [(row["state"], row["grace_ends_at"]) for row in await rows_of(db, tables.seats)]
    assert seats == [(SeatState.ACTIVE, None)]
    assert [row["remaining"] for row in await rows_of(db, tables.packs)] == [1, 4]
    assert await breaks(db) == {}


async def test_ten_deliveries_of_a_message_after_its_undo_complete_nothing(db: Database) -> None:
    pair = await a_pair(db)
    (session_id,) = await past_sessions(db, pair, 1)
    event = an_event()
    message = (event, pair.community.id, session_id, "completed", NOW)
    given(await complete_by_webhook(db, *message))

    answers = await at_once(db, _undo(db, pair.mentor.asker, session_id), *(_say(db, message) for _ in range(TEN)))

    assert sum(isinstance(answer, Reopened) for answer in answers) == 1
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.SCHEDULED
    assert await breaks(db) == {}


async def _undo(db: Database, asker: Asker, session_id: int) -> object:
    return await undo(db, asker, session_id)


async def _complete(db: Database, asker: Asker, session_id: int) -> object:
    return await complete(db, asker, session_id)


async def _waive(db: Database, asker: Asker, session_id: int) -> object:
    return await waive(db, asker, session_id)


async def _release(db: Database, seat_id: int) -> object:
    return await release(db, seat_id)


async def _say(db: Database, message: tuple[ProviderEvent, int, int, str, datetime]) -> object:
    return await complete_by_webhook(db, *message)
