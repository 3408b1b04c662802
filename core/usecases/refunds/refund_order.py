"""Staff give money back, for sessions that are unused or as goodwill: looked at first, then confirmed (rule 28)."""

from dataclasses import dataclass, replace

from core.db.history import Change, by_member, record
from core.db.notices import Owed, owe
from core.db.refunds import close_questions, taken_from
from core.db.unit import Transaction, transaction
from core.rules.money import parse_amount
from core.rules.notices import NoticeKind
from core.rules.refunds import Plan, default_amount, why_not_amount
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import PackState, RefundCause, RefundState
from core.usecases.asker import Asker
from core.usecases.buying.fulfil import intend_refund
from core.usecases.community.names import why_not_number
from core.usecases.refunds.case import Case, RefundDone, RefundPreview, case_of, done_of, preview_of
from core.usecases.refunds.take_sessions import Taking, refund_whole_order, take_sessions


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff want to give back. Left out: all that is unused, and its share of the money.

    `keep_seat`: should the student's last session go with it, the seat is kept for as long as a grace lasts.
    """

    order_id: int
    reason: str
    sessions: int | None = None
    amount_minor: int | None = None
    keep_seat: bool = False


@transaction
async def preview_refund(
    tx: Transaction, asker: Asker, wish: Wish, amount: str | None = None
) -> RefundPreview | Refused:
    """What `refund_order` would do now. Nothing is changed. `amount` is as somebody typed it."""
    case = await case_of(tx, asker, wish.order_id, wish.reason)
    if isinstance(case, Refused):
        return case
    if amount is not None:
        typed = parse_amount(amount, case.books.currency)
        if isinstance(typed, Refused):
            return typed
        wish = replace(wish, amount_minor=typed)
    offer = await _offer(tx, case, wish)
    if isinstance(offer, Refused):
        return offer
    return preview_of(case, offer.plan, offer.amount_minor, keep_seat=wish.keep_seat, in_full=offer.in_full)


@transaction
async def refund_order(tx: Transaction, asker: Asker, wish: Wish, seen: int) -> RefundDone | Refused:
    """The money is owed back, and what it takes is taken; the jobs ask the provider for it.

    `STALE_REFUND` if whoever confirms saw something else than what there is now, also if they confirmed it before.
    """
    case = await case_of(tx, asker, wish.order_id, wish.reason)
    if isinstance(case, Refused):
        return case
    offer = await _offer(tx, case, wish)
    if isinstance(offer, Refused) or case.seen(offer.plan, offer.amount_minor) != seen:
        return refuse(Reason.STALE_REFUND)
    await _write(tx, case, offer)
    return done_of(case, offer.plan, offer.amount_minor)


@dataclass(frozen=True, slots=True)
class _Offer:
    """So much for these sessions. `in_full`: nothing of the payment is left then."""

    amount_minor: int
    plan: Plan
    in_full: bool


async def _offer(tx: Transaction, case: Case, wish: Wish) -> _Offer | Refused:
    if case.payment["erased_at"] is not None:
        return refuse(Reason.MEMBER_ERASED)
    sessions = case.unused if wish.sessions is None else wish.sessions
    if refused := why_not_number("sessions", sessions, 0, case.unused):
        return refused
    amount = wish.amount_minor
    if amount is None:
        pack = case.field.ground.pack
        amount = default_amount(case.books, pack.total, await taken_from(tx, pack.id), sessions)
    if refused := why_not_amount(case.books, amount):
        return refused
    in_full = amount > 0 and amount == case.books.left_minor
    plan = case.plan(None if in_full else sessions, keep_seat=wish.keep_seat)
    if amount == 0 and plan.taking == 0:
        return refuse(Reason.NOTHING_TO_REFUND)
    return _Offer(amount, plan, in_full)


async def _write(tx: Transaction, case: Case, offer: _Offer) -> None:
    community_id, by = case.by.community_id, by_member(case.by.member_id)
    taking = Taking(by, case.reason, offer.amount_minor)
    if offer.in_full:
        await refund_whole_order(tx, case.payment, taking)
        await tx.run(close_questions(tx, case.payment["id"]))
    pack_changed = None
    if offer.plan.taking or (offer.in_full and case.field.ground.pack.state is not PackState.REFUNDED):
        pack_changed = await take_sessions(tx, case.field, offer.plan, taking)
    if offer.amount_minor:
        refund_id = await intend_refund(
            tx,
            case.payment["id"],
            offer.amount_minor,
            RefundCause.STAFF,
            sessions=offer.plan.taking,
            asked_by=case.by.member_id,
            reason=case.reason,
        )
        owed = RefundState.INTENDED
        await tx.write_all(
            record(community_id, tx.now, by, Change("refund", refund_id, None, owed, "refund", case.reason)),
            owe(tx, community_id, *_told(case, refund_id)),
        )
    elif pack_changed is not None:
        student_id, pack_id = case.payment["student_id"], case.payment["pack_id"]
        await tx.run(owe(tx, community_id, Owed(NoticeKind.PACK_ADJUSTED, pack_id, student_id, pack_changed)))


def _told(case: Case, refund_id: int) -> tuple[Owed, Owed]:
    order_id = case.payment["order_id"]
    return (
        Owed(NoticeKind.REFUNDED, order_id, case.payment["student_id"], refund_id),
        Owed(NoticeKind.REFUNDED_STAFF, order_id, None, refund_id),
    )
