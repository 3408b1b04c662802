"""Waive what a student missed or cancelled late: it is given back, and stays what it was (rules 16 and 20)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping

from core.db.history import By, Change, by_member, record
from core.db.notices import Owed, owe
from core.db.sessions import entry_of, move_pack
from core.db.unit import Transaction, transaction
from core.rules.balance import after_entry, usable_remaining
from core.rules.completion import AlreadyBack, why_not_waive
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

_VERB = "waive"


@dataclass(frozen=True, slots=True)
class Waived:
    """A session that was given back. `repeated`: it was before. Counts are its pack's."""

    session_id: int
    state: SessionState
    student_name: str
    student_user_id: int
    total: int
    remaining: int
    repeated: bool


@transaction
async def waive(tx: Transaction, asker: Asker, session_id: int) -> Waived | Refused:
    """The session is back in its pack, say its mentor or staff; grace ends, and a released seat is taken back."""
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    session = await locked_session(tx, who.community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    answer = why_not_waive(authority_of(who, session), told_of(session), who.settings, tx.now)
    if isinstance(answer, Refused):
        return answer
    if isinstance(answer, AlreadyBack):
        return _waived(session, session["remaining"], repeated=True)
    return await _give_back(tx, session, by_member(who.member_id))


async def _give_back(tx: Transaction, session: RowMapping, by: By) -> Waived:
    student_id, mentor_id = session["student_id"], session["mentor_id"]
    pair = await pair_with_seat(tx, session, by, _VERB)
    before, pack = usable_remaining(pair.packs, tx.now), pack_of(pair, session)
    back = pack_back(pair, pack, _VERB, tx.now)
    left = after_entry(pack.remaining, pack.total, 1)
    if not await move_pack(tx, pack, back.state, remaining=1, until=back.until):
        raise RuntimeError(f"pack {pack.id} changed without the lock on its pair")
    change = Change("session", session["id"], session["state"], session["state"], _VERB)
    told = Owed(NoticeKind.SESSION_WAIVED, session["id"], student_id, session["attempt"])
    await tx.write_all(
        entry_of(session, EntryKind.RESTORE, left, tx.now, by.member_id),
        record(pair.community_id, tx.now, by, change, *back.changes),
        owe(tx, pair.community_id, told, *back.owed),
    )
    await follow_up(tx, student_id, mentor_id, before)
    return _waived(session, left, repeated=False)


def _waived(session: RowMapping, remaining: int, *, repeated: bool) -> Waived:
    return Waived(
        session_id=session["id"],
        state=session["state"],
        student_name=session["student_name"],
        student_user_id=session["student_user_id"],
        total=session["total"],
        remaining=remaining,
        repeated=repeated,
    )
