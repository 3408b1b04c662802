"""Correct what is left of a pack by hand; what a mentor takes off needs the student's yes (rule 1)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, update
from sqlalchemy.sql.dml import UpdateBase

from core.db.history import Change, by_member, note, record
from core.db.notices import Owed, owe
from core.db.packs import set_balance
from core.db.seats import lock_members, seat_of
from core.db.tables import adjustments, ledger
from core.db.unit import Transaction, transaction
from core.rules.adjusting import MOST_ADJUSTED, adjusted_expiry, packs_to_adjust, why_not_adjust
from core.rules.balance import Pack, after_entry, state_after, usable_remaining
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import EntryKind
from core.usecases.asker import Asker, Known, known
from core.usecases.community.names import why_not_number
from core.usecases.packs.choosing import ChoosePack, choices_of
from core.usecases.packs.expiring import owed_before_expiry
from core.usecases.reason import tidy_reason
from core.usecases.seats.follow_up import PairState, follow_up, load_pair


@dataclass(frozen=True, slots=True)
class AdjustPreview:
    """What an adjustment would make of the pack: `before` is what its caller expects when they confirm."""

    pack_id: int
    student_name: str
    mentor_name: str
    before: int
    after: int
    total: int
    expires_at: datetime
    reason: str
    needs_yes: bool  # of the student


@dataclass(frozen=True, slots=True)
class Adjusted:
    """`asked`: nothing is changed before the student's yes."""

    pack_id: int
    student_name: str
    mentor_name: str
    before: int
    after: int
    total: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """By which member, how many sessions more or fewer, and why."""

    by: int
    delta: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Wish:
    """A correction by somebody who may make it, under the lock on its pair."""

    by: Known
    pair: PairState
    seat: RowMapping
    delta: int
    reason: str

    @property
    def mentor_id(self) -> int:
        mentor_id: int = self.seat["mentor_id"]
        return mentor_id

    @property
    def correction(self) -> Correction:
        return Correction(self.by.member_id, self.delta, self.reason)

    @property
    def needs_yes(self) -> bool:
        """A mentor asks even if they are staff: it is their own student's money."""
        return self.delta < 0 and self.by.member_id == self.mentor_id


@transaction
async def preview_adjust(
    tx: Transaction, asker: Asker, seat_id: int, delta: int, reason: str, pack_id: int | None = None
) -> AdjustPreview | ChoosePack | Refused:
    """What `adjust` would do now: to the pack named, or to the only one that can take it. Nothing is changed."""
    wish = await _wish(tx, asker, seat_id, delta, reason)
    if isinstance(wish, Refused):
        return wish
    any_of_them = packs_to_adjust(wish.pair.packs, delta, wish.pair.seat_state)
    able = any_of_them if pack_id is None else _named(wish, pack_id)
    if isinstance(able, Refused):
        return able
    student, mentor = wish.seat["student_name"], wish.seat["mentor_name"]
    if len(able) > 1:
        return ChoosePack(seat_id, student, mentor, wish.reason, choices_of(able))
    (pack,) = able
    return AdjustPreview(
        pack_id=pack.id,
        student_name=student,
        mentor_name=mentor,
        before=pack.remaining,
        after=pack.remaining + delta,
        total=pack.total,
        expires_at=adjusted_expiry(pack, delta, tx.now, wish.pair.settings),
        reason=wish.reason,
        needs_yes=wish.needs_yes,
    )


@transaction
async def adjust(
    tx: Transaction, asker: Asker, seat_id: int, pack_id: int, delta: int, expected: int, reason: str
) -> Adjusted | Refused:
    """The pack has `delta` more, or its student is asked; `STALE_BALANCE` if the caller saw another balance."""
    wish = await _wish(tx, asker, seat_id, delta, reason)
    if isinstance(wish, Refused):
        return wish
    able = _named(wish, pack_id)
    if isinstance(able, Refused):
        return able
    (pack,) = able
    if pack.remaining != expected:
        return refuse(Reason.STALE_BALANCE, remaining=pack.remaining)
    if wish.needs_yes:
        await _ask(tx, wish, pack)
    else:
        await apply_adjustment(tx, wish.pair, wish.mentor_id, pack, wish.correction, tell=True)
    return Adjusted(
        pack_id=pack_id,
        student_name=wish.seat["student_name"],
        mentor_name=wish.seat["mentor_name"],
        before=pack.remaining,
        after=pack.remaining + delta,
        total=pack.total,
        asked=wish.needs_yes,
    )


async def apply_adjustment(
    tx: Transaction, pair: PairState, mentor_id: int, pack: Pack, correction: Correction, *, tell: bool
) -> None:
    """Change the balance, with what follows for the seat. `tell` the student who was not asked.

    Whoever calls holds the lock on the pair, and has asked `why_not_adjust`.
    """
    delta, by = correction.delta, by_member(correction.by)
    left = after_entry(pack.remaining, pack.total, delta)
    state = state_after(pack.state, EntryKind.ADJUST, left)
    expires_at = adjusted_expiry(pack, delta, tx.now, pair.settings)
    await set_balance(tx, pack, left, state, expires_at)
    figures = {"before": pack.remaining, "after": left}
    change = Change("pack", pack.id, pack.state, state, "adjust", correction.reason, figures)
    cycle = await note(tx, pair.community_id, by, change)
    entry = {"kind": EntryKind.ADJUST, "delta": delta, "balance": left, "reason": correction.reason}
    writes: list[UpdateBase] = [insert(ledger).values(pack_id=pack.id, actor_id=by.member_id, at=tx.now, **entry)]
    told: list[Owed] = []
    if tell:
        told.append(Owed(NoticeKind.PACK_ADJUSTED, pack.id, pair.student_id, cycle))
    if delta > 0 and not pack.frozen:
        told += owed_before_expiry(pack.id, pair.student_id, expires_at, pair.settings, tx.now)
    if told:
        writes.append(owe(tx, pair.community_id, *told))
    await tx.write_all(*writes)
    await follow_up(tx, pair.student_id, mentor_id, usable_remaining(pair.packs, tx.now))


async def _wish(tx: Transaction, asker: Asker, seat_id: int, delta: int, reason: str) -> _Wish | Refused:
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    # Nothing is no correction: it is refused as a number out of its bounds.
    if refused := why_not_number("delta", delta, 1 if delta >= 0 else -MOST_ADJUSTED, MOST_ADJUSTED):
        return refused
    seat = await seat_of(tx, who.community_id, seat_id)
    if seat is None:
        return refuse(Reason.UNKNOWN_STUDENT)
    if not who.is_staff and seat["mentor_id"] != who.member_id:
        return refuse(Reason.NOT_YOURS)
    await lock_members(tx, seat["student_id"], seat["mentor_id"])
    pair = await load_pair(tx, seat["student_id"], seat["mentor_id"])
    return _Wish(who, pair, seat, delta, tidy)


def _named(wish: _Wish, pack_id: int) -> tuple[Pack, ...] | Refused:
    """The pack that is meant, if it can take the correction."""
    pack = next((each for each in wish.pair.packs if each.id == pack_id), None)
    if pack is None:
        return refuse(Reason.UNKNOWN_PACK)
    return why_not_adjust(pack, wish.delta, wish.pair.seat_state) or (pack,)


async def _ask(tx: Transaction, wish: _Wish, pack: Pack) -> None:
    """Ask the student. A question about the same pack that still waits is outdated by this one."""
    community_id, by = wish.pair.community_id, by_member(wish.by.member_id)
    older = await tx.all(
        update(adjustments)
        .where(adjustments.c.pack_id == pack.id, adjustments.c.answered_at.is_(None))
        .values(answered_at=tx.now, answer="outdated")
        .returning(adjustments.c.id)
    )
    asked: int = await tx.value(
        insert(adjustments)
        .values(
            pack_id=pack.id,
            delta=wish.delta,
            expected=pack.remaining,
            reason=wish.reason,
            asked_by=wish.by.member_id,
            asked_at=tx.now,
        )
        .returning(adjustments.c.id)
    )
    changes = [Change("adjustment", row["id"], "asked", "outdated", "ask", "asked anew") for row in older]
    changes.append(Change("adjustment", asked, None, "asked", "ask", wish.reason, {"pack_id": pack.id}))
    await tx.write_all(
        record(community_id, tx.now, by, *changes),
        owe(tx, community_id, Owed(NoticeKind.ADJUSTMENT_ASKED, asked, wish.pair.student_id)),
    )
