"""Staff say that a refund which the provider did not make was made by hand (rule 28)."""

from dataclasses import dataclass

from sqlalchemy import select, update

from core.db.disputes import payment_is_disputed
from core.db.history import Change, by_member, record
from core.db.payments import for_giving_back
from core.db.refunds import count_refunded
from core.db.tables import members, orders, payments, refunds
from core.db.unit import Transaction, transaction
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import RefundState
from core.usecases.asker import Asker, known_staff
from core.usecases.reason import tidy_reason


@dataclass(frozen=True, slots=True)
class RefundedByHand:
    refund_id: int
    student_name: str
    amount_minor: int
    currency: str


@transaction
async def refunded_by_hand(tx: Transaction, asker: Asker, refund_id: int, reason: str) -> RefundedByHand | Refused:
    """The refund is done, and counted in the payment's books. Said twice, the first time stands."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    found = await tx.one(
        select(
            refunds,
            payments.c.currency,
            payments.c.provider,
            payments.c.provider_ref.label("payment_ref"),
            members.c.name,
        )
        .join(payments, payments.c.id == refunds.c.payment_id)
        .join(orders, orders.c.id == payments.c.order_id)
        .join(members, members.c.id == orders.c.student_id)
        .where(refunds.c.id == refund_id, orders.c.community_id == who.community_id)
    )
    if found is None:
        return refuse(Reason.UNKNOWN_ORDER)
    # The lock of all news of this payment: another refund may just stand in for this one.
    await for_giving_back(tx, found["provider"], found["payment_ref"])
    # If the bank takes the money back, whoever was paid by hand before has it twice (rule 29).
    if await tx.value(select(payment_is_disputed(found["payment_id"]))):
        return refuse(Reason.DISPUTE_IS_OPEN)
    failed = update(refunds).where(refunds.c.id == refund_id, refunds.c.state == RefundState.FAILED)
    amount: int | None = await tx.value(
        failed.values(state=RefundState.DONE, by_hand_at=tx.now).returning(refunds.c.amount_minor)
    )
    if amount is None:
        return refuse(Reason.ALREADY_DECIDED)
    change = Change("refund", refund_id, RefundState.FAILED, RefundState.DONE, "by hand", tidy)
    await tx.write_all(
        count_refunded(found["payment_id"], amount),
        record(who.community_id, tx.now, by_member(who.member_id), change),
    )
    return RefundedByHand(refund_id, found["name"], amount, found["currency"])
