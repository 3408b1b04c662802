"""What follows for a pair from a change of ledger, session or pack: reminder, grace, or its end (9, 10, 12, 21, 34)."""

from dataclasses import dataclass
from datetime import datetime

from core.rules.balance import Pack, usable_remaining
from core.rules.settings import Settings
from core.rules.states import SeatState


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One student with one mentor, as the change left them.

    `purchases` counts the packs that the pair ever had, `grace_number` how often grace began. `clocks_stopped` by a
    dispute, a pause or a freeze: grace neither begins nor runs meanwhile (rules 29, 39, 40).
    """

    seat_state: SeatState | None
    packs: tuple[Pack, ...]
    scheduled: int
    purchases: int
    grace_number: int = 0
    clocks_stopped: bool = False


@dataclass(frozen=True, slots=True)
class BeginGrace:
    """The seat goes to grace. `number` counts this beginning in: the cycle of its two notices (rule 32)."""

    ends_at: datetime
    warning_due_at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class EndGrace:
    """The seat is active again, and has no grace end."""


@dataclass(frozen=True, slots=True)
class RemindOfRenewal:
    """One session is left: the student is told, once in this cycle."""

    cycle: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing follows."""


Consequence = BeginGrace | EndGrace | RemindOfRenewal | Nothing


def what_follows(remaining_before: int, pair: Pair, settings: Settings, now: datetime) -> Consequence:
    """What a change of ledger, session or pack means for the pair's seat. Asked after every one, in its transaction.

    `remaining_before` is the pair's `usable_remaining` before the change; when a pack expires, what it loses counts in.
    Who refunds the last usable session decides between release and grace itself (rule 12), and asks only for grace.
    """
    left = usable_remaining(pair.packs, now)
    has_more_to_come = left > 0 or pair.scheduled > 0

    if pair.seat_state is SeatState.GRACE:
        return EndGrace() if has_more_to_come else Nothing()
    if pair.seat_state is not SeatState.ACTIVE:
        return Nothing()
    if not has_more_to_come:
        return Nothing() if pair.clocks_stopped else _begin_grace(pair, settings, now)
    if left == 1 and remaining_before > 1:
        return RemindOfRenewal(pair.purchases)
    return Nothing()


def _begin_grace(pair: Pair, settings: Settings, now: datetime) -> BeginGrace:
    """Grace runs from the transaction that begins it, never backdated (rule 9)."""
    ends_at = now + settings.grace_for
    return BeginGrace(ends_at, warning_due_at(ends_at, settings), pair.grace_number + 1)


def warning_due_at(grace_ends_at: datetime, settings: Settings) -> datetime:
    """When the final warning is due. In the past if grace is shorter than the warning: then it is due at once."""
    return grace_ends_at - settings.final_warning_for


def grace_end_when_warned(grace_ends_at: datetime, now: datetime, settings: Settings) -> datetime:
    """The end that a warning sent now announces: whoever is warned late still has some hours (rule 12)."""
    return max(grace_ends_at, now + settings.least_warning_for)


def notice_is_due(due_at: datetime, now: datetime) -> bool:
    """Whether a notice may go out; late is better than never (rule 34)."""
    return due_at <= now
