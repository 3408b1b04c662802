"""A dispute of a payment is as the provider says it is, whichever of its news comes first (rules 12 and 29)."""

from dataclasses import replace

from sqlalchemy import RowMapping

from core.db import disputes as db_disputes
from core.db.history import PROVIDER, Change, record
from core.db.notices import Owed, owe
from core.db.refunds import close_questions
from core.db.unit import Transaction
from core.ports import REVERSED, DisputeNews
from core.rules.notices import NoticeKind, cycle_at
from core.rules.states import DisputeOutcome
from core.usecases.disputes.clocks import let_clocks_run, stop_clocks
from core.usecases.refunds.note_refund import end_parked, trim_owed
from core.usecases.refunds.take_sessions import Taking, take_all

_LOST = "the dispute was lost"
_REVERSED = "the provider took the money back"
_GIVEN_BACK = "the provider gave the money back"


async def note_dispute(tx: Transaction, payment: RowMapping, news: DisputeNews) -> None:
    """The dispute is in the books, with what it means for pack and seat. Told again, it changes nothing.

    One that ended is open no more, whatever comes late; only a later end is another one: money that came back, or went.
    PayPal tells of a reversal that it takes back by the dispute that is won after it: both end then, in either order.
    """
    if news.currency != payment["currency"]:
        raise ValueError(f"payment {payment['id']} is not in the currency of its dispute {news.dispute_ref}")
    known = await db_disputes.dispute_of(tx, payment["id"], news.dispute_ref)
    if known is None:
        known = await db_disputes.insert_dispute(tx, payment["id"], news)
        if news.outcome is None:
            await _open(tx, payment, known)
            return
        if news.reason == REVERSED and await _came_and_went(tx, payment, known, news):
            return
    if news.outcome is None:
        await _move(tx, payment, known, news)
    elif known["outcome"] is None or (known["outcome"] is not news.outcome and known["closed_at"] < news.at):
        await _end(tx, payment, known, news)


async def _open(tx: Transaction, payment: RowMapping, dispute: RowMapping) -> None:
    facts = {"amount_minor": dispute["amount_minor"]}
    change = Change("dispute", dispute["id"], None, "open", "open", dispute["reason"], facts)
    await tx.run(record(payment["community_id"], tx.now, PROVIDER, change))
    await stop_clocks(tx, payment)
    student = Owed(NoticeKind.DISPUTED, dispute["id"], payment["student_id"])
    await tx.run(owe(tx, payment["community_id"], student, _to_answer(dispute["id"], dispute)))


def _to_answer(dispute_id: int, told: RowMapping | DisputeNews) -> Owed:
    answer_by = told.answer_by if isinstance(told, DisputeNews) else told["answer_by"]
    return Owed(NoticeKind.DISPUTED_STAFF, dispute_id, None, 1 if answer_by is None else cycle_at(answer_by))


async def _move(tx: Transaction, payment: RowMapping, dispute: RowMapping, news: DisputeNews) -> None:
    """Staff are told of another deadline, and of nothing else: the rest they read where they answer.

    What the provider said before is no news, though it comes late: neither amount nor deadline goes back.
    """
    as_it_was = (dispute["amount_minor"], dispute["answer_by"])
    if dispute["outcome"] is not None or news.at <= dispute["told_at"]:
        return
    if as_it_was == (news.disputed_minor, news.answer_by):
        await tx.run(db_disputes.move_dispute(dispute["id"], news))
        return
    facts = {"amount_minor": news.disputed_minor, "answer_by": news.answer_by and news.answer_by.isoformat()}
    writes = [
        db_disputes.move_dispute(dispute["id"], news),
        record(
            payment["community_id"],
            tx.now,
            PROVIDER,
            Change("dispute", dispute["id"], "open", "open", "move", facts=facts),
        ),
    ]
    if news.answer_by is not None and news.answer_by != dispute["answer_by"]:
        writes.append(owe(tx, payment["community_id"], _to_answer(dispute["id"], news)))
    await tx.write_all(*writes)


async def _came_and_went(tx: Transaction, payment: RowMapping, reversal: RowMapping, news: DisputeNews) -> bool:
    """Whether money that the provider took was given back since, as far as we know: then nothing is lost by it.

    News of money that came back is only for the books where we know of no loss that it mends.
    """
    back_at = await db_disputes.given_back_at(tx, payment["id"], news.at)
    if news.outcome is DisputeOutcome.WON:
        if await db_disputes.reversals_before(tx, payment["id"], news.at):
            return False
        back_at = news.at
    if back_at is None:
        return False
    won = DisputeOutcome.WON
    change = Change("dispute", reversal["id"], None, won, "win", _GIVEN_BACK)
    await tx.write_all(
        db_disputes.close_dispute(reversal["id"], replace(news, outcome=won, at=back_at)),
        record(payment["community_id"], tx.now, PROVIDER, change),
    )
    return True


async def _give_back(tx: Transaction, payment: RowMapping, news: DisputeNews) -> None:
    """What the provider took before it decided for us is ours again."""
    won, lost = DisputeOutcome.WON, DisputeOutcome.LOST
    for reversal in await db_disputes.reversals_before(tx, payment["id"], news.at):
        back = replace(news, outcome=won, disputed_minor=reversal["amount_minor"])
        change = Change("dispute", reversal["id"], lost, won, "win", _GIVEN_BACK)
        await tx.write_all(
            db_disputes.close_dispute(reversal["id"], back),
            record(payment["community_id"], tx.now, PROVIDER, change),
        )


async def _end(tx: Transaction, payment: RowMapping, dispute: RowMapping, news: DisputeNews) -> None:
    won = news.outcome is DisputeOutcome.WON
    before = dispute["outcome"] or "open"
    change = Change("dispute", dispute["id"], before, news.outcome or "", "win" if won else "lose", news.reason)
    await tx.write_all(
        db_disputes.close_dispute(dispute["id"], news), record(payment["community_id"], tx.now, PROVIDER, change)
    )
    if won:
        await _give_back(tx, payment, news)
    await tx.run(db_disputes.count_lost(payment["id"]))
    if won:
        await let_clocks_run(tx, payment)
        await _tell(tx, payment, dispute, NoticeKind.DISPUTE_WON, NoticeKind.DISPUTE_WON_STAFF)
        return
    await _lose(tx, payment, news)
    if not await db_disputes.was_lost_before(tx, payment["id"], but_for=dispute["id"]):
        await _tell(tx, payment, dispute, NoticeKind.DISPUTE_LOST, NoticeKind.DISPUTE_LOST_STAFF)


async def _lose(tx: Transaction, payment: RowMapping, news: DisputeNews) -> None:
    """As a full refund: what is unused goes, with bookings and seat, and nothing is owed for money that is gone."""
    why = _REVERSED if news.reason == REVERSED else _LOST
    plan = await take_all(tx, payment, Taking(PROVIDER, why))
    if plan is None:
        await end_parked(tx, payment, why)
    await tx.run(close_questions(tx, payment["id"]))
    await let_clocks_run(tx, payment)
    await trim_owed(tx, payment)


async def _tell(
    tx: Transaction, payment: RowMapping, dispute: RowMapping, to_student: NoticeKind, to_staff: NoticeKind
) -> None:
    student = Owed(to_student, dispute["id"], payment["student_id"])
    await tx.run(owe(tx, payment["community_id"], student, Owed(to_staff, dispute["id"], None)))
