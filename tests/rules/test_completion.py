from datetime import datetime, timedelta
from typing import Any

import pytest

from core.rules.completion import (
    AlreadyDecided,
    Authority,
    Meeting,
    Outcome,
    is_undecided,
    why_not_complete,
    why_not_no_show,
)
from core.rules.refusals import Reason, Refused
from core.rules.states import SessionState
from tests.rules.builders import HOUR, MOMENT, NOW, SETTINGS, reason

TEN_MINUTES = timedelta(minutes=10)
ENTITLED = [Authority.MENTOR, Authority.STAFF, Authority.WEBHOOK]


def a_meeting(**changes: Any) -> Meeting:
    return Meeting(**{"state": SessionState.SCHEDULED, "starts_at": NOW, "ends_at": NOW + HOUR, **changes})


@pytest.mark.parametrize("authority", ENTITLED)
def test_mentor_staff_and_signed_webhook_may_tell_the_outcome(authority: Authority) -> None:
    assert why_not_complete(authority, a_meeting(), NOW + HOUR) is None
    assert why_not_no_show(authority, a_meeting(), SETTINGS, NOW + HOUR) is None


@pytest.mark.parametrize("state", SessionState)
def test_anybody_else_is_refused_whatever_the_session_is(state: SessionState) -> None:
    meeting = a_meeting(state=state, decided_at=NOW)

    assert reason(why_not_complete(Authority.NOBODY, meeting, NOW + HOUR)) is Reason.NOT_YOURS
    assert reason(why_not_no_show(Authority.NOBODY, meeting, SETTINGS, NOW + HOUR)) is Reason.NOT_YOURS


@pytest.mark.parametrize(
    ("now", "expected"), [(NOW - MOMENT, Reason.NOT_STARTED), (NOW, None), (NOW + 100 * HOUR, None)]
)
def test_a_session_is_completed_from_its_start_on(now: datetime, expected: Reason | None) -> None:
    assert reason(why_not_complete(Authority.MENTOR, a_meeting(), now)) is expected


@pytest.mark.parametrize(
    ("late", "expected"),
    [(timedelta(), Reason.NOT_STARTED), (TEN_MINUTES - MOMENT, Reason.NOT_STARTED), (TEN_MINUTES, None)],
)
def test_a_student_has_ten_minutes_to_come(late: timedelta, expected: Reason | None) -> None:
    assert reason(why_not_no_show(Authority.MENTOR, a_meeting(), SETTINGS, NOW + late)) is expected


def test_who_is_too_early_is_told_from_when() -> None:
    refused = why_not_no_show(Authority.STAFF, a_meeting(), SETTINGS, NOW)

    assert refused == Refused(Reason.NOT_STARTED, (("from_at", NOW + TEN_MINUTES),))


@pytest.mark.parametrize("state", [SessionState.COMPLETED, SessionState.NO_SHOW])
@pytest.mark.parametrize("authority", ENTITLED)
def test_the_second_outcome_is_answered_with_the_first(authority: Authority, state: SessionState) -> None:
    meeting = a_meeting(state=state, decided_at=NOW + HOUR)

    first = AlreadyDecided(state, NOW + HOUR)
    assert why_not_complete(authority, meeting, NOW + 2 * HOUR) == first
    assert why_not_no_show(authority, meeting, SETTINGS, NOW + 2 * HOUR) == first


def test_a_canceled_session_has_no_outcome() -> None:
    meeting = a_meeting(state=SessionState.CANCELED, decided_at=NOW)

    assert reason(why_not_complete(Authority.STAFF, meeting, NOW + HOUR)) is Reason.SESSION_CANCELED


@pytest.mark.parametrize(
    ("outcome", "consumes", "state"),
    [
        (Outcome.COMPLETED, True, SessionState.COMPLETED),
        (Outcome.NO_SHOW, True, SessionState.NO_SHOW),
        (Outcome.MENTOR_NO_SHOW, False, SessionState.CANCELED),
        (Outcome.NOT_HELD, False, SessionState.CANCELED),
    ],
)
def test_only_what_the_student_had_or_missed_is_consumed(outcome: Outcome, consumes: bool, state: SessionState) -> None:
    assert outcome.consumes is consumes
    assert outcome.state is state


@pytest.mark.parametrize(("now", "expected"), [(NOW + HOUR - MOMENT, False), (NOW + HOUR, True)])
def test_an_outcome_is_owed_when_the_session_is_over(now: datetime, expected: bool) -> None:
    assert is_undecided(a_meeting(), now) is expected


@pytest.mark.parametrize("state", [SessionState.COMPLETED, SessionState.NO_SHOW, SessionState.CANCELED])
def test_no_outcome_is_owed_for_a_session_that_has_one(state: SessionState) -> None:
    assert not is_undecided(a_meeting(state=state), NOW + 2 * HOUR)
