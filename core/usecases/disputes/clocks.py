"""Stop a pair's clocks for a dispute, and let them run again: each is as far from its end as when it stopped (29)."""

from typing import Any

from sqlalchemy import RowMapping, select, update

from core.db.disputes import freeze_disputed, order_is_disputed
from core.db.history import PROVIDER, Change, record
from core.db.notices import arm_again, owe, owe_dropped_again
from core.db.seats import lock_members
from core.db.tables import mentors, packs, seats
from core.db.unit import Transaction
from core.rules.grace import warning_due_at
from core.rules.notices import NoticeKind
from core.rules.pausing import stood_still
from core.rules.seats import PAID_FOR
from core.rules.states import FreezeCause, PackState, SeatState
from core.usecases.packs.expiring import owed_before_expiry
from core.usecases.seats.follow_up import DISPUTED, PairState, follow_up, frozen_for_dispute, load_pair

_SETTLED = "its dispute ended"


async def stop_clocks(tx: Transaction, payment: RowMapping) -> None:
    """The payment's pack is frozen if there is anything left of it, and a grace of the pair stands still.

    A pack that is frozen for another cause stays so, and waits for both. Whoever calls holds the lock on the order.
    """
    await lock_members(tx, payment["student_id"], payment["mentor_id"])
    pair = await load_pair(tx, payment["student_id"], payment["mentor_id"])
    changes = frozen_for_dispute(await freeze_disputed(tx, payment["student_id"], payment["mentor_id"]))
    stopped = await tx.run(
        update(seats)
        .where(seats.c.id == pair.seat_id, seats.c.state == SeatState.GRACE, seats.c.grace_stopped_at.is_(None))
        .values(grace_stopped_at=tx.now)
    )
    if stopped.rowcount:
        changes.append(Change("seat", pair.seat_id, SeatState.GRACE, SeatState.GRACE, "stop grace", DISPUTED))
    if changes:
        await tx.run(record(payment["community_id"], tx.now, PROVIDER, *changes))


async def let_clocks_run(tx: Transaction, payment: RowMapping) -> None:
    """What no other open dispute stops runs on, and a grace that waited begins. The dispute that ended is closed.

    Whoever calls holds the lock on the order.
    """
    await lock_members(tx, payment["student_id"], payment["mentor_id"])
    pair = await load_pair(tx, payment["student_id"], payment["mentor_id"])
    await _thaw(tx, payment, pair)
    if not pair.disputed:
        await _let_grace_run(tx, pair)
    # Nothing was used by the end of a dispute: there is nothing to remind of, only grace that may have waited.
    await follow_up(tx, payment["student_id"], payment["mentor_id"], remaining_before=0)


async def _thaw(tx: Transaction, payment: RowMapping, pair: PairState) -> None:
    row = await tx.one(
        select(packs, mentors.c.paused_at, mentors.c.removed_at, mentors.c.community_id)
        .join(mentors, mentors.c.member_id == packs.c.mentor_id)
        .where(
            packs.c.id == payment["pack_id"],
            packs.c.frozen_for == FreezeCause.DISPUTE,
            ~order_is_disputed(payment["order_id"]),
        )
    )
    if row is None:
        return
    stays = _stays_frozen_for(row, pair)
    if stays is not None:
        await tx.run(update(packs).where(packs.c.id == row["id"]).values(frozen_for=stays))
        return
    until = row["expires_at"] + stood_still(row["frozen_at"], tx.now, row["paused_at"])
    thawed: dict[str, Any] = {"expires_at": until, "frozen_at": None, "frozen_for": None}
    facts = {"from": row["expires_at"].isoformat(), "to": until.isoformat()}
    change = Change("pack", row["id"], row["state"], row["state"], "thaw", _SETTLED, facts)
    await tx.write_all(
        update(packs).where(packs.c.id == row["id"]).values(**thawed),
        record(row["community_id"], tx.now, PROVIDER, change),
    )
    owed = owed_before_expiry(row["id"], pair.student_id, until, pair.settings, tx.now)
    if owed and row["state"] is PackState.ACTIVE and row["remaining"] > 0:
        await tx.run(owe(tx, row["community_id"], *owed))


def _stays_frozen_for(row: RowMapping, pair: PairState) -> FreezeCause | None:
    """What else happened since: who has no mentor or no seat any more keeps what they have, since the dispute."""
    if row["removed_at"] is not None:
        return FreezeCause.MENTOR_REMOVED
    return None if pair.seat_state in PAID_FOR else FreezeCause.STAFF_RELEASE


async def _let_grace_run(tx: Transaction, pair: PairState) -> None:
    """The grace is as long as it was. Whoever was warned of the old end is warned of the new one (rule 12)."""
    seat = await tx.one(
        select(seats, mentors.c.paused_at)
        .join(mentors, mentors.c.member_id == seats.c.mentor_id)
        .where(seats.c.id == pair.seat_id, seats.c.grace_stopped_at.is_not(None))
    )
    if seat is None:
        return
    until = seat["grace_ends_at"] + stood_still(seat["grace_stopped_at"], tx.now, seat["paused_at"])
    facts = {"from": seat["grace_ends_at"].isoformat(), "to": until.isoformat()}
    change = Change("seat", seat["id"], SeatState.GRACE, SeatState.GRACE, "resume", _SETTLED, facts)
    await tx.write_all(
        update(seats).where(seats.c.id == seat["id"]).values(grace_ends_at=until, grace_stopped_at=None),
        arm_again(NoticeKind.FINAL_WARNING, seat["id"], seat["grace_number"], warning_due_at(until, pair.settings)),
        owe_dropped_again(tx, [NoticeKind.GRACE_BEGAN], [seat["id"]], seat["grace_stopped_at"]),
        record(pair.community_id, tx.now, PROVIDER, change),
    )
