"""Paid orders by name, for staff who give money back."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from core.db.tables import members, orders, packs, payments
from core.db.unit import Transaction, reading
from core.rules.refusals import Refused
from core.rules.states import OrderState
from core.usecases.asker import Asker, staffed

_MOST_CHOICES = 25  # Discord shows no more
_BETWEEN = " – "


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """One order that a refund may be about; `paid_at` is on the community's own clock."""

    order_id: int
    student_name: str
    mentor_name: str
    product_name: str
    amount_minor: int
    currency: str
    paid_at: datetime


@reading
async def find_paid_orders(tx: Transaction, asker: Asker, text: str) -> tuple[PaidOrder, ...]:
    """The latest orders whose names or product hold the text and of which something is left. Nobody else sees any.

    Left is money that has not gone back, or sessions in the pack. Two statements.
    """
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return ()
    student, mentor = members.alias("student"), members.alias("mentor")
    words = student.c.name + _BETWEEN + mentor.c.name + _BETWEEN + orders.c.product_name
    others = payments.alias("others")
    first = select(func.min(others.c.id)).where(others.c.order_id == orders.c.id).correlate(orders).scalar_subquery()
    rows = await tx.all(
        select(
            orders.c.id,
            orders.c.product_name,
            payments.c.amount_minor,
            payments.c.currency,
            payments.c.paid_at,
            student.c.name.label("student_name"),
            mentor.c.name.label("mentor_name"),
        )
        .select_from(orders)
        .join(payments, payments.c.id == first)
        .join(packs, packs.c.order_id == orders.c.id)
        .join(student, student.c.id == orders.c.student_id)
        .join(mentor, mentor.c.id == orders.c.mentor_id)
        .where(
            orders.c.community_id == community["id"],
            orders.c.state == OrderState.FULFILLED,
            student.c.erased_at.is_(None),
            or_(
                packs.c.remaining > 0,
                payments.c.amount_minor > payments.c.refunded_minor + payments.c.lost_minor,
            ),
            func.lower(words).contains(text.strip().lower(), autoescape=True),
        )
        .order_by(payments.c.paid_at.desc(), orders.c.id.desc())
        .limit(_MOST_CHOICES)
    )
    zone = ZoneInfo(community["time_zone"])
    return tuple(
        PaidOrder(
            order_id=row["id"],
            student_name=row["student_name"],
            mentor_name=row["mentor_name"],
            product_name=row["product_name"],
            amount_minor=row["amount_minor"],
            currency=row["currency"],
            paid_at=row["paid_at"].astimezone(zone),
        )
        for row in rows
    )
