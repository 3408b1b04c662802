"""Which student needs their mentor first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.rules.balance import Pack, usable, usable_remaining
from core.rules.states import SeatState

SOON_OVER = timedelta(days=14)
"""So near is the end of a pack of which something would be lost (rule 21)."""


class Attention(StrEnum):
    """Why a student needs somebody, the most urgent first."""

    GRACE = "grace"  # their seat is about to be released
    UNANSWERED = "unanswered"  # a session of theirs is over, and nobody said how it went (rule 22)
    LAST_SESSION = "last_session"
    SOON_OVER = "soon_over"
    NONE = "none"


_URGENCY = tuple(Attention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A student with a live seat: its deadline, their packs, and since when a session waits for its outcome."""

    name: str
    seat_id: int
    seat_state: SeatState
    grace_ends_at: datetime | None
    unanswered_since: datetime | None
    packs: tuple[Pack, ...]


def attention(position: Position, now: datetime) -> Attention:
    """The most urgent of the reasons that there are."""
    if position.seat_state is SeatState.GRACE:
        return Attention.GRACE
    if position.unanswered_since is not None:
        return Attention.UNANSWERED
    if usable_remaining(position.packs, now) == 1:
        return Attention.LAST_SESSION
    ends_at = loses_at(position.packs, now)
    if ends_at is not None and ends_at - now <= SOON_OVER:
        return Attention.SOON_OVER
    return Attention.NONE


def loses_at(packs: Iterable[Pack], now: datetime) -> datetime | None:
    """When the first of these packs expires with a session that is not booked; a frozen one does not."""
    ends = (pack.expires_at for pack in packs if usable(pack, now) and pack.available > 0 and not pack.frozen)
    return min(ends, default=None)


def urgency(position: Position, now: datetime) -> tuple[int, datetime, str, int]:
    """What to sort by: the reason, then its own instant, the nearest or oldest first, then the name."""
    why = attention(position, now)
    instant = {
        Attention.GRACE: position.grace_ends_at,
        Attention.UNANSWERED: position.unanswered_since,
        Attention.SOON_OVER: loses_at(position.packs, now),
    }.get(why)
    return _URGENCY.index(why), instant or now, position.name.casefold(), position.seat_id
