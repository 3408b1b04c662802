"""What is true of a notice's subject now: read again at each attempt to send (rule 32), never carried along."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from core.db.subjects import (
    Row,
    adjustment_subject,
    dispute_subject,
    order_subject,
    pack_subject,
    seat_subject,
    session_subject,
)
from core.db.unit import Transaction
from core.rules.due import NoticeFacts
from core.rules.notices import NoticeKind, Subject, subject_of
from core.rules.settings import settings_from
from core.rules.states import DisputeOutcome, OrderState, PackState, RefundState, SeatState, SessionState


@dataclass(frozen=True, slots=True)
class Person:
    """A member as a text names them. The name is as they typed it: a text shows it through `plain`."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The student and the mentor whom a notice is about."""

    student: Person
    mentor: Person
    mentor_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """The change that a notice tells of: who made it, why, and the figures that history kept of it."""

    by: Person
    why: str
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatFacts:
    """A seat, its pair's usable sessions and their latest expiry, and how many of the mentor's places are taken."""

    pair: Pair
    seat_id: int
    state: SeatState
    grace_ends_at: datetime | None
    grace_number: int
    purchases: int
    remaining: int
    expires_at: datetime | None
    capacity: int
    occupied: int
    seated_again: bool = False
    change: ByHand | None = None
    mentor_paused: bool = False
    grace_stopped: bool = False
    student_gone: bool = False
    role_id: int | None = None
    role_is_due: bool = False

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(
            cycle=cycle,
            mentor_paused=self.mentor_paused,
            grace_stopped=self.grace_stopped,
            student_gone=self.student_gone,
            role_is_due=self.role_is_due,
            seat_state=self.state,
            seated_again=self.seated_again,
            grace_number=self.grace_number,
            grace_ends_at=self.grace_ends_at,
            purchases=self.purchases,
            pair_remaining=self.remaining,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session, its number in its pack and until when that is good, and what the pair still has and may book."""

    pair: Pair
    session_id: int
    state: SessionState
    starts_at: datetime
    ends_at: datetime
    number: int
    total: int
    remaining: int
    available: int
    expires_at: datetime
    attempt: int = 1
    given_back: bool = False  # waived: what its attempt used was restored
    waivable_until: datetime | None = None  # of one that is used: until when that may be
    refunded: bool = False  # it is in no pack any more: its money went back
    change: ByHand | None = None  # its cancelling, if whoever did it said why

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(
            cycle=cycle,
            session_state=self.state,
            starts_at=self.starts_at,
            attempt=self.attempt,
            given_back=self.given_back,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Money that moved, with its provider's name for it."""

    amount_minor: int
    currency: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """A refund, the sessions that it took, and who made it. `asks`: staff have not said yet how many it takes."""

    amount_minor: int
    state: RefundState
    sessions: int = 0
    asks: bool = False
    error: str | None = None
    change: ByHand | None = None

    @property
    def is_owed(self) -> bool:
        return self.state is RefundState.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """An order with its snapshot, the pack it gave, and the payment and refund that its notice is about."""

    pair: Pair
    order_id: int
    state: OrderState
    product_name: str
    sessions: int
    due_minor: int
    currency: str
    seat_state: SeatState | None
    remaining: int
    expires_at: datetime | None
    capacity: int
    occupied: int
    provider: str
    paid: Money | None
    refund: RefundFacts | None = None

    def to_judge(self, cycle: int) -> NoticeFacts:
        refund_owed = self.refund is None or self.refund.is_owed
        return NoticeFacts(cycle=cycle, order_state=self.state, refund_owed=refund_owed)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFacts:
    """A pack, what its pair may still have, and the change of it that is told.

    `stands_still`: its own clock or the mentor's. `last_notice_at`: when the last notice before its expiry is due.
    """

    pair: Pair
    pack_id: int
    state: PackState
    total: int
    pack_remaining: int
    held: int
    remaining: int
    expires_at: datetime
    stands_still: bool = False
    last_notice_at: datetime | None = None
    change: ByHand | None = None

    @property
    def available(self) -> int:
        """Sessions that are neither used nor booked."""
        return self.pack_remaining - self.held

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(
            cycle=cycle,
            pack_state=self.state,
            pack_stands_still=self.stands_still,
            pack_available=self.available,
            pack_expires_at=self.expires_at,
            last_notice_at=self.last_notice_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentFacts:
    """Sessions that a mentor wants to take off a pack; `remaining` is what it has now."""

    pair: Pair
    adjustment_id: int
    delta: int
    expected: int
    total: int
    remaining: int
    reason: str
    answer: str | None

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(cycle=cycle, answered=self.answer is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """A dispute, the payment it is about, and what is left of the pack that it bought."""

    pair: Pair
    dispute_id: int
    order_id: int
    product_name: str
    amount_minor: int
    currency: str
    lost_minor: int  # of the payment, by all its disputes
    payment_ref: str
    provider: str
    reason: str | None
    outcome: DisputeOutcome | None
    answer_by: datetime | None
    remaining: int
    frozen: bool

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(cycle=cycle, dispute_outcome=self.outcome, answer_by=self.answer_by)


Facts = DisputeFacts | SeatFacts | SessionFacts | OrderFacts | PackFacts | AdjustmentFacts


async def facts_of(tx: Transaction, kind: NoticeKind, subject_id: int, cycle: int) -> Facts | None:
    """The notice's subject as it stands now, by one query; None if there is no such row."""
    match subject_of(kind):
        case Subject.SEAT:
            return await _seat(tx, subject_id, cycle)
        case Subject.SESSION:
            return await _session(tx, subject_id)
        case Subject.ORDER:
            return await _order(tx, subject_id, cycle)
        case Subject.PACK:
            return await _pack(tx, subject_id, cycle)
        case Subject.ADJUSTMENT:
            return await _adjustment(tx, subject_id)
        case Subject.DISPUTE:
            return await _dispute(tx, subject_id)


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
        change=_change(row),
    )


def _waivable_until(row: Row) -> datetime | None:
    if row["decided_at"] is None or not row["used"] or row["given_back"]:
        return None
    until: datetime = row["decided_at"] + timedelta(days=settings_from(row["settings"]).waive_days)
    return until


async def _order(tx: Transaction, order_id: int, cycle: int) -> OrderFacts | None:
    row = await order_subject(tx, order_id, cycle)
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
        paid=paid,
        refund=_refund(row),
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


async def _dispute(tx: Transaction, dispute_id: int) -> DisputeFacts | None:
    row = await dispute_subject(tx, dispute_id)
    if row is None:
        return None
    told = {each.name: row[each.name] for each in fields(DisputeFacts) if each.name != "pair"}
    return DisputeFacts(pair=_pair(row), **told)
