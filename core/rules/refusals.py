"""Every expected no, by name. Each reason has a sentence in `core.texts.refusals`; a test proves it."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something that was asked for is not done."""

    # who and what
    NOT_YOURS = "not_yours"
    NOT_STAFF = "not_staff"
    NOT_A_MENTOR = "not_a_mentor"
    NOT_SET_UP = "not_set_up"
    ALREADY_SET_UP = "already_set_up"
    UNKNOWN_MENTOR = "unknown_mentor"
    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    ALREADY_A_MENTOR = "already_a_mentor"
    WAS_A_MENTOR = "was_a_mentor"
    PRODUCT_EXISTS = "product_exists"
    BAD_HOURS = "bad_hours"
    BAD_NUMBER = "bad_number"
    BAD_CURRENCY = "bad_currency"
    BAD_NAME = "bad_name"
    BAD_DATE = "bad_date"
    BAD_NOTE = "bad_note"
    UNKNOWN_SETTING = "unknown_setting"
    BAD_SETTING = "bad_setting"
    EVERYBODY_AS_STAFF = "everybody_as_staff"
    STUDENTS_AS_STAFF = "students_as_staff"
    ZONE_AND_CURRENCY_FIRST = "zone_and_currency_first"
    NOT_OF_THIS_SERVER = "not_of_this_server"
    SECRET_HAS_CHANGED = "secret_has_changed"  # noqa: S105 # a reason, no secret

    # buying and seats (rules 6 to 13)
    OWN_MENTOR = "own_mentor"
    CHOOSE_PRODUCT = "choose_product"
    NOTHING_FOR_SALE = "nothing_for_sale"
    MENTOR_PAUSED = "mentor_paused"
    MENTOR_FULL = "mentor_full"
    GRACE_IS_OVER = "grace_is_over"
    TOO_MANY_CHECKOUTS = "too_many_checkouts"
    TOO_MANY_UNPAID = "too_many_unpaid"
    TOO_OFTEN = "too_often"
    ALREADY_PAID = "already_paid"
    CHECKOUT_OPENING = "checkout_opening"
    PAYMENT_IS_SETTLING = "payment_is_settling"
    CHECKOUT_LEFT = "checkout_left"
    CHECKOUT_UNSEEN = "checkout_unseen"
    PRODUCT_CHANGED = "product_changed"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_SAYS_NOTHING = "provider_says_nothing"
    PROVIDER_NOT_CONFIGURED = "provider_not_configured"
    UNKNOWN_PROVIDER = "unknown_provider"

    # codes (rule 26)
    BAD_CODE = "bad_code"
    CODE_ONE_WAY = "code_one_way"
    CODE_EXISTS = "code_exists"
    UNKNOWN_CODE = "unknown_code"
    CODE_IS_OVER = "code_is_over"
    CODE_OF_ANOTHER_MENTOR = "code_of_another_mentor"
    CODE_OF_ANOTHER_CURRENCY = "code_of_another_currency"
    CODE_USED_UP = "code_used_up"
    CODE_USED_BY_YOU = "code_used_by_you"
    CODE_ENDED_SINCE = "code_ended_since"

    # releasing (rules 9 to 12)
    NOT_IN_GRACE = "not_in_grace"
    GRACE_NOT_OVER = "grace_not_over"
    ORDER_UNSETTLED = "order_unsettled"
    WARNING_NOT_DELIVERED = "warning_not_delivered"

    # booking (rules 2, 3, 14, 15)
    CHOOSE_MENTOR = "choose_mentor"
    NO_SEAT = "no_seat"
    NO_SEAT_ANYWHERE = "no_seat_anywhere"
    SEAT_NOT_PAID = "seat_not_paid"
    SEAT_IN_GRACE = "seat_in_grace"
    NO_SESSIONS_LEFT = "no_sessions_left"
    ALL_SESSIONS_BOOKED = "all_sessions_booked"
    PACK_EXPIRES_FIRST = "pack_expires_first"
    PACK_FROZEN = "pack_frozen"
    IN_THE_PAST = "in_the_past"
    TOO_SOON = "too_soon"
    TOO_FAR_AHEAD = "too_far_ahead"
    OUTSIDE_HOURS = "outside_hours"
    BLACKED_OUT = "blacked_out"
    MENTOR_BUSY = "mentor_busy"
    STUDENT_BUSY = "student_busy"

    # expiring (rule 3)
    NOTHING_TO_EXPIRE = "nothing_to_expire"

    # cancelling (rule 16)
    SESSION_HAS_BEGUN = "session_has_begun"
    CANCELING_USES_IT = "canceling_uses_it"
    STAFF_SAY_WHY = "staff_say_why"

    # completing (rules 19 to 21)
    NOT_STARTED = "not_started"
    SESSION_CANCELED = "session_canceled"

    # taking an outcome back (rules 16, 20, 23)
    NO_OUTCOME = "no_outcome"
    CANCELLATION_STAYS = "cancellation_stays"
    TOO_LATE_TO_UNDO = "too_late_to_undo"
    NOTHING_TO_HOLD = "nothing_to_hold"
    PACK_REFUNDED = "pack_refunded"
    NOTHING_TO_WAIVE = "nothing_to_waive"
    TOO_LATE_TO_WAIVE = "too_late_to_waive"

    # what staff and mentors change by hand (rules 1, 5, 7, 12, 21, 37)
    REASON_MISSING = "reason_missing"
    UNKNOWN_STUDENT = "unknown_student"
    UNKNOWN_PACK = "unknown_pack"
    UNKNOWN_ADJUSTMENT = "unknown_adjustment"
    ABOVE_CAPACITY = "above_capacity"
    SEAT_IS_RELEASED = "seat_is_released"
    STUDENT_WITHOUT_SEAT = "student_without_seat"
    PACK_IS_OVER = "pack_is_over"
    NOTHING_TO_ADJUST = "nothing_to_adjust"
    NOTHING_TO_EXTEND = "nothing_to_extend"
    ABOVE_TOTAL = "above_total"
    BELOW_HOLDS = "below_holds"
    STALE_BALANCE = "stale_balance"

    # mentors and products as staff manage them (rule 39)
    NOTHING_TO_CHANGE = "nothing_to_change"
    ALREADY_PAUSED = "already_paused"
    NOT_PAUSED = "not_paused"
    ROLE_NOT_FOR_STUDENTS = "role_not_for_students"
    ROLE_OR_NONE = "role_or_none"
    MONEY_ON_ITS_WAY = "money_on_its_way"
    ALREADY_RETIRED = "already_retired"

    # giving money back (rules 26, 28, 29)
    NOTHING_TO_REFUND = "nothing_to_refund"
    MORE_THAN_LEFT = "more_than_left"
    PART_OF_A_COIN = "part_of_a_coin"
    DISPUTE_IS_OPEN = "dispute_is_open"
    DECIDE_IN_TASKS = "decide_in_tasks"
    STALE_REFUND = "stale_refund"

    # what waits for staff (rules 26, 28)
    ALREADY_DECIDED = "already_decided"

    # exporting and erasing members (rule 38)
    NOTHING_HELD = "nothing_held"
    TOO_MUCH_TO_SEND = "too_much_to_send"
    MEMBER_ERASED = "member_erased"
    STILL_A_MENTOR = "still_a_mentor"
    MONEY_NOT_SETTLED = "money_not_settled"
    STILL_SEATED = "still_seated"
    STILL_BOOKED = "still_booked"
    SESSIONS_LEFT = "sessions_left"


@dataclass(frozen=True, slots=True)
class Refused:
    """An expected no, returned and never raised. `facts` fill the sentence: instants, counts, names."""

    reason: Reason
    facts: tuple[tuple[str, object], ...] = ()


def refuse(reason: Reason, **facts: object) -> Refused:
    """A refusal with the facts that its sentence needs."""
    return Refused(reason, tuple(sorted(facts.items())))
