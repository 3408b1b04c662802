"""Staff say what becomes of a refund that the provider did not make: paid by hand, asked for anew, not owed (28)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, select, update

from core.db.disputes import payment_is_disputed
from core.db.history import Change, by_member, record
from core.db.notices import Owed, owe
from core.db.payments import for_giving_back
from core.db.refunds import count_refunded
from core.db.tables import members, orders, payments, refunds
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import RefundCause, RefundState
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.buying.fulfil import intend_refund
from core.usecases.reason import tidy_reason


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """A refund of which staff said what becomes of it: `done`, `not_owed`, or `replaced` by one that is asked for."""

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
    settled = await _settle(tx, failed, RefundState.DONE, "by hand")
    if isinstance(settled, RefundSettled):
        told = Owed(NoticeKind.REFUND_BY_HAND, failed.refund["order_id"], failed.refund["student_id"], refund_id)
        await tx.write_all(
            count_refunded(failed.refund["payment_id"], settled.amount_minor),
            owe(tx, failed.by.community_id, told),
        )
    return settled


@transaction
async def refund_again(tx: Transaction, asker: Asker, refund_id: int, reason: str) -> RefundSettled | Refused:
    """Another refund is owed in its place, and the jobs ask the provider for it. Said twice, it is asked for once.

    A row of its own has a key of its own: under the old one the provider would only say its no again.
    """
    failed = await _failed(tx, asker, refund_id, reason)
    if isinstance(failed, Refused):
        return failed
    settled = await _settle(tx, failed, RefundState.REPLACED, "ask again")
    if isinstance(settled, Refused):
        return settled
    by, refund = failed.by, failed.refund
    staff = RefundCause.STAFF
    another = await intend_refund(tx, refund["payment_id"], settled.amount_minor, staff, asked_by=by.member_id)
    change = Change("refund", another, None, RefundState.INTENDED, "refund", failed.reason)
    await tx.write_all(
        record(by.community_id, tx.now, by_member(by.member_id), change),
        owe(tx, by.community_id, Owed(NoticeKind.REFUNDED, refund["order_id"], refund["student_id"], another)),
    )
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
            orders.c.id.label("order_id"),
            orders.c.student_id,
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
    # If the bank takes the money back, whoever was paid by hand before has it twice; if not, it may be owed (rule 29).
    if await tx.value(select(payment_is_disputed(found["payment_id"]))):
        return refuse(Reason.DISPUTE_IS_OPEN)
    return _Failed(who, found, tidy)


async def _settle(tx: Transaction, failed: _Failed, state: RefundState, verb: str) -> RefundSettled | Refused:
    refund = failed.refund
    settled = update(refunds).where(refunds.c.id == refund["id"], refunds.c.state == RefundState.FAILED)
    by_hand_at = tx.now if state is RefundState.DONE else None
    replaced_at = tx.now if state is RefundState.REPLACED else None
    values = {"state": state, "by_hand_at": by_hand_at, "replaced_at": replaced_at}
    amount: int | None = await tx.value(settled.values(values).returning(refunds.c.amount_minor))
    if amount is None:
        return refuse(Reason.ALREADY_DECIDED)
    change = Change("refund", refund["id"], RefundState.FAILED, state, verb, failed.reason)
    await tx.run(record(failed.by.community_id, tx.now, by_member(failed.by.member_id), change))
    return RefundSettled(refund["id"], refund["name"], amount, refund["currency"], state)
