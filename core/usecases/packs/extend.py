"""Give a student more time: for a pack's sessions, or in grace for the seat (rules 12, 21, 37)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, select, update

from core.db.history import Change, by_member, note
from core.db.notices import Owed, arm_again, move_grace_end, owe
from core.db.seats import lock_members, seat_of
from core.db.tables import packs
from core.db.unit import Transaction, transaction
from core.rules.balance import Pack, usable_remaining
from core.rules.grace import warning_due_at
from core.rules.notices import NoticeKind
from core.rules.pausing import stopped_since
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import PackState, SeatState
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.community.names import why_not_number
from core.usecases.packs.choosing import ChoosePack, choices_of
from core.usecases.packs.expiring import owed_before_expiry
from core.usecases.reason import tidy_reason
from core.usecases.seats.follow_up import PairState, follow_up, load_pair

MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class PackExtended:
    """What is left of the pack can be used until `expires_at` now; later, if its clock `stands_still`."""

    student_name: str
    mentor_name: str
    remaining: int
    total: int
    expires_at: datetime
    stands_still: bool = False


@dataclass(frozen=True, slots=True)
class GraceExtended:
    """The seat is kept until `ends_at` now; longer, if its clock `stands_still`."""

    student_name: str
    mentor_name: str
    ends_at: datetime
    stands_still: bool = False


@dataclass(frozen=True, slots=True)
class _Wish:
    """More time for a pair, by staff, under the lock on it."""

    by: Known
    seat: RowMapping
    pair: PairState
    added: timedelta
    reason: str

    def moved(self, before: datetime, after: datetime) -> dict[str, Any]:
        """The facts that history keeps of an end that moved."""
        return {"from": before.isoformat(), "to": after.isoformat(), "days": self.added.days}


@transaction
async def extend(
    tx: Transaction, asker: Asker, seat_id: int, days: int, reason: str, pack_id: int | None = None
) -> PackExtended | GraceExtended | ChoosePack | Refused:
    """The pair has so many days more, counted from the end, or from now if that is over.

    What stands still has them when it runs on: for its clock it is the instant at which it stopped.
    In grace there is nothing to use, so it is the seat that is kept longer, and its student is warned anew. Else it is
    the pack that is named, or the only one. What expired is gone from the ledger: goodwill for it is a grant.
    """
    wish = await _wish(tx, asker, seat_id, days, reason)
    if isinstance(wish, Refused):
        return wish
    if pack_id is None and wish.pair.seat_state is SeatState.GRACE:
        return await _extend_grace(tx, wish)
    living = [pack for pack in wish.pair.packs if pack.state is PackState.ACTIVE]
    if pack_id is not None:
        meant = next((pack for pack in wish.pair.packs if pack.id == pack_id), None)
        if meant is None:
            return refuse(Reason.UNKNOWN_PACK)
        return await _extend_pack(tx, wish, meant) if meant in living else refuse(Reason.PACK_IS_OVER)
    if not living:
        return refuse(Reason.NOTHING_TO_EXTEND)
    if len(living) > 1:
        names = wish.seat["student_name"], wish.seat["mentor_name"]
        return ChoosePack(seat_id, *names, wish.reason, choices_of(living))
    return await _extend_pack(tx, wish, living[0])


async def _wish(tx: Transaction, asker: Asker, seat_id: int, days: int, reason: str) -> _Wish | Refused:
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    if refused := why_not_number("days", days, 1, MOST_DAYS):
        return refused
    found = await seat_of(tx, who.community_id, seat_id)
    if found is None:
        return refuse(Reason.UNKNOWN_STUDENT)
    await lock_members(tx, found["student_id"], found["mentor_id"])
    pair = await load_pair(tx, found["student_id"], found["mentor_id"])
    seat = await seat_of(tx, who.community_id, pair.seat_id)
    return _Wish(who, seat or found, pair, timedelta(days=days), tidy)


async def _extend_pack(tx: Transaction, wish: _Wish, pack: Pack) -> PackExtended:
    frozen_at = await tx.value(select(packs.c.frozen_at).where(packs.c.id == pack.id))
    stopped_at = stopped_since(frozen_at, wish.pair.paused_at)
    expires_at = max(pack.expires_at, stopped_at or tx.now) + wish.added
    await tx.run(update(packs).where(packs.c.id == pack.id).values(expires_at=expires_at))
    change = Change(
        "pack", pack.id, pack.state, pack.state, "extend", wish.reason, wish.moved(pack.expires_at, expires_at)
    )
    owed: tuple[Owed, ...] = ()
    if stopped_at is None:
        owed = owed_before_expiry(pack.id, wish.pair.student_id, expires_at, wish.pair.settings, tx.now)
    await _tell(tx, wish, NoticeKind.PACK_EXTENDED, change, *owed)
    await follow_up(tx, wish.seat["student_id"], wish.seat["mentor_id"], usable_remaining(wish.pair.packs, tx.now))
    names = wish.seat["student_name"], wish.seat["mentor_name"]
    return PackExtended(*names, pack.remaining, pack.total, expires_at, stopped_at is not None)


async def _extend_grace(tx: Transaction, wish: _Wish) -> GraceExtended:
    seat = wish.seat
    stopped_at = stopped_since(seat["grace_stopped_at"], wish.pair.paused_at)
    ends_at = max(seat["grace_ends_at"], stopped_at or tx.now) + wish.added
    await move_grace_end(tx, seat["id"], seat["grace_number"], seat["grace_ends_at"], ends_at)
    if stopped_at is None:
        # A warning that went out named the old end: this grace is warned of anew (rule 12), as when it runs on.
        warned_at = warning_due_at(ends_at, wish.pair.settings)
        await tx.run(arm_again(NoticeKind.FINAL_WARNING, seat["id"], seat["grace_number"], warned_at))
    grace, moved = SeatState.GRACE, wish.moved(seat["grace_ends_at"], ends_at)
    await _tell(
        tx, wish, NoticeKind.GRACE_EXTENDED, Change("seat", seat["id"], grace, grace, "extend", wish.reason, moved)
    )
    return GraceExtended(seat["student_name"], seat["mentor_name"], ends_at, stopped_at is not None)


async def _tell(tx: Transaction, wish: _Wish, kind: NoticeKind, change: Change, *more: Owed) -> None:
    cycle = await note(tx, wish.by.community_id, by_member(wish.by.member_id), change)
    told = Owed(kind, change.entity_id, wish.seat["student_id"], cycle)
    await tx.run(owe(tx, wish.by.community_id, told, *more))
