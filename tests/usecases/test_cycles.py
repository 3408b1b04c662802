"""Reminder and grace over whole packs and several cycles: once each, armed again by every renewal (9, 10, 21)."""

from collections import Counter

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Refused
from core.rules.states import SeatState
from core.usecases.buying.settle import settle
from core.usecases.completion.complete import complete
from tests.builders import Pair, a_pair, a_session, row_of, rows_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import Shop

CYCLE = (NoticeKind.RENEWAL_REMINDER, NoticeKind.GRACE_BEGAN, NoticeKind.FINAL_WARNING)


async def use_up(db: Database, clock: SettableClock, pair: Pair, sessions: int) -> None:
    for _ in range(sessions):
        session_id = await a_session(db, pair, clock.now())
        clock.forward(hours=2)
        assert not isinstance(await complete(db, pair.mentor.asker, session_id), Refused)


async def told(db: Database) -> Counter[NoticeKind]:
    return Counter(row["kind"] for row in await rows_of(db, tables.notices) if row["kind"] in CYCLE)


@pytest.mark.parametrize("total", [2, 4, 12])
async def test_a_pack_reminds_at_one_left_and_begins_grace_at_none_left(
    db: Database, clock: SettableClock, total: int
) -> None:
    pair = await a_pair(db, total=total)

    await use_up(db, clock, pair, total - 2)
    at_two_left = await told(db)
    await use_up(db, clock, pair, 1)
    at_one_left = await told(db)
    await use_up(db, clock, pair, 1)

    assert at_two_left == {}
    assert at_one_left == {NoticeKind.RENEWAL_REMINDER: 1}
    assert await told(db) == dict.fromkeys(CYCLE, 1)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.GRACE


async def test_a_pack_of_one_has_only_the_grace_notice(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=1)

    await use_up(db, clock, pair, 1)

    assert await told(db) == {NoticeKind.GRACE_BEGAN: 1, NoticeKind.FINAL_WARNING: 1}


async def test_every_renewal_arms_reminder_and_warning_again(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    shop = Shop(db, LedgerProvider(clock), pair.mentor, pair.student, pair.product_id)
    await use_up(db, clock, pair, 4)

    for cycle in (2, 3):
        await settle(db, "stripe", await shop.paid(await shop.buys()))
        assert (await row_of(db, tables.seats, pair.seat_id))["grace_ends_at"] is None
        newest = (await rows_of(db, tables.packs))[-1]
        renewed = Pair(pair.community, pair.mentor, pair.student, pair.product_id, pair.seat_id, newest["id"])
        await use_up(db, clock, renewed, 4)
        assert await told(db) == dict.fromkeys(CYCLE, cycle)


async def test_a_renewal_at_one_left_is_not_reminded_of_the_old_pack(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    shop = Shop(db, LedgerProvider(clock), pair.mentor, pair.student, pair.product_id)
    await use_up(db, clock, pair, 3)
    await settle(db, "stripe", await shop.paid(await shop.buys()))

    await use_up(db, clock, pair, 1)

    assert await told(db) == {NoticeKind.RENEWAL_REMINDER: 1}
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
