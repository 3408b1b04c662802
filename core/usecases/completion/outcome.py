"""How a session went: once, by whom it concerns, and what follows for pack and seat in the same transaction."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, insert

from core.db.history import By, Change, by_member, record
from core.db.notices import Owed, owe
from core.db.sessions import decide_session, entry_of, move_pack
from core.db.tables import ledger
from core.db.unit import Transaction
from core.rules.balance import after_entry, state_after, usable_remaining
from core.rules.completion import AlreadyDecided, Authority, Meeting, Outcome, why_not_tell
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import settings_from
from core.rules.states import EntryKind, SessionState
from core.usecases.asker import Asker, known
from core.usecases.completion.give_back import authority_of, locked_session, pack_back, pack_of
from core.usecases.seats.follow_up import follow_up, load_pair


@dataclass(frozen=True, slots=True)
class Completed:
    """How a session went. `repeated`: that was said before, and this is the first answer. Counts are its pack's."""

    session_id: int
    attempt: int
    state: SessionState
    student_name: str
    student_user_id: int
    number: int
    total: int
    remaining: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody's word about a session."""

    authority: Authority
    by: By
    outcome: Outcome
    facts: dict[str, str] | None = None


async def tell(tx: Transaction, asker: Asker, session_id: int, outcome: Outcome) -> Completed | Refused:
    """The session went so, says its mentor or staff."""
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    session = await locked_session(tx, who.community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    return await decide(tx, session, Word(authority_of(who, session), by_member(who.member_id), outcome))


async def decide(tx: Transaction, session: RowMapping, word: Word) -> Completed | Refused:
    """The first word about the session stands; whoever comes later hears it. The session is under its pair's lock."""
    answer = _why_not(tx, session, word)
    if isinstance(answer, Refused):
        return answer
    if isinstance(answer, AlreadyDecided):
        return answered(session)
    if not await decide_session(tx, session, word.outcome.state, word.by.member_id):
        raise RuntimeError(f"session {session['id']} changed without the lock on its pair")
    return await _end(tx, session, word)


def answered(session: RowMapping) -> Completed:
    """What stands already."""
    return _completed(session, session["state"], session["remaining"], repeated=True)


def _why_not(tx: Transaction, session: RowMapping, word: Word) -> Refused | AlreadyDecided | None:
    meeting = Meeting(
        state=session["state"],
        starts_at=session["starts_at"],
        ends_at=session["ends_at"],
        decided_at=session["decided_at"],
        returned=bool(session["returned"]),
    )
    return why_not_tell(word.outcome, word.authority, meeting, settings_from(session["settings"]), tx.now)


async def _end(tx: Transaction, session: RowMapping, word: Word) -> Completed:
    """Used, or given back: what the outcome means for pack, ledger and seat."""
    student_id, community_id = session["student_id"], session["community_id"]
    pair = await load_pair(tx, student_id, session["mentor_id"])
    pack = pack_of(pair, session)
    step = SessionState.SCHEDULED, word.outcome.state
    changes = [Change("session", session["id"], *step, word.outcome.verb, facts=word.facts)]
    writes = []
    owed: tuple[Owed, ...] = ()
    if word.outcome.consumes:
        told, left = NoticeKind.SESSION_COMPLETED, after_entry(pack.remaining, pack.total, -1)
        after = state_after(pack.state, EntryKind.CONSUME, left)
        moved = await move_pack(tx, pack, after, remaining=-1, held=-1)
        writes.append(entry_of(session, EntryKind.CONSUME, left, tx.now, word.by.member_id))
        if after is not pack.state:
            changes.append(Change("pack", pack.id, pack.state, after, word.outcome.verb))
    else:
        told, left = NoticeKind.SESSION_RETURNED, pack.remaining
        back = pack_back(pair, pack, word.outcome.verb, tx.now)
        if back.refunded:
            left = after_entry(pack.remaining, pack.total, -1)
            entry = {"kind": EntryKind.REFUND, "delta": -1, "balance": left, "actor_id": word.by.member_id}
            writes.append(insert(ledger).values(pack_id=pack.id, at=tx.now, **entry))
        moved = await move_pack(tx, pack, back.state, remaining=left - pack.remaining, held=-1, until=back.until)
        changes += back.changes
        owed = back.owed
    if not moved:
        raise RuntimeError(f"pack {pack.id} changed without the lock on its pair")
    await tx.write_all(
        *writes,
        record(community_id, tx.now, word.by, *changes),
        owe(tx, community_id, Owed(told, session["id"], student_id, session["attempt"]), *owed),
    )
    await follow_up(tx, student_id, session["mentor_id"], usable_remaining(pair.packs, tx.now))
    return _completed(session, word.outcome.state, left, repeated=False)


def _completed(session: RowMapping, state: SessionState, remaining: int, *, repeated: bool) -> Completed:
    return Completed(
        session_id=session["id"],
        attempt=session["attempt"],
        state=state,
        student_name=session["student_name"],
        student_user_id=session["student_user_id"],
        number=session["number"],
        total=session["total"],
        remaining=remaining,
        repeated=repeated,
    )
