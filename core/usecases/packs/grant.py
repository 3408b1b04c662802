"""Give sessions away: goodwill is a pack of its own, and takes a seat if the student has none (rules 1, 5, 7, 10)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert

from core.db.history import Change, by_member, note, record
from core.db.notices import Owed, owe
from core.db.packs import packs_of_pair
from core.db.people import is_erased, mentor_of
from core.db.seats import live_seat, lock_members, move_seat, occupied_of, take_seat
from core.db.tables import ledger, packs
from core.db.unit import Transaction, transaction
from core.rules.balance import latest_usable_expiry, renewed_expiry
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import PAID_FOR, why_not_occupy
from core.rules.states import EntryKind, PackState, SeatState
from core.usecases.asker import Asker, Known, known_staff, member_of
from core.usecases.community.names import why_not_number
from core.usecases.packs.expiring import owed_before_expiry
from core.usecases.packs.thaw import Thawed, thaw_kept
from core.usecases.reason import tidy_reason

_BOUNDS = {"sessions": (1, 100), "days": (1, 3650)}


@dataclass(frozen=True, slots=True)
class Grant:
    """What staff give to whom. `days` None is the community's validity; `above_capacity` is their word for it."""

    user_id: int
    name: str
    mentor_id: int
    sessions: int
    reason: str
    days: int | None = None
    above_capacity: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """A pack that stands. `seated`: it came with a new seat, `above_capacity` if the mentor had none to give."""

    pack_id: int
    seat_id: int
    student_user_id: int
    student_name: str
    mentor_name: str
    sessions: int
    expires_at: datetime
    seated: bool
    above_capacity: bool


@dataclass(frozen=True, slots=True)
class _Gift:
    """What is given, by whom, to whom: checked, and under the lock on the pair."""

    by: Known
    wanted: Grant
    student_id: int
    mentor: RowMapping
    reason: str
    days: int

    @property
    def mentor_id(self) -> int:
        return self.wanted.mentor_id

    def change(self, entity: str, entity_id: int, before: str | None, after: str, facts: dict[str, Any]) -> Change:
        return Change(entity, entity_id, before, after, "grant", self.reason, facts or None)


@dataclass(frozen=True, slots=True)
class _Place:
    """The seat that the gift is for: what it was before, and whether it is one more than the mentor has."""

    seat_id: int
    before: SeatState | None
    above_capacity: bool = False

    @property
    def is_new(self) -> bool:
        return self.before not in PAID_FOR


@transaction
async def grant(tx: Transaction, asker: Asker, wanted: Grant) -> Granted | Refused:
    """The student has the sessions now; in grace their seat is active again, without one they have one (rule 10)."""
    gift = await _gift(tx, asker, wanted)
    if isinstance(gift, Refused):
        return gift
    place = await _place(tx, gift)
    if isinstance(place, Refused):
        return place
    owned = await packs_of_pair(tx, gift.student_id, gift.mentor_id)
    thawed = await thaw_kept(tx, gift.student_id, gift.mentor_id) if place.is_new else Thawed()
    paused_at = gift.mentor["paused_at"]
    latest = thawed.latest(latest_usable_expiry(owned, paused_at or tx.now))
    expires_at = renewed_expiry(tx.now, latest, gift.days, paused_at)
    pack_id = await _insert_pack(tx, gift, expires_at)
    told = await _told(tx, gift, place, pack_id, purchases=len(owned) + 1)
    told += owed_before_expiry(pack_id, gift.student_id, expires_at, gift.by.settings, tx.now)
    by = by_member(gift.by.member_id)
    entry = {"kind": EntryKind.GRANT, "delta": wanted.sessions, "balance": wanted.sessions}
    await tx.write_all(
        insert(ledger).values(pack_id=pack_id, actor_id=by.member_id, reason=gift.reason, at=tx.now, **entry),
        owe(tx, gift.by.community_id, *told),
        *thawed.writes,
        *([record(gift.by.community_id, tx.now, by, *thawed.changes)] if thawed.changes else []),
    )
    return Granted(
        pack_id=pack_id,
        seat_id=place.seat_id,
        student_user_id=wanted.user_id,
        student_name=wanted.name,
        mentor_name=gift.mentor["name"],
        sessions=wanted.sessions,
        expires_at=expires_at,
        seated=place.is_new,
        above_capacity=place.above_capacity,
    )


async def _gift(tx: Transaction, asker: Asker, wanted: Grant) -> _Gift | Refused:
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    reason = tidy_reason(wanted.reason)
    if isinstance(reason, Refused):
        return reason
    days = who.settings.validity_days if wanted.days is None else wanted.days
    for field, number in (("sessions", wanted.sessions), ("days", days)):
        if refused := why_not_number(field, number, *_BOUNDS[field]):
            return refused
    student_id = await member_of(tx, who.community_id, wanted.user_id, wanted.name)
    if student_id == wanted.mentor_id:
        return refuse(Reason.OWN_MENTOR)
    # From here on nobody else decides about this mentor and their places, or about this pair.
    await lock_members(tx, student_id, wanted.mentor_id)
    if await is_erased(tx, student_id):
        return refuse(Reason.MEMBER_ERASED)
    mentor = await mentor_of(tx, who.community_id, wanted.mentor_id)
    if mentor is None:
        return refuse(Reason.UNKNOWN_MENTOR)
    return _Gift(who, wanted, student_id, mentor, reason, days)


async def _place(tx: Transaction, gift: _Gift) -> _Place | Refused:
    """The pair's seat, active now; a new one if they have none, above capacity only where staff say so (rule 7)."""
    seat = await live_seat(tx, gift.student_id, gift.mentor_id)
    if seat is not None:
        if seat["state"] is not SeatState.ACTIVE:
            await move_seat(tx, seat["id"], [seat["state"]], SeatState.ACTIVE)
        return _Place(seat["id"], seat["state"])
    full = why_not_occupy(gift.mentor["capacity"], await tx.value(occupied_of(gift.mentor_id)))
    if full is not None and not gift.wanted.above_capacity:
        return refuse(Reason.ABOVE_CAPACITY, capacity=gift.mentor["capacity"])
    seat_id = await take_seat(
        tx,
        community_id=gift.by.community_id,
        student_id=gift.student_id,
        mentor_id=gift.mentor_id,
        state=SeatState.ACTIVE,
    )
    return _Place(seat_id, None, above_capacity=full is not None)


async def _insert_pack(tx: Transaction, gift: _Gift, expires_at: datetime) -> int:
    pack_id: int = await tx.value(
        insert(packs)
        .values(
            community_id=gift.by.community_id,
            student_id=gift.student_id,
            mentor_id=gift.mentor_id,
            granted_by=gift.by.member_id,
            state=PackState.ACTIVE,
            total=gift.wanted.sessions,
            remaining=gift.wanted.sessions,
            session_minutes=gift.mentor["session_minutes"],
            expires_at=expires_at,
            created_at=tx.now,
        )
        .returning(packs.c.id)
    )
    return pack_id


async def _told(tx: Transaction, gift: _Gift, place: _Place, pack_id: int, *, purchases: int) -> list[Owed]:
    """Note the changes in history, and whom they concern: the student, a mentor who has one more, staff if too many."""
    community_id, by = gift.by.community_id, by_member(gift.by.member_id)
    given = gift.change("pack", pack_id, None, PackState.ACTIVE, {"sessions": gift.wanted.sessions})
    told = [Owed(NoticeKind.PACK_GRANTED, pack_id, gift.student_id, await note(tx, community_id, by, given))]
    if place.before is SeatState.ACTIVE:
        return told
    above = {"above_capacity": True} if place.above_capacity else {}
    seated = gift.change("seat", place.seat_id, place.before, SeatState.ACTIVE, above)
    noted = await note(tx, community_id, by, seated)
    if place.is_new:
        told.append(Owed(NoticeKind.STUDENT_JOINED, place.seat_id, gift.mentor_id, purchases))
    if place.above_capacity:
        told.append(Owed(NoticeKind.GRANT_ABOVE_CAPACITY_STAFF, place.seat_id, None, noted))
    return told
