"""What staff and payments do while a dispute is open: nothing is lost, and nobody gains time (rules 12 and 29)."""

from dataclasses import replace

from core.db import tables
from core.db.unit import Database
from core.ports import DisputeNews
from core.rules.states import DisputeOutcome, FreezeCause, OrderState, PackState, SeatState
from core.usecases.buying.settle import settle, settle_event
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release_by_staff import release_by_staff
from tests.answers import given
from tests.builders import DAY, HOUR, a_pair, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.usecases.buying.steps import a_shop, event_of
from tests.usecases.disputes.steps import LOST, WON, tells


async def test_a_seat_that_is_released_and_given_anew_leaves_the_pack_to_its_dispute(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db, expires_at=NOW + 10 * DAY)
    await tells(db, pair)
    clock.forward(hours=1)
    given(await release_by_staff(db, pair.staff, pair.seat_id, "Did not come"))
    clock.forward(hours=1)
    given(await grant(db, pair.staff, Grant(pair.student.user_id, "Stu", pair.mentor.id, 1, "Back again")))
    disputed = await row_of(db, tables.packs, pair.pack_id)
    clock.forward(hours=1)

    await tells(db, pair, WON)

    assert (disputed["frozen_for"], disputed["frozen_at"]) == (FreezeCause.DISPUTE, NOW)
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["frozen_at"], pack["expires_at"]) == (None, NOW + 10 * DAY + 3 * HOUR)


async def test_what_staff_kept_is_frozen_for_its_dispute_once_there_is_a_seat_again(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db, expires_at=NOW + 10 * DAY)
    given(await release_by_staff(db, pair.staff, pair.seat_id, "Did not come"))
    clock.forward(hours=1)
    await tells(db, pair)
    clock.forward(hours=1)

    given(await grant(db, pair.staff, Grant(pair.student.user_id, "Stu", pair.mentor.id, 1, "Back again")))

    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["frozen_for"], pack["frozen_at"]) == (FreezeCause.DISPUTE, NOW)
    await tells(db, pair, LOST)
    assert (await row_of(db, tables.packs, pair.pack_id))["state"] is PackState.REFUNDED
    seats = [row["state"] for row in await rows_of(db, tables.seats)]
    assert seats.count(SeatState.ACTIVE) == 1, "the goodwill keeps the seat"


async def test_a_lost_dispute_of_parked_money_ends_the_order_and_frees_its_seat(db: Database) -> None:
    shop = await a_shop(db)
    paid = replace(await shop.paid(await shop.buys()), amount_minor=19_000)
    given(await settle_event(db, event_of(paid)))

    lost = DisputeNews(paid.payment_ref, "dp_1", 19_000, "EUR", NOW, DisputeOutcome.LOST, "fraudulent")
    given(await settle(db, "stripe", lost))

    (order,) = await rows_of(db, tables.orders)
    (seat,) = await rows_of(db, tables.seats)
    (payment,) = await rows_of(db, tables.payments)
    assert (order["state"], seat["state"]) == (OrderState.REFUNDED, SeatState.RELEASED)
    assert (payment["lost_minor"], payment["refunded_minor"]) == (19_000, 0)
    assert await count_of(db, tables.refunds) == 0
