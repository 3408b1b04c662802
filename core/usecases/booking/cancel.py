"""Cancel a session that is still to come: it goes back to its pack, or it is used, as was shown before (rule 16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Insert, RowMapping, insert

from core.db.calendar import unblock
from core.db.history import Change, by_member, record
from core.db.notices import Owed, owe
from core.db.packs import packs_of_pair
from core.db.sessions import decide_session, entry_of, move_pack, session_of
from core.db.tables import ledger
from core.db.unit import Transaction, transaction
from core.rules.balance import Pack, after_entry, returned_expiry, state_after, usable_remaining
from core.rules.cancelling import (
    AlreadyCanceled,
    Appointment,
    Consequence,
    Side,
    consequence_of,
    free_until,
    side_of,
    why_not_as_shown,
)
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import Settings
from core.rules.states import EntryKind, PackState, SessionState
from core.usecases.asker import Asker, Known, known
from core.usecases.completion.give_back import locked_session, pack_back, pack_of
from core.usecases.reason import tidy_reason
from core.usecases.seats.follow_up import PairState, follow_up, load_pair

_VERB = "cancel"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling means, or meant, for who asks.

    `free_until`: for the student. `waivable_until`: of one that is used. `usable_until`: the pack's expiry, afterwards.
    `is_last`: with it the student has no session left with the mentor. `reason`: why, in the words of who asks.
    """

    session_id: int
    attempt: int
    side: Side
    consequence: Consequence
    student_name: str
    mentor_name: str
    mentor_id: int
    starts_at: datetime
    ends_at: datetime
    number: int
    total: int
    free_until: datetime
    waivable_until: datetime
    usable_until: datetime
    is_last: bool = False
    repeated: bool = False
    reason: str | None = None


@transaction
async def preview_cancel(
    tx: Transaction, asker: Asker, session_id: int, reason: str | None = None
) -> Cancellation | Refused:
    """What `cancel` would do now. Nothing is changed."""
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    session = await session_of(tx, who.community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    side = _side(who, session)
    found = consequence_of(side, _appointment(session), who.settings, tx.now)
    if isinstance(found, Refused):
        return found
    if isinstance(found, AlreadyCanceled):
        return _cancellation(session, side, found.consequence, who.settings, tx.now, repeated=True)
    why = _why(side, reason)
    if isinstance(why, Refused):
        return why
    packs = await packs_of_pair(tx, session["student_id"], session["mentor_id"])
    is_last = found is Consequence.USED and usable_remaining(packs, tx.now) == 1
    return _cancellation(session, side, found, who.settings, tx.now, is_last=is_last, reason=why)


@transaction
async def cancel(
    tx: Transaction, asker: Asker, session_id: int, shown: Consequence | None = None, reason: str | None = None
) -> Cancellation | Refused:
    """The session does not take place; whoever did not cancel it is told, and why. `shown`: what its preview promised.

    Staff must give a reason, as for all that they change by hand (rule 37); student and mentor may.
    """
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    session = await locked_session(tx, who.community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    side, appointment = _side(who, session), _appointment(session)
    found = consequence_of(side, appointment, who.settings, tx.now)
    if isinstance(found, Refused):
        return found
    if isinstance(found, AlreadyCanceled):
        return _cancellation(session, side, found.consequence, who.settings, tx.now, repeated=True)
    until = free_until(session["starts_at"], session["booked_at"], who.settings)
    if refused := why_not_as_shown(shown, found, until):
        return refused
    why = _why(side, reason)
    if isinstance(why, Refused):
        return why
    return await _cancel(tx, session, who, side, found, why)


async def _cancel(
    tx: Transaction, session: RowMapping, who: Known, side: Side, consequence: Consequence, why: str | None
) -> Cancellation:
    student_id, mentor_id = session["student_id"], session["mentor_id"]
    if not await decide_session(tx, session, SessionState.CANCELED, who.member_id):
        raise RuntimeError(f"session {session['id']} changed without the lock on its pair")
    pair = await load_pair(tx, student_id, mentor_id)
    if consequence is Consequence.USED:
        entries, changes = await _use(tx, session, pair, who.member_id)
    elif side is Side.STUDENT:
        entries, changes = await _release_hold(tx, session, pair)
    else:
        entries, changes = await _give_back(tx, session, pair)
    facts = {"side": side.value, "consequence": consequence.value}
    change = Change("session", session["id"], SessionState.SCHEDULED, SessionState.CANCELED, _VERB, why, facts)
    await tx.write_all(
        *entries,
        unblock(session["id"]),
        record(who.community_id, tx.now, by_member(who.member_id), change, *changes),
        owe(tx, who.community_id, *_told(session, side)),
    )
    await follow_up(tx, student_id, mentor_id, usable_remaining(pair.packs, tx.now))
    return _cancellation(session, side, consequence, who.settings, tx.now, reason=why)


_Written = tuple[Sequence[Insert], Sequence[Change]]
"""What remains to be written of a pack that moved: ledger entries or notices, and changes of its state."""


async def _use(tx: Transaction, session: RowMapping, pair: PairState, by: int) -> _Written:
    """Too late: the session is taken off its pack at once."""
    pack = pack_of(pair, session)
    left = after_entry(pack.remaining, pack.total, -1)
    after = state_after(pack.state, EntryKind.CONSUME, left)
    _sure(await move_pack(tx, pack, after, remaining=-1, held=-1), pack)
    changes = [] if after is pack.state else [Change("pack", pack.id, pack.state, after, "cancel late")]
    return [entry_of(session, EntryKind.CONSUME, left, tx.now, by)], changes


async def _release_hold(tx: Transaction, session: RowMapping, pair: PairState) -> _Written:
    """In time, by the student: it can be booked again; in a pack that is expired by now it expires (rule 3)."""
    pack = pack_of(pair, session)
    if pack.state is not PackState.EXPIRED:
        _sure(await move_pack(tx, pack, pack.state, held=-1), pack)
        return [], []
    left = after_entry(pack.remaining, pack.total, -1)
    _sure(await move_pack(tx, pack, pack.state, remaining=-1, held=-1), pack)
    entry = insert(ledger).values(pack_id=pack.id, kind=EntryKind.EXPIRE, delta=-1, balance=left, at=tx.now)
    return [entry], []


async def _give_back(tx: Transaction, session: RowMapping, pair: PairState) -> _Written:
    """By mentor or staff: its student is to have the time to use it (rule 3)."""
    pack = pack_of(pair, session)
    back = pack_back(pair, pack, _VERB, tx.now)
    _sure(await move_pack(tx, pack, back.state, held=-1, until=back.until), pack)
    return [owe(tx, pair.community_id, *back.owed)] if back.owed else [], back.changes


def _sure(moved: bool, pack: Pack) -> None:
    if not moved:
        raise RuntimeError(f"pack {pack.id} changed without the lock on its pair")


def _told(session: RowMapping, side: Side) -> list[Owed]:
    """Both hear of it, but for who did it."""
    told = []
    if side is not Side.STUDENT:
        told.append(Owed(NoticeKind.SESSION_CANCELED, session["id"], session["student_id"], session["attempt"]))
    if side is not Side.MENTOR:
        told.append(Owed(NoticeKind.SESSION_CANCELED_MENTOR, session["id"], session["mentor_id"], session["attempt"]))
    return told


def _side(who: Known, session: RowMapping) -> Side:
    return side_of(
        is_student=session["student_id"] == who.member_id,
        is_mentor=session["mentor_id"] == who.member_id,
        is_staff=who.is_staff,
    )


def _why(side: Side, reason: str | None) -> str | Refused | None:
    """What the history keeps as the reason."""
    if reason is not None:
        return tidy_reason(reason)
    return refuse(Reason.STAFF_SAY_WHY) if side is Side.STAFF else None


def _appointment(session: RowMapping) -> Appointment:
    return Appointment(
        state=session["state"],
        starts_at=session["starts_at"],
        booked_at=session["booked_at"],
        returned=bool(session["returned"]),
        used=bool(session["consumed"]) and not session["restored"],
    )


def _cancellation(
    session: RowMapping,
    side: Side,
    consequence: Consequence,
    settings: Settings,
    now: datetime,
    *,
    is_last: bool = False,
    repeated: bool = False,
    reason: str | None = None,
) -> Cancellation:
    until = session["expires_at"]
    if side is not Side.STUDENT and not repeated:
        until = returned_expiry(until, now, settings)
    return Cancellation(
        session_id=session["id"],
        attempt=session["attempt"],
        side=side,
        consequence=consequence,
        student_name=session["student_name"],
        mentor_name=session["mentor_name"],
        mentor_id=session["mentor_id"],
        starts_at=session["starts_at"],
        ends_at=session["ends_at"],
        number=session["number"],
        total=session["total"],
        free_until=free_until(session["starts_at"], session["booked_at"], settings),
        waivable_until=(session["decided_at"] or now) + timedelta(days=settings.waive_days),
        usable_until=until,
        is_last=is_last,
        repeated=repeated,
        reason=reason,
    )
