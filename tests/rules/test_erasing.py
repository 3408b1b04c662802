"""A member is erased only when nothing of theirs is open, and is told what to see to first."""

from typing import Any

import pytest

from core.rules.erasing import Ties, why_not_erase
from core.rules.refusals import Reason

OPEN: dict[Reason, dict[str, Any]] = {
    Reason.STILL_A_MENTOR: {"teaches": True},
    Reason.MONEY_NOT_SETTLED: {"money": 1},
    Reason.STILL_SEATED: {"seats": 1},
    Reason.STILL_BOOKED: {"booked": 2},
    Reason.SESSIONS_LEFT: {"left": 3},
}


def test_whoever_is_tied_by_nothing_may_be_erased() -> None:
    assert why_not_erase(Ties(community="Chess Club")) is None


@pytest.mark.parametrize("reason", OPEN)
def test_anything_open_refuses_and_is_named(reason: Reason) -> None:
    refused = why_not_erase(Ties(community="Chess Club", **OPEN[reason]))

    assert refused is not None
    assert refused.reason is reason
    assert dict(refused.facts)["community"] == "Chess Club"


def test_what_must_be_seen_to_first_is_named_first() -> None:
    ties = {name: value for each in OPEN.values() for name, value in each.items()}
    named = []
    for each in OPEN.values():
        refused = why_not_erase(Ties(community="Chess Club", **ties))
        assert refused is not None
        named.append(refused.reason)
        ties = {name: value for name, value in ties.items() if name not in each}

    assert named == list(OPEN)
    assert why_not_erase(Ties(community="Chess Club", **ties)) is None
