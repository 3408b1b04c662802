"""Cancel what a pair has booked for later, and stop the clocks of its packs: the seat is given up, not the sessions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, select, update

from core.db.history import By, Change, record
from core.db.notices import Owed, owe
from core.db.tables import calendar_blocks, packs, sessions
from core.db.unit import Transaction
from core.rules.balance import returned_expiry
from core.rules.notices import NoticeKind
from core.rules.settings import Settings
from core.rules.states import FreezeCause, PackState, SessionState


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a pair stops, by whose word."""

    community_id: int
    by: By
    verb: str
    reason: str
    cause: FreezeCause
    settings: Settings


async def stop_pair(tx: Transaction, student_id: int, mentor_id: int, stop: Stop) -> int:
    """How many future sessions were cancelled; each is told to the student. What has started keeps its hold (rule 12).

    The packs with sessions left are frozen; a pack that had expired lives on with what is returned to it (rule 3).
    Whoever calls holds the lock on both members.
    """
    future = await tx.all(future_sessions(tx, student_id, mentor_id))
    await _cancel(tx, future, stop)
    await _freeze(tx, student_id, mentor_id, Counter(row["pack_id"] for row in future), stop)
    return len(future)


def future_sessions(tx: Transaction, student_id: int, mentor_id: int) -> Select[Any]:
    """What the pair has booked and what has not begun, the earliest first."""
    return (
        select(sessions)
        .where(
            sessions.c.student_id == student_id,
            sessions.c.mentor_id == mentor_id,
            sessions.c.state == SessionState.SCHEDULED,
            sessions.c.starts_at > tx.now,
        )
        .order_by(sessions.c.starts_at, sessions.c.id)
    )


async def _cancel(tx: Transaction, future: Sequence[RowMapping], stop: Stop) -> None:
    if not future:
        return
    ids = [row["id"] for row in future]
    changes = [
        Change("session", each, SessionState.SCHEDULED, SessionState.CANCELED, stop.verb, stop.reason) for each in ids
    ]
    told = [Owed(NoticeKind.SESSION_CANCELED, row["id"], row["student_id"], row["attempt"]) for row in future]
    await tx.write_all(
        update(sessions)
        .where(sessions.c.id.in_(ids), sessions.c.state == SessionState.SCHEDULED)
        .values(state=SessionState.CANCELED, decided_at=tx.now, decided_by=stop.by.member_id),
        update(calendar_blocks).where(calendar_blocks.c.session_id.in_(ids)).values(live=False),
        record(stop.community_id, tx.now, stop.by, *changes),
        owe(tx, stop.community_id, *told),
    )


async def _freeze(tx: Transaction, student_id: int, mentor_id: int, returned: Counter[int], stop: Stop) -> None:
    rows = await tx.all(
        select(packs)
        .where(packs.c.student_id == student_id, packs.c.mentor_id == mentor_id, packs.c.remaining > 0)
        .order_by(packs.c.id)
    )
    changes = []
    for row in rows:
        back = returned[row["id"]]
        values: dict[str, Any] = {"held": row["held"] - back}
        if back:
            values |= {
                "state": PackState.ACTIVE,
                "expires_at": returned_expiry(row["expires_at"], tx.now, stop.settings),
            }
        if row["frozen_at"] is None:
            values |= {"frozen_at": tx.now, "frozen_for": stop.cause}
        await tx.run(update(packs).where(packs.c.id == row["id"]).values(**values))
        after = values.get("state", row["state"])
        changes.append(Change("pack", row["id"], row["state"], after, "freeze", stop.reason, {"returned": back}))
    if changes:
        await tx.run(record(stop.community_id, tx.now, stop.by, *changes))
