"""What a refund gives back and takes (rule 28): money by its share, bookings moved before cancelled, the seat (12)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.balance import Pack
from core.rules.money import EXPONENTS, coin
from core.rules.refunds import GivenBack, Ground, Hold, SeatAfter, default_amount, plan_refund, why_not_amount
from core.rules.states import PackState, SeatState
from tests.clocks import NOW

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def paid(minor: int, refunded: int = 0, lost: int = 0, currency: str = "EUR") -> GivenBack:
    return GivenBack(paid_minor=minor, refunded_minor=refunded, lost_minor=lost, currency=currency)


@pytest.mark.parametrize(
    ("payment", "total", "before", "taking", "amount"),
    [
        (paid(20_000), 4, 0, 4, 20_000),
        (paid(20_000), 4, 0, 1, 5_000),
        (paid(10_000), 3, 0, 1, 3_333),
        (paid(10_000, 3_333), 3, 1, 1, 3_333),
        (paid(10_000, 6_666), 3, 2, 1, 3_334),  # what rounding kept comes with the last
        (paid(10_000, 9_000), 3, 1, 1, 0),  # more was given back before than its share
        (paid(10_000, 0, 4_000), 3, 0, 3, 6_000),
        (paid(10_000, 2_000, 8_000), 3, 1, 1, 0),
        (paid(0), 4, 0, 4, 0),
        (paid(20_000), 4, 0, 0, 0),
        (paid(10_000, currency="KWD"), 3, 0, 1, 3_330),  # no card knows the last decimal
        (paid(10_000, 6_660, currency="KWD"), 3, 2, 1, 3_340),
        (paid(19_990, currency="HUF"), 4, 0, 1, 4_900),
        (paid(1_000, currency="JPY"), 3, 0, 1, 333),
    ],
)
def test_sessions_have_their_share_of_what_was_paid(
    payment: GivenBack, total: int, before: int, taking: int, amount: int
) -> None:
    assert default_amount(payment, total, before, taking) == amount


@given(
    minor=st.integers(0, 10**12),
    split=st.lists(st.integers(1, 5), min_size=1, max_size=12),
    kept=st.integers(0, 5),
    currency=st.sampled_from(sorted(EXPONENTS)),
)
def test_in_whatever_parts_all_is_refunded_the_whole_goes_back_and_never_more(
    minor: int, split: list[int], kept: int, currency: str
) -> None:
    total, before, gone = sum(split) + kept, 0, 0
    for taking in split:
        amount = default_amount(paid(minor, gone, currency=currency), total, before, taking)
        assert amount >= 0
        gone, before = gone + amount, before + taking
        assert gone <= minor * before // total

    assert (gone == minor) if kept == 0 else (gone <= minor)


@given(minor=st.integers(1, 10**9), refunds=st.lists(st.integers(0, 10**9), max_size=6), taking=st.integers(0, 4))
def test_after_refunds_of_any_amount_no_more_goes_back_than_is_left(
    minor: int, refunds: list[int], taking: int
) -> None:
    gone = min(sum(refunds), minor)

    assert 0 <= default_amount(paid(minor, gone), 4, 0, taking) <= minor - gone


@given(
    coins=st.integers(1, 10**9),
    split=st.lists(st.tuples(st.integers(1, 5), st.none() | st.integers(0, 10**9)), min_size=1, max_size=8),
    lost=st.integers(0, 10**9),
    currency=st.sampled_from(sorted(EXPONENTS)),
)
def test_whatever_staff_and_banks_took_in_between_with_the_last_session_goes_exactly_the_rest(
    coins: int, split: list[tuple[int, int | None]], lost: int, currency: str
) -> None:
    """Amounts that staff name are whole coins, as what they default to; so is what a checkout charged."""
    minor = coins * coin(currency)
    total, before, gone = sum(sessions for sessions, _ in split), 0, 0
    lost = min(lost * coin(currency), minor)
    for taking, named in split:
        payment = paid(minor, gone, lost, currency)
        amount = default_amount(payment, total, before, taking)
        if named is not None:
            amount = min(named * coin(currency), payment.left_minor)
        assert why_not_amount(payment, amount) is None
        assert amount % coin(currency) == 0
        gone, before = gone + amount, before + taking

    rest = default_amount(paid(minor, gone, lost, currency), total, total, 0)
    assert gone + rest + lost == minor


def test_of_nothing_paid_nothing_has_gone_in_full() -> None:
    assert not paid(0).in_full
    assert paid(10, 6, 4).in_full
    assert not paid(10, 9).in_full


# ---------------------------------------------------------------- bookings


def a_pack(pack_id: int = 1, **fields: Any) -> Pack:
    values = {"total": 4, "remaining": 4, "held": 0, "session_minutes": 60, "expires_at": NOW + 60 * DAY, **fields}
    return Pack(id=pack_id, **values)


def a_ground(pack: Pack, *starts: datetime, others: tuple[Pack, ...] = (), **fields: Any) -> Ground:
    """The pack with bookings at these times, of session 1, 2, 3 and so on."""
    holds = tuple(Hold(number, at) for number, at in enumerate(starts, 1))
    values = {"seat_state": SeatState.ACTIVE, "money_moves": False, "disputed": False, "now": NOW, **fields}
    return Ground(pack=pack, holds=holds, packs=(pack, *others), **values)


@pytest.mark.parametrize(
    ("start", "unused"), [(NOW - MOMENT, 3), (NOW, 3), (NOW + MOMENT, 4)], ids=["begun", "begins now", "to come"]
)
def test_a_session_that_has_begun_counts_as_used(start: datetime, unused: int) -> None:
    ground = a_ground(a_pack(held=1), start)

    assert ground.unused == unused
    with pytest.raises(ValueError, match="cannot be refunded"):
        plan_refund(ground, unused + 1)


def test_what_is_not_booked_goes_first_then_the_latest_bookings() -> None:
    ground = a_ground(a_pack(held=3), NOW + DAY, NOW + 3 * DAY, NOW + 2 * DAY)

    canceled = [[hold.session_id for hold in plan_refund(ground, taking).canceled] for taking in range(5)]

    assert canceled == [[], [], [2], [2, 3], [2, 3, 1]]


@pytest.mark.parametrize(
    ("other", "moves"),
    [
        (a_pack(2), True),
        (a_pack(2, expires_at=NOW + 2 * DAY), True),
        (a_pack(2, expires_at=NOW + 2 * DAY - MOMENT), False),
        (a_pack(2, remaining=1, held=1), False),
        (a_pack(2, frozen=True), False),
        (a_pack(2, session_minutes=90), False),
        (a_pack(2, state=PackState.EXPIRED, remaining=0), False),
        (a_pack(2, state=PackState.REFUNDED), False),
    ],
    ids=["free", "lasts just", "ends before", "all booked", "frozen", "other length", "expired", "refunded"],
)
def test_a_booking_moves_to_a_pack_that_can_be_booked_with_then(other: Pack, moves: bool) -> None:
    plan = plan_refund(a_ground(a_pack(held=1), NOW + 2 * DAY, others=(other,)), 4)

    assert [move.to_pack.id for move in plan.moved] == ([2] if moves else [])
    assert len(plan.canceled) == (0 if moves else 1)


def test_what_an_undone_session_has_in_its_ledger_keeps_it_with_its_pack() -> None:
    pack = a_pack(held=1)
    ground = Ground(
        pack=pack,
        holds=(Hold(1, NOW + DAY, attempt=2),),
        packs=(pack, a_pack(2)),
        seat_state=SeatState.ACTIVE,
        money_moves=False,
        disputed=False,
        now=NOW,
    )

    assert plan_refund(ground, 4).moved == ()


def test_an_earlier_booking_moves_where_the_latest_cannot_and_nothing_is_cancelled() -> None:
    soon_over = a_pack(2, remaining=1, expires_at=NOW + 2 * DAY)
    plan = plan_refund(a_ground(a_pack(held=2, remaining=2), NOW + DAY, NOW + 5 * DAY, others=(soon_over,)), 1)

    assert [(move.hold.session_id, move.to_pack.id) for move in plan.moved] == [(1, 2)]
    assert plan.canceled == ()


@given(
    starts=st.lists(st.integers(1, 9), max_size=5, unique=True),
    unbooked=st.integers(0, 2),
    taking=st.integers(0, 7),
    others=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 10)), max_size=3),
)
def test_as_many_bookings_are_kept_as_the_packs_of_the_pair_can_cover(
    starts: list[int], unbooked: int, taking: int, others: list[tuple[int, int]]
) -> None:
    total = len(starts) + unbooked or 1
    pack = a_pack(total=total, remaining=len(starts) + unbooked, held=len(starts))
    elsewhere = tuple(
        a_pack(number, remaining=left, expires_at=NOW + days * DAY) for number, (left, days) in enumerate(others, 2)
    )
    ground = a_ground(pack, *(NOW + day * DAY for day in starts), others=elsewhere)
    taking = min(taking, ground.unused)

    plan = plan_refund(ground, taking)

    assert pack.held - plan.held_less <= plan.left  # what stays is covered here
    for each in elsewhere:
        here = [move.hold.starts_at for move in plan.moved if move.to_pack.id == each.id]
        assert len(here) <= each.available
        assert all(start <= each.expires_at for start in here)
    too_many = max(len(starts) - plan.left, 0)
    assert len(plan.moved) == min(too_many, _most_covered(starts, others))
    assert plan.held_less == too_many


def _most_covered(starts: list[int], others: list[tuple[int, int]]) -> int:
    """How many bookings the other packs could take, by trying every way."""
    if not starts:
        return 0
    first, *rest = starts
    best = _most_covered(rest, others)
    for number, (left, days) in enumerate(others):
        if left and first <= days:
            used = [*others[:number], (left - 1, days), *others[number + 1 :]]
            best = max(best, 1 + _most_covered(rest, used))
    return best


# ---------------------------------------------------------------- pack and seat


@pytest.mark.parametrize(
    ("pack", "sessions", "left", "state"),
    [
        (a_pack(), 1, 3, PackState.ACTIVE),
        (a_pack(), 4, 0, PackState.REFUNDED),
        (a_pack(remaining=1), 1, 0, PackState.REFUNDED),
        (a_pack(), None, 0, PackState.REFUNDED),
        (a_pack(remaining=0, state=PackState.DEPLETED), 0, 0, PackState.DEPLETED),
        (a_pack(remaining=0, state=PackState.DEPLETED), None, 0, PackState.REFUNDED),
        (a_pack(remaining=0, state=PackState.EXPIRED), None, 0, PackState.REFUNDED),
        (a_pack(frozen=True), 4, 0, PackState.REFUNDED),
    ],
)
def test_a_pack_without_sessions_or_without_its_money_is_refunded(
    pack: Pack, sessions: int | None, left: int, state: PackState
) -> None:
    plan = plan_refund(a_ground(pack), sessions)

    assert (plan.left, plan.state) == (left, state)


def test_in_full_a_session_that_has_begun_stays_for_its_outcome_and_with_it_the_seat() -> None:
    plan = plan_refund(a_ground(a_pack(held=1), NOW - MOMENT), None)

    assert (plan.taking, plan.left, plan.state) == (3, 1, PackState.REFUNDED)
    assert plan.seat is SeatAfter.AS_IT_IS


@pytest.mark.parametrize(
    ("fields", "keep_seat", "seat"),
    [
        ({}, False, SeatAfter.RELEASED),
        ({}, True, SeatAfter.GRACE),
        ({"money_moves": True}, False, SeatAfter.GRACE),
        ({"disputed": True}, False, SeatAfter.DISPUTED),
        ({"disputed": True, "money_moves": True}, True, SeatAfter.DISPUTED),
        ({"others": (a_pack(2, remaining=1),)}, False, SeatAfter.AS_IT_IS),
        ({"others": (a_pack(2, frozen=True),)}, False, SeatAfter.AS_IT_IS),
        ({"others": (a_pack(2, remaining=0, state=PackState.DEPLETED),)}, False, SeatAfter.RELEASED),
        ({"seat_state": SeatState.RELEASED}, False, SeatAfter.AS_IT_IS),
        ({"seat_state": SeatState.HELD}, False, SeatAfter.AS_IT_IS),
    ],
)
def test_the_pairs_last_session_takes_the_seat_with_it(
    fields: dict[str, Any], keep_seat: bool, seat: SeatAfter
) -> None:
    assert plan_refund(a_ground(a_pack(), **fields), 4, keep_seat=keep_seat).seat is seat
    assert plan_refund(a_ground(a_pack(), **fields), 3, keep_seat=keep_seat).seat is SeatAfter.AS_IT_IS


def test_a_grace_that_runs_already_runs_on() -> None:
    empty = a_pack(remaining=0, state=PackState.DEPLETED)

    assert plan_refund(a_ground(empty, seat_state=SeatState.GRACE), None).seat is SeatAfter.AS_IT_IS
