"""A session comes back to its pack, and with it what the pair had: the pack's life, and the seat (rules 3, 12, 23)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select

from core.db.history import By, Change, note, record
from core.db.notices import Owed, owe
from core.db.seats import lock_members, move_seat, occupied_of
from core.db.sessions import session_of
from core.db.tables import mentors, sessions
from core.db.unit import Transaction
from core.rules.balance import Pack, returned_expiry, state_after
from core.rules.completion import Authority, Told
from core.rules.notices import NoticeKind
from core.rules.seats import PAID_FOR, why_not_occupy
from core.rules.states import EntryKind, PackState, SeatState
from core.usecases.asker import Known
from core.usecases.packs.expiring import owed_before_expiry
from core.usecases.packs.thaw import thaw_kept
from core.usecases.seats.follow_up import PairState, load_pair


@dataclass(frozen=True, slots=True)
class PackBack:
    """What the pack is that gets a session back: active, and good for some days more at least (rule 3).

    `owed` is what its student is told before that ends (rule 21). `refunded`: its money has gone back, and so the
    session goes, too (rule 28).
    """

    state: PackState
    until: datetime
    changes: tuple[Change, ...] = ()
    owed: tuple[Owed, ...] = ()
    refunded: bool = False


def pack_back(pair: PairState, pack: Pack, verb: str, now: datetime) -> PackBack:
    """Mentor or staff give a session back, so its student is to have the time to use it. A refunded pack stays so."""
    state = state_after(pack.state, EntryKind.RESTORE, pack.remaining)
    if state is not PackState.ACTIVE:
        return PackBack(state, pack.expires_at, refunded=state is PackState.REFUNDED)
    until = returned_expiry(pack.expires_at, now, pair.settings)
    changes: tuple[Change, ...] = ()
    owed: tuple[Owed, ...] = ()
    if (state, until) != (pack.state, pack.expires_at):
        facts = {"from": pack.expires_at.isoformat(), "to": until.isoformat()}
        changes = (Change("pack", pack.id, pack.state, state, verb, facts=facts),)
    if not pack.frozen:
        owed = owed_before_expiry(pack.id, pair.student_id, until, pair.settings, now)
    return PackBack(state, until, changes, owed)


async def locked_session(tx: Transaction, community_id: int, session_id: int) -> RowMapping | None:
    """The session as it is once nobody else decides about its pair; None if it is not of this community."""
    pair = await tx.one(
        select(sessions.c.student_id, sessions.c.mentor_id).where(
            sessions.c.id == session_id, sessions.c.community_id == community_id
        )
    )
    if pair is None:
        return None
    # As in booking: whoever changes what this pair has left comes after the other.
    await lock_members(tx, pair["student_id"], pair["mentor_id"])
    return await session_of(tx, community_id, session_id)


def authority_of(who: Known, session: RowMapping) -> Authority:
    """As whom this member speaks about the session."""
    if session["mentor_id"] == who.member_id:
        return Authority.MENTOR
    return Authority.STAFF if who.is_staff else Authority.NOBODY


def told_of(session: RowMapping) -> Told:
    """The session's outcome, as the rules about taking it back want to know it."""
    return Told(
        state=session["state"],
        attempt=session["attempt"],
        decided_at=session["decided_at"],
        consumed=bool(session["consumed"]),
        restored=bool(session["restored"]),
        returned=bool(session["returned"]),
        pack_refunded=session["pack_state"] is PackState.REFUNDED,
        available=session["remaining"] - session["held"],
        student_erased=session["student_erased_at"] is not None,
    )


def pack_of(pair: PairState, session: RowMapping) -> Pack:
    """The pack that the session draws on."""
    return next(pack for pack in pair.packs if pack.id == session["pack_id"])


async def pair_with_seat(tx: Transaction, session: RowMapping, by: By, verb: str) -> PairState:
    """The session's pair, with a seat that is theirs again if it was released: above capacity if need be (rule 23).

    A seat that is held by a checkout or offered to them now is theirs without it. What staff kept for them thaws.
    """
    pair = await load_pair(tx, session["student_id"], session["mentor_id"])
    if pair.seat_state in PAID_FOR:
        return pair
    full = pair.seat_state is SeatState.RELEASED and await _is_full(tx, session["mentor_id"])
    if not await move_seat(tx, pair.seat_id, [pair.seat_state], SeatState.ACTIVE):
        raise RuntimeError(f"seat {pair.seat_id} moved under its own lock")
    facts = {"session_id": session["id"], **({"above_capacity": True} if full else {})}
    change = Change("seat", pair.seat_id, pair.seat_state, SeatState.ACTIVE, verb, "a session came back", facts)
    cycle = await note(tx, pair.community_id, by, change)
    told = []
    if pair.seat_state is SeatState.RELEASED and by.member_id != session["mentor_id"]:
        told.append(Owed(NoticeKind.SEAT_BACK_MENTOR, pair.seat_id, session["mentor_id"], cycle))
    if full:
        told.append(Owed(NoticeKind.SEAT_BACK_STAFF, pair.seat_id, None, cycle))
    thawed = await thaw_kept(tx, session["student_id"], session["mentor_id"])
    await tx.write_all(
        *([owe(tx, pair.community_id, *told)] if told else []),
        *([record(pair.community_id, tx.now, by, *thawed.changes)] if thawed.changes else []),
        *thawed.writes,
    )
    return await load_pair(tx, session["student_id"], session["mentor_id"])


async def _is_full(tx: Transaction, mentor_id: int) -> bool:
    capacity = await tx.value(select(mentors.c.capacity).where(mentors.c.member_id == mentor_id))
    return why_not_occupy(capacity, await tx.value(occupied_of(mentor_id))) is not None
