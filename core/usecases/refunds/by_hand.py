"""Staff say what became of a refund that the provider did not make: made by hand, or not owed (rule 28)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, select, update

from core.db.disputes import payment_is_disputed
from core.db.history import Change, by_member, record
from core.db.payments import for_giving_back
from core.db.refunds import count_refunded
from core.db.tables import members, orders, payments, refunds
from core.db.unit import Transaction, transaction
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import RefundState
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.reason import tidy_reason


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """A refund of which staff said what became of it: `done`, or `not_owed`."""

    refund_id: int
    student_name: str
    amount_minor: int
    currency: str
    state: RefundState


@dataclass(frozen=True, slots=True)
class _Failed:
    """A failed refund of their community, under the lock on its order, by staff who say why."""

    by: Known
    refund: RowMapping
    reason: str


@transaction
async def refunded_by_hand(tx: Transaction, asker: Asker, refund_id: int, reason: str) -> RefundSettled | Refused:
    """The refund is done, and counted in the payment's books. Said twice, the first time stands."""
    failed = await _failed(tx, asker, refund_id, reason)
    if isinstance(failed, Refused):
        return failed
    # If the bank takes the money back, whoever was paid by hand before has it twice (rule 29).
    if await tx.value(select(payment_is_disputed(failed.refund["payment_id"]))):
        return refuse(Reason.DISPUTE_IS_OPEN)
    settled = await _settle(tx, failed, RefundState.DONE, "by hand")
    if isinstance(settled, RefundSettled):
        await tx.run(count_refunded(failed.refund["payment_id"], settled.amount_minor))
    return settled


@transaction
async def refund_not_owed(tx: Transaction, asker: Asker, refund_id: int, reason: str) -> RefundSettled | Refused:
    """Nobody makes the refund, and the money counts as kept. Should the provider have made it after all, it counts."""
    failed = await _failed(tx, asker, refund_id, reason)
    if isinstance(failed, Refused):
        return failed
    return await _settle(tx, failed, RefundState.NOT_OWED, "not owed")


async def _failed(tx: Transaction, asker: Asker, refund_id: int, reason: str) -> _Failed | Refused:
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
    return _Failed(who, found, tidy)


async def _settle(tx: Transaction, failed: _Failed, state: RefundState, verb: str) -> RefundSettled | Refused:
    refund = failed.refund
    settled = update(refunds).where(refunds.c.id == refund["id"], refunds.c.state == RefundState.FAILED)
    by_hand_at = tx.now if state is RefundState.DONE else None
    amount: int | None = await tx.value(
        settled.values(state=state, by_hand_at=by_hand_at).returning(refunds.c.amount_minor)
    )
    if amount is None:
        return refuse(Reason.ALREADY_DECIDED)
    change = Change("refund", refund["id"], RefundState.FAILED, state, verb, failed.reason)
    await tx.run(record(failed.by.community_id, tx.now, by_member(failed.by.member_id), change))
    return RefundSettled(refund["id"], refund["name"], amount, refund["currency"], state)
