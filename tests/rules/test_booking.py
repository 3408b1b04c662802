from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rules.balance import Pack
from core.rules.booking import BookingFacts, by_day, choose, free_slots, mentor_block, why_not_book
from core.rules.hours import Interval, Override, WeeklyHours
from core.rules.refusals import Reason, Refused
from core.rules.states import PackState, SeatState
from tests.rules.builders import (
    ALWAYS,
    DAY,
    HOUR,
    MOMENT,
    NOW,
    a_booking,
    a_pack,
    between,
    reason,
)

MINUTE = timedelta(minutes=1)
WEDNESDAY = NOW.replace(hour=0) + 2 * DAY
TEN = WEDNESDAY + 10 * HOUR


def test_an_ordinary_time_is_booked_on_the_pack_that_pays_for_it() -> None:
    facts = a_booking()

    assert why_not_book(facts, TEN) is None
    assert choose(facts, TEN) == facts.packs[0]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, Reason.NO_SEAT),
        (SeatState.OFFERED, Reason.NO_SEAT),
        (SeatState.HELD, Reason.SEAT_NOT_PAID),
        (SeatState.ACTIVE, None),
        (SeatState.GRACE, Reason.SEAT_IN_GRACE),
        (SeatState.RELEASED, Reason.NO_SEAT),
    ],
)
def test_only_an_active_seat_books(state: SeatState | None, expected: Reason | None) -> None:
    assert reason(why_not_book(a_booking(seat_state=state), TEN)) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"student_is_mentor": True}, Reason.OWN_MENTOR),
        ({"paused": True}, Reason.MENTOR_PAUSED),
        ({"packs": ()}, Reason.NO_SESSIONS_LEFT),
        ({"packs": (a_pack(held=4),)}, Reason.ALL_SESSIONS_BOOKED),
        ({"packs": (a_pack(frozen=True),)}, Reason.PACK_FROZEN),
        ({"packs": (a_pack(expires_at=NOW + DAY),)}, Reason.PACK_EXPIRES_FIRST),
        ({"now": TEN + MOMENT}, Reason.IN_THE_PAST),
        ({"now": TEN - HOUR}, Reason.TOO_SOON),
        ({"horizon_days": 1}, Reason.TOO_FAR_AHEAD),
        ({"hours": ()}, Reason.OUTSIDE_HOURS),
        ({"overrides": (Override(WEDNESDAY.date(), 0, 1440, open=False),)}, Reason.BLACKED_OUT),
        ({"mentor_busy": (between(TEN, hours=1),)}, Reason.MENTOR_BUSY),
        ({"student_busy": (between(TEN, hours=1),)}, Reason.STUDENT_BUSY),
    ],
)
def test_a_refused_time_names_its_reason(changes: dict[str, Any], expected: Reason) -> None:
    assert reason(why_not_book(a_booking(**changes), TEN)) is expected


def test_the_seat_is_named_before_the_pack_and_the_pack_before_the_time() -> None:
    everything_wrong: dict[str, Any] = {"packs": (), "hours": ()}

    assert reason(why_not_book(a_booking(seat_state=None, **everything_wrong), TEN)) is Reason.NO_SEAT
    assert reason(why_not_book(a_booking(**everything_wrong), TEN)) is Reason.NO_SESSIONS_LEFT


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (NOW + DAY - MOMENT, Reason.TOO_SOON),
        (NOW + DAY, None),
        (NOW + 30 * DAY, None),
        (NOW + 30 * DAY + MOMENT, Reason.TOO_FAR_AHEAD),
        (NOW, Reason.TOO_SOON),
        (NOW - MOMENT, Reason.IN_THE_PAST),
    ],
)
def test_a_session_is_neither_too_near_nor_too_far(starts_at: datetime, expected: Reason | None) -> None:
    assert reason(why_not_book(a_booking(horizon_days=30), starts_at)) is expected


def test_a_mentor_without_notice_can_be_met_at_once() -> None:
    assert why_not_book(a_booking(notice_hours=0), NOW) is None


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (WEDNESDAY + 9 * HOUR - MOMENT, Reason.OUTSIDE_HOURS),
        (WEDNESDAY + 9 * HOUR, None),
        (WEDNESDAY + 16 * HOUR, None),
        (WEDNESDAY + 16 * HOUR + MOMENT, Reason.OUTSIDE_HOURS),
    ],
)
def test_the_whole_slot_lies_in_the_mentors_hours(starts_at: datetime, expected: Reason | None) -> None:
    assert reason(why_not_book(a_booking(), starts_at)) is expected


def test_a_session_may_go_over_midnight_where_two_days_meet() -> None:
    assert why_not_book(a_booking(hours=ALWAYS), WEDNESDAY - 30 * MINUTE) is None


def test_a_session_is_as_long_as_its_pack_promised() -> None:
    long, short = a_pack(session_minutes=90), a_pack(session_minutes=30)
    last_hour = WEDNESDAY + 16 * HOUR

    assert reason(why_not_book(a_booking(packs=(long,)), last_hour)) is Reason.OUTSIDE_HOURS
    assert why_not_book(a_booking(packs=(short,)), last_hour + 30 * MINUTE) is None


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (TEN - 75 * MINUTE, None),  # the new session's buffer ends as the old one starts
        (TEN - 75 * MINUTE + MOMENT, Reason.MENTOR_BUSY),
        (TEN + 75 * MINUTE - MOMENT, Reason.MENTOR_BUSY),
        (TEN + 75 * MINUTE, None),  # the old session's buffer ends as the new one starts
    ],
)
def test_two_sessions_of_a_mentor_are_one_buffer_apart(starts_at: datetime, expected: Reason | None) -> None:
    facts = a_booking(hours=ALWAYS, mentor_busy=(mentor_block(TEN, TEN + HOUR, 15),))

    assert reason(why_not_book(facts, starts_at)) is expected


def test_a_session_keeps_the_buffer_that_it_was_booked_with() -> None:
    facts = a_booking(buffer_minutes=0, mentor_busy=(mentor_block(TEN, TEN + HOUR, 30),))

    assert reason(why_not_book(facts, TEN + 90 * MINUTE - MOMENT)) is Reason.MENTOR_BUSY
    assert why_not_book(facts, TEN + 90 * MINUTE) is None
    assert why_not_book(facts, TEN - HOUR) is None


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [(TEN - HOUR, None), (TEN - HOUR + MOMENT, Reason.STUDENT_BUSY), (TEN + HOUR, None)],
)
def test_a_student_needs_no_buffer(starts_at: datetime, expected: Reason | None) -> None:
    facts = a_booking(student_busy=(between(TEN, hours=1),))

    assert reason(why_not_book(facts, starts_at)) is expected


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [(TEN - HOUR, None), (TEN - HOUR + MOMENT, Reason.BLACKED_OUT), (TEN + HOUR, None)],
)
def test_a_session_may_touch_a_blackout(starts_at: datetime, expected: Reason | None) -> None:
    facts = a_booking(overrides=(Override(WEDNESDAY.date(), 600, 660, open=False),))

    assert reason(why_not_book(facts, starts_at)) is expected


def test_a_naive_time_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="UTC"):
        why_not_book(a_booking(), TEN.replace(tzinfo=None))


def test_slots_are_listed_in_steps_from_the_start_of_the_hours() -> None:
    facts = a_booking(hours=(WeeklyHours(2, 9 * 60 + 15, 11 * 60 + 15),))

    slots = free_slots(facts, between(WEDNESDAY, days=1))

    assert slots == tuple(WEDNESDAY + 9 * HOUR + minutes * MINUTE for minutes in (15, 45, 75))


def test_a_window_that_cuts_the_hours_does_not_move_the_grid() -> None:
    facts = a_booking()
    whole_day = free_slots(facts, between(WEDNESDAY, days=1))

    from_ten_past = free_slots(facts, Interval(TEN + 10 * MINUTE, TEN + 2 * HOUR))

    assert from_ten_past == tuple(slot for slot in whole_day if TEN + 10 * MINUTE <= slot < TEN + 2 * HOUR)


def test_a_slot_that_goes_over_the_end_of_the_window_is_listed() -> None:
    facts = a_booking(hours=ALWAYS)

    assert free_slots(facts, between(WEDNESDAY, days=1))[-1] == WEDNESDAY + DAY - 30 * MINUTE


def test_a_slot_at_the_very_horizon_is_listed() -> None:
    facts = a_booking(horizon_days=30)

    assert free_slots(facts, between(NOW, days=90))[-1] == NOW + 30 * DAY


@pytest.mark.parametrize(
    "window", [between(NOW - 9 * DAY, days=5), between(NOW + 90 * DAY, days=5), between(NOW + 2 * DAY, days=0)]
)
def test_nothing_is_listed_where_nothing_can_be_booked(window: Interval) -> None:
    assert free_slots(a_booking(), window) == ()


def test_a_pair_without_packs_sees_no_slots() -> None:
    assert free_slots(a_booking(packs=()), between(NOW, days=9)) == ()


def test_a_step_goes_forward() -> None:
    with pytest.raises(ValueError, match="forward"):
        free_slots(a_booking(), between(NOW, days=9), step=timedelta())


def test_slots_are_shown_under_the_days_of_the_reader() -> None:
    slots = [WEDNESDAY + 17 * HOUR, WEDNESDAY + 19 * HOUR, WEDNESDAY + 18 * HOUR]

    assert by_day(slots, "Asia/Kathmandu") == {
        date(2026, 3, 4): (WEDNESDAY + 17 * HOUR, WEDNESDAY + 18 * HOUR),
        date(2026, 3, 5): (WEDNESDAY + 19 * HOUR,),
    }


INTERVALS = st.lists(
    st.builds(
        lambda start, length: between(NOW + start * 15 * MINUTE, minutes=15 * length),
        st.integers(0, 96 * 9),
        st.integers(1, 40),
    ),
    max_size=8,
)
SOME_HOURS = st.lists(
    st.builds(
        lambda day, start, length: WeeklyHours(day, start * 15, min(1440, (start + length) * 15)),
        st.integers(0, 6),
        st.integers(0, 95),
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=9,
)
OVERRIDES = st.lists(
    st.builds(
        lambda days, start, length, is_open: Override(
            date(2026, 3, 27) + days * DAY, start * 15, min(1440, (start + length) * 15), is_open
        ),
        st.integers(0, 9),
        st.integers(0, 95),
        st.integers(1, 96),
        st.booleans(),
    ),
    max_size=4,
)
SOME_PACKS = st.lists(
    st.builds(
        lambda id, held, days, minutes, frozen: a_pack(
            id=id, held=held, session_minutes=minutes, expires_at=NOW + days * DAY, frozen=frozen
        ),
        st.integers(1, 5),
        st.integers(0, 4),
        st.integers(1, 20),
        st.sampled_from([30, 45, 60, 90]),
        st.booleans(),
    ),
    max_size=3,
)
CLOCKS_CHANGE = [
    (datetime(2026, 3, 27, 12, tzinfo=UTC), "Europe/Berlin"),
    (datetime(2026, 10, 23, 12, tzinfo=UTC), "Europe/Berlin"),
    (datetime(2026, 3, 6, 12, tzinfo=UTC), "America/New_York"),
    (datetime(2026, 4, 3, 12, tzinfo=UTC), "Australia/Lord_Howe"),
    (datetime(2026, 3, 20, 12, tzinfo=UTC), "Africa/Casablanca"),
    (datetime(2028, 2, 27, 12, tzinfo=UTC), "Asia/Kathmandu"),
]


@st.composite
def bookings(draw: st.DrawFn) -> BookingFacts:
    """Pairs in a week in which the mentor's clock changes, or which has a 29 February."""
    now, zone = draw(st.sampled_from(CLOCKS_CHANGE))
    shift = now - NOW

    def shifted(intervals: list[Interval]) -> tuple[Interval, ...]:
        return tuple(Interval(busy.starts_at + shift, busy.ends_at + shift) for busy in intervals)

    overrides = [
        Override(item.on + (now.date() - date(2026, 3, 27)), item.starts_minute, item.ends_minute, item.open)
        for item in draw(OVERRIDES)
    ]
    return a_booking(
        now=now,
        zone=zone,
        hours=tuple(draw(SOME_HOURS)),
        overrides=tuple(overrides),
        packs=(
            a_pack(id=9, remaining=0, state=PackState.DEPLETED),
            *(replace(pack, expires_at=pack.expires_at + shift) for pack in draw(SOME_PACKS)),
        ),
        mentor_busy=shifted(draw(INTERVALS)),
        student_busy=shifted(draw(INTERVALS)),
        notice_hours=draw(st.sampled_from([0, 24])),
        horizon_days=draw(st.sampled_from([3, 7])),
        buffer_minutes=draw(st.sampled_from([0, 15])),
    )


@settings(max_examples=40)  # each asks for 768 starts
@given(bookings())
def test_every_listed_slot_is_accepted_and_every_accepted_start_on_the_grid_is_listed(facts: BookingFacts) -> None:
    window = between(facts.now, days=8)

    listed = set(free_slots(facts, window))

    # Hours start on quarters here, so this grid holds every candidate; a finer one than what is listed.
    grid = {facts.now + quarter * 15 * MINUTE for quarter in range(8 * 96)}
    refused = {start for start in grid if isinstance(choose(facts, start), Refused)}
    assert all(why_not_book(facts, start) is None for start in listed)
    assert listed <= grid
    assert not listed & refused
    assert set(free_slots(facts, window, step=15 * MINUTE)) == grid - refused


@given(bookings())
def test_an_accepted_session_meets_nothing_that_is_booked(facts: BookingFacts) -> None:
    for start in free_slots(facts, between(facts.now, days=8)):
        pack = choose(facts, start)

        assert isinstance(pack, Pack)
        slot = between(start, minutes=pack.session_minutes)
        widened = Interval(slot.starts_at, slot.ends_at + facts.buffer_minutes * MINUTE)
        assert not any(busy.overlaps(widened) for busy in facts.mentor_busy)
        assert not any(busy.overlaps(slot) for busy in facts.student_busy)


def test_sixty_busy_days_are_listed_without_comparing_everything_with_everything() -> None:
    busy = tuple(between(NOW + day * DAY + hour * HOUR, minutes=45) for day in range(60) for hour in range(24))
    closed = tuple(Override(NOW.date() + day * DAY, 0, 60, open=False) for day in range(60))
    facts = a_booking(
        hours=ALWAYS, zone="Europe/Berlin", overrides=closed, mentor_busy=busy, student_busy=busy, packs=(a_pack(),) * 9
    )

    began = process_time()
    slots = free_slots(facts, between(NOW, days=60))

    assert slots == ()
    assert process_time() - began < 2  # about a tenth of it; minutes if each slot met each block


def test_the_same_hours_are_listed_every_day() -> None:
    slots = free_slots(a_booking(), between(WEDNESDAY, days=7))

    assert {len(of_day) for of_day in by_day(slots, "Etc/UTC").values()} == {15}
