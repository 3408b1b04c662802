"""Staff decide about money that is not what its order says: grant what was ordered, or give it back (rule 26)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from core.db import orders as db_orders
from core.db.disputes import payment_is_disputed
from core.db.history import Change, by_member, record
from core.db.notices import Owed, owe
from core.db.refunds import given_back
from core.db.tables import members, payments
from core.db.unit import Transaction, transaction
from core.ports import Paid
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import OrderState, RefundCause, RefundState
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.buying.fulfil import fulfil, intend_refund
from core.usecases.reason import tidy_reason
from core.usecases.seats.free_held import free_held_seat


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of the order, and of how much money the decision was."""

    order_id: int
    state: OrderState
    student_name: str
    mentor_name: str
    product_name: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class _Case:
    """A parked order, locked, with its payment and who decides."""

    by: Known
    reason: str
    order: RowMapping
    payment: RowMapping
    student_name: str

    def decided(self, state: OrderState, amount_minor: int) -> Decided:
        return Decided(
            order_id=self.order["id"],
            state=state,
            student_name=self.student_name,
            mentor_name=self.order["mentor_name"],
            product_name=self.order["product_name"],
            amount_minor=amount_minor,
            currency=self.payment["currency"],
        )


@transaction
async def grant_parked(tx: Transaction, asker: Asker, order_id: int, reason: str) -> Decided | Refused:
    """The order is fulfilled as if its money had agreed; its student has the seat, above capacity if need be."""
    case = await _case(tx, asker, order_id, reason)
    if isinstance(case, Refused):
        return case
    payment = case.payment
    paid = Paid(
        checkout_ref=case.order["provider_ref"],
        payment_ref=payment["provider_ref"],
        amount_minor=payment["amount_minor"],
        tax_minor=payment["tax_minor"],
        currency=payment["currency"],
        paid_at=payment["paid_at"],
        livemode=payment["livemode"],
    )
    state = await fulfil(tx, case.order, payment["id"], paid, by_member(case.by.member_id), case.reason)
    return case.decided(state, payment["amount_minor"])


@transaction
async def refund_parked(tx: Transaction, asker: Asker, order_id: int, reason: str) -> Decided | Refused:
    """All of the money goes back by itself, the student is told, and a seat that was held for it is free."""
    case = await _case(tx, asker, order_id, reason)
    if isinstance(case, Refused):
        return case
    order, payment, why = case.order, case.payment, case.reason
    left = (await given_back(tx, payment["id"])).left_minor
    await db_orders.move_order(tx, order_id, OrderState.PARKED, OrderState.REFUNDED)
    changes = [Change("order", order_id, OrderState.PARKED, OrderState.REFUNDED, "refund", why)]
    if left > 0:
        refund_id = await intend_refund(
            tx, payment["id"], left, RefundCause.STAFF, asked_by=case.by.member_id, reason=why
        )
        changes.append(Change("refund", refund_id, None, RefundState.INTENDED, "refund", why))
    changes += await free_held_seat(tx, order, why)
    await tx.write_all(
        record(case.by.community_id, tx.now, by_member(case.by.member_id), *changes),
        owe(tx, case.by.community_id, Owed(NoticeKind.PARKED_REFUNDED, order_id, order["student_id"])),
    )
    return case.decided(OrderState.REFUNDED, left)


async def _case(tx: Transaction, asker: Asker, order_id: int, reason: str) -> _Case | Refused:
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    # The same lock as a payment's: of two who decide at once the second finds it decided.
    order = await db_orders.for_deciding(tx, who.community_id, order_id)
    if order is None:
        return refuse(Reason.UNKNOWN_ORDER)
    # A second payment of the order goes back by itself (rule 25): the first is the one that was parked.
    paid = select(payments, payment_is_disputed(payments.c.id).label("disputed"))
    payment = await tx.one(paid.where(payments.c.order_id == order_id).order_by(payments.c.id).limit(1))
    if order["state"] is not OrderState.PARKED or payment is None:
        return refuse(Reason.ALREADY_DECIDED)
    if payment["disputed"]:
        return refuse(Reason.DISPUTE_IS_OPEN)
    student_name: str = await tx.value(select(members.c.name).where(members.c.id == order["student_id"]))
    return _Case(who, tidy, order, payment, student_name)
