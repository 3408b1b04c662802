"""What a pack holds, which pack a session draws on, and what its ledger may say (rules 1 to 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import Settings
from core.rules.states import EntryKind, PackState


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One pack as it stands. `session_minutes` was sold with it; a mentor's new length is for later packs."""

    id: int
    total: int
    remaining: int
    held: int
    session_minutes: int
    expires_at: datetime
    state: PackState = PackState.ACTIVE
    frozen: bool = False

    def __post_init__(self) -> None:
        if self.expires_at.tzinfo is None:
            raise ValueError("a pack expires at an instant, not at a naive time")
        if not 0 <= self.remaining <= self.total:
            raise ValueError(f"pack {self.id} says {self.remaining} of {self.total}")

    @property
    def available(self) -> int:
        """Sessions that are neither used nor spoken for (rule 2)."""
        return self.remaining - self.held


def usable(pack: Pack, now: datetime) -> bool:
    """Whether the pack still gives its student something.

    A frozen pack counts: its expiry stands still, and it keeps grace away (rule 29). It cannot be drawn on meanwhile.
    """
    return pack.state is PackState.ACTIVE and pack.remaining > 0 and (pack.frozen or now < pack.expires_at)


def usable_remaining(packs: Iterable[Pack], now: datetime) -> int:
    """Sessions that the pair can still have: those that are booked included, which outlive their pack's expiry."""
    return sum(pack.remaining if usable(pack, now) else pack.held for pack in packs)


def latest_usable_expiry(packs: Iterable[Pack], now: datetime) -> datetime | None:
    """When the last of the pair's usable packs expires."""
    return max((pack.expires_at for pack in packs if usable(pack, now)), default=None)


def pack_to_draw(packs: Iterable[Pack], starts_at: datetime, now: datetime) -> Pack | Refused:
    """The pack that a session at `starts_at` draws on: of those that last until then, the one that expires first."""
    living = [pack for pack in packs if usable(pack, now)]
    if not living:
        return refuse(Reason.NO_SESSIONS_LEFT)

    unbooked = [pack for pack in living if pack.available > 0]
    if not unbooked:
        return refuse(Reason.ALL_SESSIONS_BOOKED, booked=sum(pack.held for pack in living))

    thawed = [pack for pack in unbooked if not pack.frozen]
    if not thawed:
        return refuse(Reason.PACK_FROZEN)

    lasting = [pack for pack in thawed if starts_at <= pack.expires_at]
    if not lasting:
        return refuse(Reason.PACK_EXPIRES_FIRST, expires_at=max(pack.expires_at for pack in thawed))

    return min(lasting, key=lambda pack: (pack.expires_at, pack.id))


def renewed_expiry(
    now: datetime, latest_usable_expiry: datetime | None, validity_days: int, paused_at: datetime | None = None
) -> datetime:
    """When a pack bought now expires: who renews early loses nothing (rule 5).

    In a pause the others are to get the time since it began, and this one only the rest: so it begins as much later.
    """
    latest = latest_usable_expiry or now
    if latest_usable_expiry is not None and paused_at is not None:
        latest += now - paused_at
    return max(now, latest) + timedelta(days=validity_days)


def is_due_to_expire(pack: Pack, now: datetime) -> bool:
    """Whether the pack's time is over and nobody wrote it down yet."""
    return pack.state is PackState.ACTIVE and not pack.frozen and pack.expires_at <= now


def expiry_write_off(pack: Pack) -> int:
    """How many sessions expiry takes: what is scheduled may still be held (rule 3)."""
    if pack.available < 0:
        raise ValueError(f"pack {pack.id} holds {pack.held} of {pack.remaining}")
    return pack.available


def returned_expiry(expires_at: datetime, now: datetime, settings: Settings) -> datetime:
    """The expiry of a pack that mentor or staff gave a session back to: at least some days more (rule 3)."""
    return max(expires_at, now + timedelta(days=settings.returned_pack_days))


def entry_is_legal(kind: EntryKind, delta: int) -> bool:
    """Whether an entry of this kind may say this number. A session is consumed and restored one at a time (rule 4)."""
    match kind:
        case EntryKind.PURCHASE | EntryKind.GRANT:
            return delta > 0
        case EntryKind.CONSUME:
            return delta == -1
        case EntryKind.RESTORE:
            return delta == 1
        case EntryKind.ADJUST | EntryKind.TRANSFER:
            return delta != 0
        case EntryKind.REFUND | EntryKind.EXPIRE:
            return delta < 0


def after_entry(remaining: int, total: int, delta: int) -> int:
    """What remains after the entry. Under 0 or over the total is an error and never clamped (rule 1)."""
    left = remaining + delta
    if not 0 <= left <= total:
        raise ValueError(f"{remaining} of {total} sessions cannot change by {delta:+}")
    return left


def state_after(state: PackState, kind: EntryKind, remaining: int) -> PackState:
    """The pack's state once an entry left it with `remaining` (rules 20 and 28)."""
    if state is PackState.REFUNDED:
        return PackState.REFUNDED
    if kind is EntryKind.REFUND and remaining == 0:
        return PackState.REFUNDED
    if kind is EntryKind.EXPIRE:
        return PackState.EXPIRED
    if kind is EntryKind.RESTORE:
        return PackState.ACTIVE
    if state is PackState.EXPIRED:
        return PackState.EXPIRED
    return PackState.ACTIVE if remaining > 0 else PackState.DEPLETED
