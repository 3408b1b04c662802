"""What staff look at before sessions and money go back: an order under its locks, and a plan to confirm (rule 28)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from sqlalchemy import RowMapping

from core.db import refunds as db_refunds
from core.db.unit import Transaction
from core.rules.refunds import GivenBack, Hold, Plan, SeatAfter, plan_refund
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import OrderState
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.reason import tidy_reason
from core.usecases.refunds.take_sessions import Field, field_of


@dataclass(frozen=True, slots=True)
class Case:
    """A paid order whose sessions or money may go back, under the locks on order and pair, and who asks for it."""

    by: Known
    reason: str
    payment: RowMapping
    books: GivenBack
    field: Field

    @property
    def unused(self) -> int:
        return self.field.ground.unused

    def plan(self, sessions: int | None, *, keep_seat: bool) -> Plan:
        return plan_refund(self.field.ground, sessions, keep_seat=keep_seat)

    def seen(self, plan: Plan, amount_minor: int) -> int:
        """One number for all that somebody sees who looks at this plan: another one, and something has changed."""
        ground = self.field.ground
        moved = [(move.hold.session_id, move.to_pack.id) for move in plan.moved]
        canceled = [hold.session_id for hold in plan.canceled]
        shown = (ground.pack.remaining, ground.unused, self.books.left_minor, amount_minor, plan.taking)
        return crc32(repr((shown, canceled, moved, plan.state.value, plan.seat.value)).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPreview:
    """What would go back and what it takes. `seen` is what whoever confirms it must have seen.

    `refund_id`: the money went on the provider's pages, and only sessions are to be taken. `in_full`: nothing of the
    payment is left, so every unused session goes. `seat_at_stake`: staff may keep the seat in grace.
    """

    order_id: int
    student_name: str
    mentor_name: str
    product_name: str
    reason: str
    amount_minor: int
    left_minor: int  # of the payment, before this
    currency: str
    sessions: int
    unused: int
    total: int
    canceled: tuple[datetime, ...]
    moved: tuple[datetime, ...]
    seat: SeatAfter
    in_full: bool
    keep_seat: bool
    seat_at_stake: bool
    seen: int
    refund_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDone:
    """What goes back, or went before, and what was taken for it."""

    order_id: int
    student_name: str
    mentor_name: str
    amount_minor: int
    currency: str
    sessions: int
    canceled: int
    moved: int
    seat: SeatAfter
    refund_id: int | None = None


async def case_of(tx: Transaction, asker: Asker, order_id: int, reason: str) -> Case | Refused:
    """The order, for staff who say why. Locks the order first, then the pair: whoever has the case decides alone."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    payment = await db_refunds.for_refunding(tx, who.community_id, order_id)
    if payment is None:
        return refuse(Reason.UNKNOWN_ORDER)
    if refused := _why_not(payment):
        return refused
    books = await db_refunds.given_back(tx, payment["id"])
    field = await field_of(tx, payment["student_id"], payment["mentor_id"], payment["pack_id"])
    return Case(who, tidy, payment, books, field)


def _why_not(payment: RowMapping) -> Refused | None:
    if payment["order_state"] is OrderState.PARKED:
        return refuse(Reason.DECIDE_IN_TASKS)
    if payment["id"] is None or payment["pack_id"] is None:
        return refuse(Reason.NOTHING_TO_REFUND)
    return refuse(Reason.DISPUTE_IS_OPEN) if payment["disputed"] else None


def preview_of(
    case: Case, plan: Plan, amount_minor: int, *, keep_seat: bool, in_full: bool = False, refund_id: int | None = None
) -> RefundPreview:
    sessions = None if in_full else plan.taking
    otherwise = case.plan(sessions, keep_seat=not keep_seat)
    return RefundPreview(
        order_id=case.payment["order_id"],
        student_name=case.payment["student_name"],
        mentor_name=case.payment["mentor_name"],
        product_name=case.payment["product_name"],
        reason=case.reason,
        amount_minor=amount_minor,
        left_minor=case.books.left_minor,
        currency=case.books.currency,
        sessions=plan.taking,
        unused=case.unused,
        total=case.field.ground.pack.total,
        canceled=_starts(plan.canceled),
        moved=_starts([move.hold for move in plan.moved]),
        seat=plan.seat,
        in_full=in_full,
        keep_seat=keep_seat,
        seat_at_stake=otherwise.seat is not plan.seat,
        seen=case.seen(plan, amount_minor),
        refund_id=refund_id,
    )


def done_of(case: Case, plan: Plan, amount_minor: int, refund_id: int | None = None) -> RefundDone:
    return RefundDone(
        order_id=case.payment["order_id"],
        student_name=case.payment["student_name"],
        mentor_name=case.payment["mentor_name"],
        amount_minor=amount_minor,
        currency=case.books.currency,
        sessions=plan.taking,
        canceled=len(plan.canceled),
        moved=len(plan.moved),
        seat=plan.seat,
        refund_id=refund_id,
    )


def _starts(holds: Sequence[Hold]) -> tuple[datetime, ...]:
    return tuple(sorted(hold.starts_at for hold in holds))
