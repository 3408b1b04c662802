from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.balance import (
    Pack,
    after_entry,
    entry_is_legal,
    expiry_write_off,
    is_due_to_expire,
    latest_usable_expiry,
    pack_to_draw,
    renewed_expiry,
    returned_expiry,
    state_after,
    usable,
    usable_remaining,
)
from core.rules.refusals import Reason, Refused
from core.rules.states import EntryKind, PackState
from tests.rules.builders import DAY, MOMENT, NOW, SETTINGS, a_pack, reason


def test_what_is_booked_is_not_available_twice() -> None:
    assert a_pack(remaining=3, held=1).available == 2


def test_a_pack_never_says_more_than_it_had_or_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="5 of 4"):
        a_pack(remaining=5)
    with pytest.raises(ValueError, match="-1 of 4"):
        a_pack(remaining=-1)


def test_a_pack_does_not_expire_at_a_naive_time() -> None:
    with pytest.raises(ValueError, match="naive"):
        a_pack(expires_at=NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [(NOW + MOMENT, True), (NOW, False), (NOW - MOMENT, False)],
    ids=["a moment before", "exactly then", "a moment after"],
)
def test_a_pack_is_usable_until_the_instant_at_which_it_expires(expires_at: datetime, expected: bool) -> None:
    pack = a_pack(expires_at=expires_at)

    assert usable(pack, NOW) is expected
    assert is_due_to_expire(pack, NOW) is not expected


def test_a_frozen_pack_stays_usable_because_its_expiry_stands_still() -> None:
    pack = a_pack(frozen=True, expires_at=NOW - DAY)

    assert usable(pack, NOW)
    assert not is_due_to_expire(pack, NOW)


@pytest.mark.parametrize("state", [PackState.DEPLETED, PackState.EXPIRED, PackState.REFUNDED])
def test_only_an_active_pack_is_usable(state: PackState) -> None:
    pack = a_pack(state=state, expires_at=NOW - DAY)

    assert not usable(a_pack(state=state), NOW)
    assert not is_due_to_expire(pack, NOW)


def test_a_pack_without_sessions_is_not_usable_even_before_it_is_called_depleted() -> None:
    assert not usable(a_pack(remaining=0), NOW)


def test_the_pair_has_the_sessions_of_all_its_usable_packs_booked_ones_included() -> None:
    packs = [a_pack(remaining=3, held=2), a_pack(remaining=1), a_pack(expires_at=NOW), a_pack(state=PackState.REFUNDED)]

    assert usable_remaining(packs, NOW) == 4


def test_a_session_draws_on_the_pack_that_expires_first() -> None:
    sooner, later = a_pack(id=2, expires_at=NOW + 20 * DAY), a_pack(id=1, expires_at=NOW + 40 * DAY)

    assert pack_to_draw([later, sooner], NOW + DAY, NOW) == sooner


def test_of_packs_that_expire_together_the_older_is_drawn() -> None:
    older, newer = a_pack(id=1), a_pack(id=2)

    assert pack_to_draw([newer, older], NOW + DAY, NOW) == older


def test_a_session_after_the_first_expiry_draws_on_the_next_pack() -> None:
    sooner, later = a_pack(id=1, expires_at=NOW + 20 * DAY), a_pack(id=2, expires_at=NOW + 40 * DAY)

    assert pack_to_draw([sooner, later], NOW + 30 * DAY, NOW) == later


def test_a_session_may_start_at_the_instant_of_expiry_and_not_a_moment_later() -> None:
    pack = a_pack(expires_at=NOW + 20 * DAY)

    at_expiry = pack_to_draw([pack], pack.expires_at, NOW)
    a_moment_later = pack_to_draw([pack], pack.expires_at + MOMENT, NOW)

    assert at_expiry == pack
    assert a_moment_later == Refused(Reason.PACK_EXPIRES_FIRST, (("expires_at", pack.expires_at),))


@pytest.mark.parametrize(
    ("packs", "expected"),
    [
        ([], Reason.NO_SESSIONS_LEFT),
        ([a_pack(remaining=0, state=PackState.DEPLETED)], Reason.NO_SESSIONS_LEFT),
        ([a_pack(expires_at=NOW)], Reason.NO_SESSIONS_LEFT),
        ([a_pack(remaining=2, held=2)], Reason.ALL_SESSIONS_BOOKED),
        ([a_pack(remaining=2, held=2, frozen=True)], Reason.ALL_SESSIONS_BOOKED),
        ([a_pack(frozen=True)], Reason.PACK_FROZEN),
        ([a_pack(frozen=True), a_pack(remaining=1, held=1)], Reason.PACK_FROZEN),
        ([a_pack(expires_at=NOW + DAY)], Reason.PACK_EXPIRES_FIRST),
        ([a_pack(expires_at=NOW + DAY), a_pack(remaining=1, held=1)], Reason.PACK_EXPIRES_FIRST),
    ],
)
def test_a_refused_draw_names_what_stands_in_its_way(packs: list[Pack], expected: Reason) -> None:
    assert reason(pack_to_draw(packs, NOW + 2 * DAY, NOW)) is expected


PACKS = st.lists(
    st.builds(
        lambda id, remaining, held, days, state, frozen: a_pack(
            id=id,
            remaining=remaining,
            held=min(held, remaining),
            expires_at=NOW + days * DAY,
            state=state,
            frozen=frozen,
        ),
        st.integers(1, 9),
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(-3, 60),
        st.sampled_from(PackState),
        st.booleans(),
    ),
    max_size=4,
)


@given(PACKS, st.integers(0, 60))
def test_what_is_drawn_is_unbooked_thawed_usable_and_lasts_and_nothing_such_is_refused(
    packs: list[Pack], days: int
) -> None:
    starts_at = NOW + days * DAY
    fitting = [
        pack
        for pack in packs
        if usable(pack, NOW) and not pack.frozen and pack.available >= 1 and pack.expires_at >= starts_at
    ]

    drawn = pack_to_draw(packs, starts_at, NOW)

    if isinstance(drawn, Pack):
        assert drawn in fitting
        assert drawn.expires_at == min(pack.expires_at for pack in fitting)
    else:
        assert not fitting


def test_renewing_early_loses_nothing() -> None:
    assert renewed_expiry(NOW, NOW + 10 * DAY, 60) == NOW + 70 * DAY


def test_renewing_after_the_last_pack_counts_from_now() -> None:
    assert renewed_expiry(NOW, None, 60) == NOW + 60 * DAY
    assert renewed_expiry(NOW, NOW - DAY, 60) == NOW + 60 * DAY


def test_a_pack_bought_on_the_leap_day_is_good_for_its_days() -> None:
    leap_day = datetime(2028, 2, 29, 23, 59, tzinfo=UTC)

    assert renewed_expiry(leap_day, None, 366) == datetime(2029, 3, 1, 23, 59, tzinfo=UTC)


def test_the_latest_usable_expiry_passes_over_packs_that_are_used_up() -> None:
    packs = [
        a_pack(expires_at=NOW + 5 * DAY),
        a_pack(expires_at=NOW + 9 * DAY),
        a_pack(expires_at=NOW + 50 * DAY, remaining=0, state=PackState.DEPLETED),
    ]

    assert latest_usable_expiry(packs, NOW) == NOW + 9 * DAY
    assert latest_usable_expiry([], NOW) is None


def test_expiry_leaves_what_is_scheduled() -> None:
    assert expiry_write_off(a_pack(remaining=3, held=1)) == 2
    assert expiry_write_off(a_pack(remaining=1, held=1)) == 0


def test_expiry_of_a_pack_that_holds_more_than_it_has_is_an_error() -> None:
    with pytest.raises(ValueError, match="holds 2 of 1"):
        expiry_write_off(a_pack(remaining=1, held=2))


def test_a_returned_session_can_be_used_for_at_least_a_fortnight() -> None:
    assert returned_expiry(NOW - DAY, NOW, SETTINGS) == NOW + 14 * DAY
    assert returned_expiry(NOW + 14 * DAY + MOMENT, NOW, SETTINGS) == NOW + 14 * DAY + MOMENT


@pytest.mark.parametrize(
    ("kind", "legal"),
    [
        (EntryKind.PURCHASE, {1, 2, 4}),
        (EntryKind.GRANT, {1, 2, 4}),
        (EntryKind.CONSUME, {-1}),
        (EntryKind.RESTORE, {1}),
        (EntryKind.ADJUST, {-4, -2, -1, 1, 2, 4}),
        (EntryKind.TRANSFER, {-4, -2, -1, 1, 2, 4}),
        (EntryKind.REFUND, {-4, -2, -1}),
        (EntryKind.EXPIRE, {-4, -2, -1}),
    ],
)
def test_each_kind_of_entry_has_its_sign(kind: EntryKind, legal: set[int]) -> None:
    assert {delta for delta in (-4, -2, -1, 0, 1, 2, 4) if entry_is_legal(kind, delta)} == legal


def test_no_kind_of_entry_is_without_a_sign() -> None:
    assert all(entry_is_legal(kind, 1) or entry_is_legal(kind, -1) for kind in EntryKind)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(-30, 30))
def test_a_balance_is_never_clamped(remaining: int, spent: int, delta: int) -> None:
    total = remaining + spent

    if 0 <= remaining + delta <= total:
        assert after_entry(remaining, total, delta) == remaining + delta
    else:
        with pytest.raises(ValueError, match="cannot change"):
            after_entry(remaining, total, delta)


@pytest.mark.parametrize(
    ("state", "kind", "remaining", "expected"),
    [
        (PackState.ACTIVE, EntryKind.CONSUME, 1, PackState.ACTIVE),
        (PackState.ACTIVE, EntryKind.CONSUME, 0, PackState.DEPLETED),
        (PackState.DEPLETED, EntryKind.RESTORE, 1, PackState.ACTIVE),
        (PackState.DEPLETED, EntryKind.ADJUST, 1, PackState.ACTIVE),
        (PackState.ACTIVE, EntryKind.ADJUST, 0, PackState.DEPLETED),
        (PackState.ACTIVE, EntryKind.TRANSFER, 0, PackState.DEPLETED),
        (PackState.ACTIVE, EntryKind.EXPIRE, 0, PackState.EXPIRED),
        (PackState.ACTIVE, EntryKind.EXPIRE, 1, PackState.EXPIRED),
        (PackState.EXPIRED, EntryKind.CONSUME, 0, PackState.EXPIRED),
        (PackState.EXPIRED, EntryKind.RESTORE, 1, PackState.ACTIVE),
        (PackState.ACTIVE, EntryKind.REFUND, 2, PackState.ACTIVE),
        (PackState.ACTIVE, EntryKind.REFUND, 0, PackState.REFUNDED),
        (PackState.EXPIRED, EntryKind.REFUND, 0, PackState.REFUNDED),
        (PackState.REFUNDED, EntryKind.RESTORE, 1, PackState.REFUNDED),
    ],
)
def test_an_entry_leaves_the_pack_in_its_state(
    state: PackState, kind: EntryKind, remaining: int, expected: PackState
) -> None:
    assert state_after(state, kind, remaining) is expected


def test_validity_counts_elapsed_days_and_not_the_clocks_of_a_place() -> None:
    before_the_clocks_change = datetime(2026, 3, 28, 12, tzinfo=UTC)

    expiry = renewed_expiry(before_the_clocks_change, None, 1)

    assert expiry - before_the_clocks_change == timedelta(hours=24)
