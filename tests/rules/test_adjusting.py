from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.rules.adjusting import adjusted_expiry, packs_to_adjust, why_not_adjust
from core.rules.balance import Pack
from core.rules.refusals import Reason, Refused
from core.rules.settings import Settings
from core.rules.states import PackState, SeatState
from tests.rules import builders
from tests.rules.builders import DAY, NOW


def a_pack(remaining: int = 3, held: int = 1, total: int = 4, **more: Any) -> Pack:
    return builders.a_pack(**{"remaining": remaining, "held": held, "total": total, "expires_at": NOW + DAY, **more})


@pytest.mark.parametrize(
    ("delta", "reason"),
    [(1, None), (2, Reason.ABOVE_TOTAL), (-1, None), (-2, None), (-3, Reason.BELOW_HOLDS), (-4, Reason.BELOW_HOLDS)],
)
def test_a_pack_moves_between_its_holds_and_its_total(delta: int, reason: Reason | None) -> None:
    refused = why_not_adjust(a_pack(), delta, SeatState.ACTIVE)

    assert (refused.reason if refused else None) is reason


@pytest.mark.parametrize("state", [PackState.EXPIRED, PackState.REFUNDED])
@pytest.mark.parametrize("delta", [-1, 1])
def test_a_pack_that_is_over_is_not_adjusted(state: PackState, delta: int) -> None:
    assert why_not_adjust(a_pack(2, 0, state=state), delta, SeatState.ACTIVE) == Refused(Reason.PACK_IS_OVER)


@pytest.mark.parametrize("seat", [None, *SeatState])
def test_sessions_are_given_back_to_whoever_has_a_seat_and_taken_from_anybody(seat: SeatState | None) -> None:
    given_back = why_not_adjust(a_pack(), 1, seat)

    assert (given_back is None) is (seat in {SeatState.ACTIVE, SeatState.GRACE})
    assert why_not_adjust(a_pack(), -1, seat) is None


def test_the_packs_that_can_take_it_come_by_their_expiry() -> None:
    later, sooner = a_pack(id=1, expires_at=NOW + 2 * DAY), a_pack(id=2)
    full, booked, over = a_pack(4, id=3), a_pack(1, 1, id=4), a_pack(2, 0, id=5, state=PackState.EXPIRED)

    assert packs_to_adjust([later, sooner, full, over], 1, SeatState.ACTIVE) == (sooner, later)
    assert packs_to_adjust([later, sooner, booked, over], -1, SeatState.ACTIVE) == (sooner, later)


def test_where_none_can_the_widest_says_why() -> None:
    tight, wide = a_pack(4, 4, id=1), a_pack(3, 1, id=2)

    assert packs_to_adjust([tight, wide], -3, SeatState.ACTIVE) == why_not_adjust(wide, -3, SeatState.ACTIVE)
    assert packs_to_adjust([tight, wide], 2, SeatState.ACTIVE) == why_not_adjust(wide, 2, SeatState.ACTIVE)


def test_without_a_living_pack_there_is_nothing_to_adjust() -> None:
    over = a_pack(0, 0, state=PackState.EXPIRED)

    assert packs_to_adjust([over], 1, SeatState.ACTIVE) == Refused(Reason.NOTHING_TO_ADJUST)
    assert packs_to_adjust([], -1, None) == Refused(Reason.NOTHING_TO_ADJUST)


def test_only_what_is_given_back_moves_the_expiry_and_never_to_sooner() -> None:
    soon, far = a_pack(expires_at=NOW + DAY), a_pack(expires_at=NOW + 90 * DAY)

    assert adjusted_expiry(soon, 1, NOW, Settings()) == NOW + timedelta(days=14)
    assert adjusted_expiry(far, 1, NOW, Settings()) == far.expires_at
    assert adjusted_expiry(soon, -1, NOW, Settings()) == soon.expires_at


@given(st.integers(1, 100), st.data())
def test_whatever_is_allowed_stays_within_holds_and_total(total: int, data: st.DataObject) -> None:
    remaining = data.draw(st.integers(0, total))
    held = data.draw(st.integers(0, remaining))
    delta = data.draw(st.integers(-100, 100))

    if why_not_adjust(a_pack(remaining, held, total), delta, SeatState.ACTIVE) is None:
        assert held <= remaining + delta <= total
