"""What is said, and what is not, while a mentor or a student is away."""

import pytest

from core.rules.due import NoticeFacts, why_drop
from core.rules.notices import Audience, NoticeKind, audience_of
from core.rules.states import SeatState, SessionState
from tests.rules.builders import DAY, NOW


@pytest.mark.parametrize(("paused", "why"), [(True, None), (False, "the mentor is back")])
def test_a_pause_is_told_only_while_it_lasts(paused: bool, why: str | None) -> None:
    assert why_drop(NoticeKind.MENTOR_PAUSED, NoticeFacts(mentor_paused=paused), NOW) == why


@pytest.mark.parametrize("kind", [NoticeKind.MENTOR_RESUMED, NoticeKind.BOT_BACK])
@pytest.mark.parametrize(("paused", "why"), [(False, None), (True, "the mentor is paused again")])
def test_the_end_of_a_pause_is_told_only_while_it_is_over(kind: NoticeKind, paused: bool, why: str | None) -> None:
    assert why_drop(kind, NoticeFacts(mentor_paused=paused), NOW) == why


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (NoticeKind.RENEWAL_REMINDER, SeatState.ACTIVE),
        (NoticeKind.GRACE_BEGAN, SeatState.GRACE),
        (NoticeKind.FINAL_WARNING, SeatState.GRACE),
    ],
)
def test_nobody_is_hurried_while_the_clock_stands(kind: NoticeKind, state: SeatState) -> None:
    def told(*, paused: bool) -> NoticeFacts:
        ends_at = NOW + DAY if state is SeatState.GRACE else None
        return NoticeFacts(
            cycle=1,
            purchases=1,
            pair_remaining=1,
            grace_number=1,
            seat_state=state,
            grace_ends_at=ends_at,
            mentor_paused=paused,
        )

    assert why_drop(kind, told(paused=False), NOW) is None
    assert why_drop(kind, told(paused=True), NOW) == "the mentor is paused"


@pytest.mark.parametrize("kind", [NoticeKind.SESSION_TOMORROW, NoticeKind.SESSION_SOON, NoticeKind.OUTCOME_PROMPT])
def test_what_is_booked_is_reminded_of_all_the_same(kind: NoticeKind) -> None:
    told = NoticeFacts(session_state=SessionState.SCHEDULED, starts_at=NOW + 2 * DAY, mentor_paused=True)

    assert why_drop(kind, told, NOW) is None


@pytest.mark.parametrize("kind", [NoticeKind.MENTOR_REMOVED, NoticeKind.MENTOR_REMOVED_STAFF])
def test_a_removal_is_told_whatever_became_of_the_seat(kind: NoticeKind) -> None:
    assert why_drop(kind, NoticeFacts(seat_state=SeatState.RELEASED), NOW) is None


@pytest.mark.parametrize(("gone", "why"), [(True, None), (False, "the student was seen again")])
def test_nobody_is_called_gone_who_was_seen_again(gone: bool, why: str | None) -> None:
    for kind in (NoticeKind.STUDENT_GONE, NoticeKind.STUDENT_GONE_STAFF):
        assert why_drop(kind, NoticeFacts(student_gone=gone), NOW) == why


@pytest.mark.parametrize(("gone", "why"), [(True, None), (False, "the mentor was seen again")])
def test_no_mentor_is_called_gone_who_was_seen_again(gone: bool, why: str | None) -> None:
    assert why_drop(NoticeKind.MENTOR_GONE_STAFF, NoticeFacts(mentor_gone=gone), NOW) == why


@pytest.mark.parametrize("kind", [NoticeKind.SETTING_GONE_STAFF, NoticeKind.STUDENT_ROLE_GONE_STAFF])
@pytest.mark.parametrize(("missing", "why"), [(True, None), (False, "another was chosen")])
def test_what_was_deleted_is_told_until_another_is_chosen(kind: NoticeKind, missing: bool, why: str | None) -> None:
    assert why_drop(kind, NoticeFacts(is_missing=missing), NOW) == why


def test_that_the_bot_was_away_stays_true() -> None:
    assert why_drop(NoticeKind.BOT_BACK_STAFF, NoticeFacts(), NOW) is None


@pytest.mark.parametrize(("due", "why"), [(True, None), (False, "the role is as it should be")])
def test_a_role_that_was_given_at_last_is_not_called_failed(due: bool, why: str | None) -> None:
    assert why_drop(NoticeKind.ROLE_FAILED_STAFF, NoticeFacts(role_is_due=due), NOW) == why


def test_each_hears_what_concerns_them() -> None:
    assert audience_of(NoticeKind.MENTOR_PAUSED) is Audience.STUDENT
    assert audience_of(NoticeKind.STUDENT_GONE) is Audience.MENTOR
    assert audience_of(NoticeKind.ROLE_FAILED_STAFF) is Audience.STAFF
