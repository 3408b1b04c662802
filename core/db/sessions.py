"""Sessions and what their outcome needs to know: reads for a decision, and guarded writes."""

from datetime import datetime

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.sql.dml import Insert

from core.db.packs import earlier_of_pack
from core.db.tables import communities, ledger, members, packs, sessions
from core.db.unit import Transaction
from core.rules.balance import Pack
from core.rules.states import EntryKind, PackState, SessionState


async def session_of(tx: Transaction, community_id: int, session_id: int) -> RowMapping | None:
    """The session with its student, its pack and the community's settings; None if it is not of this community."""
    return await tx.one(
        select(
            sessions,
            members.c.name.label("student_name"),
            members.c.user_id.label("student_user_id"),
            packs.c.total,
            packs.c.remaining,
            communities.c.settings,
            (earlier_of_pack(packs.c.id, sessions.c.starts_at) + 1).label("number"),
        )
        .join(members, members.c.id == sessions.c.student_id)
        .join(packs, packs.c.id == sessions.c.pack_id)
        .join(communities, communities.c.id == sessions.c.community_id)
        .where(sessions.c.id == session_id, sessions.c.community_id == community_id)
    )


async def decide_session(tx: Transaction, session_id: int, after: SessionState, by: int | None) -> bool:
    """Whether this caller's outcome is the first; False if the session is scheduled no longer."""
    moved = await tx.run(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.state == SessionState.SCHEDULED)
        .values(state=after, decided_at=tx.now, decided_by=by)
    )
    return moved.rowcount == 1


async def consume_hold(tx: Transaction, pack: Pack, after: PackState) -> bool:
    """Whether one held session of the pack is used up; False if the pack is not as it was read."""
    used = await tx.run(
        update(packs)
        .where(packs.c.id == pack.id, packs.c.state == pack.state, packs.c.remaining == pack.remaining)
        .where(packs.c.held > 0)
        .values(remaining=packs.c.remaining - 1, held=packs.c.held - 1, state=after)
    )
    return used.rowcount == 1


def consume_entry(session: RowMapping, balance: int, at: datetime, by: int | None) -> Insert:
    """The ledger's word for it, which it takes once for each attempt of a session (rule 4)."""
    return insert(ledger).values(
        pack_id=session["pack_id"],
        kind=EntryKind.CONSUME,
        delta=-1,
        balance=balance,
        session_id=session["id"],
        attempt=session["attempt"],
        actor_id=by,
        at=at,
    )
