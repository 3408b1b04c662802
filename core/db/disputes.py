"""Disputes: who has an open one, the guarded writes that move one, and what they took from a payment (29 and 31)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Exists, RowMapping, case, exists, func, insert, or_, select, update
from sqlalchemy.sql.dml import Update

from core.db.tables import disputes, orders, packs, payments
from core.db.unit import Transaction
from core.ports import REVERSED, DisputeNews
from core.rules.states import DisputeOutcome, FreezeCause, PackState


def pair_is_disputed(student_id: int, mentor_id: int) -> Exists:
    """Whether a dispute about anything that this student paid for this mentor is open."""
    return _open().where(orders.c.student_id == student_id, orders.c.mentor_id == mentor_id)


def another_is_disputed(student_id: int, mentor_id: int, payment_id: int) -> Exists:
    """Whether a dispute about another payment of this student's for this mentor is open."""
    return pair_is_disputed(student_id, mentor_id).where(payments.c.id != payment_id)


def order_is_disputed(order_id: Any) -> Exists:
    """Whether a dispute about what was paid for this order is open."""
    return _open().where(orders.c.id == order_id)


def payment_is_disputed(payment_id: Any) -> Exists:
    """Whether a dispute about this payment is open: until it is decided nobody else says where its money goes."""
    opened = exists().where(disputes.c.outcome.is_(None), disputes.c.payment_id == payment_id)
    return opened.correlate_except(disputes)


def _open() -> Exists:
    return (
        exists()
        .where(disputes.c.outcome.is_(None), payments.c.id == disputes.c.payment_id, orders.c.id == payments.c.order_id)
        .correlate_except(disputes, payments, orders)
    )


async def dispute_of(tx: Transaction, payment_id: int, ref: str) -> RowMapping | None:
    return await tx.one(select(disputes).where(disputes.c.payment_id == payment_id, disputes.c.provider_ref == ref))


async def insert_dispute(tx: Transaction, payment_id: int, news: DisputeNews) -> RowMapping:
    """The dispute as a row; it is open, whatever the news says besides."""
    opened = insert(disputes).values(
        payment_id=payment_id,
        provider_ref=news.dispute_ref,
        amount_minor=news.disputed_minor,
        reason=news.reason,
        opened_at=news.opened_at or news.at,
        told_at=news.at,
        answer_by=news.answer_by,
    )
    return (await tx.run(opened.returning(*disputes.c))).mappings().one()


def move_dispute(dispute_id: int, news: DisputeNews) -> Update:
    """The write after which the dispute is about this much, and answered by then; news of before is no news."""
    moved = update(disputes).where(
        disputes.c.id == dispute_id, disputes.c.outcome.is_(None), disputes.c.told_at < news.at
    )
    return moved.values(amount_minor=news.disputed_minor, answer_by=news.answer_by, told_at=news.at)


def close_dispute(dispute_id: int, news: DisputeNews) -> Update:
    """The write after which the dispute ended so. A deadline that was told before stays readable."""
    closed = update(disputes).where(disputes.c.id == dispute_id)
    return closed.values(outcome=news.outcome, closed_at=news.at, told_at=news.at, amount_minor=news.disputed_minor)


async def reversals_before(tx: Transaction, payment_id: int, at: datetime) -> Sequence[RowMapping]:
    """Reversals of the payment that count as lost, and were made before this instant."""
    return await tx.all(
        select(disputes)
        .where(disputes.c.payment_id == payment_id, disputes.c.reason == REVERSED)
        .where(disputes.c.outcome == DisputeOutcome.LOST, disputes.c.closed_at < at)
        .order_by(disputes.c.id)
    )


async def given_back_at(tx: Transaction, payment_id: int, after: datetime) -> datetime | None:
    """When the provider, after this instant, decided for us about the payment first; None if it did not."""
    won = select(func.min(disputes.c.closed_at)).where(
        disputes.c.payment_id == payment_id, disputes.c.outcome == DisputeOutcome.WON, disputes.c.closed_at > after
    )
    first: datetime | None = await tx.value(won)
    return first


async def freeze_disputed(tx: Transaction, student_id: int, mentor_id: int) -> Sequence[RowMapping]:
    """The pair's packs that are frozen now, as the payment that bought them is disputed; those that were stay so."""
    others = payments.alias("others")
    first = select(func.min(others.c.id)).where(others.c.order_id == packs.c.order_id).correlate(packs)
    bought = exists().where(disputes.c.outcome.is_(None), disputes.c.payment_id == first.scalar_subquery())
    frozen = (
        update(packs)
        .where(packs.c.student_id == student_id, packs.c.mentor_id == mentor_id)
        .where(packs.c.state == PackState.ACTIVE, packs.c.remaining > 0, packs.c.frozen_at.is_(None), bought)
        .values(frozen_at=tx.now, frozen_for=FreezeCause.DISPUTE)
    )
    return (await tx.run(frozen.returning(packs.c.id, packs.c.state))).mappings().all()


async def was_lost_before(tx: Transaction, payment_id: int, but_for: int) -> bool:
    """Whether another dispute of the payment, or its reversal, was lost already."""
    lost = exists().where(
        disputes.c.payment_id == payment_id, disputes.c.outcome == DisputeOutcome.LOST, disputes.c.id != but_for
    )
    return bool(await tx.value(select(lost)))


def count_lost(payment_id: int) -> Update:
    """The write after which the payment's books say what its disputes took."""
    counted = update(payments).where(payments.c.id == payment_id)
    return counted.values(lost_minor=lost_beside(payments.c.refunded_minor))


def lost_beside(refunded: ColumnElement[int]) -> ColumnElement[int]:
    """What disputes took of a payment of which this much was refunded: never more than what is left.

    A reversal is told beside the dispute that it belongs to: of both sums the greater is what was taken.
    """
    disputed = _lost(or_(disputes.c.reason.is_(None), disputes.c.reason != REVERSED))
    reversed_ = _lost(disputes.c.reason == REVERSED)
    taken = case((disputed < reversed_, reversed_), else_=disputed)
    left = payments.c.amount_minor - refunded
    return case((left < taken, left), else_=taken)


def _lost(which: ColumnElement[bool]) -> ColumnElement[int]:
    return (
        select(func.coalesce(func.sum(disputes.c.amount_minor), 0))
        .where(disputes.c.payment_id == payments.c.id, disputes.c.outcome == DisputeOutcome.LOST, which)
        .correlate(payments)
        .scalar_subquery()
    )
