"""What notices are about, read again when they are sent (rule 32): one query for a subject, whatever its kind."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Exists,
    FromClause,
    RowMapping,
    ScalarSelect,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
)

from core.db.disputes import payment_is_disputed
from core.db.orders import TURN_DOWN
from core.db.packs import earlier_of_pack
from core.db.sessions import consumed, last_facts, last_verb, restored
from core.db.tables import (
    adjustments,
    checkouts,
    communities,
    disputes,
    history,
    ledger,
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
from core.db.unit import Transaction
from core.rules.notices import NoticeKind
from core.rules.seats import PAID_FOR
from core.rules.states import EntryKind, PackState, SeatState

Row = RowMapping

_student = members.alias("student")
_mentor = members.alias("mentor")


async def seat_subject(tx: Transaction, seat_id: int, cycle: int) -> Row | None:
    """The seat, its two people, how the pair and the mentor's places stand, and the change that the cycle names."""
    return await tx.one(
        _with_change(_with_people(select(seats), seats), seats, "seat", history.c.id == cycle)
        .add_columns(
            mentors.c.capacity,
            mentors.c.paused_at,
            func.coalesce(mentors.c.student_role_id, seats.c.role_id).label("student_role_id"),
            _student.c.gone_at,
            _occupied(seats).label("occupied"),
            _remaining(tx, seats).label("pair_remaining"),
            _purchases(seats).label("purchases"),
            _expiry(tx, seats).label("expires_at"),
            _seated_again().label("seated_again"),
        )
        .where(seats.c.id == seat_id)
    )


async def session_subject(tx: Transaction, session_id: int) -> Row | None:
    """The session, its two people, how many of its pack come before it, what is left to the pair; and its cancelling.

    A cancellation is never undone, so a session has one at most.
    """
    return await tx.one(
        _with_change(_with_people(select(sessions), sessions), sessions, "session", history.c.verb == "cancel")
        .add_columns(
            packs.c.total,
            packs.c.expires_at,
            packs.c.state.label("pack_state"),
            restored().label("given_back"),
            consumed().label("used"),
            last_verb().label("verb"),
            last_facts().label("last_facts"),
            communities.c.settings,
            earlier_of_pack(sessions.c.pack_id, sessions.c.starts_at).label("earlier"),
            _remaining(tx, sessions).label("pair_remaining"),
            _available(tx, sessions).label("pair_available"),
        )
        .join(packs, packs.c.id == sessions.c.pack_id)
        .join(communities, communities.c.id == sessions.c.community_id)
        .where(sessions.c.id == session_id)
    )


async def order_subject(
    tx: Transaction, order_id: int, *, payment_id: int | None = None, refund_id: int | None = None
) -> Row | None:
    """The order, its two people, its pack, and the payment and refund that are meant.

    The payment is the one of that id, else the one that the refund gives back, else the order's first: what it bought.
    """
    of_order = select(payments.c.id).where(payments.c.order_id == orders.c.id).correlate(orders)
    first = select(func.min(payments.c.id)).where(payments.c.order_id == orders.c.id).correlate(orders)
    meant = func.coalesce(
        of_order.where(payments.c.id == payment_id).scalar_subquery(), refunds.c.payment_id, first.scalar_subquery()
    )
    payment, by = payments.alias("payment"), members.alias("by")
    turned_down = select(history.c.facts).where(_is_change_of(orders.c.id, "order", history.c.verb == TURN_DOWN))
    turned_down = turned_down.order_by(history.c.id.desc()).limit(1).correlate(orders)
    return await tx.one(
        _with_people(select(orders), orders)
        .add_columns(
            mentors.c.capacity,
            mentors.c.removed_at,
            _occupied(orders).label("occupied"),
            _remaining(tx, orders).label("pair_remaining"),
            _seat_state().label("seat_state"),
            packs.c.expires_at,
            checkouts.c.provider,
            payment.c.provider_ref.label("payment_ref"),
            payment.c.amount_minor.label("received_minor"),
            payment.c.currency.label("received_currency"),
            refunds.c.amount_minor.label("refund_minor"),
            refunds.c.last_error.label("refund_error"),
            refunds.c.state.label("refund_state"),
            refunds.c.by_hand_at.label("refund_by_hand_at"),
            refunds.c.sessions.label("refund_sessions"),
            refunds.c.reason.label("refund_reason"),
            refunds.c.decided_at.label("refund_decided_at"),
            payment_is_disputed(payment.c.id).label("disputed"),
            by.c.name.label("by_name"),
            by.c.user_id.label("by_user_id"),
            turned_down.scalar_subquery().label("turned_down"),
        )
        .outerjoin(packs, packs.c.order_id == orders.c.id)
        .outerjoin(checkouts, checkouts.c.order_id == orders.c.id)
        .outerjoin(refunds, (refunds.c.id == refund_id) & refunds.c.payment_id.in_(of_order))
        .outerjoin(payment, payment.c.id == meant)
        .outerjoin(by, by.c.id == refunds.c.asked_by)
        .where(orders.c.id == order_id)
    )


async def pack_subject(tx: Transaction, pack_id: int, cycle: int) -> Row | None:
    """The pack, its two people, what is left to the pair, and the change or the expiry that the cycle names."""
    return await tx.one(
        _with_change(_with_people(select(packs), packs), packs, "pack", history.c.id == cycle)
        .add_columns(
            _remaining(tx, packs).label("pair_remaining"),
            mentors.c.paused_at,
            _last_notice_at(cycle).label("last_notice_at"),
        )
        .where(packs.c.id == pack_id)
    )


async def adjustment_subject(tx: Transaction, adjustment_id: int) -> Row | None:
    """What a mentor asked of a student, with the pack as it is now."""
    return await tx.one(
        _with_people(
            select(
                adjustments.c.delta,
                adjustments.c.expected,
                adjustments.c.reason,
                adjustments.c.answer,
                packs.c.mentor_id,
                packs.c.total,
                packs.c.remaining,
            ),
            packs,
        )
        .join(adjustments, adjustments.c.pack_id == packs.c.id)
        .where(adjustments.c.id == adjustment_id)
    )


async def mentor_subject(tx: Transaction, mentor_id: int, cycle: int) -> Row | None:
    """The mentor, how many students have a seat with them, and the change that the cycle names."""
    students = (
        select(func.count())
        .where(seats.c.mentor_id == mentors.c.member_id, seats.c.state.in_(list(PAID_FOR)))
        .correlate(mentors)
        .scalar_subquery()
    )
    return await tx.one(
        select(
            mentors, members.c.user_id, members.c.name, members.c.gone_at, students.label("students"), history.c.facts
        )
        .join(members, members.c.id == mentors.c.member_id)
        .outerjoin(history, _is_change_of(mentors.c.member_id, "mentor", history.c.id == cycle))
        .where(mentors.c.member_id == mentor_id)
    )


async def community_subject(tx: Transaction, community_id: int, cycle: int) -> Row | None:
    """The community, and the change or the event of a provider that the cycle names."""
    told = provider_events
    return await tx.one(
        select(communities, history.c.facts, told.c.provider.label("event_provider"), told.c.event_id)
        .select_from(communities)
        .outerjoin(told, told.c.id == cycle)
        .outerjoin(history, _is_change_of(communities.c.id, "community", history.c.id == cycle))
        .where(communities.c.id == community_id)
    )


def _is_change_of(about: ColumnElement[int], entity: str, which: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(which, history.c.entity == entity, history.c.entity_id == about)


async def dispute_subject(tx: Transaction, dispute_id: int) -> Row | None:
    """The dispute, its payment's order and two people, and what is left of the pack; 0 if there is none."""
    return await tx.one(
        _with_people(
            select(
                disputes.c.id.label("dispute_id"),
                disputes.c.amount_minor,
                disputes.c.reason,
                disputes.c.outcome,
                disputes.c.answer_by,
                payments.c.currency,
                payments.c.lost_minor,
                payments.c.provider,
                payments.c.provider_ref.label("payment_ref"),
                orders.c.id.label("order_id"),
                orders.c.mentor_id,
                orders.c.product_name,
                func.coalesce(packs.c.remaining, 0).label("remaining"),
                packs.c.frozen_at.is_not(None).label("frozen"),
                _taken().label("taken"),
            ),
            orders,
        )
        .join(payments, payments.c.order_id == orders.c.id)
        .join(disputes, disputes.c.payment_id == payments.c.id)
        .outerjoin(packs, packs.c.order_id == orders.c.id)
        .where(disputes.c.id == dispute_id)
    )


def _taken() -> ColumnElement[int]:
    """How many sessions were refunded of a pack of which nothing is left but what was used."""
    gone = (
        select(func.coalesce(-func.sum(ledger.c.delta), 0))
        .where(ledger.c.pack_id == packs.c.id, ledger.c.kind == EntryKind.REFUND)
        .correlate(packs)
        .scalar_subquery()
    )
    return case((packs.c.state == PackState.REFUNDED, gone), else_=0)


def _with_change(statement: Select[Any], about: FromClause, entity: str, which: ColumnElement[bool]) -> Select[Any]:
    """With one change of it that history has: its reason, its facts, and who made it."""
    by = members.alias("by")
    return (
        statement.add_columns(
            history.c.why,
            history.c.facts,
            by.c.name.label("by_name"),
            by.c.user_id.label("by_user_id"),
        )
        .outerjoin(history, _is_change_of(about.c.id, entity, which))
        .outerjoin(by, by.c.id == history.c.actor_id)
    )


def _with_people(statement: Select[Any], about: FromClause) -> Select[Any]:
    return (
        statement.add_columns(
            _student.c.name.label("student_name"),
            _student.c.user_id.label("student_user_id"),
            _mentor.c.name.label("mentor_name"),
            _mentor.c.user_id.label("mentor_user_id"),
        )
        .select_from(about)
        .join(_student, _student.c.id == about.c.student_id)
        .join(_mentor, _mentor.c.id == about.c.mentor_id)
        .join(mentors, mentors.c.member_id == about.c.mentor_id)
    )


def _of_pair(about: FromClause, pack: FromClause, figure: Any) -> Select[Any]:
    return (
        select(figure)
        .where(pack.c.student_id == about.c.student_id, pack.c.mentor_id == about.c.mentor_id)
        .correlate(about)
    )


def _is_usable(tx: Transaction, pack: FromClause) -> ColumnElement[bool]:
    """`core.rules.balance.usable` in SQL."""
    lasts = or_(pack.c.frozen_at.is_not(None), pack.c.expires_at > tx.now)
    return and_(pack.c.state == PackState.ACTIVE, pack.c.remaining > 0, lasts)


def _usable(tx: Transaction, about: FromClause, what: Any) -> ScalarSelect[Any]:
    """A figure over the pair's usable packs."""
    pack = packs.alias("usable")
    return _of_pair(about, pack, what(pack)).where(_is_usable(tx, pack)).scalar_subquery()


def _remaining(tx: Transaction, about: FromClause) -> ScalarSelect[Any]:
    """`core.rules.balance.usable_remaining` in SQL."""
    pack = packs.alias("any_pack")
    left = case((_is_usable(tx, pack), pack.c.remaining), else_=pack.c.held)
    return _of_pair(about, pack, func.coalesce(func.sum(left), 0)).scalar_subquery()


def _available(tx: Transaction, about: FromClause) -> ScalarSelect[Any]:
    return _usable(tx, about, lambda pack: func.coalesce(func.sum(pack.c.remaining - pack.c.held), 0))


def _expiry(tx: Transaction, about: FromClause) -> ScalarSelect[Any]:
    return _usable(tx, about, lambda pack: func.max(pack.c.expires_at))


def _purchases(about: FromClause) -> ScalarSelect[Any]:
    pack = packs.alias("bought")
    return (
        select(func.count())
        .select_from(pack)
        .where(pack.c.student_id == about.c.student_id, pack.c.mentor_id == about.c.mentor_id)
        .correlate(about)
        .scalar_subquery()
    )


def _last_notice_at(cycle: int) -> ScalarSelect[Any]:
    """When the last notice before this expiry of the pack is due."""
    return (
        select(notices.c.due_at)
        .where(
            notices.c.kind == NoticeKind.PACK_EXPIRES_SOON,
            notices.c.subject_id == packs.c.id,
            notices.c.cycle == cycle,
        )
        .correlate(packs)
        .scalar_subquery()
    )


def _seated_again() -> Exists:
    other = seats.alias("other")
    return exists().where(
        other.c.student_id == seats.c.student_id,
        other.c.mentor_id == seats.c.mentor_id,
        other.c.id != seats.c.id,
        other.c.state.in_([SeatState.ACTIVE, SeatState.GRACE]),
    )


def _occupied(about: FromClause) -> ScalarSelect[Any]:
    taken = seats.alias("taken")
    return (
        select(func.count())
        .select_from(taken)
        .where(taken.c.mentor_id == about.c.mentor_id, taken.c.state != SeatState.RELEASED)
        .correlate(about)
        .scalar_subquery()
    )


def _seat_state() -> ScalarSelect[Any]:
    """The state of the pair's live seat, if the buyer of the order has one."""
    return (
        select(seats.c.state)
        .where(
            seats.c.student_id == orders.c.student_id,
            seats.c.mentor_id == orders.c.mentor_id,
            seats.c.state != SeatState.RELEASED,
        )
        .correlate(orders)
        .scalar_subquery()
    )
