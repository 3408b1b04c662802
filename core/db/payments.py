"""Payments: recorded once, woken news about them, and what giving one back must know."""

from sqlalchemy import RowMapping, ScalarSelect, exists, func, select, update
from sqlalchemy.sql.dml import Update

from core.db.orders import lock_order
from core.db.tables import orders, packs, payments, provider_events
from core.db.unit import Transaction
from core.ports import Paid
from core.rules.states import EventState


async def record_payment(tx: Transaction, order: RowMapping, provider: str, paid: Paid) -> int | None:
    """The payment's id, or None if it was recorded before. Paid as of the approval, where there was one (rule 11).

    What was told of it before it was known is settled by the jobs now.
    """
    payment = (
        tx.insert(payments)
        .values(
            order_id=order["id"],
            provider=provider,
            provider_ref=paid.payment_ref,
            amount_minor=paid.amount_minor,
            tax_minor=paid.tax_minor,
            fee_minor=paid.fee_minor,
            currency=paid.currency,
            livemode=paid.livemode,
            paid_at=order["approved_at"] or paid.paid_at,
            recorded_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["provider", "provider_ref"])
        .returning(payments.c.id)
    )
    payment_id: int | None = await tx.value_beside(payment, _wake_news(tx, provider, paid.payment_ref))
    return payment_id


def _wake_news(tx: Transaction, provider: str, payment_ref: str) -> Update:
    return _wake(tx).where(provider_events.c.provider == provider, provider_events.c.about == payment_ref)


def wake_news_of_known(tx: Transaction) -> Update:
    """The write after which the jobs settle whatever waits for a payment that is known."""
    theirs = (payments.c.provider == provider_events.c.provider) & (payments.c.provider_ref == provider_events.c.about)
    return _wake(tx).where(provider_events.c.about.is_not(None), exists().where(theirs))


def _wake(tx: Transaction) -> Update:
    woken = {"state": EventState.FAILED, "about": None, "next_attempt_at": tx.now, "why": "its payment is known now"}
    return update(provider_events).where(provider_events.c.state == EventState.PARKED).values(woken)


async def for_giving_back(tx: Transaction, provider: str, payment_ref: str) -> RowMapping | None:
    """The payment with its order and the order's pack, if it is ours: as they are under the order's lock.

    `is_first`: it is the order's first payment, which is the one that bought the pack; a second goes back (rule 25).
    """
    if not await lock_order(tx, orders.c.id == order_of_payment(provider, payment_ref)):
        return None
    others = payments.alias("others")
    first = select(func.min(others.c.id)).where(others.c.order_id == orders.c.id).correlate(orders).scalar_subquery()
    return await tx.one(
        select(
            payments,
            orders.c.community_id,
            orders.c.student_id,
            orders.c.mentor_id,
            orders.c.state.label("order_state"),
            orders.c.sessions,
            packs.c.id.label("pack_id"),
            (payments.c.id == first).label("is_first"),
        )
        .join(orders, orders.c.id == payments.c.order_id)
        .outerjoin(packs, packs.c.order_id == orders.c.id)
        .where(payments.c.provider == provider, payments.c.provider_ref == payment_ref)
    )


def order_of_payment(provider: str, payment_ref: str) -> ScalarSelect[int]:
    """The order of this payment, as a part of another statement; nothing is locked."""
    paid = (payments.c.provider == provider) & (payments.c.provider_ref == payment_ref)
    return select(payments.c.order_id).where(paid).scalar_subquery()
