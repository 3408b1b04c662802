from datetime import datetime, timedelta
from typing import Any

import pytest

from core.rules.completion import (
    AlreadyBack,
    AlreadyDecided,
    Authority,
    Meeting,
    Outcome,
    Told,
    is_undecided,
    why_not_complete,
    why_not_no_show,
    why_not_tell,
    why_not_undo,
    why_not_waive,
)
from core.rules.refusals import Reason, Refused
from core.rules.states import SessionState
from tests.rules.builders import DAY, HOUR, MOMENT, NOW, SETTINGS, reason

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


@pytest.mark.parametrize("outcome", Outcome)
def test_a_session_that_was_not_held_has_its_outcome_and_a_cancelled_one_has_none(outcome: Outcome) -> None:
    not_held = a_meeting(state=SessionState.CANCELED, decided_at=NOW, returned=True)
    cancelled = a_meeting(state=SessionState.CANCELED, decided_at=NOW)

    first = AlreadyDecided(SessionState.CANCELED, NOW)
    assert why_not_tell(outcome, Authority.MENTOR, not_held, SETTINGS, NOW + HOUR) == first
    said = why_not_tell(outcome, Authority.MENTOR, cancelled, SETTINGS, NOW + HOUR)
    assert reason(said) is Reason.SESSION_CANCELED


@pytest.mark.parametrize(
    ("outcome", "late"),
    [
        (Outcome.COMPLETED, timedelta()),
        (Outcome.NOT_HELD, timedelta()),
        (Outcome.NO_SHOW, TEN_MINUTES),
        (Outcome.MENTOR_NO_SHOW, TEN_MINUTES),
    ],
)
def test_nobody_is_absent_before_they_had_time_to_come(outcome: Outcome, late: timedelta) -> None:
    early = why_not_tell(outcome, Authority.STAFF, a_meeting(), SETTINGS, NOW + late - MOMENT)

    assert reason(early) is Reason.NOT_STARTED
    assert why_not_tell(outcome, Authority.STAFF, a_meeting(), SETTINGS, NOW + late) is None


def test_every_outcome_has_a_verb_of_its_own() -> None:
    assert len({outcome.verb for outcome in Outcome}) == len(Outcome)


def told(**changes: Any) -> Told:
    """A completed session, consumed by its first attempt; its pack has nothing else left."""
    return Told(
        **{"state": SessionState.COMPLETED, "attempt": 1, "decided_at": NOW, "consumed": True, **changes},
    )


SCHEDULED = {"state": SessionState.SCHEDULED, "decided_at": None, "consumed": False}
NOT_HELD = {"state": SessionState.CANCELED, "consumed": False, "returned": True}
LATE_CANCEL = {"state": SessionState.CANCELED}
MISSED = {"state": SessionState.NO_SHOW}


@pytest.mark.parametrize("authority", [Authority.MENTOR, Authority.STAFF])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        (MISSED, None),
        (SCHEDULED, Reason.NO_OUTCOME),
        (LATE_CANCEL, Reason.CANCELLATION_STAYS),
        ({"pack_refunded": True}, Reason.PACK_REFUNDED),
        (NOT_HELD, Reason.NOTHING_TO_HOLD),
        ({**NOT_HELD, "available": 1}, None),
        ({**MISSED, "restored": True}, Reason.NOTHING_TO_HOLD),
        ({**MISSED, "restored": True, "available": 1}, None),
    ],
)
def test_an_outcome_is_undone_unless_its_session_can_no_longer_be_held(
    authority: Authority, changes: dict[str, Any], expected: Reason | None
) -> None:
    assert reason(why_not_undo(authority, told(**changes), SETTINGS, NOW)) is expected


def test_what_was_undone_before_is_answered_so() -> None:
    assert why_not_undo(Authority.MENTOR, told(**SCHEDULED, attempt=2), SETTINGS, NOW) == AlreadyBack()


@pytest.mark.parametrize("authority", [Authority.WEBHOOK, Authority.NOBODY])
def test_only_people_who_may_take_an_outcome_back_do(authority: Authority) -> None:
    assert reason(why_not_undo(authority, told(), SETTINGS, NOW)) is Reason.NOT_YOURS
    assert reason(why_not_waive(authority, told(**MISSED), SETTINGS, NOW)) is Reason.NOT_YOURS


@pytest.mark.parametrize(("late", "in_time"), [(timedelta(), True), (MOMENT, False)])
def test_an_outcome_is_taken_back_for_seven_days(late: timedelta, in_time: bool) -> None:
    now = NOW + 7 * DAY + late

    undone = why_not_undo(Authority.MENTOR, told(), SETTINGS, now)
    waived = why_not_waive(Authority.MENTOR, told(**MISSED), SETTINGS, now)

    until = (("until", NOW + 7 * DAY),)
    assert undone == (None if in_time else Refused(Reason.TOO_LATE_TO_UNDO, until))
    assert waived == (None if in_time else Refused(Reason.TOO_LATE_TO_WAIVE, until))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (MISSED, None),
        (LATE_CANCEL, None),
        ({}, Reason.NOTHING_TO_WAIVE),
        (SCHEDULED, Reason.NOTHING_TO_WAIVE),
        (NOT_HELD, Reason.NOTHING_TO_WAIVE),
        ({**LATE_CANCEL, "consumed": False}, Reason.NOTHING_TO_WAIVE),
        ({**MISSED, "pack_refunded": True}, Reason.PACK_REFUNDED),
    ],
)
def test_what_the_student_lost_is_waived_and_nothing_else(changes: dict[str, Any], expected: Reason | None) -> None:
    assert reason(why_not_waive(Authority.STAFF, told(**changes), SETTINGS, NOW)) is expected


def test_what_was_waived_before_is_answered_so() -> None:
    assert why_not_waive(Authority.MENTOR, told(**MISSED, restored=True), SETTINGS, NOW + 99 * DAY) == AlreadyBack()
