"""Packs as the rules see them, and the number that a session shows."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, exists, func, or_, select, update

from core.db.tables import ledger, mentors, packs, seats, sessions
from core.db.unit import Transaction
from core.rules.balance import Pack
from core.rules.states import EntryKind, PackState, SeatState, SessionState


async def packs_of_pair(tx: Transaction, student_id: int, mentor_id: int) -> tuple[Pack, ...]:
    """Every pack that the pair ever had, the oldest first."""
    rows = await tx.all(
        select(packs).where(packs.c.student_id == student_id, packs.c.mentor_id == mentor_id).order_by(packs.c.id)
    )
    return tuple(pack_of(row) for row in rows)


def pack_of(row: RowMapping) -> Pack:
    return Pack(
        id=row["id"],
        total=row["total"],
        remaining=row["remaining"],
        held=row["held"],
        session_minutes=row["session_minutes"],
        expires_at=row["expires_at"],
        state=row["state"],
        frozen=row["frozen_at"] is not None,
    )


def earlier_of_pack(pack_id: ColumnElement[int] | int, starts_at: Any) -> ScalarSelect[int]:
    """How many sessions of the pack come before this time; the next one's number, only ever shown, is one more.

    A late cancellation used one, too; what was given back did not.
    """
    others = sessions.alias("others")
    # Names of columns are left bare where a statement returns this: none may be that of another table here.
    used = (
        select(ledger.c.session_id)
        .where(ledger.c.pack_id == pack_id, ledger.c.kind.in_([EntryKind.CONSUME, EntryKind.RESTORE]))
        .group_by(ledger.c.session_id)
        .having(func.sum(ledger.c.delta) < 0)
    )
    counts = or_(others.c.state == SessionState.SCHEDULED, others.c.id.in_(used))
    return (
        select(func.count())
        .select_from(others)
        .where(others.c.pack_id == pack_id, others.c.starts_at < starts_at, counts)
        .scalar_subquery()
    )


async def take_hold(tx: Transaction, pack_id: int, starts_at: datetime) -> RowMapping | None:
    """One more session of the pack is spoken for, with what the pack says then; None if it has none left to book.

    Nor if the pair's seat is active no longer, or their mentor paused: what was read before may have changed.
    """
    seated = exists().where(
        seats.c.student_id == packs.c.student_id,
        seats.c.mentor_id == packs.c.mentor_id,
        seats.c.state == SeatState.ACTIVE,
        mentors.c.member_id == seats.c.mentor_id,
        mentors.c.paused_at.is_(None),
    )
    return await tx.one(
        update(packs)
        .where(
            packs.c.id == pack_id,
            packs.c.state == PackState.ACTIVE,
            packs.c.frozen_at.is_(None),
            packs.c.held < packs.c.remaining,
            seated,
        )
        .values(held=packs.c.held + 1)
        .returning(
            packs.c.total,
            packs.c.remaining,
            packs.c.held,
            (earlier_of_pack(pack_id, starts_at) + 1).label("number"),
        )
    )


async def set_balance(
    tx: Transaction, pack: Pack, remaining: int, state: PackState, expires_at: datetime | None = None
) -> None:
    """The pack has so many left now. Whoever calls holds the lock on its pair, so it is as it was read."""
    values = {"remaining": remaining, "state": state, "expires_at": expires_at or pack.expires_at}
    changed = await tx.run(
        update(packs)
        .where(packs.c.id == pack.id, packs.c.state == pack.state, packs.c.remaining == pack.remaining)
        .where(packs.c.held == pack.held)
        .values(**values)
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"pack {pack.id} changed without the lock on its pair")
