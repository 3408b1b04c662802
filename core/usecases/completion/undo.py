"""Undo an outcome: the session is open again, with all that it had when it was scheduled (rule 23)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping

from core.db.history import By, Change, by_member, record
from core.db.notices import Owed, owe
from core.db.sessions import entry_of, move_pack, reopen_session
from core.db.unit import Transaction, transaction
from core.rules.balance import after_entry, usable_remaining
from core.rules.completion import AlreadyBack, why_not_undo
from core.rules.due import asked_again
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import EntryKind, SessionState
from core.usecases.asker import Asker, known
from core.usecases.completion.give_back import (
    authority_of,
    locked_session,
    pack_back,
    pack_of,
    pair_with_seat,
    told_of,
)
from core.usecases.seats.follow_up import follow_up

_VERB = "undo"


@dataclass(frozen=True, slots=True)
class Reopened:
    """A session that waits for its outcome again; counts are its pack's.

    `repeated`: it was undone before, and `state` is what became of it since.
    """

    session_id: int
    state: SessionState
    student_name: str
    student_user_id: int
    starts_at: datetime
    number: int
    total: int
    remaining: int
    repeated: bool


@transaction
async def undo(tx: Transaction, asker: Asker, session_id: int, attempt: int | None = None) -> Reopened | Refused:
    """The session is scheduled again and a hold, say its mentor or staff; what it used is restored.

    With an `attempt` only that one's outcome is meant: a button pressed twice does not undo what was said after it.
    Grace ends, and a released seat is the student's again, above the mentor's capacity if need be.
    """
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    session = await locked_session(tx, who.community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    answer = why_not_undo(authority_of(who, session), told_of(session), who.settings, tx.now)
    if isinstance(answer, Refused):
        return answer
    if isinstance(answer, AlreadyBack) or attempt not in (None, session["attempt"]):
        return _reopened(session, session["state"], session["remaining"], repeated=True)
    return await _reopen(tx, session, by_member(who.member_id))


async def _reopen(tx: Transaction, session: RowMapping, by: By) -> Reopened:
    student_id, mentor_id = session["student_id"], session["mentor_id"]
    restores = session["consumed"] and not session["restored"]
    pair = await pair_with_seat(tx, session, by, _VERB)
    before, pack = usable_remaining(pair.packs, tx.now), pack_of(pair, session)
    back = pack_back(pair, pack, _VERB, tx.now)
    left = after_entry(pack.remaining, pack.total, 1) if restores else pack.remaining
    if not await reopen_session(tx, session):
        raise RuntimeError(f"session {session['id']} changed without the lock on its pair")
    if not await move_pack(tx, pack, back.state, remaining=left - pack.remaining, held=1, until=back.until):
        raise RuntimeError(f"pack {pack.id} changed without the lock on its pair")
    change = Change("session", session["id"], session["state"], SessionState.SCHEDULED, _VERB)
    await tx.write_all(
        *([entry_of(session, EntryKind.RESTORE, left, tx.now, by.member_id)] if restores else []),
        record(pair.community_id, tx.now, by, change, *back.changes),
        owe(tx, pair.community_id, *_told(session, by, tx.now), *back.owed),
    )
    await follow_up(tx, student_id, mentor_id, before)
    return _reopened(session, SessionState.SCHEDULED, left, repeated=False)


def _told(session: RowMapping, by: By, now: datetime) -> list[Owed]:
    """The student hears of it, the mentor too if it was not them; and they are asked anew how it went."""
    attempt = session["attempt"] + 1
    prompt = asked_again(session["ends_at"], now)
    told = [
        Owed(NoticeKind.SESSION_REOPENED, session["id"], session["student_id"], attempt),
        Owed(prompt.kind, session["id"], session["mentor_id"], attempt, prompt.due_at),
    ]
    if by.member_id != session["mentor_id"]:
        told.append(Owed(NoticeKind.SESSION_REOPENED_MENTOR, session["id"], session["mentor_id"], attempt))
    return told


def _reopened(session: RowMapping, state: SessionState, remaining: int, *, repeated: bool) -> Reopened:
    return Reopened(
        session_id=session["id"],
        state=state,
        student_name=session["student_name"],
        student_user_id=session["student_user_id"],
        starts_at=session["starts_at"],
        number=session["number"],
        total=session["total"],
        remaining=remaining,
        repeated=repeated,
    )
