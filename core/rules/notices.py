"""What we owe people: the kinds of notice, to whom each goes, and what each is about."""

from datetime import datetime
from enum import StrEnum


class Audience(StrEnum):
    STUDENT = "student"
    MENTOR = "mentor"
    STAFF = "staff"


class Subject(StrEnum):
    """The kind of row whose id a notice carries; its state is read again before sending (rule 32)."""

    SEAT = "seat"
    SESSION = "session"
    ORDER = "order"
    PACK = "pack"
    ADJUSTMENT = "adjustment"
    MENTOR = "mentor"
    COMMUNITY = "community"
    DISPUTE = "dispute"


class NoticeKind(StrEnum):
    """One message that we may owe; unique per (kind, subject, cycle)."""

    PURCHASE_CONFIRMED = "purchase_confirmed"
    STUDENT_JOINED = "student_joined"
    SESSION_BOOKED = "session_booked"
    SESSION_TOMORROW = "session_tomorrow"
    SESSION_SOON = "session_soon"
    OUTCOME_PROMPT = "outcome_prompt"
    SESSION_COMPLETED = "session_completed"
    SESSION_CANCELED = "session_canceled"
    SESSION_CANCELED_MENTOR = "session_canceled_mentor"
    OUTCOME_REMINDER = "outcome_reminder"
    OUTCOME_OVERDUE_STAFF = "outcome_overdue_staff"
    SESSION_RETURNED = "session_returned"
    SESSION_REOPENED = "session_reopened"
    SESSION_REOPENED_MENTOR = "session_reopened_mentor"
    SESSION_WAIVED = "session_waived"
    RENEWAL_REMINDER = "renewal_reminder"
    GRACE_BEGAN = "grace_began"
    FINAL_WARNING = "final_warning"
    SEAT_RENEWED = "seat_renewed"
    SEAT_RELEASED = "seat_released"
    SEAT_RELEASED_MENTOR = "seat_released_mentor"
    SEAT_RELEASED_STAFF = "seat_released_staff"
    PAYMENT_PENDING = "payment_pending"
    PAYMENT_FAILED = "payment_failed"
    APPROVED_TOO_LATE = "approved_too_late"
    SEATLESS_PAYMENT = "seatless_payment"
    SEATLESS_PAYMENT_STAFF = "seatless_payment_staff"
    PAYMENT_PARKED = "payment_parked"
    PAYMENT_PARKED_STAFF = "payment_parked_staff"
    PAID_TWICE_STAFF = "paid_twice_staff"
    ABOVE_CAPACITY_STAFF = "above_capacity_staff"
    REFUND_FAILED_STAFF = "refund_failed_staff"
    # Of one refund, whose row is the cycle (rule 28).
    REFUNDED = "refunded"
    REFUNDED_STAFF = "refunded_staff"
    REFUND_SEEN_STAFF = "refund_seen_staff"  # made on the provider's own pages
    REFUND_FAILED = "refund_failed"
    REFUND_BY_HAND = "refund_by_hand"
    PARKED_REFUNDED = "parked_refunded"
    # Of one dispute (rule 29).
    DISPUTED = "disputed"
    DISPUTED_STAFF = "disputed_staff"  # the cycle is `cycle_at` its deadline, so a moved one owes anew
    DISPUTE_WON = "dispute_won"
    DISPUTE_WON_STAFF = "dispute_won_staff"
    DISPUTE_LOST = "dispute_lost"
    DISPUTE_LOST_STAFF = "dispute_lost_staff"
    PAYMENT_LATE_STAFF = "payment_late_staff"
    NEWS_GIVEN_UP_STAFF = "news_given_up_staff"  # the cycle is the event's row
    UNKNOWN_PAYMENT_STAFF = "unknown_payment_staff"  # the same
    RECONCILED_STAFF = "reconciled_staff"  # the cycle is the day
    # Before a pack expires (rule 21): the cycle is `cycle_at` that expiry, so a moved one owes anew.
    PACK_EXPIRES = "pack_expires"
    PACK_EXPIRES_SOON = "pack_expires_soon"
    # What staff and mentors did by hand: the cycle is the id of the history row that says who and why.
    PACK_GRANTED = "pack_granted"
    PACK_EXTENDED = "pack_extended"
    PACK_ADJUSTED = "pack_adjusted"
    GRACE_EXTENDED = "grace_extended"
    STAFF_RELEASED = "staff_released"
    STAFF_RELEASED_MENTOR = "staff_released_mentor"
    STAFF_RELEASED_STAFF = "staff_released_staff"
    REFUND_RELEASED = "refund_released"
    REFUND_RELEASED_MENTOR = "refund_released_mentor"
    REFUND_RELEASED_STAFF = "refund_released_staff"
    GRANT_ABOVE_CAPACITY_STAFF = "grant_above_capacity_staff"
    SEAT_BACK_MENTOR = "seat_back_mentor"
    SEAT_BACK_STAFF = "seat_back_staff"
    ADJUSTMENT_ASKED = "adjustment_asked"
    ADJUSTMENT_ANSWERED = "adjustment_answered"
    # Somebody is away, leaves, or is gone (rule 39).
    MENTOR_PAUSED = "mentor_paused"
    MENTOR_RESUMED = "mentor_resumed"
    MENTOR_REMOVED = "mentor_removed"
    MENTOR_REMOVED_STAFF = "mentor_removed_staff"
    STUDENT_GONE = "student_gone"
    STUDENT_GONE_STAFF = "student_gone_staff"
    ROLE_FAILED_STAFF = "role_failed_staff"
    MENTOR_GONE_STAFF = "mentor_gone_staff"
    BOT_BACK = "bot_back"
    # What Discord did to us: the cycle is the id of the history row that says it.
    BOT_BACK_STAFF = "bot_back_staff"
    SETTING_GONE_STAFF = "setting_gone_staff"
    STUDENT_ROLE_GONE_STAFF = "student_role_gone_staff"


_STAFF = frozenset(kind for kind in NoticeKind if kind.value.endswith("_staff"))
_MENTOR = frozenset(
    {
        NoticeKind.STUDENT_JOINED,
        NoticeKind.SESSION_BOOKED,
        NoticeKind.SESSION_CANCELED_MENTOR,
        NoticeKind.OUTCOME_PROMPT,
        NoticeKind.OUTCOME_REMINDER,
        NoticeKind.SESSION_REOPENED_MENTOR,
        NoticeKind.SEAT_BACK_MENTOR,
        NoticeKind.SEAT_RELEASED_MENTOR,
        NoticeKind.STAFF_RELEASED_MENTOR,
        NoticeKind.REFUND_RELEASED_MENTOR,
        NoticeKind.ADJUSTMENT_ANSWERED,
        NoticeKind.STUDENT_GONE,
    }
)
_SESSION = frozenset(
    {
        NoticeKind.SESSION_BOOKED,
        NoticeKind.SESSION_TOMORROW,
        NoticeKind.SESSION_SOON,
        NoticeKind.OUTCOME_PROMPT,
        NoticeKind.SESSION_COMPLETED,
        NoticeKind.SESSION_CANCELED,
        NoticeKind.SESSION_CANCELED_MENTOR,
        NoticeKind.OUTCOME_REMINDER,
        NoticeKind.OUTCOME_OVERDUE_STAFF,
        NoticeKind.SESSION_RETURNED,
        NoticeKind.SESSION_REOPENED,
        NoticeKind.SESSION_REOPENED_MENTOR,
        NoticeKind.SESSION_WAIVED,
    }
)
_SEAT = frozenset(
    {
        NoticeKind.STUDENT_JOINED,
        NoticeKind.RENEWAL_REMINDER,
        NoticeKind.GRACE_BEGAN,
        NoticeKind.FINAL_WARNING,
        NoticeKind.SEAT_RELEASED,
        NoticeKind.SEAT_RELEASED_MENTOR,
        NoticeKind.SEAT_RELEASED_STAFF,
        NoticeKind.GRACE_EXTENDED,
        NoticeKind.STAFF_RELEASED,
        NoticeKind.STAFF_RELEASED_MENTOR,
        NoticeKind.STAFF_RELEASED_STAFF,
        NoticeKind.REFUND_RELEASED,
        NoticeKind.REFUND_RELEASED_MENTOR,
        NoticeKind.REFUND_RELEASED_STAFF,
        NoticeKind.GRANT_ABOVE_CAPACITY_STAFF,
        NoticeKind.SEAT_BACK_MENTOR,
        NoticeKind.SEAT_BACK_STAFF,
        NoticeKind.MENTOR_PAUSED,
        NoticeKind.MENTOR_RESUMED,
        NoticeKind.MENTOR_REMOVED,
        NoticeKind.MENTOR_REMOVED_STAFF,
        NoticeKind.STUDENT_GONE,
        NoticeKind.STUDENT_GONE_STAFF,
        NoticeKind.ROLE_FAILED_STAFF,
        NoticeKind.BOT_BACK,
    }
)
_PACK = frozenset(
    {
        NoticeKind.PACK_EXPIRES,
        NoticeKind.PACK_EXPIRES_SOON,
        NoticeKind.PACK_GRANTED,
        NoticeKind.PACK_EXTENDED,
        NoticeKind.PACK_ADJUSTED,
    }
)
_ADJUSTMENT = frozenset({NoticeKind.ADJUSTMENT_ASKED, NoticeKind.ADJUSTMENT_ANSWERED})
_ABOUT_MENTORS = frozenset({NoticeKind.MENTOR_GONE_STAFF, NoticeKind.STUDENT_ROLE_GONE_STAFF})
_COMMUNITY = frozenset({NoticeKind.BOT_BACK_STAFF, NoticeKind.SETTING_GONE_STAFF, NoticeKind.UNKNOWN_PAYMENT_STAFF})
_DISPUTE = frozenset(
    {
        NoticeKind.DISPUTED,
        NoticeKind.DISPUTED_STAFF,
        NoticeKind.DISPUTE_WON,
        NoticeKind.DISPUTE_WON_STAFF,
        NoticeKind.DISPUTE_LOST,
        NoticeKind.DISPUTE_LOST_STAFF,
    }
)
_REFUND = frozenset(
    {
        NoticeKind.REFUND_FAILED,
        NoticeKind.REFUND_BY_HAND,
        NoticeKind.REFUND_FAILED_STAFF,
        NoticeKind.REFUNDED,
        NoticeKind.REFUNDED_STAFF,
        NoticeKind.REFUND_SEEN_STAFF,
    }
)
_SUBJECTS = (
    (_SESSION, Subject.SESSION),
    (_SEAT, Subject.SEAT),
    (_PACK, Subject.PACK),
    (_ADJUSTMENT, Subject.ADJUSTMENT),
    (_ABOUT_MENTORS, Subject.MENTOR),
    (_COMMUNITY, Subject.COMMUNITY),
    (_DISPUTE, Subject.DISPUTE),
)


_SHAREABLE = frozenset(
    {
        NoticeKind.SESSION_BOOKED,
        NoticeKind.SESSION_TOMORROW,
        NoticeKind.SESSION_SOON,
        NoticeKind.OUTCOME_PROMPT,
        NoticeKind.SESSION_COMPLETED,
        NoticeKind.SESSION_CANCELED,
        NoticeKind.SESSION_CANCELED_MENTOR,
        NoticeKind.SESSION_RETURNED,
        NoticeKind.SESSION_REOPENED,
        NoticeKind.SESSION_REOPENED_MENTOR,
        NoticeKind.SESSION_WAIVED,
        NoticeKind.RENEWAL_REMINDER,
        NoticeKind.PACK_EXPIRES,
        NoticeKind.PACK_EXPIRES_SOON,
        NoticeKind.GRACE_BEGAN,
        NoticeKind.FINAL_WARNING,
    }
)


def may_be_shared(kind: NoticeKind) -> bool:
    """Whether student and mentor may both read it, in the thread that is theirs: sessions, and how the seat stands.

    Nothing of money, of what staff wrote about one of them, or of the mentor's other seats; why a session was cancelled
    each of them is told anyway. A new kind is private.
    """
    return kind in _SHAREABLE


def audience_of(kind: NoticeKind) -> Audience:
    """Who is told."""
    if kind in _STAFF:
        return Audience.STAFF
    return Audience.MENTOR if kind in _MENTOR else Audience.STUDENT


def subject_of(kind: NoticeKind) -> Subject:
    """What the notice's subject id points at."""
    return next((subject for kinds, subject in _SUBJECTS if kind in kinds), Subject.ORDER)


def is_of_refund(kind: NoticeKind) -> bool:
    """Whether the cycle of this kind, which is about an order, is the id of one refund."""
    return kind in _REFUND


def is_of_payment(kind: NoticeKind) -> bool:
    """Whether the cycle of this kind, which is about an order, is the id of one payment."""
    return kind is NoticeKind.PAID_TWICE_STAFF


def cycle_at(instant: datetime) -> int:
    """The minute, as the cycle of a notice about an instant that may come again, or move."""
    return int(instant.timestamp()) // 60
