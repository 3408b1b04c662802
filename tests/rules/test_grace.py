from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.grace import (
    BeginGrace,
    Consequence,
    EndGrace,
    Nothing,
    Pair,
    RemindOfRenewal,
    grace_end_when_warned,
    notice_is_due,
    warning_due_at,
    what_follows,
)
from core.rules.settings import Settings
from core.rules.states import PackState, SeatState
from tests.rules.builders import DAY, HOUR, MOMENT, NOW, SETTINGS, a_pack

USED_UP = a_pack(remaining=0, state=PackState.DEPLETED)
GRACE_BEGINS = BeginGrace(ends_at=NOW + 72 * HOUR, warning_due_at=NOW + 60 * HOUR, number=1)


def a_pair(**changes: Any) -> Pair:
    facts = {"seat_state": SeatState.ACTIVE, "packs": (a_pack(),), "scheduled": 0, "purchases": 1}
    return Pair(**{**facts, **changes})


def follows(before: int, **changes: Any) -> Consequence:
    return what_follows(before, a_pair(**changes), SETTINGS, NOW)


def test_grace_begins_when_the_last_session_is_used_and_nothing_is_scheduled() -> None:
    assert follows(1, packs=(USED_UP,)) == GRACE_BEGINS


def test_grace_begins_when_the_last_pack_expires() -> None:
    assert follows(3, packs=(a_pack(remaining=0, state=PackState.EXPIRED),)) == GRACE_BEGINS


def test_a_scheduled_session_keeps_grace_away() -> None:
    expired_but_held = a_pack(remaining=1, held=1, state=PackState.EXPIRED, expires_at=NOW)

    assert follows(1, packs=(expired_but_held,), scheduled=1) == Nothing()


def test_what_is_booked_counts_as_left_though_its_pack_expires() -> None:
    expired_but_held = a_pack(remaining=1, held=1, state=PackState.EXPIRED, expires_at=NOW)

    assert follows(3, packs=(expired_but_held,), scheduled=1) == RemindOfRenewal(1)


def test_grace_begins_with_the_last_scheduled_session_of_an_expired_pack() -> None:
    assert follows(0, packs=(a_pack(remaining=0, state=PackState.EXPIRED),)) == GRACE_BEGINS


def test_another_pack_keeps_grace_away() -> None:
    assert follows(5, packs=(USED_UP, a_pack(remaining=4)), purchases=2) == Nothing()


def test_a_disputed_pack_keeps_grace_away() -> None:
    assert follows(4, packs=(a_pack(frozen=True, expires_at=NOW - DAY),)) == Nothing()


def test_grace_does_not_begin_while_the_clocks_stand_still() -> None:
    assert follows(1, packs=(USED_UP,), clocks_stopped=True) == Nothing()


def test_each_grace_counts_its_beginning() -> None:
    begun = follows(1, packs=(USED_UP,), grace_number=2)

    assert isinstance(begun, BeginGrace)
    assert begun.number == 3


def test_grace_has_the_length_that_staff_chose() -> None:
    settings = Settings(grace_hours=24, final_warning_hours=4)

    begun = what_follows(1, a_pair(packs=(USED_UP,)), settings, NOW)

    assert begun == BeginGrace(NOW + 24 * HOUR, NOW + 20 * HOUR, 1)


@pytest.mark.parametrize("packs", [(a_pack(),), (USED_UP, a_pack(remaining=1, total=1)), (a_pack(frozen=True),)])
def test_grace_ends_with_a_usable_session(packs: tuple[Any, ...]) -> None:
    assert follows(0, seat_state=SeatState.GRACE, packs=packs) == EndGrace()


def test_grace_ends_when_an_outcome_is_undone() -> None:
    undone = a_pack(remaining=1, held=1, state=PackState.EXPIRED)

    assert follows(0, seat_state=SeatState.GRACE, packs=(undone,), scheduled=1) == EndGrace()


def test_grace_begins_once() -> None:
    assert follows(0, seat_state=SeatState.GRACE, packs=(USED_UP,)) == Nothing()


@pytest.mark.parametrize("state", [None, SeatState.OFFERED, SeatState.HELD, SeatState.RELEASED])
@pytest.mark.parametrize("packs", [(), (USED_UP,), (a_pack(remaining=1),), (a_pack(),)])
def test_nothing_follows_for_a_seat_that_is_not_the_students(state: SeatState | None, packs: tuple[Any, ...]) -> None:
    assert follows(2, seat_state=state, packs=packs) == Nothing()


@pytest.mark.parametrize(
    ("before", "left", "expected"),
    [
        (4, 3, Nothing()),
        (3, 2, Nothing()),
        (2, 1, RemindOfRenewal(1)),
        (4, 1, RemindOfRenewal(1)),  # an adjustment may take several
        (1, 1, Nothing()),
        (0, 1, Nothing()),
        (1, 2, Nothing()),
    ],
)
def test_the_student_is_reminded_when_one_session_becomes_the_last(
    before: int, left: int, expected: Consequence
) -> None:
    assert follows(before, packs=(a_pack(remaining=left),)) == expected


def test_the_reminder_speaks_of_the_pair_and_not_of_a_pack() -> None:
    two_left = (a_pack(remaining=1), a_pack(remaining=1))
    one_left = (USED_UP, a_pack(remaining=1))

    assert follows(3, packs=two_left, purchases=2) == Nothing()
    assert follows(2, packs=one_left, purchases=2) == RemindOfRenewal(2)


def test_a_pack_that_expires_beside_another_leads_to_a_reminder() -> None:
    packs = (a_pack(remaining=0, state=PackState.EXPIRED), a_pack(remaining=1))

    assert follows(1 + 3, packs=packs, purchases=2) == RemindOfRenewal(2)


def test_a_pack_of_one_has_only_the_grace_notice() -> None:
    bought = follows(0, packs=(a_pack(total=1, remaining=1),))
    booked = follows(1, packs=(a_pack(total=1, remaining=1, held=1),), scheduled=1)
    completed = follows(1, packs=(a_pack(total=1, remaining=0, state=PackState.DEPLETED),))

    assert (bought, booked, completed) == (Nothing(), Nothing(), GRACE_BEGINS)


def test_the_last_session_is_reminded_of_even_when_it_is_booked() -> None:
    assert follows(2, packs=(a_pack(remaining=1, held=1),), scheduled=1) == RemindOfRenewal(1)


@given(
    st.integers(0, 12),
    st.sampled_from([None, *SeatState]),
    st.lists(st.builds(lambda left: a_pack(remaining=left), st.integers(0, 4)), max_size=3),
    st.integers(0, 2),
)
def test_an_active_seat_has_something_to_come_and_a_seat_in_grace_has_not(
    before: int, state: SeatState | None, packs: list[Any], scheduled: int
) -> None:
    has_more_to_come = scheduled > 0 or any(pack.remaining for pack in packs)

    answer = follows(before, seat_state=state, packs=tuple(packs), scheduled=scheduled)

    assert isinstance(answer, BeginGrace) is (state is SeatState.ACTIVE and not has_more_to_come)
    assert isinstance(answer, EndGrace) is (state is SeatState.GRACE and has_more_to_come)


def test_three_days_of_grace_are_72_hours_when_the_clocks_change() -> None:
    the_day_before = datetime(2026, 3, 28, 12, tzinfo=UTC)

    begun = what_follows(1, a_pair(packs=(a_pack(remaining=0),)), SETTINGS, the_day_before)

    assert isinstance(begun, BeginGrace)
    assert begun.ends_at - the_day_before == timedelta(hours=72)


def test_the_final_warning_is_due_twelve_hours_before_the_end() -> None:
    assert warning_due_at(NOW, SETTINGS) == NOW - 12 * HOUR


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW - 12 * HOUR, NOW),
        (NOW - 6 * HOUR - MOMENT, NOW),
        (NOW - 6 * HOUR, NOW),
        (NOW - 6 * HOUR + MOMENT, NOW + MOMENT),
        (NOW - HOUR, NOW + 5 * HOUR),
        (NOW, NOW + 6 * HOUR),
        (NOW + 100 * HOUR, NOW + 106 * HOUR),
    ],
)
def test_whoever_is_warned_late_still_has_six_hours(now: datetime, expected: datetime) -> None:
    assert grace_end_when_warned(NOW, now, SETTINGS) == expected


@pytest.mark.parametrize(("now", "expected"), [(NOW - MOMENT, False), (NOW, True), (NOW + 9 * DAY, True)])
def test_a_notice_is_due_from_its_instant_on(now: datetime, expected: bool) -> None:
    assert notice_is_due(NOW, now) is expected
