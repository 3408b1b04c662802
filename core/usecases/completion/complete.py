"""Say how a session went: once, by whom it concerns, and what follows for pack and seat in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, literal, or_, select

from core.db.history import PARTNER, By, Change, by_member, record
from core.db.notices import Owed, owe
from core.db.seats import lock_members
from core.db.sessions import consume_entry, consume_hold, decide_session, session_of
from core.db.tables import communities, members, mentors, sessions
from core.db.unit import Transaction, reading, transaction
from core.rules.balance import after_entry, state_after, usable_remaining
from core.rules.completion import (
    AlreadyDecided,
    Authority,
    Meeting,
    Outcome,
    why_not_complete,
    why_not_no_show,
)
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import settings_from
from core.rules.states import EntryKind, SessionState
from core.usecases.asker import Asker, known
from core.usecases.choice import Choice
from core.usecases.seats.follow_up import follow_up, load_pair

_MOST_CHOICES = 100


@dataclass(frozen=True, slots=True)
class Completed:
    """How a session went. `repeated`: that was said before, and this is the first answer. Counts are its pack's."""

    session_id: int
    state: SessionState
    student_name: str
    student_user_id: int
    number: int
    total: int
    remaining: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Word:
    """Somebody's word about a session."""

    authority: Authority
    by: By
    outcome: Outcome
    facts: dict[str, str] | None = None


@transaction
async def complete(tx: Transaction, asker: Asker, session_id: int) -> Completed | Refused:
    """The session took place, says its mentor or staff (rules 19 to 21)."""
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    session = await session_of(tx, who.community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    authority = Authority.STAFF if who.is_staff else Authority.NOBODY
    if session["mentor_id"] == who.member_id:
        authority = Authority.MENTOR
    return await _decide(tx, session, _Word(authority, by_member(who.member_id), Outcome.COMPLETED))


@transaction
async def complete_by_webhook(
    tx: Transaction, community_id: int, session_id: int, outcome: str, occurred_at: datetime
) -> Completed | Refused:
    """The session went so ('completed' or 'no_show'), says another system with the community's signature."""
    session = await session_of(tx, community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    facts = {"occurred_at": occurred_at.isoformat()}
    return await _decide(tx, session, _Word(Authority.WEBHOOK, PARTNER, Outcome(outcome), facts))


async def _decide(tx: Transaction, session: RowMapping, word: _Word) -> Completed | Refused:
    answer = _why_not(tx, session, word)
    if isinstance(answer, Refused):
        return answer
    if isinstance(answer, AlreadyDecided):
        return _completed(session, session["state"], session["remaining"], repeated=True)
    # As in booking: whoever changes what this pair has left comes after the other.
    await lock_members(tx, session["student_id"], session["mentor_id"])
    if await decide_session(tx, session["id"], word.outcome.state, word.by.member_id):
        return await _consume(tx, session, word)
    return await _first_answer(tx, session, word)


def _why_not(tx: Transaction, session: RowMapping, word: _Word) -> Refused | AlreadyDecided | None:
    meeting = Meeting(
        state=session["state"],
        starts_at=session["starts_at"],
        ends_at=session["ends_at"],
        decided_at=session["decided_at"],
    )
    if word.outcome is Outcome.NO_SHOW:
        return why_not_no_show(word.authority, meeting, settings_from(session["settings"]), tx.now)
    return why_not_complete(word.authority, meeting, tx.now)


async def _first_answer(tx: Transaction, session: RowMapping, word: _Word) -> Completed | Refused:
    """Somebody was quicker: the answer is that of whoever comes later."""
    decided = await session_of(tx, session["community_id"], session["id"])
    if decided is None:
        return refuse(Reason.UNKNOWN_SESSION)
    refused = _why_not(tx, decided, word)
    if isinstance(refused, Refused):
        return refused
    return _completed(decided, decided["state"], decided["remaining"], repeated=True)


async def _consume(tx: Transaction, session: RowMapping, word: _Word) -> Completed:
    student_id, mentor_id, community_id = session["student_id"], session["mentor_id"], session["community_id"]
    pair = await load_pair(tx, student_id, mentor_id)
    pack = next(pack for pack in pair.packs if pack.id == session["pack_id"])
    left = after_entry(pack.remaining, pack.total, -1)
    pack_after = state_after(pack.state, EntryKind.CONSUME, left)
    if not await consume_hold(tx, pack, pack_after):
        raise RuntimeError(f"pack {pack.id} changed without the lock on its pair")
    verb = "complete" if word.outcome is Outcome.COMPLETED else "no show"
    changes = [Change("session", session["id"], SessionState.SCHEDULED, word.outcome.state, verb, facts=word.facts)]
    if pack_after is not pack.state:
        changes.append(Change("pack", pack.id, pack.state, pack_after, verb))
    told = Owed(NoticeKind.SESSION_COMPLETED, session["id"], student_id, session["attempt"])
    await tx.write_all(
        consume_entry(session, left, tx.now, word.by.member_id),
        record(community_id, tx.now, word.by, *changes),
        owe(tx, community_id, told),
    )
    await follow_up(tx, student_id, mentor_id, usable_remaining(pair.packs, tx.now))
    return _completed(session, word.outcome.state, left, repeated=False)


def _completed(session: RowMapping, state: SessionState, remaining: int, *, repeated: bool) -> Completed:
    return Completed(
        session_id=session["id"],
        state=state,
        student_name=session["student_name"],
        student_user_id=session["student_user_id"],
        number=session["number"],
        total=session["total"],
        remaining=remaining,
        repeated=repeated,
    )


@reading
async def open_sessions(tx: Transaction, asker: Asker) -> tuple[Choice, ...]:
    """The sessions that have started and whose outcome the asker may tell, the latest first. One statement.

    A mentor's own; for staff all of the community's, with the mentor's name.
    """
    student, mentor = members.alias("student"), members.alias("mentor")
    is_staff = literal(True) if asker.manages_guild else communities.c.staff_role_id.in_(asker.role_ids)
    rows = await tx.all(
        select(
            sessions.c.id,
            sessions.c.starts_at,
            mentors.c.time_zone,
            student.c.name.label("student_name"),
            mentor.c.name.label("mentor_name"),
            mentor.c.user_id.label("mentor_user_id"),
        )
        .join(communities, communities.c.id == sessions.c.community_id)
        .join(student, student.c.id == sessions.c.student_id)
        .join(mentor, mentor.c.id == sessions.c.mentor_id)
        .join(mentors, mentors.c.member_id == sessions.c.mentor_id)
        .where(
            communities.c.guild_id == asker.guild_id,
            sessions.c.state == SessionState.SCHEDULED,
            sessions.c.starts_at <= tx.now,
            or_(mentor.c.user_id == asker.user_id, is_staff),
        )
        .order_by(sessions.c.starts_at.desc(), sessions.c.id)
        .limit(_MOST_CHOICES)
    )
    return tuple(Choice(row["id"], _label(row, asker)) for row in rows)


def _label(row: RowMapping, asker: Asker) -> str:
    """Autocomplete shows no Discord timestamps, so this is the mentor's wall clock."""
    at = row["starts_at"].astimezone(ZoneInfo(row["time_zone"]))
    who = row["student_name"]
    if row["mentor_user_id"] != asker.user_id:
        who = f"{who} – {row['mentor_name']}"
    return f"{who} · {at:%Y-%m-%d %H:%M}"
