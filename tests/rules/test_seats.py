from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.refusals import Reason
from core.rules.seats import (
    OCCUPYING,
    TRANSITIONS,
    Purchase,
    Release,
    SeatEvent,
    after,
    needs_new_seat,
    why_not_buy,
    why_not_occupy,
    why_not_release,
)
from core.rules.states import SeatState
from tests.rules.builders import HOUR, MOMENT, NOW, SETTINGS, reason

EVENTS = list(SeatEvent)
# Columns: none, offered, held, active, grace, released. A dot: it does not happen.
MATRIX = {
    SeatEvent.OFFERED: ("offered", ".", ".", ".", ".", "offered"),
    SeatEvent.ACCEPTED: (".", "held", ".", ".", ".", "."),
    SeatEvent.OFFER_ENDED: (".", "released", ".", ".", ".", "."),
    SeatEvent.CHECKOUT_OPENED: ("held", ".", ".", ".", ".", "held"),
    SeatEvent.CHECKOUT_CLOSED: (".", ".", "released", ".", ".", "."),
    SeatEvent.RETURNED_TO_OFFER: (".", ".", "offered", ".", ".", "."),
    SeatEvent.PAID: (".", ".", "active", ".", ".", "."),
    SeatEvent.GRANTED: ("active", "active", "active", "active", "active", "active"),
    SeatEvent.RENEWED: (".", ".", ".", "active", "active", "."),
    SeatEvent.RAN_OUT: (".", ".", ".", "grace", ".", "."),
    SeatEvent.RESTORED: (".", "active", "active", "active", "active", "active"),
    SeatEvent.GRACE_OVER: (".", ".", ".", ".", "released", "."),
    SeatEvent.STAFF_RELEASED: (".", ".", ".", "released", "released", "."),
    SeatEvent.REFUNDED: (".", ".", ".", "released", "released", "."),
    SeatEvent.PAID_IN_TIME: (".", "active", ".", ".", ".", "active"),
}
STATES = (None, SeatState.OFFERED, SeatState.HELD, SeatState.ACTIVE, SeatState.GRACE, SeatState.RELEASED)


@pytest.mark.parametrize(("event", "column"), list(product(EVENTS, range(len(STATES)))))
def test_a_seat_takes_exactly_the_steps_of_the_matrix(event: SeatEvent, column: int) -> None:
    expected = MATRIX[event][column]

    assert (after(STATES[column], event) or ".") == expected


def test_the_matrix_knows_every_state_and_event() -> None:
    assert set(STATES) == {None, *SeatState}
    assert set(MATRIX) == set(SeatEvent)


def test_every_state_is_reached_and_can_be_left() -> None:
    assert set(TRANSITIONS.values()) == set(SeatState)
    assert {state for state, _ in TRANSITIONS} == {None, *SeatState}


def test_a_held_seat_ends_by_its_checkout_alone() -> None:
    ways_out = {event for event in SeatEvent if after(SeatState.HELD, event) is SeatState.RELEASED}

    assert ways_out == {SeatEvent.CHECKOUT_CLOSED}


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_grace_is_only_reached_from_an_active_seat(events: list[SeatEvent]) -> None:
    state: SeatState | None = None
    for event in events:
        before, state = state, after(state, event) or state
        assert state is not SeatState.GRACE or before in (SeatState.ACTIVE, SeatState.GRACE)


def test_a_released_seat_takes_no_place_and_every_other_one_does() -> None:
    assert set(SeatState) - OCCUPYING == {SeatState.RELEASED}


@pytest.mark.parametrize(
    ("capacity", "occupied", "refused"), [(3, 2, False), (3, 3, True), (3, 4, True), (0, 0, True), (1, 0, False)]
)
def test_nothing_newly_occupies_at_or_above_capacity(capacity: int, occupied: int, refused: bool) -> None:
    assert (reason(why_not_occupy(capacity, occupied)) is Reason.MENTOR_FULL) is refused


def a_purchase(**changes: Any) -> Purchase:
    return Purchase(**{"now": NOW, "capacity": 2, "occupied": 1, **changes})


@pytest.mark.parametrize("state", STATES)
def test_only_who_occupies_no_place_needs_a_new_seat(state: SeatState | None) -> None:
    assert needs_new_seat(state) is (state in (None, SeatState.RELEASED))


@pytest.mark.parametrize("state", STATES)
def test_an_ordinary_purchase_goes_through(state: SeatState | None) -> None:
    assert why_not_buy(a_purchase(seat_state=state, grace_ends_at=NOW + HOUR), SETTINGS) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"buyer_is_mentor": True}, Reason.OWN_MENTOR),
        ({"mentor_removed": True}, Reason.UNKNOWN_MENTOR),
        ({"mentor_paused": True}, Reason.MENTOR_PAUSED),
        ({"held_checkouts": 2}, Reason.TOO_MANY_CHECKOUTS),
        ({"unpaid_recently": 2, "last_unpaid_at": NOW}, Reason.TOO_MANY_UNPAID),
        ({"occupied": 2}, Reason.MENTOR_FULL),
        ({"occupied": 3, "seat_state": SeatState.RELEASED}, Reason.MENTOR_FULL),
    ],
)
def test_a_refused_purchase_names_its_reason(changes: dict[str, Any], expected: Reason) -> None:
    assert reason(why_not_buy(a_purchase(**changes), SETTINGS)) is expected


@pytest.mark.parametrize("state", [SeatState.OFFERED, SeatState.HELD, SeatState.ACTIVE, SeatState.GRACE])
def test_a_student_who_has_the_seat_buys_from_a_mentor_who_is_full(state: SeatState) -> None:
    purchase = a_purchase(seat_state=state, occupied=2, grace_ends_at=NOW + HOUR)

    assert why_not_buy(purchase, SETTINGS) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [(NOW - MOMENT, None), (NOW, Reason.GRACE_IS_OVER), (NOW + MOMENT, Reason.GRACE_IS_OVER)],
    ids=["a moment before", "exactly then", "a moment after"],
)
def test_no_checkout_opens_between_the_end_of_grace_and_the_release(now: datetime, expected: Reason | None) -> None:
    purchase = a_purchase(now=now, seat_state=SeatState.GRACE, grace_ends_at=NOW)

    assert reason(why_not_buy(purchase, SETTINGS)) is expected


@pytest.mark.parametrize("state", [SeatState.ACTIVE, SeatState.GRACE])
def test_a_renewal_is_not_held_up_by_other_checkouts(state: SeatState) -> None:
    purchase = a_purchase(
        seat_state=state, grace_ends_at=NOW + HOUR, held_checkouts=2, unpaid_recently=9, last_unpaid_at=NOW
    )

    assert why_not_buy(purchase, SETTINGS) is None


@pytest.mark.parametrize(
    ("last_unpaid_at", "expected"),
    [(NOW - HOUR + MOMENT, Reason.TOO_MANY_UNPAID), (NOW - HOUR, None), (NOW - HOUR - MOMENT, None)],
)
def test_after_two_unpaid_checkouts_there_is_none_for_an_hour(
    last_unpaid_at: datetime, expected: Reason | None
) -> None:
    purchase = a_purchase(unpaid_recently=2, last_unpaid_at=last_unpaid_at)

    assert reason(why_not_buy(purchase, SETTINGS)) is expected


def test_one_unpaid_checkout_and_one_held_seat_are_allowed() -> None:
    purchase = a_purchase(held_checkouts=1, unpaid_recently=1, last_unpaid_at=NOW)

    assert why_not_buy(purchase, SETTINGS) is None


def test_a_pause_tells_when_it_is_over() -> None:
    refused = why_not_buy(a_purchase(unpaid_recently=2, last_unpaid_at=NOW), SETTINGS)

    assert refused is not None
    assert dict(refused.facts)["until"] == NOW + HOUR


def a_release(**changes: Any) -> Release:
    facts = {"now": NOW, "seat_state": SeatState.GRACE, "grace_ends_at": NOW, "warning_delivered": True}
    return Release(**{**facts, **changes})


def test_a_seat_is_released_when_its_grace_is_over_and_its_student_was_warned() -> None:
    assert why_not_release(a_release()) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(({"seat_state": state}, Reason.NOT_IN_GRACE) for state in STATES if state is not SeatState.GRACE),
        ({"grace_ends_at": NOW + MOMENT}, Reason.GRACE_NOT_OVER),
        ({"grace_ends_at": None}, Reason.GRACE_NOT_OVER),
        ({"clocks_stopped": True, "grace_ends_at": NOW - timedelta(days=9)}, Reason.GRACE_NOT_OVER),
        ({"warning_delivered": False}, Reason.WARNING_NOT_DELIVERED),
        ({"order_unsettled": True}, Reason.ORDER_UNSETTLED),
    ],
)
def test_a_seat_that_is_kept_names_its_reason(changes: dict[str, Any], expected: Reason) -> None:
    assert reason(why_not_release(a_release(**changes))) is expected


@pytest.mark.parametrize("late", [MOMENT, HOUR, timedelta(days=30)])
def test_a_late_sweep_releases_all_the_same(late: timedelta) -> None:
    assert why_not_release(a_release(now=NOW + late)) is None
