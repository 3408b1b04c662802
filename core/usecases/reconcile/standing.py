"""What stands in our tables of what a provider is compared with: orders to ask about, and a payment's books."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.db.notices import Owed, owe
from core.db.orders import UNSETTLED
from core.db.tables import checkouts, disputes, members, orders, payments, refunds
from core.db.unit import Transaction, reading, transaction
from core.rules.notices import NoticeKind
from core.rules.states import DisputeOutcome, OrderState, RefundState


@dataclass(frozen=True, slots=True)
class OrderStanding:
    order_id: int
    community_id: int
    state: OrderState
    student: str


@dataclass(frozen=True, slots=True)
class PaymentStanding:
    """A payment's books. `named_minor` is what went back by refunds that the provider has a name for.

    What staff paid by hand is not among them: the provider knows nothing of it.
    """

    order_id: int
    currency: str
    refunded_minor: int
    lost_minor: int
    named_minor: int
    refunds: tuple[tuple[int, RefundState], ...]
    disputes: tuple[tuple[int, DisputeOutcome | None], ...]


def _to_ask(since: datetime, until: datetime) -> ColumnElement[bool]:
    """An order that may still change at its provider: unsettled, however old, or closed in the period."""
    of_period = and_(orders.c.created_at >= since, orders.c.created_at < until)
    closed = and_(orders.c.state == OrderState.CLOSED, of_period)
    return and_(checkouts.c.opened_at.is_not(None), or_(orders.c.state.in_(UNSETTLED), closed))


@reading
async def orders_to_ask(
    tx: Transaction, provider: str, since: datetime, until: datetime, told: Collection[int]
) -> Sequence[int]:
    """The orders to ask this provider about, the oldest first, without those of which it told already."""
    rows = await tx.all(
        select(orders.c.id)
        .join(checkouts)
        .where(checkouts.c.provider == provider, _to_ask(since, until))
        .order_by(orders.c.id)
    )
    return [row["id"] for row in rows if row["id"] not in told]


@reading
async def orders_of_others(
    tx: Transaction, configured: Collection[str], since: datetime, until: datetime
) -> Mapping[str, int]:
    """How many orders nobody can ask about, by the provider that is not configured."""
    rows = await tx.all(
        select(checkouts.c.provider, func.count().label("waiting"))
        .join(orders, orders.c.id == checkouts.c.order_id)
        .where(checkouts.c.provider.not_in(configured), _to_ask(since, until))
        .group_by(checkouts.c.provider)
        .order_by(checkouts.c.provider)
    )
    return {row["provider"]: row["waiting"] for row in rows}


@reading
async def payments_to_ask(tx: Transaction, provider: str) -> Sequence[str]:
    """The payments of which something was given back, and nobody has asked yet what."""
    rows = await tx.all(
        select(payments.c.provider_ref)
        .where(payments.c.provider == provider, payments.c.next_attempt_at.is_not(None))
        .order_by(payments.c.id)
    )
    return [row["provider_ref"] for row in rows]


@reading
async def order_standing(tx: Transaction, order_id: int) -> OrderStanding | None:
    return await order_of(tx, order_id)


async def order_of(tx: Transaction, order_id: int) -> OrderStanding | None:
    row = await tx.one(
        select(orders.c.community_id, orders.c.state, members.c.name)
        .join(members, members.c.id == orders.c.student_id)
        .where(orders.c.id == order_id)
    )
    return None if row is None else OrderStanding(order_id, row["community_id"], row["state"], row["name"])


@reading
async def payment_standing(tx: Transaction, provider: str, payment_ref: str) -> PaymentStanding | None:
    """None: no payment of ours."""
    return await standing_of(tx, provider, payment_ref)


async def standing_of(tx: Transaction, provider: str, payment_ref: str) -> PaymentStanding | None:
    payment = await tx.one(
        select(payments).where(payments.c.provider == provider, payments.c.provider_ref == payment_ref)
    )
    if payment is None:
        return None
    made = await tx.all(select(refunds).where(refunds.c.payment_id == payment["id"]).order_by(refunds.c.id))
    disputed = await tx.all(select(disputes).where(disputes.c.payment_id == payment["id"]).order_by(disputes.c.id))
    done = [each for each in made if each["provider_ref"] is not None and each["state"] is RefundState.DONE]
    named = [each for each in done if each["failed_at"] is None]
    return PaymentStanding(
        order_id=payment["order_id"],
        currency=payment["currency"],
        refunded_minor=payment["refunded_minor"],
        lost_minor=payment["lost_minor"],
        named_minor=sum(each["amount_minor"] for each in named),
        refunds=tuple((each["id"], each["state"]) for each in made),
        disputes=tuple((each["id"], each["outcome"]) for each in disputed),
    )


@transaction
async def tell_staff(tx: Transaction, order: OrderStanding) -> None:
    await owe_staff(tx, order)


async def owe_staff(tx: Transaction, order: OrderStanding) -> None:
    """Owe staff a word about this order, once a day."""
    owed = Owed(NoticeKind.RECONCILED_STAFF, order.order_id, None, cycle=tx.now.date().toordinal())
    await tx.run(owe(tx, order.community_id, owed))
