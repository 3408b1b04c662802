from datetime import datetime, timedelta
from typing import Any

import pytest

from core.rules.cancelling import (
    AlreadyCanceled,
    Appointment,
    Consequence,
    Side,
    consequence_of,
    free_until,
    side_of,
    why_not_as_shown,
)
from core.rules.refusals import Reason, Refused
from core.rules.settings import Settings
from core.rules.states import SessionState
from tests.rules.builders import DAY, HOUR, MOMENT, NOW

MINUTES = timedelta(minutes=15)
RETURNED, USED = Consequence.RETURNED, Consequence.USED


def booked(**changes: Any) -> Appointment:
    return Appointment(
        **{"state": SessionState.SCHEDULED, "starts_at": NOW + 3 * DAY, "booked_at": NOW - 9 * DAY, **changes}
    )


def asked(side: Side, session: Appointment, now: datetime = NOW) -> object:
    found = consequence_of(side, session, Settings(), now)
    return found.reason if isinstance(found, Refused) else found


@pytest.mark.parametrize(
    ("before_start", "expected"),
    [(DAY + MOMENT, RETURNED), (DAY, RETURNED), (DAY - MOMENT, USED), (MOMENT, USED)],
)
def test_a_student_cancels_for_free_until_a_day_before(before_start: timedelta, expected: Consequence) -> None:
    assert asked(Side.STUDENT, booked(starts_at=NOW + before_start)) is expected


@pytest.mark.parametrize(
    ("since_booking", "expected"),
    [(timedelta(), RETURNED), (MINUTES, RETURNED), (MINUTES + MOMENT, USED)],
)
def test_a_change_of_mind_is_free_for_a_quarter_of_an_hour(since_booking: timedelta, expected: Consequence) -> None:
    assert asked(Side.STUDENT, booked(starts_at=NOW + HOUR, booked_at=NOW - since_booking)) is expected


@pytest.mark.parametrize("side", [Side.MENTOR, Side.STAFF])
def test_what_mentor_or_staff_cancel_is_always_returned(side: Side) -> None:
    assert asked(side, booked(starts_at=NOW + MOMENT)) is RETURNED


@pytest.mark.parametrize("side", [Side.STUDENT, Side.MENTOR, Side.STAFF])
@pytest.mark.parametrize("session", [{"starts_at": NOW}, {"starts_at": NOW, "booked_at": NOW}])
def test_what_has_begun_is_not_cancelled(side: Side, session: dict[str, Any]) -> None:
    assert asked(side, booked(**session)) is Reason.SESSION_HAS_BEGUN


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ({"state": SessionState.COMPLETED}, Reason.SESSION_HAS_BEGUN),
        ({"state": SessionState.NO_SHOW, "used": True}, Reason.SESSION_HAS_BEGUN),
        ({"state": SessionState.CANCELED, "returned": True}, Reason.SESSION_HAS_BEGUN),
        ({"state": SessionState.CANCELED}, AlreadyCanceled(RETURNED)),
        ({"state": SessionState.CANCELED, "used": True}, AlreadyCanceled(USED)),
    ],
)
def test_a_second_time_gets_the_first_answer_and_an_outcome_stands(session: dict[str, Any], expected: object) -> None:
    assert asked(Side.STUDENT, booked(**session)) == expected
    assert asked(Side.NOBODY, booked(**session)) is Reason.NOT_YOURS


@pytest.mark.parametrize(
    ("rights", "side"),
    [
        ((True, True, True), Side.STUDENT),
        ((False, True, True), Side.MENTOR),
        ((False, False, True), Side.STAFF),
        ((False, False, False), Side.NOBODY),
    ],
)
def test_whose_session_it_is_gets_no_rights_by_a_role(rights: tuple[bool, bool, bool], side: Side) -> None:
    student, mentor, staff = rights

    assert side_of(is_student=student, is_mentor=mentor, is_staff=staff) is side


def test_both_numbers_are_settings() -> None:
    settings = Settings(cancel_free_hours=2, change_of_mind_minutes=30)

    assert free_until(NOW, NOW - DAY, settings) == NOW - 2 * HOUR
    assert free_until(NOW, NOW - HOUR, settings) == NOW - 30 * MINUTES / 15


def test_only_what_got_worse_needs_another_yes() -> None:
    refused = why_not_as_shown(RETURNED, USED, NOW)

    assert refused is not None
    assert refused.reason is Reason.CANCELING_USES_IT
    for shown, now_is in ((None, USED), (USED, USED), (USED, RETURNED), (RETURNED, RETURNED)):
        assert why_not_as_shown(shown, now_is, NOW) is None
