"""Refunds: those of a payment, the guarded writes that end one, and the payment's books (rules 28 and 31)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, and_, func, insert, literal, select, update
from sqlalchemy.sql.dml import Update

from core.db.disputes import lost_beside, payment_is_disputed
from core.db.orders import lock_order
from core.db.tables import ledger, members, orders, packs, payments, refunds
from core.db.unit import Transaction
from core.rules.refunds import GivenBack
from core.rules.states import EntryKind, RefundCause, RefundState

OWED = (RefundState.INTENDED, RefundState.FAILED)
"""Not given back yet, and not to be given back a second time."""


async def refunds_of_payment(tx: Transaction, payment_id: int) -> Sequence[RowMapping]:
    """Every refund of the payment, the oldest first."""
    return await tx.all(select(refunds).where(refunds.c.payment_id == payment_id).order_by(refunds.c.id))


async def for_refunding(tx: Transaction, community_id: int, order_id: int) -> RowMapping | None:
    """An order of this community with the payment that bought its pack, as both are under the order's lock.

    `id` is the payment's, None if nothing was paid yet; `disputed`: a bank has yet to decide about it.
    """
    if not await lock_order(tx, (orders.c.id == order_id) & (orders.c.community_id == community_id)):
        return None
    student, mentor, others = members.alias("student"), members.alias("mentor"), payments.alias("others")
    first = select(func.min(others.c.id)).where(others.c.order_id == orders.c.id).correlate(orders).scalar_subquery()
    return await tx.one(
        select(
            payments.c.id,
            orders.c.id.label("order_id"),
            orders.c.community_id,
            orders.c.student_id,
            orders.c.mentor_id,
            orders.c.state.label("order_state"),
            orders.c.product_name,
            orders.c.currency,
            packs.c.id.label("pack_id"),
            literal(True).label("is_first"),
            payment_is_disputed(payments.c.id).label("disputed"),
            student.c.name.label("student_name"),
            student.c.erased_at,
            mentor.c.name.label("mentor_name"),
        )
        .select_from(orders)
        .join(student, student.c.id == orders.c.student_id)
        .join(mentor, mentor.c.id == orders.c.mentor_id)
        .outerjoin(payments, payments.c.id == first)
        .outerjoin(packs, packs.c.order_id == orders.c.id)
        .where(orders.c.id == order_id)
    )


async def refund_to_decide(tx: Transaction, community_id: int, refund_id: int) -> RowMapping | None:
    """A refund of this community that was made on the provider's pages, and its order. Nothing is locked."""
    return await tx.one(
        select(refunds, payments.c.order_id)
        .join(payments, payments.c.id == refunds.c.payment_id)
        .join(orders, orders.c.id == payments.c.order_id)
        .where(
            refunds.c.id == refund_id, orders.c.community_id == community_id, refunds.c.cause == RefundCause.PROVIDER
        )
    )


async def given_back(tx: Transaction, payment_id: int) -> GivenBack:
    """How much of the payment has gone, or is on its way. Whoever calls holds the lock on its order."""
    owed = select(func.coalesce(func.sum(refunds.c.amount_minor), 0)).where(
        refunds.c.payment_id == payments.c.id, refunds.c.state.in_(OWED)
    )
    row = (
        (
            await tx.run(
                select(payments, owed.correlate(payments).scalar_subquery().label("owed_minor")).where(
                    payments.c.id == payment_id
                )
            )
        )
        .mappings()
        .one()
    )
    return GivenBack(
        paid_minor=row["amount_minor"],
        refunded_minor=row["refunded_minor"] + int(row["owed_minor"]),
        lost_minor=row["lost_minor"],
        currency=row["currency"],
    )


async def taken_from(tx: Transaction, pack_id: int) -> int:
    """How many sessions of the pack were refunded before."""
    taken: int = await tx.value(
        select(func.coalesce(-func.sum(ledger.c.delta), 0)).where(
            ledger.c.pack_id == pack_id, ledger.c.kind == EntryKind.REFUND
        )
    )
    return int(taken)


async def insert_seen(
    tx: Transaction, payment_id: int, amount_minor: int, ref: str, *, decided_at: datetime | None = None
) -> int:
    """The id of a refund that somebody made on the provider's own pages; not yet done, and nobody asks for it."""
    refund_id: int = await tx.value(
        insert(refunds)
        .values(
            payment_id=payment_id,
            state=RefundState.INTENDED,
            cause=RefundCause.PROVIDER,
            amount_minor=amount_minor,
            provider_ref=ref,
            created_at=tx.now,
            decided_at=decided_at,
        )
        .returning(refunds.c.id)
    )
    return refund_id


async def move_refund(
    tx: Transaction,
    refund: RowMapping,
    after: RefundState,
    *,
    ref: str | None = None,
    done_at: datetime | None = None,
    failed_at: datetime | None = None,
    why: str | None = None,
) -> bool:
    """Whether this caller moved the refund; False if another did since it was read. Nobody asks for it any more."""
    moved = await tx.run(
        update(refunds)
        .where(refunds.c.id == refund["id"], refunds.c.state == refund["state"])
        .values(
            state=after,
            provider_ref=ref or refund["provider_ref"],
            done_at=done_at or refund["done_at"],
            failed_at=failed_at,
            replaced_at=tx.now if after is RefundState.REPLACED else None,
            last_error=why,
            next_attempt_at=None,
        )
    )
    return moved.rowcount == 1


def note_ref(refund_id: int, ref: str) -> Update:
    """The write that learns the provider's name for a refund."""
    return update(refunds).where(refunds.c.id == refund_id, refunds.c.provider_ref.is_(None)).values(provider_ref=ref)


def decide_refund(
    tx: Transaction, refund_id: int, sessions: int, by: int | None = None, why: str | None = None
) -> Update:
    """The write after which it is said how many sessions this refund takes."""
    undecided = update(refunds).where(refunds.c.id == refund_id, refunds.c.decided_at.is_(None))
    return undecided.values(sessions=sessions, decided_at=tx.now, asked_by=by, reason=why)


def close_questions(tx: Transaction, payment_id: int) -> Update:
    """The write after which staff are asked about no refund of this payment: all that can be taken is taken."""
    asked = and_(refunds.c.cause == RefundCause.PROVIDER, refunds.c.decided_at.is_(None))
    return update(refunds).where(refunds.c.payment_id == payment_id, asked).values(decided_at=tx.now)


def count_refunded(payment_id: int, amount_minor: int) -> Update:
    """The write that counts so much more, or less, as given back of the payment. What went so was not lost, too."""
    refunded = payments.c.refunded_minor + amount_minor
    return (
        update(payments)
        .where(payments.c.id == payment_id)
        .values(refunded_minor=refunded, lost_minor=lost_beside(refunded))
    )


def owe_less(refund_id: int, less_minor: int) -> Update:
    """The write after which so much less of a failed refund is owed."""
    failed = update(refunds).where(refunds.c.id == refund_id, refunds.c.state == RefundState.FAILED)
    return failed.values(
        amount_minor=refunds.c.amount_minor - less_minor, trimmed_minor=refunds.c.trimmed_minor + less_minor
    )
