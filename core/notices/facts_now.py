"""What is true of a notice's subject now: read again at each attempt to send (rule 32), never carried along."""

from dataclasses import fields
from datetime import datetime, timedelta

from core.db.people import SETTINGS_IN_DISCORD
from core.db.subjects import (
    Row,
    adjustment_subject,
    community_subject,
    dispute_subject,
    mentor_subject,
    order_subject,
    pack_subject,
    seat_subject,
    session_subject,
)
from core.db.unit import Transaction
from core.notices.facts import (
    AdjustmentFacts,
    ByHand,
    CommunityFacts,
    DisputeFacts,
    Facts,
    MentorFacts,
    Money,
    OrderFacts,
    PackFacts,
    Pair,
    Person,
    RefundFacts,
    SeatFacts,
    SessionFacts,
)
from core.rules.notices import NoticeKind, Subject, is_of_payment, is_of_refund, subject_of
from core.rules.refusals import Reason
from core.rules.settings import settings_from
from core.rules.states import PackState


async def facts_of(tx: Transaction, kind: NoticeKind, subject_id: int, cycle: int) -> Facts | None:
    """The notice's subject as it stands now, by one query; None if there is no such row."""
    match subject_of(kind):
        case Subject.SEAT:
            return await _seat(tx, subject_id, cycle)
        case Subject.SESSION:
            return await _session(tx, subject_id)
        case Subject.ORDER:
            return await _order(tx, kind, subject_id, cycle)
        case Subject.PACK:
            return await _pack(tx, subject_id, cycle)
        case Subject.ADJUSTMENT:
            return await _adjustment(tx, subject_id)
        case Subject.DISPUTE:
            return await _dispute(tx, subject_id)
        case Subject.MENTOR:
            return await _mentor(tx, subject_id, cycle)
        case Subject.COMMUNITY:
            return await _community(tx, subject_id, cycle)


def _pair(row: Row) -> Pair:
    return Pair(
        student=Person(row["student_user_id"], row["student_name"]),
        mentor=Person(row["mentor_user_id"], row["mentor_name"]),
        mentor_id=row["mentor_id"],
    )


def _change(row: Row) -> ByHand | None:
    if row["why"] is None or row["by_user_id"] is None:
        return None
    figures = {name: figure for name, figure in (row["facts"] or {}).items() if isinstance(figure, int)}
    return ByHand(by=Person(row["by_user_id"], row["by_name"]), why=row["why"], figures=figures)


async def _seat(tx: Transaction, seat_id: int, cycle: int) -> SeatFacts | None:
    row = await seat_subject(tx, seat_id, cycle)
    if row is None:
        return None
    return SeatFacts(
        pair=_pair(row),
        seat_id=seat_id,
        state=row["state"],
        grace_ends_at=row["grace_ends_at"],
        grace_number=row["grace_number"],
        purchases=row["purchases"],
        remaining=row["pair_remaining"],
        expires_at=row["expires_at"],
        capacity=row["capacity"],
        occupied=row["occupied"],
        seated_again=row["seated_again"],
        change=_change(row),
        mentor_paused=row["paused_at"] is not None,
        grace_stopped=row["grace_stopped_at"] is not None,
        student_gone=row["gone_at"] is not None,
        role_id=row["student_role_id"],
        role_is_due=row["role_due_at"] is not None,
    )


async def _session(tx: Transaction, session_id: int) -> SessionFacts | None:
    row = await session_subject(tx, session_id)
    if row is None:
        return None
    return SessionFacts(
        pair=_pair(row),
        session_id=session_id,
        state=row["state"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        number=row["earlier"] + 1,
        total=row["total"],
        remaining=row["pair_remaining"],
        available=row["pair_available"],
        expires_at=row["expires_at"],
        attempt=row["attempt"],
        given_back=row["given_back"],
        waivable_until=_waivable_until(row),
        refunded=row["verb"] == "refund" or row["pack_state"] is PackState.REFUNDED,
        without_money=row["verb"] == "refund" and (row["last_facts"] or {}).get("amount_minor") == 0,
        change=_change(row),
    )


def _waivable_until(row: Row) -> datetime | None:
    if row["decided_at"] is None or not row["used"] or row["given_back"]:
        return None
    until: datetime = row["decided_at"] + timedelta(days=settings_from(row["settings"]).waive_days)
    return until


async def _order(tx: Transaction, kind: NoticeKind, order_id: int, cycle: int) -> OrderFacts | None:
    payment_id = cycle if is_of_payment(kind) else None
    refund_id = cycle if is_of_refund(kind) else None
    row = await order_subject(tx, order_id, payment_id=payment_id, refund_id=refund_id)
    if row is None:
        return None
    paid = None
    if row["received_minor"] is not None:
        paid = Money(
            amount_minor=row["received_minor"],
            currency=row["received_currency"],
            ref=row["payment_ref"],
        )
    return OrderFacts(
        pair=_pair(row),
        order_id=order_id,
        state=row["state"],
        product_name=row["product_name"],
        sessions=row["sessions"],
        due_minor=row["due_minor"],
        currency=row["currency"],
        seat_state=row["seat_state"],
        remaining=row["pair_remaining"],
        expires_at=row["expires_at"],
        capacity=row["capacity"],
        occupied=row["occupied"],
        provider=row["provider"] or "",
        mentor_removed=row["removed_at"] is not None,
        paid=paid,
        refund=_refund(row),
        disputed=bool(row["disputed"]),
        turned_down=Reason(row["turned_down"]["reason"]) if row["turned_down"] else None,
    )


def _refund(row: Row) -> RefundFacts | None:
    if row["refund_minor"] is None:
        return None
    change = None
    if row["refund_reason"] is not None and row["by_user_id"] is not None:
        change = ByHand(by=Person(row["by_user_id"], row["by_name"]), why=row["refund_reason"], figures={})
    return RefundFacts(
        amount_minor=row["refund_minor"],
        state=row["refund_state"],
        by_hand=row["refund_by_hand_at"] is not None,
        sessions=row["refund_sessions"],
        asks=row["refund_decided_at"] is None,
        error=row["refund_error"],
        change=change,
    )


async def _pack(tx: Transaction, pack_id: int, cycle: int) -> PackFacts | None:
    row = await pack_subject(tx, pack_id, cycle)
    if row is None:
        return None
    return PackFacts(
        pair=_pair(row),
        pack_id=pack_id,
        state=row["state"],
        total=row["total"],
        pack_remaining=row["remaining"],
        held=row["held"],
        remaining=row["pair_remaining"],
        expires_at=row["expires_at"],
        stands_still=row["frozen_at"] is not None or row["paused_at"] is not None,
        last_notice_at=row["last_notice_at"],
        change=_change(row),
    )


async def _adjustment(tx: Transaction, adjustment_id: int) -> AdjustmentFacts | None:
    row = await adjustment_subject(tx, adjustment_id)
    if row is None:
        return None
    return AdjustmentFacts(
        pair=_pair(row),
        adjustment_id=adjustment_id,
        delta=row["delta"],
        expected=row["expected"],
        total=row["total"],
        remaining=row["remaining"],
        reason=row["reason"],
        answer=row["answer"],
    )


async def _mentor(tx: Transaction, mentor_id: int, cycle: int) -> MentorFacts | None:
    row = await mentor_subject(tx, mentor_id, cycle)
    if row is None:
        return None
    return MentorFacts(
        mentor=Person(row["user_id"], row["name"]),
        mentor_id=mentor_id,
        students=row["students"],
        gone=row["gone_at"] is not None,
        has_role=row["student_role_id"] is not None,
    )


async def _community(tx: Transaction, community_id: int, cycle: int) -> CommunityFacts | None:
    row = await community_subject(tx, community_id, cycle)
    if row is None:
        return None
    noted = row["facts"] or {}
    since = noted.get("since")
    return CommunityFacts(
        community_id=community_id,
        missing=tuple(name for name in SETTINGS_IN_DISCORD if name in noted and row[name] is None),
        away_since=datetime.fromisoformat(since) if since is not None else None,
        mentors=noted.get("mentors", 0),
        event=None if row["event_id"] is None else (row["event_provider"], row["event_id"]),
    )


async def _dispute(tx: Transaction, dispute_id: int) -> DisputeFacts | None:
    row = await dispute_subject(tx, dispute_id)
    if row is None:
        return None
    told = {each.name: row[each.name] for each in fields(DisputeFacts) if each.name != "pair"}
    return DisputeFacts(pair=_pair(row), **told)
