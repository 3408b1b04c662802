"""What a refund gives back, which sessions it takes, and what becomes of bookings and seat (rules 12 and 28)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.rules.balance import Pack, after_entry, state_after, usable, usable_remaining
from core.rules.money import coin
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import SeatEvent, after
from core.rules.states import EntryKind, PackState, SeatState


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """A payment, and what has left it again. `refunded_minor` is done, on its way, or still owed."""

    paid_minor: int
    refunded_minor: int
    lost_minor: int
    currency: str

    @property
    def left_minor(self) -> int:
        return max(self.paid_minor - self.refunded_minor - self.lost_minor, 0)

    @property
    def in_full(self) -> bool:
        """Whether all of it has gone. Of nothing paid nothing goes."""
        return self.paid_minor > 0 and self.left_minor == 0


def default_amount(payment: GivenBack, total: int, taken_before: int, taking: int) -> int:
    """What is given back for these sessions of `total`: their share of what was paid, between 0 and what is left.

    Shares are counted from the beginning, so that nothing is lost to rounding: with the last session goes all the rest.
    """
    left = payment.left_minor
    if taken_before + taking >= total:
        return left
    share = payment.paid_minor * (taken_before + taking) // total - payment.refunded_minor
    amount = min(max(share, 0), left)
    return amount - amount % coin(payment.currency)


def why_not_amount(payment: GivenBack, amount_minor: int) -> Refused | None:
    """Why this much cannot go back: more than is left, or parts of a coin that no provider moves."""
    if not 0 <= amount_minor <= payment.left_minor:
        return refuse(Reason.MORE_THAN_LEFT)
    if amount_minor < payment.left_minor and amount_minor % coin(payment.currency):
        return refuse(Reason.PART_OF_A_COIN, currency=payment.currency)
    return None


@dataclass(frozen=True, slots=True)
class Hold:
    """A scheduled session of a pack. One that was undone has entries in its pack's ledger, and stays with it."""

    session_id: int
    starts_at: datetime
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Move:
    """A booked session that another pack of the pair covers from now on."""

    hold: Hold
    to_pack: Pack


class SeatAfter(StrEnum):
    """What a refund makes of the pair's seat."""

    AS_IT_IS = "as_it_is"
    RELEASED = "released"
    GRACE = "grace"
    DISPUTED = "disputed"  # it stays until the bank decides about a payment of theirs (rule 29)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known before sessions are taken.

    `money_moves`: an order of the pair is open or not settled; `disputed`: a bank has yet to decide about a payment.
    """

    pack: Pack
    holds: tuple[Hold, ...]
    packs: tuple[Pack, ...]  # all of the pair
    seat_state: SeatState
    money_moves: bool
    disputed: bool
    now: datetime

    @property
    def unused(self) -> int:
        """How many can be refunded: what is booked for later, too, but not what has started (rule 28)."""
        return self.pack.remaining - sum(hold.starts_at <= self.now for hold in self.holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What taking these sessions comes to. Cancelled are the latest, and only what no other pack covers."""

    taking: int
    left: int
    state: PackState
    canceled: tuple[Hold, ...]
    moved: tuple[Move, ...]
    seat: SeatAfter

    @property
    def held_less(self) -> int:
        return len(self.canceled) + len(self.moved)


def plan_refund(ground: Ground, sessions: int | None, *, keep_seat: bool = False) -> Plan:
    """What becomes of pack, bookings and seat. `sessions` None is a full refund: all that are unused.

    `keep_seat`: with the pair's last session the seat goes to grace instead of being released (rule 12).
    """
    pack = ground.pack
    taking = ground.unused if sessions is None else sessions
    if not 0 <= taking <= ground.unused:
        raise ValueError(f"{taking} sessions of pack {pack.id} cannot be refunded, {ground.unused} are unused")
    left = after_entry(pack.remaining, pack.total, -taking)
    state = state_after(pack.state, EntryKind.REFUND, left) if taking else pack.state
    if sessions is None:
        state = PackState.REFUNDED
    canceled, moved = _uncovered(ground, len(ground.holds) - left)
    plan = Plan(taking=taking, left=left, state=state, canceled=canceled, moved=moved, seat=SeatAfter.AS_IT_IS)
    return replace(plan, seat=_seat_after(ground, plan, keep_seat=keep_seat))


def _uncovered(ground: Ground, too_many: int) -> tuple[tuple[Hold, ...], tuple[Move, ...]]:
    """The bookings that the pack no longer covers: those that are cancelled, and those that another pack takes over.

    As many as can be are kept. The latest has the fewest packs that last until then, so it chooses first.
    """
    latest_first = sorted(
        (hold for hold in ground.holds if hold.starts_at > ground.now),
        key=lambda hold: (hold.starts_at, hold.session_id),
        reverse=True,
    )
    room = {each.id: each.available for each in ground.packs}
    moved: list[Move] = []
    for hold in latest_first:
        if len(moved) >= too_many:
            break
        covering = [each for each in _others(ground) if room[each.id] > 0 and hold.starts_at <= each.expires_at]
        if covering and hold.attempt == 1:
            pack = min(covering, key=lambda each: (each.expires_at, each.id))
            room[pack.id] -= 1
            moved.append(Move(hold, pack))
    kept_elsewhere = {move.hold for move in moved}
    rest = [hold for hold in latest_first if hold not in kept_elsewhere]
    return tuple(rest[: max(too_many - len(moved), 0)]), tuple(moved)


def _others(ground: Ground) -> Iterable[Pack]:
    """The packs that a booking may move to: those that can be booked with, for meetings of the same length."""
    return (
        each
        for each in ground.packs
        if each.id != ground.pack.id
        and usable(each, ground.now)
        and not each.frozen
        and each.session_minutes == ground.pack.session_minutes
    )


def _seat_after(ground: Ground, plan: Plan, *, keep_seat: bool) -> SeatAfter:
    """Whoever loses their last session loses the seat at once, unless staff say otherwise or money moves (11, 29)."""
    moved_to = [move.to_pack.id for move in plan.moved]
    packs = [
        replace(each, remaining=plan.left, held=each.held - plan.held_less, state=plan.state)
        if each.id == ground.pack.id
        else replace(each, held=each.held + moved_to.count(each.id))
        for each in ground.packs
    ]
    if usable_remaining(ground.packs, ground.now) == 0 or usable_remaining(packs, ground.now) > 0:
        return SeatAfter.AS_IT_IS
    if ground.seat_state is SeatState.GRACE or after(ground.seat_state, SeatEvent.REFUNDED) is None:
        return SeatAfter.AS_IT_IS
    if ground.disputed:
        return SeatAfter.DISPUTED
    return SeatAfter.GRACE if keep_seat or ground.money_moves else SeatAfter.RELEASED
