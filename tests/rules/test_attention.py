"""Who needs their mentor first."""

from dataclasses import replace
from typing import Any

import pytest

from core.rules.attention import SOON_OVER, Attention, Position, attention, loses_at, urgency
from core.rules.states import PackState, SeatState
from tests.rules.builders import DAY, MOMENT, NOW, a_pack

FAR = NOW + 60 * DAY


def at_ease(name: str = "Stu", seat_id: int = 1, **changes: Any) -> Position:
    """Three sessions left, far from their expiry; nothing waits."""
    position = Position(
        name=name,
        seat_id=seat_id,
        seat_state=SeatState.ACTIVE,
        grace_ends_at=None,
        unanswered_since=None,
        packs=(a_pack(remaining=3, expires_at=FAR),),
    )
    return replace(position, **changes)


def in_grace(**changes: Any) -> Position:
    return at_ease(seat_state=SeatState.GRACE, packs=(), **{"grace_ends_at": NOW + DAY, **changes})


@pytest.mark.parametrize(
    ("position", "why"),
    [
        (in_grace(), Attention.GRACE),
        (in_grace(unanswered_since=NOW - DAY), Attention.GRACE),
        (at_ease(unanswered_since=NOW), Attention.UNANSWERED),
        (at_ease(packs=(a_pack(remaining=1, expires_at=FAR),)), Attention.LAST_SESSION),
        (at_ease(packs=(a_pack(remaining=1, held=1, expires_at=FAR),)), Attention.LAST_SESSION),
        (at_ease(packs=(a_pack(remaining=3, expires_at=NOW + SOON_OVER),)), Attention.SOON_OVER),
        (at_ease(packs=(a_pack(remaining=3, expires_at=NOW + SOON_OVER + MOMENT),)), Attention.NONE),
        (at_ease(packs=(a_pack(remaining=3, held=3, expires_at=NOW + DAY),)), Attention.NONE),
        (at_ease(packs=(a_pack(remaining=3, expires_at=NOW + DAY, frozen=True),)), Attention.NONE),
        (at_ease(seat_state=SeatState.HELD, packs=()), Attention.NONE),
        (at_ease(), Attention.NONE),
    ],
)
def test_the_most_urgent_reason_counts(position: Position, why: Attention) -> None:
    assert attention(position, NOW) is why


def test_a_pack_loses_something_when_it_expires_unbooked() -> None:
    booked = a_pack(remaining=1, held=1, expires_at=NOW + DAY)
    spent = a_pack(remaining=0, state=PackState.DEPLETED, expires_at=NOW + DAY)
    later, latest = a_pack(remaining=2, expires_at=NOW + 5 * DAY), a_pack(remaining=2, expires_at=FAR)

    assert loses_at((latest, booked, spent, later), NOW) == NOW + 5 * DAY
    assert loses_at((booked, spent), NOW) is None


def test_the_nearest_deadline_then_the_oldest_question_then_the_name_comes_first() -> None:
    expected = [
        in_grace(name="Zoe", grace_ends_at=NOW + DAY),
        in_grace(name="Ann", grace_ends_at=NOW + 2 * DAY),
        at_ease("Yan", unanswered_since=NOW - 2 * DAY),
        at_ease("Bea", unanswered_since=NOW - DAY),
        at_ease("cleo", packs=(a_pack(remaining=1, expires_at=NOW + 20 * DAY),)),
        at_ease("Xan", packs=(a_pack(remaining=1, expires_at=NOW + 2 * DAY),)),
        at_ease("Will", packs=(a_pack(remaining=2, expires_at=NOW + DAY),)),
        at_ease("Dan", packs=(a_pack(remaining=2, expires_at=NOW + 3 * DAY),)),
        at_ease("eve", seat_id=1),
        at_ease("Eve", seat_id=2),
        at_ease("Vera"),
    ]
    shown = sorted(sorted(expected, key=lambda each: each.name[::-1]), key=lambda each: urgency(each, NOW))

    assert shown == expected
