"""Staff say how many sessions go with money that was given back on the provider's own pages (rule 28)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping

from core.db.history import Change, by_member, record
from core.db.notices import Owed, owe
from core.db.refunds import decide_refund, refund_to_decide
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind
from core.rules.refunds import Plan
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import RefundState
from core.usecases.asker import Asker, known_staff
from core.usecases.community.names import why_not_number
from core.usecases.refunds.case import Case, RefundDone, RefundPreview, case_of, done_of, preview_of
from core.usecases.refunds.take_sessions import Taking, take_sessions


@dataclass(frozen=True, slots=True)
class Answer:
    """How many sessions a refund takes, from none to all that are unused, and why."""

    refund_id: int
    sessions: int
    reason: str
    keep_seat: bool = False


@transaction
async def preview_taking(tx: Transaction, asker: Asker, answer: Answer) -> RefundPreview | Refused:
    """What `take_for_refund` would do now. Nothing is changed."""
    found = await _open(tx, asker, answer)
    if isinstance(found, Refused):
        return found
    case, refund, plan = found
    amount = refund["amount_minor"]
    return preview_of(case, plan, amount, keep_seat=answer.keep_seat, refund_id=answer.refund_id)


@transaction
async def take_for_refund(tx: Transaction, asker: Asker, answer: Answer, seen: int) -> RefundDone | Refused:
    """The sessions are gone, and nobody is asked about this refund again. Answered twice, the first answer stands."""
    found = await _open(tx, asker, answer)
    if isinstance(found, Refused):
        return found
    case, refund, plan = found
    if case.seen(plan, refund["amount_minor"]) != seen:
        return refuse(Reason.STALE_REFUND)
    community_id, by = case.by.community_id, by_member(case.by.member_id)
    if plan.taking:
        changed = await take_sessions(tx, case.field, plan, Taking(by, case.reason))
        told = Owed(NoticeKind.PACK_ADJUSTED, case.payment["pack_id"], case.payment["student_id"], changed)
        await tx.run(owe(tx, community_id, told))
    facts = {"sessions": plan.taking}
    change = Change("refund", refund["id"], refund["state"], refund["state"], "decide", case.reason, facts)
    await tx.write_all(
        decide_refund(tx, refund["id"], plan.taking, case.by.member_id, case.reason),
        record(community_id, tx.now, by, change),
    )
    return done_of(case, plan, refund["amount_minor"], refund["id"])


async def _open(tx: Transaction, asker: Asker, answer: Answer) -> tuple[Case, RowMapping, Plan] | Refused:
    """The question, if it is still one once its order is locked."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    found = await refund_to_decide(tx, who.community_id, answer.refund_id)
    if found is None:
        return refuse(Reason.UNKNOWN_ORDER)
    case = await case_of(tx, asker, found["order_id"], answer.reason)
    if isinstance(case, Refused):
        return case
    refund = await refund_to_decide(tx, who.community_id, answer.refund_id)
    if refund is None or refund["decided_at"] is not None or refund["state"] is not RefundState.DONE:
        return refuse(Reason.ALREADY_DECIDED)
    if refused := why_not_number("sessions", answer.sessions, 0, case.unused):
        return refused
    return case, refund, case.plan(answer.sessions, keep_seat=answer.keep_seat)
