from datetime import datetime, timedelta
from typing import Any

import pytest

from core.rules.due import (
    DROPPED,
    DueNotice,
    NextNotice,
    NoticeFacts,
    after_asking,
    asked_again,
    session_notices,
    why_drop,
)
from core.rules.notices import NoticeKind, Subject, subject_of
from core.rules.settings import Settings
from core.rules.states import OrderState, PackState, SeatState, SessionState
from tests.rules.builders import DAY, HOUR, MOMENT, NOW

STARTS_AT = NOW
ENDS_AT = NOW + HOUR
PROMPT = DueNotice(NoticeKind.OUTCOME_PROMPT, ENDS_AT)
SOON = DueNotice(NoticeKind.SESSION_SOON, STARTS_AT - HOUR)
TOMORROW = DueNotice(NoticeKind.SESSION_TOMORROW, STARTS_AT - DAY)


@pytest.mark.parametrize(
    ("booked_at", "expected"),
    [
        (STARTS_AT - DAY - MOMENT, (TOMORROW, SOON, PROMPT)),
        (STARTS_AT - DAY, (SOON, PROMPT)),
        (STARTS_AT - DAY + MOMENT, (SOON, PROMPT)),
        (STARTS_AT - HOUR - MOMENT, (SOON, PROMPT)),
        (STARTS_AT - HOUR, (PROMPT,)),
        (STARTS_AT, (PROMPT,)),
    ],
)
def test_reminders_whose_time_has_come_at_booking_are_not_written(
    booked_at: datetime, expected: tuple[DueNotice, ...]
) -> None:
    assert session_notices(STARTS_AT, ENDS_AT, booked_at) == expected


def test_every_kind_of_notice_is_decided() -> None:
    assert set(DROPPED) == set(NoticeKind)


def facts(**changes: Any) -> NoticeFacts:
    return NoticeFacts(**changes)


TRUE_ORDER_STATES = {
    NoticeKind.PURCHASE_CONFIRMED: {OrderState.FULFILLED},
    NoticeKind.SEAT_RENEWED: {OrderState.FULFILLED},
    NoticeKind.PAYMENT_PENDING: {OrderState.PENDING},
    NoticeKind.PAYMENT_FAILED: {OrderState.CLOSED},
    NoticeKind.APPROVED_TOO_LATE: {OrderState.CLOSED},
    NoticeKind.SEATLESS_PAYMENT: {OrderState.REFUNDED},
    NoticeKind.SEATLESS_PAYMENT_STAFF: {OrderState.REFUNDED},
    NoticeKind.PAYMENT_PARKED: {OrderState.PARKED},
    NoticeKind.PAYMENT_PARKED_STAFF: {OrderState.PARKED},
    NoticeKind.PAID_TWICE_STAFF: {None, *OrderState},
    NoticeKind.ABOVE_CAPACITY_STAFF: {None, *OrderState},
    NoticeKind.REFUND_FAILED_STAFF: {None, *OrderState},
    NoticeKind.REFUND_FAILED: {None, *OrderState},
    NoticeKind.REFUND_BY_HAND: {None, *OrderState},
    NoticeKind.REFUNDED: {None, *OrderState},
    NoticeKind.REFUNDED_STAFF: {None, *OrderState},
    NoticeKind.REFUND_SEEN_STAFF: {None, *OrderState},
    NoticeKind.PARKED_REFUNDED: {OrderState.REFUNDED},
    NoticeKind.PAYMENT_LATE_STAFF: {OrderState.PENDING},
    NoticeKind.NEWS_GIVEN_UP_STAFF: {None, *OrderState},
    NoticeKind.RECONCILED_STAFF: {None, *OrderState},
}
TRUE_SEAT_STATES = {
    NoticeKind.STUDENT_JOINED: {SeatState.ACTIVE, SeatState.GRACE},
    NoticeKind.RENEWAL_REMINDER: {SeatState.ACTIVE},
    NoticeKind.GRACE_BEGAN: {SeatState.GRACE},
    NoticeKind.FINAL_WARNING: {SeatState.GRACE},
    NoticeKind.SEAT_RELEASED: {SeatState.RELEASED},
    NoticeKind.SEAT_RELEASED_MENTOR: {SeatState.RELEASED},
    NoticeKind.SEAT_RELEASED_STAFF: {SeatState.RELEASED},
    NoticeKind.GRACE_EXTENDED: {SeatState.GRACE},
    NoticeKind.STAFF_RELEASED: {SeatState.RELEASED},
    NoticeKind.STAFF_RELEASED_MENTOR: {SeatState.RELEASED},
    NoticeKind.STAFF_RELEASED_STAFF: {SeatState.RELEASED},
    NoticeKind.REFUND_RELEASED: {SeatState.RELEASED},
    NoticeKind.REFUND_RELEASED_MENTOR: {SeatState.RELEASED},
    NoticeKind.REFUND_RELEASED_STAFF: {SeatState.RELEASED},
    NoticeKind.GRANT_ABOVE_CAPACITY_STAFF: {None, *SeatState},
    NoticeKind.SEAT_BACK_MENTOR: {SeatState.ACTIVE},
    NoticeKind.SEAT_BACK_STAFF: {None, *SeatState},
}
OF_NO_PAIR = {
    NoticeKind.MENTOR_GONE_STAFF,
    NoticeKind.STUDENT_ROLE_GONE_STAFF,
    NoticeKind.BOT_BACK_STAFF,
    NoticeKind.SETTING_GONE_STAFF,
    NoticeKind.UNKNOWN_PAYMENT_STAFF,
}
OF_WHO_IS_AWAY = {
    kind for kind in NoticeKind if kind.startswith(("mentor_", "student_gone", "role_", "bot_back"))
} - OF_NO_PAIR
"""Their own tests are in test_due_away.py."""
TRUE_PACK_STATES = {
    NoticeKind.PACK_GRANTED: {None, *PackState},
    NoticeKind.PACK_EXTENDED: {PackState.ACTIVE},
    NoticeKind.PACK_ADJUSTED: {None, *PackState},
}
BEFORE_EXPIRY = {NoticeKind.PACK_EXPIRES, NoticeKind.PACK_EXPIRES_SOON}
"""Their own tests are in test_due_expiry.py."""
TRUE_SESSION_STATES = {
    NoticeKind.SESSION_BOOKED: {SessionState.SCHEDULED},
    NoticeKind.SESSION_TOMORROW: {SessionState.SCHEDULED},
    NoticeKind.SESSION_SOON: {SessionState.SCHEDULED},
    NoticeKind.OUTCOME_PROMPT: {SessionState.SCHEDULED},
    NoticeKind.SESSION_COMPLETED: {SessionState.COMPLETED, SessionState.NO_SHOW},
    NoticeKind.SESSION_CANCELED: {SessionState.CANCELED},
    NoticeKind.SESSION_CANCELED_MENTOR: {SessionState.CANCELED},
    NoticeKind.OUTCOME_REMINDER: {SessionState.SCHEDULED},
    NoticeKind.OUTCOME_OVERDUE_STAFF: {SessionState.SCHEDULED},
    NoticeKind.SESSION_RETURNED: {SessionState.CANCELED},
    NoticeKind.SESSION_REOPENED: {SessionState.SCHEDULED},
    NoticeKind.SESSION_REOPENED_MENTOR: {SessionState.SCHEDULED},
    NoticeKind.SESSION_WAIVED: {SessionState.NO_SHOW, SessionState.CANCELED},
}


def of_subject(subject: Subject) -> set[NoticeKind]:
    return {kind for kind in NoticeKind if subject_of(kind) is subject}


def test_the_tables_below_know_every_kind() -> None:
    assert set(TRUE_ORDER_STATES) == of_subject(Subject.ORDER)
    assert set(TRUE_SEAT_STATES) | OF_WHO_IS_AWAY == of_subject(Subject.SEAT)
    assert set(TRUE_SESSION_STATES) == of_subject(Subject.SESSION)
    assert of_subject(Subject.MENTOR) | of_subject(Subject.COMMUNITY) == OF_NO_PAIR
    assert set(TRUE_PACK_STATES) | BEFORE_EXPIRY == of_subject(Subject.PACK)


@pytest.mark.parametrize("kind", TRUE_ORDER_STATES)
@pytest.mark.parametrize("state", [None, *OrderState])
def test_a_notice_of_an_order_is_sent_while_it_is_true(kind: NoticeKind, state: OrderState | None) -> None:
    why = why_drop(kind, facts(order_state=state), NOW)

    assert (why is None) is (state in TRUE_ORDER_STATES[kind])


def test_staff_are_not_told_of_a_failed_refund_that_was_paid_back_since() -> None:
    told = facts(order_state=OrderState.FULFILLED, refund_owed=False)

    assert why_drop(NoticeKind.REFUND_FAILED_STAFF, told, NOW) == "it is paid back in another way"
    assert why_drop(NoticeKind.REFUND_FAILED, told, NOW) == "it is paid back in another way"


def test_a_student_is_told_that_money_goes_back_only_while_it_does_and_in_that_way() -> None:
    failed, found = facts(refund_goes=False), facts(refund_by_hand=False)

    assert why_drop(NoticeKind.REFUNDED, failed, NOW) == "it failed, or its money went in another way"
    assert why_drop(NoticeKind.REFUND_BY_HAND, found, NOW) == "it is found among the provider's"
    assert why_drop(NoticeKind.REFUNDED, facts(), NOW) is None
    assert why_drop(NoticeKind.REFUND_BY_HAND, facts(), NOW) is None


@pytest.mark.parametrize("kind", TRUE_SEAT_STATES)
@pytest.mark.parametrize("state", [None, *SeatState])
def test_a_notice_of_a_seat_is_sent_while_it_is_true(kind: NoticeKind, state: SeatState | None) -> None:
    ends_at = NOW + HOUR if state is SeatState.GRACE else None
    told = facts(cycle=1, purchases=1, grace_number=1, pair_remaining=1, seat_state=state, grace_ends_at=ends_at)

    assert (why_drop(kind, told, NOW) is None) is (state in TRUE_SEAT_STATES[kind])


@pytest.mark.parametrize("kind", TRUE_PACK_STATES)
@pytest.mark.parametrize("state", [None, *PackState])
def test_a_notice_of_a_pack_is_sent_while_it_is_true(kind: NoticeKind, state: PackState | None) -> None:
    why = why_drop(kind, facts(pack_state=state), NOW)

    assert (why is None) is (state in TRUE_PACK_STATES[kind])


@pytest.mark.parametrize(("answered", "why"), [(False, None), (True, "it is answered")])
def test_a_question_is_not_asked_after_its_answer(answered: bool, why: str | None) -> None:
    assert why_drop(NoticeKind.ADJUSTMENT_ASKED, facts(answered=answered), NOW) == why
    assert why_drop(NoticeKind.ADJUSTMENT_ANSWERED, facts(answered=answered), NOW) is None


@pytest.mark.parametrize("kind", TRUE_SESSION_STATES)
@pytest.mark.parametrize("state", [None, *SessionState])
def test_a_notice_of_a_session_is_sent_while_it_is_true(kind: NoticeKind, state: SessionState | None) -> None:
    told = facts(session_state=state, starts_at=NOW + 2 * HOUR if state else None)

    assert (why_drop(kind, told, NOW) is None) is (state in TRUE_SESSION_STATES[kind])


@pytest.mark.parametrize(
    ("before_start", "tomorrow", "soon"),
    [
        (DAY, True, True),
        (HOUR + MOMENT, True, True),
        (HOUR, False, True),
        (MOMENT, False, True),
        (timedelta(), False, False),
        (-MOMENT, False, False),
    ],
)
def test_after_downtime_one_reminder_goes_out_and_none_once_the_session_has_begun(
    before_start: timedelta, tomorrow: bool, soon: bool
) -> None:
    told = facts(session_state=SessionState.SCHEDULED, starts_at=STARTS_AT)
    now = STARTS_AT - before_start

    assert (why_drop(NoticeKind.SESSION_TOMORROW, told, now) is None) is tomorrow
    assert (why_drop(NoticeKind.SESSION_SOON, told, now) is None) is soon


def test_a_booking_is_told_even_after_the_session_began() -> None:
    told = facts(session_state=SessionState.SCHEDULED, starts_at=NOW - HOUR)

    assert why_drop(NoticeKind.SESSION_BOOKED, told, NOW) is None


def test_nobody_is_reminded_to_renew_after_renewing() -> None:
    told = facts(seat_state=SeatState.ACTIVE, cycle=1, purchases=2, pair_remaining=1)

    assert why_drop(NoticeKind.RENEWAL_REMINDER, told, NOW) == "the student has renewed"


@pytest.mark.parametrize("left", [0, 2, 5])
def test_nobody_is_told_of_one_session_who_has_another_number(left: int) -> None:
    told = facts(seat_state=SeatState.ACTIVE, cycle=1, purchases=1, pair_remaining=left)

    assert why_drop(NoticeKind.RENEWAL_REMINDER, told, NOW) == f"{left} sessions are left"


@pytest.mark.parametrize("kind", [NoticeKind.GRACE_BEGAN, NoticeKind.FINAL_WARNING])
def test_notices_of_an_older_grace_are_dropped(kind: NoticeKind) -> None:
    told = facts(seat_state=SeatState.GRACE, cycle=1, grace_number=2, grace_ends_at=NOW + DAY)

    assert why_drop(kind, told, NOW) == "it belongs to an older grace"


@pytest.mark.parametrize("now", [NOW - MOMENT, NOW, NOW + DAY])
def test_a_final_warning_goes_out_however_late_and_moves_the_end_itself(now: datetime) -> None:
    told = facts(seat_state=SeatState.GRACE, cycle=1, grace_number=1, grace_ends_at=NOW)

    assert why_drop(NoticeKind.FINAL_WARNING, told, now) is None


@pytest.mark.parametrize(("now", "sent"), [(NOW - MOMENT, True), (NOW, False), (NOW + MOMENT, False)])
def test_the_beginning_of_grace_is_not_told_after_its_end(now: datetime, sent: bool) -> None:
    told = facts(seat_state=SeatState.GRACE, cycle=1, grace_number=1, grace_ends_at=NOW)

    assert (why_drop(NoticeKind.GRACE_BEGAN, told, now) is None) is sent


def test_what_is_dropped_says_why() -> None:
    released = facts(seat_state=SeatState.RELEASED, cycle=1, grace_number=1)

    assert why_drop(NoticeKind.FINAL_WARNING, released, NOW) == "the seat is released"
    assert why_drop(NoticeKind.OUTCOME_PROMPT, facts(), NOW) == "the session is gone"
    assert why_drop(NoticeKind.PAYMENT_PENDING, facts(order_state=OrderState.CLOSED), NOW) == "the order is closed"


def test_a_session_that_was_undone_is_asked_about_an_hour_later_or_at_its_end() -> None:
    assert asked_again(NOW - DAY, NOW) == DueNotice(NoticeKind.OUTCOME_PROMPT, NOW + HOUR)
    assert asked_again(NOW + DAY, NOW) == DueNotice(NoticeKind.OUTCOME_PROMPT, NOW + DAY)


def test_an_unanswered_question_is_asked_again_after_a_day_and_staff_see_it() -> None:
    assert after_asking(NoticeKind.OUTCOME_PROMPT, 2, Settings(), NOW) == (
        NextNotice(NoticeKind.OUTCOME_REMINDER, 2001, NOW + DAY),
        NextNotice(NoticeKind.OUTCOME_OVERDUE_STAFF, 2, NOW + DAY),
    )


def test_then_every_three_days_and_staff_are_not_told_again() -> None:
    assert after_asking(NoticeKind.OUTCOME_REMINDER, 2001, Settings(), NOW) == (
        NextNotice(NoticeKind.OUTCOME_REMINDER, 2002, NOW + 3 * DAY),
    )


@pytest.mark.parametrize(
    "kind", sorted(set(NoticeKind) - {NoticeKind.OUTCOME_PROMPT, NoticeKind.OUTCOME_REMINDER}, key=str)
)
def test_nothing_else_is_followed_by_a_notice(kind: NoticeKind) -> None:
    assert after_asking(kind, 1, Settings(), NOW) == ()


@pytest.mark.parametrize(
    ("kind", "cycle", "state"),
    [
        (NoticeKind.OUTCOME_PROMPT, 1, SessionState.SCHEDULED),
        (NoticeKind.OUTCOME_OVERDUE_STAFF, 1, SessionState.SCHEDULED),
        (NoticeKind.OUTCOME_REMINDER, 1001, SessionState.SCHEDULED),
        (NoticeKind.SESSION_REOPENED, 1, SessionState.SCHEDULED),
        (NoticeKind.SESSION_REOPENED_MENTOR, 1, SessionState.SCHEDULED),
        (NoticeKind.SESSION_COMPLETED, 1, SessionState.COMPLETED),
        (NoticeKind.SESSION_RETURNED, 1, SessionState.CANCELED),
        (NoticeKind.SESSION_WAIVED, 1, SessionState.NO_SHOW),
    ],
)
def test_what_was_said_of_an_attempt_that_was_undone_is_said_no_more(
    kind: NoticeKind, cycle: int, state: SessionState
) -> None:
    first = facts(cycle=cycle, session_state=state, attempt=1)
    second = facts(cycle=cycle, session_state=state, attempt=2)

    assert why_drop(kind, first, NOW) is None
    assert why_drop(kind, second, NOW) == "it belongs to an attempt that was undone"


def test_a_missed_session_that_was_waived_is_not_told_as_used() -> None:
    missed = facts(session_state=SessionState.NO_SHOW, attempt=1, cycle=1, given_back=True)

    assert why_drop(NoticeKind.SESSION_COMPLETED, missed, NOW) == "the session was waived"
