"""What waits for a person of the staff: everything that the records hold and nobody else will see to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, func, or_, select

from core.db.disputes import order_is_disputed, payment_is_disputed
from core.db.failures import of_nobody
from core.db.orders import order_of_pair
from core.db.seats import occupied_of
from core.db.tables import (
    disputes,
    members,
    mentors,
    notices,
    orders,
    packs,
    payments,
    provider_events,
    refunds,
    seats,
    sessions,
)
from core.db.unit import Transaction, reading
from core.db.waiting import seatless_waiting
from core.rules.refusals import Refused
from core.rules.seats import PAID_FOR
from core.rules.settings import settings_from
from core.rules.states import (
    EventState,
    NoticeState,
    OrderState,
    PackState,
    RefundCause,
    RefundState,
    SeatState,
    SessionState,
)
from core.usecases.asker import Asker, staffed

GRACE_OVER_FOR = timedelta(hours=6)
"""A grace that is over is released within minutes; after this long something holds it up."""

MOST_OF_A_KIND = 100
_ROLE_TRIED = 2  # times; once may be a moment's failure


class TaskKind(StrEnum):
    """What there is to do; listed in this order."""

    NO_STAFF_CHANNEL = "no_staff_channel"
    REFUND_FAILED = "refund_failed"
    PAYMENT_PARKED = "payment_parked"
    REFUND_SEEN = "refund_seen"
    DISPUTED = "disputed"
    PAYMENT_LATE = "payment_late"
    FAILURES = "failures"
    GRACE_HELD_UP = "grace_held_up"
    OUTCOME_MISSING = "outcome_missing"
    MENTOR_REMOVED = "mentor_removed"
    MENTOR_GONE = "mentor_gone"
    STUDENT_GONE = "student_gone"
    WAITS_SEATLESS = "waits_seatless"
    ABOVE_CAPACITY = "above_capacity"
    ROLE_FAILED = "role_failed"


@dataclass(frozen=True, slots=True)
class Somebody:
    name: str
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that a task is about, with what finds it here and at its provider."""

    order_id: int
    amount_minor: int
    currency: str
    due_minor: int
    ref: str
    provider: str
    disputed: bool = False  # nobody but the bank says now where it goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`count` is of sessions, students or failures, as the kind says; `subject_id` of what the kind is about."""

    kind: TaskKind
    subject_id: int
    since: datetime | None = None
    student: Somebody | None = None
    mentor: Somebody | None = None
    payment: Payment | None = None
    count: int = 0
    capacity: int = 0
    why: str | None = None
    until: datetime | None = None  # when it is too late


_student, _mentor = members.alias("student"), members.alias("mentor")
_PEOPLE = (
    _student.c.name.label("student_name"),
    _student.c.user_id.label("student_user_id"),
    _mentor.c.name.label("mentor_name"),
    _mentor.c.user_id.label("mentor_user_id"),
)
_MONEY = (
    orders.c.id.label("order_id"),
    orders.c.due_minor,
    payments.c.amount_minor,
    payments.c.currency,
    payments.c.provider_ref,
    payments.c.provider,
    payment_is_disputed(payments.c.id).label("disputed"),
)


@reading
async def tasks(tx: Transaction, asker: Asker) -> tuple[Task, ...] | Refused:
    """The community's tasks, by kind and within it the oldest first. A statement for each kind of record."""
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return community
    settings = settings_from(community["settings"])
    late = tx.now - timedelta(days=settings.pending_days)
    silent = tx.now - timedelta(hours=settings.outcome_reminder_hours)
    here = community["id"]
    found = [
        *await _refunds(tx, here),
        *await _seen(tx, here),
        *await _orders(tx, here, late),
        *await _disputes(tx, here),
        *await _failures(tx, here),
        *await _graces(tx, here),
        *await _sessions(tx, here, silent),
        *await _packs(tx, here),
        *await _gone(tx, here),
        *await _seatless(tx, here),
        *await _mentors(tx, here),
    ]
    if community["staff_channel_id"] is None:
        found.append(Task(kind=TaskKind.NO_STAFF_CHANNEL, subject_id=here))
    kinds = list(TaskKind)
    return tuple(sorted(found, key=lambda task: kinds.index(task.kind)))  # sorts of one kind stay as they were


async def _refunds(tx: Transaction, here: int) -> list[Task]:
    """Those that the provider did not make (rule 28)."""
    failed = (
        _of_pair(
            orders,
            *_MONEY,
            refunds.c.id,
            refunds.c.created_at.label("since"),
            refunds.c.last_error.label("why"),
            refunds.c.amount_minor.label("refund_minor"),
        )
        .join(payments, payments.c.order_id == orders.c.id)
        .join(refunds, refunds.c.payment_id == payments.c.id)
        .where(orders.c.community_id == here, refunds.c.state == RefundState.FAILED)
    )
    return [
        replace(
            _task(TaskKind.REFUND_FAILED, row),
            payment=replace(_payment(row), amount_minor=row["refund_minor"]),
            why=row["why"],
        )
        for row in await _first(tx, failed, refunds.c.id)
    ]


async def _seen(tx: Transaction, here: int) -> list[Task]:
    """Those made on the provider's pages, in part: which sessions go with them is not said yet (rule 28)."""
    seen = (
        _of_pair(
            orders,
            *_MONEY,
            refunds.c.id,
            refunds.c.done_at.label("since"),
            refunds.c.amount_minor.label("refund_minor"),
        )
        .join(payments, payments.c.order_id == orders.c.id)
        .join(refunds, refunds.c.payment_id == payments.c.id)
        .where(
            orders.c.community_id == here,
            refunds.c.cause == RefundCause.PROVIDER,
            refunds.c.state == RefundState.DONE,
            refunds.c.decided_at.is_(None),
        )
    )
    return [
        replace(_task(TaskKind.REFUND_SEEN, row), payment=replace(_payment(row), amount_minor=row["refund_minor"]))
        for row in await _first(tx, seen, refunds.c.id)
    ]


async def _orders(tx: Transaction, here: int, late: datetime) -> list[Task]:
    """Those whose money is not what they say (rule 26), and those that wait for theirs for long (rule 11)."""
    # A second payment of the order goes back by itself (rule 25).
    first = (
        select(func.min(payments.c.id)).where(payments.c.order_id == orders.c.id).correlate(orders).scalar_subquery()
    )
    parked = (
        _of_pair(orders, *_MONEY, orders.c.id, orders.c.settled_at.label("since"))
        .join(payments, payments.c.id == first)
        .where(orders.c.community_id == here, orders.c.state == OrderState.PARKED)
    )
    pending = _of_pair(orders, orders.c.id, orders.c.pending_at.label("since")).where(
        orders.c.community_id == here, orders.c.state == OrderState.PENDING, orders.c.pending_at <= late
    )
    return [
        *(
            replace(_task(TaskKind.PAYMENT_PARKED, row), payment=_payment(row))
            for row in await _first(tx, parked, payments.c.id)
        ),
        *(_task(TaskKind.PAYMENT_LATE, row) for row in await _first(tx, pending, orders.c.id)),
    ]


async def _disputes(tx: Transaction, here: int) -> list[Task]:
    """Those that are open (rule 29)."""
    opened = (
        _of_pair(
            orders, *_MONEY, disputes.c.id, disputes.c.opened_at.label("since"), disputes.c.answer_by, disputes.c.reason
        )
        .join(payments, payments.c.order_id == orders.c.id)
        .join(disputes, disputes.c.payment_id == payments.c.id)
        .where(orders.c.community_id == here, disputes.c.closed_at.is_(None))
    )
    return [
        replace(_task(TaskKind.DISPUTED, row), payment=_payment(row), until=row["answer_by"], why=row["reason"])
        for row in await _first(tx, opened, disputes.c.id)
    ]


async def _failures(tx: Transaction, here: int) -> list[Task]:
    """One task for all that was given up; `/staff failures` lists it."""
    dead = select(func.count()).select_from(notices)
    given_up = select(func.count()).select_from(provider_events)
    row = await tx.one(
        select(
            dead.where(notices.c.community_id == here, notices.c.state == NoticeState.DEAD)
            .scalar_subquery()
            .label("dead"),
            given_up.outerjoin(orders, orders.c.id == provider_events.c.order_id)
            .where(
                or_(orders.c.community_id == here, of_nobody()),
                provider_events.c.state == EventState.FAILED,
                provider_events.c.next_attempt_at.is_(None),
            )
            .scalar_subquery()
            .label("given_up"),
        )
    )
    count = row["dead"] + row["given_up"] if row else 0
    return [Task(kind=TaskKind.FAILURES, subject_id=here, count=count)] if count else []


async def _graces(tx: Transaction, here: int) -> list[Task]:
    """Those that are over and not released: mostly as their warning reached nobody (rule 12)."""
    parked = order_of_pair(seats.c.student_id, seats.c.mentor_id, [OrderState.PARKED])
    over = (
        _of_pair(seats, seats.c.id, seats.c.grace_ends_at.label("since"))
        .join(mentors, mentors.c.member_id == seats.c.mentor_id)
        .where(
            seats.c.community_id == here,
            seats.c.state == SeatState.GRACE,
            seats.c.grace_ends_at <= tx.now - GRACE_OVER_FOR,
            mentors.c.paused_at.is_(None),
            seats.c.grace_stopped_at.is_(None),  # nor is this: a dispute stops it
            ~parked,  # that is a task of its own
        )
    )
    return [_task(TaskKind.GRACE_HELD_UP, row) for row in await _first(tx, over, seats.c.grace_ends_at)]


async def _sessions(tx: Transaction, here: int, silent: datetime) -> list[Task]:
    """Those of which nobody says how they went (rule 22)."""
    open_ = _of_pair(sessions, sessions.c.id, sessions.c.starts_at.label("since")).where(
        sessions.c.community_id == here, sessions.c.state == SessionState.SCHEDULED, sessions.c.ends_at <= silent
    )
    return [_task(TaskKind.OUTCOME_MISSING, row) for row in await _first(tx, open_, sessions.c.starts_at)]


async def _packs(tx: Transaction, here: int) -> list[Task]:
    """What students have left with a mentor who is removed: they choose what becomes of it (rule 39).

    Whatever froze it first. While its payment is disputed the bank decides, and that is a task of its own.
    """
    left = (
        _of_pair(packs, packs.c.id, mentors.c.removed_at.label("since"), packs.c.remaining.label("count"))
        .join(mentors, mentors.c.member_id == packs.c.mentor_id)
        .where(
            packs.c.community_id == here,
            mentors.c.removed_at.is_not(None),
            packs.c.state == PackState.ACTIVE,
            packs.c.remaining > 0,
            ~order_is_disputed(packs.c.order_id),
        )
    )
    return [
        replace(_task(TaskKind.MENTOR_REMOVED, row), count=row["count"])
        for row in await _first(tx, left, mentors.c.removed_at)
    ]


async def _gone(tx: Transaction, here: int) -> list[Task]:
    """Seats of students who left the server (rule 39)."""
    away = _of_pair(seats, seats.c.id, _student.c.gone_at.label("since")).where(
        seats.c.community_id == here, seats.c.state.in_(list(PAID_FOR)), _student.c.gone_at.is_not(None)
    )
    return [_task(TaskKind.STUDENT_GONE, row) for row in await _first(tx, away, _student.c.gone_at)]


async def _seatless(tx: Transaction, here: int) -> list[Task]:
    """Who paid when no seat was free, and has none yet: first on the waiting list (rule 27)."""
    rows = await seatless_waiting(tx, here, _student, _mentor, _PEOPLE, MOST_OF_A_KIND)
    return [_task(TaskKind.WAITS_SEATLESS, row) for row in rows]


async def _mentors(tx: Transaction, here: int) -> list[Task]:
    """Mentors who left the server (rule 39), with more students than seats (7), or whose role we may not give (12)."""
    waiting = and_(
        seats.c.mentor_id == mentors.c.member_id, seats.c.role_due_at.is_not(None), seats.c.role_attempts >= _ROLE_TRIED
    )
    rows = await tx.all(
        select(
            mentors.c.member_id,
            mentors.c.capacity,
            mentors.c.removed_at,
            members.c.name,
            members.c.user_id,
            members.c.gone_at,
            occupied_of(mentors.c.member_id).correlate(mentors).scalar_subquery().label("occupied"),
            select(func.count(seats.c.id)).where(waiting).correlate(mentors).scalar_subquery().label("roles"),
        )
        .join(members, members.c.id == mentors.c.member_id)
        .where(mentors.c.community_id == here)
        .order_by(func.lower(members.c.name), mentors.c.member_id)
    )
    found = []
    for row in rows:
        mentor = Somebody(row["name"], row["user_id"])
        task = Task(kind=TaskKind.ROLE_FAILED, subject_id=row["member_id"], mentor=mentor, count=row["roles"])
        if row["roles"]:
            found.append(task)
        if row["gone_at"] is not None and row["removed_at"] is None:
            found.append(replace(task, kind=TaskKind.MENTOR_GONE, since=row["gone_at"], count=row["occupied"]))
        if row["occupied"] > row["capacity"] and row["removed_at"] is None:
            over = {"count": row["occupied"], "capacity": row["capacity"]}
            found.append(replace(task, kind=TaskKind.ABOVE_CAPACITY, **over))
    return found


def _of_pair(table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    """Rows of a table that names a student and a mentor, with both their names."""
    return (
        select(*columns, *_PEOPLE)
        .select_from(table)
        .join(_student, _student.c.id == table.c.student_id)
        .join(_mentor, _mentor.c.id == table.c.mentor_id)
    )


async def _first(tx: Transaction, statement: Select[Any], order: ColumnElement[Any]) -> Sequence[RowMapping]:
    return await tx.all(statement.order_by(order).limit(MOST_OF_A_KIND))


def _task(kind: TaskKind, row: RowMapping) -> Task:
    return Task(
        kind=kind,
        subject_id=row["id"],
        since=row["since"],
        student=Somebody(row["student_name"], row["student_user_id"]),
        mentor=Somebody(row["mentor_name"], row["mentor_user_id"]),
    )


def _payment(row: RowMapping) -> Payment:
    return Payment(
        order_id=row["order_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        due_minor=row["due_minor"],
        ref=row["provider_ref"],
        provider=row["provider"],
        disputed=bool(row["disputed"]),
    )
