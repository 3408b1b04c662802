"""Thaw what staff kept for a student whose seat they released: the pair has a seat again (rule 12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.sql.dml import UpdateBase

from core.db.disputes import order_is_disputed
from core.db.history import Change
from core.db.notices import owe
from core.db.tables import communities, mentors, packs
from core.db.unit import Transaction
from core.rules.pausing import stood_still
from core.rules.settings import settings_from
from core.rules.states import FreezeCause, PackState
from core.usecases.packs.expiring import owed_before_expiry


@dataclass(frozen=True, slots=True)
class Thawed:
    """What is to be written so that the kept packs' time runs on. `latest_expiry` is theirs, if they have sessions."""

    writes: Sequence[UpdateBase] = ()
    changes: Sequence[Change] = ()
    latest_expiry: datetime | None = None

    def latest(self, usable: datetime | None) -> datetime | None:
        """The later of this and the latest expiry of what the pair can use already: what a renewal builds on."""
        return max((each for each in (usable, self.latest_expiry) if each is not None), default=None)


async def thaw_kept(tx: Transaction, student_id: int, mentor_id: int) -> Thawed:
    """Whoever gives the pair a seat writes this with it, in the same transaction. One statement.

    What is usable again owes the notices before its new expiry (rule 21).
    Whoever calls moved or took the pair's seat just now, so nobody else thaws or freezes these packs.
    """
    rows = await tx.all(
        select(
            packs,
            communities.c.settings,
            mentors.c.paused_at,
            order_is_disputed(packs.c.order_id).label("disputed"),
        )
        .join(communities, communities.c.id == packs.c.community_id)
        .join(mentors, mentors.c.member_id == packs.c.mentor_id)
        .where(
            packs.c.student_id == student_id,
            packs.c.mentor_id == mentor_id,
            packs.c.frozen_for == FreezeCause.STAFF_RELEASE,
        )
        .order_by(packs.c.id)
    )
    writes: list[UpdateBase] = []
    changes, usable = [], []
    for row in rows:
        kept = update(packs).where(packs.c.id == row["id"], packs.c.frozen_for == FreezeCause.STAFF_RELEASE)
        if row["disputed"]:
            writes.append(kept.values(frozen_for=FreezeCause.DISPUTE))  # it runs on when that ends, too (rule 29)
            continue
        expires_at = row["expires_at"] + stood_still(row["frozen_at"], tx.now, row["paused_at"])
        writes.append(kept.values(expires_at=expires_at, frozen_at=None, frozen_for=None))
        facts = {"from": row["expires_at"].isoformat(), "to": expires_at.isoformat()}
        changes.append(Change("pack", row["id"], row["state"], row["state"], "thaw", "a seat again", facts))
        if row["state"] is PackState.ACTIVE and row["remaining"] > 0:
            usable.append(expires_at)
            settings = settings_from(row["settings"])
            if owed := owed_before_expiry(row["id"], student_id, expires_at, settings, tx.now):
                writes.append(owe(tx, row["community_id"], *owed))
    return Thawed(writes, changes, max(usable, default=None))
