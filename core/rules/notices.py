"""What we owe people: the kinds of notice, to whom each goes, and what each is about."""

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


class NoticeKind(StrEnum):
    """One message that we may owe; unique per (kind, subject, cycle)."""

    PURCHASE_CONFIRMED = "purchase_confirmed"
    STUDENT_JOINED = "student_joined"
    SESSION_BOOKED = "session_booked"
    SESSION_TOMORROW = "session_tomorrow"
    SESSION_SOON = "session_soon"
    OUTCOME_PROMPT = "outcome_prompt"
    SESSION_COMPLETED = "session_completed"
    RENEWAL_REMINDER = "renewal_reminder"
    GRACE_BEGAN = "grace_began"
    FINAL_WARNING = "final_warning"
    SEAT_RENEWED = "seat_renewed"
    SEAT_RELEASED = "seat_released"
    SEAT_RELEASED_MENTOR = "seat_released_mentor"
    SEAT_RELEASED_STAFF = "seat_released_staff"
    PAYMENT_PENDING = "payment_pending"
    PAYMENT_FAILED = "payment_failed"
    SEATLESS_PAYMENT = "seatless_payment"
    SEATLESS_PAYMENT_STAFF = "seatless_payment_staff"
    PAYMENT_PARKED_STAFF = "payment_parked_staff"
    PAID_TWICE_STAFF = "paid_twice_staff"
    ABOVE_CAPACITY_STAFF = "above_capacity_staff"
    REFUND_FAILED_STAFF = "refund_failed_staff"


_STAFF = frozenset(kind for kind in NoticeKind if kind.value.endswith("_staff"))
_MENTOR = frozenset(
    {
        NoticeKind.STUDENT_JOINED,
        NoticeKind.SESSION_BOOKED,
        NoticeKind.OUTCOME_PROMPT,
        NoticeKind.SEAT_RELEASED_MENTOR,
    }
)
_SESSION = frozenset(
    {
        NoticeKind.SESSION_BOOKED,
        NoticeKind.SESSION_TOMORROW,
        NoticeKind.SESSION_SOON,
        NoticeKind.OUTCOME_PROMPT,
        NoticeKind.SESSION_COMPLETED,
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
    }
)


def audience_of(kind: NoticeKind) -> Audience:
    """Who is told."""
    if kind in _STAFF:
        return Audience.STAFF
    return Audience.MENTOR if kind in _MENTOR else Audience.STUDENT


def subject_of(kind: NoticeKind) -> Subject:
    """What the notice's subject id points at."""
    if kind in _SESSION:
        return Subject.SESSION
    return Subject.SEAT if kind in _SEAT else Subject.ORDER
