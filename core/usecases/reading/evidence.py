"""What the records hold about a disputed payment, for the provider or bank that decides about it (rule 29)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, Select, or_, select

from core.db.tables import (
    checkouts,
    codes,
    communities,
    disputes,
    history,
    ledger,
    members,
    notices,
    orders,
    packs,
    payments,
    refunds,
    sessions,
)
from core.db.unit import Transaction, reading
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import Actor, Channel, DisputeOutcome, EntryKind, NoticeState, RefundState, SessionState
from core.usecases.asker import Asker, staffed

_OF_ORDERS = (NoticeKind.PURCHASE_CONFIRMED, NoticeKind.SEAT_RENEWED)
_OF_SESSIONS = (
    NoticeKind.SESSION_TOMORROW,
    NoticeKind.SESSION_SOON,
    NoticeKind.SESSION_COMPLETED,
    NoticeKind.SESSION_CANCELED,
    NoticeKind.SESSION_RETURNED,
    NoticeKind.SESSION_REOPENED,
    NoticeKind.SESSION_WAIVED,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A message to the student that was delivered, by which road."""

    kind: NoticeKind
    at: datetime
    channel: Channel | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done to a session, and who did it: student, mentor, staff, partner, provider or system."""

    verb: str
    at: datetime
    who: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session of the pack with all that was done to it, and what its student was told of it."""

    starts_at: datetime
    ends_at: datetime
    state: SessionState
    steps: tuple[Step, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the pack's ledger; of a session, when that was to begin."""

    kind: EntryKind
    delta: int
    balance: int
    at: datetime
    session_at: datetime | None


@dataclass(frozen=True, slots=True)
class GivenBack:
    amount_minor: int
    state: RefundState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A dispute, its order, payment and people, and what became of the pack. All instants are UTC."""

    community: str
    collected_at: datetime
    dispute_ref: str
    disputed_minor: int
    dispute_reason: str | None
    dispute_opened_at: datetime
    answer_by: datetime | None
    outcome: DisputeOutcome | None
    provider: str
    checkout_ref: str | None
    payment_ref: str
    order_id: int
    order_token: str
    product: str
    sessions: int
    session_minutes: int
    price_minor: int
    due_minor: int
    code: str | None
    currency: str
    ordered_at: datetime
    paid_minor: int
    tax_minor: int
    refunded_minor: int
    paid_at: datetime
    student_name: str
    student_user_id: int
    student_since: datetime
    mentor_name: str
    pack_until: datetime | None
    told: tuple[Told, ...] = ()
    entries: tuple[Entry, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    refunds: tuple[GivenBack, ...] = ()


@reading
async def evidence_of(tx: Transaction, asker: Asker, dispute_id: int) -> Evidence | Refused:
    """The dispute is of the asker's community, who is staff there. Six statements, however much there is to tell.

    Of the student it says what the provider needs to know them: no e-mail, no note, no other purchase.
    """
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return community
    row = await tx.one(_case(community["id"], dispute_id))
    if row is None:
        return refuse(Reason.UNKNOWN_ORDER)
    held = await tx.all(
        select(sessions).where(sessions.c.pack_id == row["pack_id"]).order_by(sessions.c.starts_at, sessions.c.id)
    )
    ids = [each["id"] for each in held]
    of_order, of_session = await _told(tx, row, ids)
    steps = await _steps(tx, row, ids)
    return Evidence(
        **{name: row[name] for name in _ASKED},
        collected_at=tx.now,
        told=tuple(of_order),
        entries=await _entries(tx, row["pack_id"]),
        meetings=tuple(
            Meeting(
                each["starts_at"],
                each["ends_at"],
                each["state"],
                tuple(steps[each["id"]]),
                tuple(of_session[each["id"]]),
            )
            for each in held
        ),
        refunds=await _refunds(tx, row["payment_id"]),
    )


_student, _mentor, _actor = members.alias("student"), members.alias("mentor"), members.alias("actor")
_COLUMNS = (
    communities.c.name.label("community"),
    disputes.c.provider_ref.label("dispute_ref"),
    disputes.c.amount_minor.label("disputed_minor"),
    disputes.c.reason.label("dispute_reason"),
    disputes.c.opened_at.label("dispute_opened_at"),
    disputes.c.answer_by,
    disputes.c.outcome,
    payments.c.provider,
    checkouts.c.provider_ref.label("checkout_ref"),
    payments.c.provider_ref.label("payment_ref"),
    orders.c.id.label("order_id"),
    orders.c.pay_token.label("order_token"),
    orders.c.product_name.label("product"),
    orders.c.sessions,
    orders.c.session_minutes,
    orders.c.price_minor,
    orders.c.due_minor,
    codes.c.word.label("code"),
    payments.c.currency,
    orders.c.created_at.label("ordered_at"),
    payments.c.amount_minor.label("paid_minor"),
    payments.c.tax_minor,
    payments.c.refunded_minor,
    payments.c.paid_at,
    _student.c.name.label("student_name"),
    _student.c.user_id.label("student_user_id"),
    _student.c.created_at.label("student_since"),
    _mentor.c.name.label("mentor_name"),
    packs.c.expires_at.label("pack_until"),
)
_ASKED = tuple(column.name for column in _COLUMNS)


def _case(community_id: int, dispute_id: int) -> Select[tuple[object, ...]]:
    return (
        select(*_COLUMNS, packs.c.id.label("pack_id"), payments.c.id.label("payment_id"))
        .add_columns(orders.c.student_id, orders.c.mentor_id)
        .select_from(disputes)
        .join(payments, payments.c.id == disputes.c.payment_id)
        .join(orders, orders.c.id == payments.c.order_id)
        .join(communities, communities.c.id == orders.c.community_id)
        .join(_student, _student.c.id == orders.c.student_id)
        .join(_mentor, _mentor.c.id == orders.c.mentor_id)
        .outerjoin(checkouts, checkouts.c.order_id == orders.c.id)
        .outerjoin(codes, codes.c.id == orders.c.code_id)
        .outerjoin(packs, packs.c.order_id == orders.c.id)
        .where(disputes.c.id == dispute_id, orders.c.community_id == community_id)
    )


async def _told(
    tx: Transaction, row: RowMapping, session_ids: Iterable[int]
) -> tuple[list[Told], Mapping[int, list[Told]]]:
    """What reached the student of the order, and of each session."""
    rows = await tx.all(
        select(notices)
        .where(
            notices.c.to_member_id == row["student_id"],
            notices.c.state == NoticeState.DELIVERED,
            or_(
                notices.c.kind.in_(_OF_ORDERS) & (notices.c.subject_id == row["order_id"]),
                notices.c.kind.in_(_OF_SESSIONS) & notices.c.subject_id.in_(session_ids),
            ),
        )
        .order_by(notices.c.ended_at, notices.c.id)
    )
    of_order: list[Told] = []
    of_session: dict[int, list[Told]] = defaultdict(list)
    for each in rows:
        place = of_order if each["kind"] in _OF_ORDERS else of_session[each["subject_id"]]
        place.append(Told(each["kind"], each["ended_at"], each["channel"]))
    return of_order, of_session


async def _steps(tx: Transaction, row: RowMapping, session_ids: Iterable[int]) -> Mapping[int, list[Step]]:
    rows = await tx.all(
        select(history, _actor.c.name)
        .outerjoin(_actor, _actor.c.id == history.c.actor_id)
        .where(history.c.entity == "session", history.c.entity_id.in_(session_ids))
        .order_by(history.c.id)
    )
    known = {row["student_id"]: "student", row["mentor_id"]: "mentor"}
    steps: dict[int, list[Step]] = defaultdict(list)
    for each in rows:
        is_member = each["actor"] is Actor.MEMBER
        who = known.get(each["actor_id"], "staff") if is_member else each["actor"].value
        steps[each["entity_id"]].append(Step(each["verb"], each["at"], who, each["name"] if is_member else None))
    return steps


async def _entries(tx: Transaction, pack_id: int | None) -> tuple[Entry, ...]:
    rows = await tx.all(
        select(ledger, sessions.c.starts_at)
        .outerjoin(sessions, sessions.c.id == ledger.c.session_id)
        .where(ledger.c.pack_id == pack_id)
        .order_by(ledger.c.id)
    )
    return tuple(Entry(row["kind"], row["delta"], row["balance"], row["at"], row["starts_at"]) for row in rows)


async def _refunds(tx: Transaction, payment_id: int) -> tuple[GivenBack, ...]:
    rows = await tx.all(select(refunds).where(refunds.c.payment_id == payment_id).order_by(refunds.c.id))
    return tuple(
        GivenBack(
            row["amount_minor"],
            row["state"],
            row["by_hand_at"] or row["done_at"] or row["failed_at"] or row["created_at"],
        )
        for row in rows
    )
