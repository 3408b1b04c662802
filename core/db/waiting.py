"""Who waits for a mentor's seat."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, RowMapping, exists, select

from core.db.tables import orders, payments, refunds, seats, waiting_list
from core.db.unit import Transaction
from core.rules.seats import PAID_FOR
from core.rules.states import RefundCause


async def seatless_waiting(
    tx: Transaction,
    community_id: int,
    student: FromClause,
    mentor: FromClause,
    names: Sequence[ColumnElement[Any]],
    most: int,
) -> Sequence[RowMapping]:
    """The places of those who paid when no seat was free, and have none yet (rule 27): (id, since) and their names."""
    pair = (waiting_list.c.member_id, waiting_list.c.mentor_id)
    paid = exists().where(
        orders.c.student_id == pair[0],
        orders.c.mentor_id == pair[1],
        payments.c.order_id == orders.c.id,
        refunds.c.payment_id == payments.c.id,
        refunds.c.cause == RefundCause.NO_SEAT,
    )
    seated = exists().where(seats.c.student_id == pair[0], seats.c.mentor_id == pair[1], seats.c.state.in_([*PAID_FOR]))
    return await tx.all(
        select(waiting_list.c.id, waiting_list.c.joined_at.label("since"), *names)
        .join(student, student.c.id == pair[0])
        .join(mentor, mentor.c.id == pair[1])
        .where(waiting_list.c.community_id == community_id, waiting_list.c.left_at.is_(None), paid, ~seated)
        .order_by(waiting_list.c.place_at, waiting_list.c.id)
        .limit(most)
    )
