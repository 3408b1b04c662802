"""The buyer approved a checkout whose money moves when we take it: may we? (rules 8, 11 and 26)"""

from sqlalchemy import RowMapping, update
from sqlalchemy.sql.dml import Update

from core.db import codes as db_codes
from core.db import orders as db_orders
from core.db.history import PROVIDER, Change, record
from core.db.notices import Owed, owe
from core.db.seats import lock_members, occupied_of, take_seat
from core.db.tables import checkouts, notices
from core.db.unit import Transaction
from core.ports import Approved
from core.rules.codes import why_not_use
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import Purchase, needs_new_seat, why_not_buy
from core.rules.settings import Settings
from core.rules.states import OrderState, SeatState
from core.usecases.buying.place import is_as_promised


async def approve(tx: Transaction, order: RowMapping, news: Approved) -> bool:
    """Whether the money may be taken now; the seat is kept for it then.

    What ran out takes a seat again under the lock, as any purchase, if it can be bought still as it was promised. Else
    nothing is captured: the student is told why, and no money has moved.
    """
    if order["state"] is OrderState.OPEN:
        await tx.run(_approved(tx, order, news))
        return True
    if order["state"] is not OrderState.CLOSED:
        return False
    await lock_members(tx, order["student_id"], order["mentor_id"])
    mentor = await db_orders.mentor_for_sale(tx, order["community_id"], order["mentor_id"], order["student_id"])
    if mentor is None or mentor["student_erased_at"] is not None or await _is_outdated(tx, order, news):
        return False
    refused = await _why_not_reopen(tx, order, mentor)
    if refused is not None:
        await _tell_too_late(tx, order, refused.reason)
        return False
    await _reopen(tx, order, news, mentor["seat_state"])
    return True


async def _is_outdated(tx: Transaction, order: RowMapping, news: Approved) -> bool:
    """Whether the student knows that nothing comes of it: they chose anew since, or it ended after they had agreed.

    It ended as they left it, or as what they agreed to was declined. Whoever agrees after that must be told.
    """
    answered = [at for at in (order["declined_at"], order["final_at"]) if at is not None]
    return any(news.approved_at <= at for at in answered) or await db_orders.has_another(tx, order)


async def _why_not_reopen(tx: Transaction, order: RowMapping, mentor: RowMapping) -> Refused | None:
    """Why the pair cannot buy this now. The limits of rule 8 keep nobody from a checkout that they opened before."""
    if order["final_at"] is not None:
        return refuse(Reason.CHECKOUT_LEFT)
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
    if refused := why_not_buy(purchase, Settings()):
        return refused
    on_sale = await db_orders.products_on_sale(tx, order["mentor_id"])
    if not any(is_as_promised(order, product) for product in on_sale):
        return refuse(Reason.PRODUCT_CHANGED)
    return None if order["code_id"] is None else await _why_not_use_code(tx, order)


async def _why_not_use_code(tx: Transaction, order: RowMapping) -> Refused | None:
    """Its use was given back when the checkout closed: it is asked for anew."""
    row = await db_codes.code_by_id(tx, order["code_id"])
    if row is None:
        return refuse(Reason.CODE_IS_OVER)
    uses = await db_codes.uses_of(tx, row["id"], order["student_id"], but_order=order["id"])
    return why_not_use(db_codes.code_of(row), uses, order["mentor_id"], order["currency"], tx.now)


async def _tell_too_late(tx: Transaction, order: RowMapping, reason: Reason) -> None:
    """Once an order, with the reason of the first time."""
    told = Owed(NoticeKind.APPROVED_TOO_LATE, order["id"], order["student_id"])
    if await tx.value(owe(tx, order["community_id"], told).returning(notices.c.id)) is None:
        return
    closed = OrderState.CLOSED
    change = Change("order", order["id"], closed, closed, db_orders.TURN_DOWN, facts={"reason": reason})
    await tx.run(record(order["community_id"], tx.now, PROVIDER, change))


async def _reopen(tx: Transaction, order: RowMapping, news: Approved, seat_state: SeatState | None) -> None:
    late = "approved after its checkout had closed"
    await db_orders.move_order(tx, order["id"], OrderState.CLOSED, OrderState.OPEN)
    changes = [Change("order", order["id"], OrderState.CLOSED, OrderState.OPEN, "approve", late)]
    if needs_new_seat(seat_state):
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
    """The write after which the jobs capture, if whoever heard of it first does not. The last approval stands."""
    return (
        update(checkouts)
        .where(checkouts.c.id == order["checkout_id"])
        .values(
            approved_at=max(order["approved_at"] or news.approved_at, news.approved_at),
            provider_ref=news.checkout_ref,
            closed_at=None,
            next_attempt_at=tx.now,
        )
    )
