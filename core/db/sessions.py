"""Sessions and what their outcome needs to know: reads for a decision, and guarded writes."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Exists, RowMapping, ScalarSelect, and_, exists, func, insert, select, update
from sqlalchemy.sql.dml import Insert

from core.db.packs import earlier_of_pack
from core.db.tables import communities, history, ledger, members, packs, sessions
from core.db.unit import Transaction
from core.rules.balance import Pack
from core.rules.completion import Outcome
from core.rules.states import EntryKind, PackState, SessionState


def consumed() -> Exists:
    """Whether the session's present attempt was taken off its pack; it may have been given back since."""
    return _has_entry(EntryKind.CONSUME)


def restored() -> Exists:
    """Whether what the session's present attempt used was given back: waived."""
    return _has_entry(EntryKind.RESTORE)


def _has_entry(kind: EntryKind) -> Exists:
    return exists().where(
        ledger.c.session_id == sessions.c.id, ledger.c.attempt == sessions.c.attempt, ledger.c.kind == kind
    )


def returned() -> ColumnElement[bool]:
    """Whether an outcome ended the session unused, and not a cancellation: history says which (rule 37)."""
    unused = [outcome.verb for outcome in Outcome if not outcome.consumes]
    return and_(sessions.c.state == SessionState.CANCELED, func.coalesce(last_verb(), "").in_(unused))


def last_verb() -> ScalarSelect[str]:
    """What was done to the session last, in a word of the history."""
    return (
        select(history.c.verb)
        .where(history.c.entity == "session", history.c.entity_id == sessions.c.id)
        .order_by(history.c.id.desc())
        .limit(1)
        .correlate(sessions)
        .scalar_subquery()
    )


def last_facts() -> ScalarSelect[Any]:
    """The figures of what was done to the session last."""
    return (
        select(history.c.facts)
        .where(history.c.entity == "session", history.c.entity_id == sessions.c.id)
        .order_by(history.c.id.desc())
        .limit(1)
        .correlate(sessions)
        .scalar_subquery()
    )


async def session_of(tx: Transaction, community_id: int, session_id: int) -> RowMapping | None:
    """The session with its people, pack, outcome and community's settings; None if it is not of this community."""
    mentor = members.alias("mentor")
    return await tx.one(
        select(
            sessions,
            members.c.name.label("student_name"),
            members.c.user_id.label("student_user_id"),
            members.c.erased_at.label("student_erased_at"),
            mentor.c.name.label("mentor_name"),
            packs.c.total,
            packs.c.remaining,
            communities.c.settings,
            packs.c.state.label("pack_state"),
            packs.c.held,
            packs.c.expires_at,
            consumed().label("consumed"),
            restored().label("restored"),
            returned().label("returned"),
            (earlier_of_pack(packs.c.id, sessions.c.starts_at) + 1).label("number"),
        )
        .join(members, members.c.id == sessions.c.student_id)
        .join(mentor, mentor.c.id == sessions.c.mentor_id)
        .join(packs, packs.c.id == sessions.c.pack_id)
        .join(communities, communities.c.id == sessions.c.community_id)
        .where(sessions.c.id == session_id, sessions.c.community_id == community_id)
    )


async def decide_session(tx: Transaction, session: RowMapping, after: SessionState, by: int | None) -> bool:
    """Whether this caller's outcome is the first; False if this attempt of the session is scheduled no longer."""
    moved = await tx.run(
        update(sessions)
        .where(
            sessions.c.id == session["id"],
            sessions.c.state == SessionState.SCHEDULED,
            sessions.c.attempt == session["attempt"],
        )
        .values(state=after, decided_at=tx.now, decided_by=by)
    )
    return moved.rowcount == 1


async def reopen_session(tx: Transaction, session: RowMapping) -> bool:
    """Whether this caller took the outcome back: the session is scheduled again, as its next attempt (rule 4)."""
    moved = await tx.run(
        update(sessions)
        .where(
            sessions.c.id == session["id"],
            sessions.c.state == session["state"],
            sessions.c.attempt == session["attempt"],
        )
        .values(state=SessionState.SCHEDULED, attempt=sessions.c.attempt + 1, decided_at=None, decided_by=None)
    )
    return moved.rowcount == 1


async def move_pack(
    tx: Transaction, before: Pack, after: PackState, *, remaining: int = 0, held: int = 0, until: datetime | None = None
) -> bool:
    """Whether the pack's balance and holds changed by these numbers; False if it is not as it was read."""
    moved = await tx.run(
        update(packs)
        .where(
            packs.c.id == before.id,
            packs.c.state == before.state,
            packs.c.remaining == before.remaining,
            packs.c.held == before.held,
        )
        .values(
            state=after,
            remaining=packs.c.remaining + remaining,
            held=packs.c.held + held,
            expires_at=until or packs.c.expires_at,
        )
    )
    return moved.rowcount == 1


def entry_of(session: RowMapping, kind: EntryKind, balance: int, at: datetime, by: int | None) -> Insert:
    """The ledger's word that the session was consumed or restored, once for each attempt of it (rule 4)."""
    return insert(ledger).values(
        pack_id=session["pack_id"],
        kind=kind,
        delta=1 if kind is EntryKind.RESTORE else -1,
        balance=balance,
        session_id=session["id"],
        attempt=session["attempt"],
        actor_id=by,
        at=at,
    )
