"""When notices of sessions and packs are due, and which are no longer true when their time comes (21, 22, 34)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.rules.notices import NoticeKind, cycle_at
from core.rules.settings import Settings
from core.rules.states import DisputeOutcome, OrderState, PackState, SeatState, SessionState

TOMORROW_FOR = timedelta(hours=24)
SOON_FOR = timedelta(hours=1)
REOPENED_FOR = timedelta(hours=1)
"""Who undid an outcome has it before them still: the question comes again when they had time to answer."""

REMINDERS_AN_ATTEMPT = 1000
"""The cycle of a reminder is this times the attempt, plus its number: three days apart, they never run out."""


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice to write, and from when it is to be sent."""

    kind: NoticeKind
    due_at: datetime


def session_notices(starts_at: datetime, ends_at: datetime, now: datetime) -> tuple[DueNotice, ...]:
    """What a session booked now will owe. A reminder whose time has come by then is not written: booking said it."""
    reminders = (
        DueNotice(NoticeKind.SESSION_TOMORROW, starts_at - TOMORROW_FOR),
        DueNotice(NoticeKind.SESSION_SOON, starts_at - SOON_FOR),
    )
    prompt = DueNotice(NoticeKind.OUTCOME_PROMPT, ends_at)
    return (*(reminder for reminder in reminders if now < reminder.due_at), prompt)


def asked_again(ends_at: datetime, now: datetime) -> DueNotice:
    """The question about a session whose outcome was undone now: not before it ends, and not at once (rule 23)."""
    return DueNotice(NoticeKind.OUTCOME_PROMPT, max(ends_at, now + REOPENED_FOR))


def expiry_notices(expires_at: datetime, settings: Settings, now: datetime) -> tuple[DueNotice, ...]:
    """What a pack that expires then will owe, from now on. It is not owed what would be due at once: it was said."""
    before = (
        DueNotice(NoticeKind.PACK_EXPIRES, expires_at - timedelta(days=settings.expiry_notice_days)),
        DueNotice(NoticeKind.PACK_EXPIRES_SOON, expires_at - timedelta(days=settings.expiry_last_notice_days)),
    )
    return tuple(notice for notice in before if now < notice.due_at)


@dataclass(frozen=True, slots=True)
class NextNotice:
    """A notice that the end of another one owes."""

    kind: NoticeKind
    cycle: int
    due_at: datetime


def after_asking(kind: NoticeKind, cycle: int, settings: Settings, now: datetime) -> tuple[NextNotice, ...]:
    """What is owed when a mentor was asked how a session went, counted from then: so downtime makes no burst (34).

    The first reminder a day later, with a word to staff; after it one every three days (rule 22). Each is dropped if
    the answer has come by then, and with it ends the chain.
    """
    if kind is NoticeKind.OUTCOME_PROMPT:
        due_at = now + timedelta(hours=settings.outcome_reminder_hours)
        return (
            NextNotice(NoticeKind.OUTCOME_REMINDER, cycle * REMINDERS_AN_ATTEMPT + 1, due_at),
            NextNotice(NoticeKind.OUTCOME_OVERDUE_STAFF, cycle, due_at),
        )
    if kind is NoticeKind.OUTCOME_REMINDER:
        again_at = now + timedelta(hours=settings.outcome_again_hours)
        return (NextNotice(NoticeKind.OUTCOME_REMINDER, cycle + 1, again_at),)
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """What is true of a notice's subject when it is to be sent. `cycle` is the notice's own; the rest is read again."""

    cycle: int = 0
    seat_state: SeatState | None = None
    seated_again: bool = False
    grace_number: int = 0
    grace_ends_at: datetime | None = None
    purchases: int = 0
    pair_remaining: int = 0
    session_state: SessionState | None = None
    attempt: int | None = None
    given_back: bool = False
    starts_at: datetime | None = None
    order_state: OrderState | None = None
    pack_state: PackState | None = None
    pack_stands_still: bool = False
    pack_available: int = 0
    pack_expires_at: datetime | None = None
    last_notice_at: datetime | None = None
    answered: bool = False
    refund_owed: bool = True
    refund_goes: bool = True  # the provider makes it, or made it
    refund_by_hand: bool = True
    mentor_paused: bool = False
    grace_stopped: bool = False
    dispute_outcome: DisputeOutcome | None = None
    answer_by: datetime | None = None
    student_gone: bool = False
    role_is_due: bool = False
    mentor_gone: bool = False
    is_missing: bool = False  # what was deleted, and nothing chosen in its place


def why_drop(kind: NoticeKind, facts: NoticeFacts, now: datetime) -> str | None:
    """Why the notice would be false if it went out now; None if it is to be sent, however late."""
    return DROPPED[kind](facts, now)


def _never(_facts: NoticeFacts, _now: datetime) -> str | None:
    """It tells of something that happened, which no later state undoes."""
    return None


def _unless_order(*states: OrderState) -> Callable[[NoticeFacts, datetime], str | None]:
    def why(facts: NoticeFacts, _now: datetime) -> str | None:
        return None if facts.order_state in states else f"the order is {facts.order_state or 'gone'}"

    return why


def _unless_seat(*states: SeatState) -> Callable[[NoticeFacts, datetime], str | None]:
    def why(facts: NoticeFacts, _now: datetime) -> str | None:
        return None if facts.seat_state in states else f"the seat is {facts.seat_state or 'gone'}"

    return why


def _unless_session(*states: SessionState) -> Callable[[NoticeFacts, datetime], str | None]:
    def why(facts: NoticeFacts, _now: datetime) -> str | None:
        return None if facts.session_state in states else f"the session is {facts.session_state or 'gone'}"

    return why


def _unless_pack(*states: PackState) -> Callable[[NoticeFacts, datetime], str | None]:
    def why(facts: NoticeFacts, _now: datetime) -> str | None:
        return None if facts.pack_state in states else f"the pack is {facts.pack_state or 'gone'}"

    return why


_unless_scheduled = _unless_session(SessionState.SCHEDULED)
_unless_in_grace = _unless_seat(SeatState.GRACE)


def _unless_attempt(*states: SessionState) -> Callable[[NoticeFacts, datetime], str | None]:
    """Of a session whose outcome may be undone: what was said of an earlier attempt is said no more (rule 23)."""

    def why(facts: NoticeFacts, now: datetime) -> str | None:
        if facts.attempt is not None and facts.cycle != facts.attempt:
            return "it belongs to an attempt that was undone"
        return _unless_session(*states)(facts, now)

    return why


_unless_open = _unless_attempt(SessionState.SCHEDULED)


def _session_completed(facts: NoticeFacts, now: datetime) -> str | None:
    if facts.given_back:
        return "the session was waived"
    return _unless_attempt(SessionState.COMPLETED, SessionState.NO_SHOW)(facts, now)


def _outcome_reminder(facts: NoticeFacts, now: datetime) -> str | None:
    return _unless_open(replace(facts, cycle=facts.cycle // REMINDERS_AN_ATTEMPT), now)


def _session_soon(facts: NoticeFacts, now: datetime) -> str | None:
    if facts.starts_at is not None and facts.starts_at <= now:
        return "the session has begun"
    return _unless_scheduled(facts, now)


def _session_tomorrow(facts: NoticeFacts, now: datetime) -> str | None:
    # After downtime both reminders may wait, and they would say the same: the later one goes.
    if facts.starts_at is not None and facts.starts_at - SOON_FOR <= now < facts.starts_at:
        return "the next reminder is due"
    return _session_soon(facts, now)


def _renewal_reminder(facts: NoticeFacts, now: datetime) -> str | None:
    if facts.mentor_paused:
        return _CLOCKS_STAND
    if facts.cycle != facts.purchases:
        return "the student has renewed"
    if facts.pair_remaining != 1:
        return f"{facts.pair_remaining} sessions are left"
    return _unless_seat(SeatState.ACTIVE)(facts, now)


def _final_warning(facts: NoticeFacts, now: datetime) -> str | None:
    if facts.mentor_paused:
        return _CLOCKS_STAND
    if facts.grace_stopped:
        return "a dispute stops the grace"  # its end owes it again
    if facts.cycle != facts.grace_number:
        return "it belongs to an older grace"
    return _unless_in_grace(facts, now)


def _grace_began(facts: NoticeFacts, now: datetime) -> str | None:
    # The warning moves the end that it announces (rule 12); this one would announce a time that is over.
    if facts.grace_ends_at is not None and facts.grace_ends_at <= now:
        return "its end has passed"
    return _final_warning(facts, now)


def _pack_expires_soon(facts: NoticeFacts, now: datetime) -> str | None:
    expires_at = facts.pack_expires_at
    if expires_at is None or facts.cycle != cycle_at(expires_at):
        return "it expires at another time"
    if expires_at <= now:
        return "its time is over"
    if facts.pack_stands_still:
        return "its time stands still"  # what lets it run on owes it again
    if facts.pack_available < 1:
        return "nothing of it is left to book"
    return _unless_pack(PackState.ACTIVE)(facts, now)


def _pack_expires(facts: NoticeFacts, now: datetime) -> str | None:
    # As with the reminders of a session: after downtime the later one says it.
    if facts.last_notice_at is not None and facts.last_notice_at <= now:
        return "the last notice is due"
    return _pack_expires_soon(facts, now)


def _seat_released(facts: NoticeFacts, now: datetime) -> str | None:
    if facts.seated_again:
        return "the student has a seat again"
    return _unless_seat(SeatState.RELEASED)(facts, now)


_CLOCKS_STAND = "the mentor is paused"  # the resume owes it again (rule 39)


def _mentor_paused(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.mentor_paused else "the mentor is back"


def _mentor_resumed(facts: NoticeFacts, _now: datetime) -> str | None:
    return "the mentor is paused again" if facts.mentor_paused else None


def _unless_gone(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.student_gone else "the student was seen again"


def _unless_mentor_gone(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.mentor_gone else "the mentor was seen again"


def _unless_missing(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.is_missing else "another was chosen"


def _unless_role_is_due(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.role_is_due else "the role is as it should be"


def _unless_owed(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.refund_owed else "it is paid back in another way"


def _unless_goes(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.refund_goes else "it failed, or its money went in another way"


def _unless_by_hand(facts: NoticeFacts, _now: datetime) -> str | None:
    return None if facts.refund_by_hand else "it is found among the provider's"


def _unless_answered(facts: NoticeFacts, _now: datetime) -> str | None:
    return "it is answered" if facts.answered else None


def _unless_dispute(outcome: DisputeOutcome | None) -> Callable[[NoticeFacts, datetime], str | None]:
    def why(facts: NoticeFacts, _now: datetime) -> str | None:
        return None if facts.dispute_outcome is outcome else f"the dispute is {facts.dispute_outcome or 'open'}"

    return why


def _disputed_staff(facts: NoticeFacts, now: datetime) -> str | None:
    if facts.answer_by is not None and facts.cycle != cycle_at(facts.answer_by):
        return "its deadline moved"
    return _unless_dispute(None)(facts, now)


DROPPED: Mapping[NoticeKind, Callable[[NoticeFacts, datetime], str | None]] = {
    NoticeKind.PURCHASE_CONFIRMED: _unless_order(OrderState.FULFILLED),
    NoticeKind.STUDENT_JOINED: _unless_seat(SeatState.ACTIVE, SeatState.GRACE),
    NoticeKind.SESSION_BOOKED: _unless_scheduled,
    NoticeKind.SESSION_TOMORROW: _session_tomorrow,
    NoticeKind.SESSION_SOON: _session_soon,
    NoticeKind.OUTCOME_PROMPT: _unless_open,
    NoticeKind.OUTCOME_REMINDER: _outcome_reminder,
    NoticeKind.OUTCOME_OVERDUE_STAFF: _unless_open,
    NoticeKind.SESSION_COMPLETED: _session_completed,
    NoticeKind.SESSION_RETURNED: _unless_attempt(SessionState.CANCELED),
    NoticeKind.SESSION_REOPENED: _unless_open,
    NoticeKind.SESSION_REOPENED_MENTOR: _unless_open,
    NoticeKind.SESSION_WAIVED: _unless_attempt(SessionState.NO_SHOW, SessionState.CANCELED),
    NoticeKind.SESSION_CANCELED: _unless_session(SessionState.CANCELED),
    NoticeKind.SESSION_CANCELED_MENTOR: _unless_session(SessionState.CANCELED),
    NoticeKind.RENEWAL_REMINDER: _renewal_reminder,
    NoticeKind.GRACE_BEGAN: _grace_began,
    NoticeKind.FINAL_WARNING: _final_warning,
    NoticeKind.SEAT_RENEWED: _unless_order(OrderState.FULFILLED),
    NoticeKind.SEAT_RELEASED: _seat_released,
    NoticeKind.SEAT_RELEASED_MENTOR: _seat_released,
    NoticeKind.SEAT_RELEASED_STAFF: _seat_released,
    NoticeKind.PAYMENT_PENDING: _unless_order(OrderState.PENDING),
    NoticeKind.PAYMENT_FAILED: _unless_order(OrderState.CLOSED),
    NoticeKind.APPROVED_TOO_LATE: _unless_order(OrderState.CLOSED),
    NoticeKind.SEATLESS_PAYMENT: _unless_order(OrderState.REFUNDED),
    NoticeKind.SEATLESS_PAYMENT_STAFF: _unless_order(OrderState.REFUNDED),
    NoticeKind.PAYMENT_PARKED: _unless_order(OrderState.PARKED),
    NoticeKind.PAYMENT_PARKED_STAFF: _unless_order(OrderState.PARKED),
    NoticeKind.PAID_TWICE_STAFF: _never,
    NoticeKind.ABOVE_CAPACITY_STAFF: _never,
    NoticeKind.REFUND_FAILED_STAFF: _unless_owed,
    NoticeKind.REFUND_FAILED: _unless_owed,
    NoticeKind.REFUND_BY_HAND: _unless_by_hand,
    NoticeKind.REFUNDED: _unless_goes,
    NoticeKind.REFUNDED_STAFF: _never,
    NoticeKind.REFUND_SEEN_STAFF: _never,
    NoticeKind.PARKED_REFUNDED: _unless_order(OrderState.REFUNDED),
    NoticeKind.DISPUTED: _unless_dispute(None),
    NoticeKind.DISPUTED_STAFF: _disputed_staff,
    NoticeKind.DISPUTE_WON: _unless_dispute(DisputeOutcome.WON),
    NoticeKind.DISPUTE_WON_STAFF: _unless_dispute(DisputeOutcome.WON),
    NoticeKind.DISPUTE_LOST: _unless_dispute(DisputeOutcome.LOST),
    NoticeKind.DISPUTE_LOST_STAFF: _unless_dispute(DisputeOutcome.LOST),
    NoticeKind.PAYMENT_LATE_STAFF: _unless_order(OrderState.PENDING),
    NoticeKind.NEWS_GIVEN_UP_STAFF: _never,
    NoticeKind.UNKNOWN_PAYMENT_STAFF: _never,
    NoticeKind.RECONCILED_STAFF: _never,
    NoticeKind.PACK_EXPIRES: _pack_expires,
    NoticeKind.PACK_EXPIRES_SOON: _pack_expires_soon,
    NoticeKind.PACK_GRANTED: _never,
    NoticeKind.PACK_EXTENDED: _unless_pack(PackState.ACTIVE),
    NoticeKind.PACK_ADJUSTED: _never,
    NoticeKind.GRACE_EXTENDED: _unless_in_grace,
    NoticeKind.STAFF_RELEASED: _seat_released,
    NoticeKind.STAFF_RELEASED_MENTOR: _seat_released,
    NoticeKind.STAFF_RELEASED_STAFF: _seat_released,
    NoticeKind.REFUND_RELEASED: _seat_released,
    NoticeKind.REFUND_RELEASED_MENTOR: _seat_released,
    NoticeKind.REFUND_RELEASED_STAFF: _seat_released,
    NoticeKind.GRANT_ABOVE_CAPACITY_STAFF: _never,
    NoticeKind.SEAT_BACK_MENTOR: _unless_seat(SeatState.ACTIVE),
    NoticeKind.SEAT_BACK_STAFF: _never,
    NoticeKind.ADJUSTMENT_ASKED: _unless_answered,
    NoticeKind.ADJUSTMENT_ANSWERED: _never,
    NoticeKind.MENTOR_PAUSED: _mentor_paused,
    NoticeKind.MENTOR_RESUMED: _mentor_resumed,
    NoticeKind.MENTOR_REMOVED: _never,
    NoticeKind.MENTOR_REMOVED_STAFF: _never,
    NoticeKind.STUDENT_GONE: _unless_gone,
    NoticeKind.STUDENT_GONE_STAFF: _unless_gone,
    NoticeKind.ROLE_FAILED_STAFF: _unless_role_is_due,
    NoticeKind.MENTOR_GONE_STAFF: _unless_mentor_gone,
    NoticeKind.BOT_BACK: _mentor_resumed,
    NoticeKind.BOT_BACK_STAFF: _never,
    NoticeKind.SETTING_GONE_STAFF: _unless_missing,
    NoticeKind.STUDENT_ROLE_GONE_STAFF: _unless_missing,
}
"""For every kind, why it would be dropped. A test proves that none is missing."""
