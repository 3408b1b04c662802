"""The buyer approved a checkout whose money moves when we take it: may we? (rules 8 and 11)"""

from sqlalchemy import RowMapping, func, update
from sqlalchemy.sql.dml import Update

from core.db import orders as db_orders
from core.db.history import PROVIDER, Change, record
from core.db.notices import Owed, owe
from core.db.seats import lock_members, occupied_of, take_seat
from core.db.tables import checkouts
from core.db.unit import Transaction
from core.ports import Approved
from core.rules.notices import NoticeKind
from core.rules.seats import Purchase, needs_new_seat, why_not_buy
from core.rules.settings import Settings
from core.rules.states import OrderState, SeatState


async def approve(tx: Transaction, order: RowMapping, news: Approved) -> bool:
    """Whether the money may be taken now; the seat is kept for it then.

    After its checkout had closed a seat is taken again under the lock, as for any purchase. Where there is none nothing
    is captured: the student is told, and no money has moved.
    """
    if order["state"] is OrderState.OPEN:
        await tx.run(_approved(tx, order, news))
        return True
    if order["state"] is not OrderState.CLOSED:
        return False
    replaced = await db_orders.paid_instead(tx, order)
    await lock_members(tx, order["student_id"], order["mentor_id"])
    if replaced or not await _may_reopen(tx, order):
        told = Owed(NoticeKind.APPROVED_TOO_LATE, order["id"], order["student_id"])
        await tx.run(owe(tx, order["community_id"], told))
        return False
    await _reopen(tx, order, news)
    return True


async def _may_reopen(tx: Transaction, order: RowMapping) -> bool:
    """Whether the pair may buy now. The limits of rule 8 keep nobody from a checkout that they opened before."""
    pair = (order["student_id"], order["mentor_id"])
    if await db_orders.unsettled_of_pair(tx, *pair) is not None:
        return False  # what they chose since then counts
    mentor = await db_orders.mentor_for_sale(tx, order["community_id"], order["mentor_id"], order["student_id"])
    if mentor is None:
        return False
    purchase = Purchase(
        now=tx.now,
        capacity=mentor["capacity"],
        occupied=await tx.value(occupied_of(order["mentor_id"])),
        seat_state=mentor["seat_state"],
        grace_ends_at=mentor["grace_ends_at"],
        grace_warned=mentor["warned"],
        mentor_removed=mentor["removed_at"] is not None,
        mentor_paused=mentor["paused_at"] is not None,
    )
    return why_not_buy(purchase, Settings()) is None


async def _reopen(tx: Transaction, order: RowMapping, news: Approved) -> None:
    late = "approved after its checkout had closed"
    await db_orders.move_order(tx, order["id"], OrderState.CLOSED, OrderState.OPEN)
    changes = [Change("order", order["id"], OrderState.CLOSED, OrderState.OPEN, "approve", late)]
    if needs_new_seat(order["seat_state"]):
        seat_id = await take_seat(
            tx,
            community_id=order["community_id"],
            student_id=order["student_id"],
            mentor_id=order["mentor_id"],
            state=SeatState.HELD,
        )
        changes.append(Change("seat", seat_id, None, SeatState.HELD, "approve", late))
    await tx.write_all(_approved(tx, order, news), record(order["community_id"], tx.now, PROVIDER, *changes))


def _approved(tx: Transaction, order: RowMapping, news: Approved) -> Update:
    """The write after which the jobs capture, if whoever heard of it first does not. The first instant stands."""
    return (
        update(checkouts)
        .where(checkouts.c.id == order["checkout_id"])
        .values(
            approved_at=func.coalesce(checkouts.c.approved_at, news.approved_at),
            provider_ref=news.checkout_ref,
            closed_at=None,
            next_attempt_at=tx.now,
        )
    )
