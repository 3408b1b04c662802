"""Records as they are when something waits for staff, written as the use cases leave them."""

from datetime import timedelta

from sqlalchemy import insert, select, update

from core.db import tables
from core.db.unit import Database, Transaction
from core.rules.states import FreezeCause, OrderState, RefundCause, RefundState, SeatState
from tests.builders import Pair, a_member, an_order


async def a_parked_order(db: Database, pair: Pair, amount_minor: int = 19_000) -> int:
    """Paid with another amount than the order says."""
    order_id = await an_order(db, pair.student, pair.product_id, OrderState.PARKED)
    async with db.begin() as tx:
        await tx.run(
            insert(tables.payments).values(
                order_id=order_id,
                provider="stripe",
                provider_ref=f"pi_test_{order_id}",
                amount_minor=amount_minor,
                tax_minor=0,
                currency="EUR",
                livemode=False,
                paid_at=tx.now,
                recorded_at=tx.now,
            )
        )
    return order_id


async def a_failed_refund(db: Database, pair: Pair) -> int:
    """Of the payment of the pair's pack."""
    async with db.begin() as tx:
        payment_id = await _payment_of(tx, pair)
        refund_id: int = await tx.value(
            insert(tables.refunds)
            .values(
                payment_id=payment_id,
                state=RefundState.FAILED,
                cause=RefundCause.PAID_TWICE,
                amount_minor=5_000,
                last_error="the card is gone",
                created_at=tx.now,
                failed_at=tx.now,
            )
            .returning(tables.refunds.c.id)
        )
        return refund_id


async def a_seatless_payment(db: Database, pair: Pair) -> None:
    """Somebody paid the pair's mentor when no seat was free: it goes back, and they are first in the line."""
    student = await a_member(db, pair.community, "Sue")
    order_id = await an_order(db, student, pair.product_id, OrderState.CLOSED)
    async with db.begin() as tx:
        paid = update(tables.orders).where(tables.orders.c.id == order_id)
        await tx.run(paid.values(state=OrderState.REFUNDED))
        values = {"amount_minor": 20_000, "tax_minor": 0, "currency": "EUR", "livemode": False}
        payment = insert(tables.payments).values(
            order_id=order_id, provider="stripe", provider_ref="pi_late", paid_at=tx.now, recorded_at=tx.now, **values
        )
        payment_id = await tx.value(payment.returning(tables.payments.c.id))
        await tx.run(
            insert(tables.refunds).values(
                payment_id=payment_id,
                state=RefundState.DONE,
                cause=RefundCause.NO_SEAT,
                amount_minor=20_000,
                created_at=tx.now,
                decided_at=tx.now,
                done_at=tx.now,
            )
        )
        place = {"community_id": pair.community.id, "mentor_id": pair.mentor.id, "member_id": student.id}
        await tx.run(insert(tables.waiting_list).values(joined_at=tx.now, place_at=tx.now, **place))


async def a_dispute(db: Database, pair: Pair) -> int:
    """Of the payment of the pair's pack, not yet closed."""
    async with db.begin() as tx:
        payment_id = await _payment_of(tx, pair)
        dispute_id: int = await tx.value(
            insert(tables.disputes)
            .values(payment_id=payment_id, provider_ref=f"dp_{payment_id}", amount_minor=20_000)
            .values(opened_at=tx.now, told_at=tx.now)
            .returning(tables.disputes.c.id)
        )
        return dispute_id


async def _payment_of(tx: Transaction, pair: Pair) -> int:
    payment_id: int = await tx.value(
        select(tables.payments.c.id)
        .join(tables.packs, tables.packs.c.order_id == tables.payments.c.order_id)
        .where(tables.packs.c.id == pair.pack_id)
    )
    return payment_id


async def in_grace(db: Database, pair: Pair, *, for_hours: float) -> None:
    """The pair's seat is in grace that ends in so many hours."""
    async with db.begin() as tx:
        ends_at = tx.now + timedelta(hours=for_hours)
        await tx.run(
            update(tables.seats)
            .where(tables.seats.c.id == pair.seat_id)
            .values(state=SeatState.GRACE, grace_ends_at=ends_at, grace_number=1)
        )


async def kept(db: Database, pair: Pair, cause: FreezeCause) -> None:
    """The pair's seat is released, and its pack frozen for that reason."""
    async with db.begin() as tx:
        if cause is FreezeCause.MENTOR_REMOVED:
            mentor = update(tables.mentors).where(tables.mentors.c.member_id == pair.mentor.id)
            await tx.run(mentor.values(removed_at=tx.now, paused_at=tx.now))
        seat = update(tables.seats).where(tables.seats.c.id == pair.seat_id)
        await tx.run(seat.values(state=SeatState.RELEASED, released_at=tx.now))
        pack = update(tables.packs).where(tables.packs.c.id == pair.pack_id)
        await tx.run(pack.values(frozen_at=tx.now, frozen_for=cause))
