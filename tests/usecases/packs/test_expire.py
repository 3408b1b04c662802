"""Expiry: what is not booked is written off, what is booked may still be held (rule 3)."""

from datetime import timedelta

from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused
from core.rules.states import EntryKind, PackState, SeatState
from core.usecases.packs.expire import Expired, due_expiries, expire
from tests.builders import DAY, a_pack, a_pair, a_session, row_of, rows_of
from tests.clocks import NOW, SettableClock


async def test_an_expired_pack_loses_what_is_not_booked_and_grace_begins(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, remaining=3)
    clock.forward(days=60)

    answer = await expire(db, pair.pack_id)

    pack = await row_of(db, tables.packs, pair.pack_id)
    seat = await row_of(db, tables.seats, pair.seat_id)
    last = (await rows_of(db, tables.ledger))[-1]
    owed = {row["kind"]: row["due_at"] for row in await rows_of(db, tables.notices)}
    assert answer == Expired(pair.pack_id, 3)
    assert (pack["state"], pack["remaining"]) == (PackState.EXPIRED, 0)
    assert (last["kind"], last["delta"], last["balance"]) == (EntryKind.EXPIRE, -3, 0)
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.GRACE, clock.now() + timedelta(hours=72))
    assert owed == {
        NoticeKind.GRACE_BEGAN: clock.now(),
        NoticeKind.FINAL_WARNING: clock.now() + timedelta(hours=60),
    }


async def test_a_booked_session_outlives_its_packs_expiry(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW + 60 * DAY + timedelta(hours=1))
    clock.forward(days=60)

    await expire(db, pair.pack_id)

    pack = await row_of(db, tables.packs, pair.pack_id)
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (pack["state"], pack["remaining"], pack["held"]) == (PackState.EXPIRED, 1, 1)
    assert seat["state"] is SeatState.ACTIVE


async def test_a_pack_of_which_all_is_booked_expires_without_a_ledger_entry(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=1)
    await a_session(db, pair, NOW + 61 * DAY)
    clock.forward(days=60)

    await expire(db, pair.pack_id)

    assert [row["kind"] for row in await rows_of(db, tables.ledger)] == [EntryKind.PURCHASE]


async def test_expiry_that_leaves_one_session_reminds_of_the_renewal(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    await a_pack(db, pair.student, pair.product_id, total=1, expires_at=clock.now() + 90 * DAY)
    clock.forward(days=60)

    await expire(db, pair.pack_id)

    (owed,) = await rows_of(db, tables.notices)
    assert (owed["kind"], owed["cycle"]) == (NoticeKind.RENEWAL_REMINDER, 2)


async def test_a_pack_expires_once_and_not_before_its_time(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)

    early = await expire(db, pair.pack_id)
    clock.forward(days=60)
    await expire(db, pair.pack_id)
    again = await expire(db, pair.pack_id)

    assert early == again == Refused(Reason.NOTHING_TO_EXPIRE)
    assert len(await rows_of(db, tables.ledger)) == 2


async def test_a_pack_that_is_not_there_is_refused(db: Database) -> None:
    assert await expire(db, 404) == Refused(Reason.NOTHING_TO_EXPIRE)


async def test_a_paused_mentors_packs_wait(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(paused_at=tx.now))
    clock.forward(days=60)

    assert await due_expiries(db) == ()
    assert await expire(db, pair.pack_id) == Refused(Reason.NOTHING_TO_EXPIRE)


async def test_due_expiries_come_by_id_from_where_the_sweep_stands(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    second = await a_pack(db, pair.student, pair.product_id)
    clock.forward(days=60)

    assert await due_expiries(db) == (pair.pack_id, second)
    assert await due_expiries(db, pair.pack_id) == (second,)
