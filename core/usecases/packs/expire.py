"""Expire a pack whose time is over: what is not booked is written off, what is booked may still be held (rule 3)."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from core.db.history import SYSTEM, Change, record
from core.db.seats import lock_members
from core.db.tables import ledger, mentors, packs
from core.db.unit import Transaction, reading, transaction
from core.rules.balance import expiry_write_off, is_due_to_expire, usable_remaining
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import EntryKind, PackState
from core.usecases.seats.follow_up import follow_up, load_pair


@dataclass(frozen=True, slots=True)
class Expired:
    pack_id: int
    written_off: int


@transaction
async def expire(tx: Transaction, pack_id: int) -> Expired | Refused:
    """The pack is expired and its unbooked sessions are gone from the ledger, with what follows for the seat."""
    owner = await tx.one(select(packs.c.student_id, packs.c.mentor_id).where(packs.c.id == pack_id))
    if owner is None:
        return refuse(Reason.NOTHING_TO_EXPIRE)
    await lock_members(tx, owner["student_id"], owner["mentor_id"])
    pair = await load_pair(tx, owner["student_id"], owner["mentor_id"])
    pack = next(each for each in pair.packs if each.id == pack_id)
    if pair.paused_at is not None or not is_due_to_expire(pack, tx.now):
        return refuse(Reason.NOTHING_TO_EXPIRE)
    written_off = expiry_write_off(pack)
    # What the pack loses counts as there until now, or its last session would go without a word.
    before = usable_remaining((each for each in pair.packs if each.id != pack_id), tx.now) + pack.remaining
    await tx.run(
        update(packs)
        .where(packs.c.id == pack_id)
        .values(state=PackState.EXPIRED, remaining=pack.remaining - written_off)
    )
    writes = [
        record(
            pair.community_id,
            tx.now,
            SYSTEM,
            Change("pack", pack_id, pack.state, PackState.EXPIRED, "expire", facts={"written_off": written_off}),
        )
    ]
    if written_off:
        entry = {"kind": EntryKind.EXPIRE, "delta": -written_off, "balance": pack.remaining - written_off}
        writes.append(insert(ledger).values(pack_id=pack_id, at=tx.now, **entry))
    await tx.write_all(*writes)
    await follow_up(tx, owner["student_id"], owner["mentor_id"], before)
    return Expired(pack_id, written_off)


@reading
async def due_expiries(tx: Transaction, after_pack_id: int = 0, limit: int = 100) -> tuple[int, ...]:
    """Packs whose time is over, by id from `after_pack_id` on; a paused mentor's wait (rule 39)."""
    rows = await tx.all(
        select(packs.c.id)
        .join(mentors, mentors.c.member_id == packs.c.mentor_id)
        .where(
            packs.c.state == PackState.ACTIVE,
            packs.c.frozen_at.is_(None),
            packs.c.expires_at <= tx.now,
            mentors.c.paused_at.is_(None),
            packs.c.id > after_pack_id,
        )
        .order_by(packs.c.id)
        .limit(limit)
    )
    return tuple(row["id"] for row in rows)
