"""The students of one mentor, or of all: what each has left, what comes next, and who needs somebody first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, case, func, or_, select

from core.db.packs import pack_of
from core.db.tables import communities, members, mentors, packs, seats, sessions
from core.db.unit import Transaction, reading
from core.rules.attention import Attention, Position, attention, loses_at, urgency
from core.rules.balance import Pack, usable, usable_remaining
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import PackState, SeatState, SessionState
from core.usecases.asker import Asker

_Of = tuple[int, int]  # student, mentor


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentCard:
    """One live seat. `left` of `total` in packs that can still be used; `expires_at`: when the first loses something.

    `unanswered_since`: a session ended then, and nobody said how it went. `paused`: the mentor is, and clocks stand
    still. `frozen`: a pack's clock does.
    """

    seat_id: int
    student_name: str
    mentor_name: str
    seat_state: SeatState
    grace_ends_at: datetime | None
    paused: bool
    left: int
    total: int
    booked: int
    expires_at: datetime | None
    frozen: bool
    next_session_at: datetime | None
    unanswered_since: datetime | None
    attention: Attention


@dataclass(frozen=True, slots=True)
class Students:
    """Who needs somebody first, first. No `mentor_id`: those of every mentor."""

    mentor_id: int | None
    students: tuple[StudentCard, ...]


@reading
async def students_of(tx: Transaction, asker: Asker, mentor_id: int | None = None) -> Students | Refused:
    """A mentor's own students; for staff those of the mentor named, or all. Four statements at most."""
    scope = await _scope(tx, asker, mentor_id)
    if isinstance(scope, Refused):
        return scope
    community_id, mentor_id = scope
    rows = await _seats(tx, community_id, mentor_id)
    if not rows:
        return Students(mentor_id, ())
    of_packs = await _packs(tx, community_id, mentor_id)
    of_sessions = await _sessions(tx, community_id, mentor_id)

    found = []
    for row in rows:
        pair = row["student_id"], row["mentor_id"]
        next_at, ended_at = of_sessions.get(pair, (None, None))
        position = Position(
            name=row["student_name"],
            seat_id=row["id"],
            seat_state=row["state"],
            grace_ends_at=row["grace_ends_at"],
            unanswered_since=ended_at,
            packs=tuple(of_packs.get(pair, ())),
        )
        found.append((urgency(position, tx.now), _card(row, position, next_at, tx.now)))
    return Students(mentor_id, tuple(card for _, card in sorted(found, key=lambda each: each[0])))


async def _scope(tx: Transaction, asker: Asker, mentor_id: int | None) -> tuple[int, int | None] | Refused:
    """The community, and whose students the asker is shown."""
    own, named = mentors.alias("own"), mentors.alias("named")
    row = await tx.one(
        select(
            communities.c.id,
            communities.c.staff_role_id,
            own.c.member_id.label("own_id"),
            named.c.member_id.label("named_id"),
        )
        .select_from(communities)
        .outerjoin(members, (members.c.community_id == communities.c.id) & (members.c.user_id == asker.user_id))
        .outerjoin(own, (own.c.member_id == members.c.id) & own.c.removed_at.is_(None))
        .outerjoin(named, (named.c.member_id == mentor_id) & (named.c.community_id == communities.c.id))
        .where(communities.c.guild_id == asker.guild_id)
    )
    if row is None:
        return refuse(Reason.NOT_SET_UP)
    if asker.manages_guild or row["staff_role_id"] in asker.role_ids:
        return (row["id"], mentor_id) if row["named_id"] == mentor_id else refuse(Reason.UNKNOWN_MENTOR)
    if row["own_id"] is None:
        return refuse(Reason.NOT_A_MENTOR)
    return (row["id"], row["own_id"]) if mentor_id in (None, row["own_id"]) else refuse(Reason.NOT_YOURS)


async def _seats(tx: Transaction, community_id: int, mentor_id: int | None) -> Sequence[RowMapping]:
    student, mentor = members.alias("student"), members.alias("mentor")
    found = (
        select(
            seats,
            student.c.name.label("student_name"),
            mentor.c.name.label("mentor_name"),
            mentors.c.paused_at,
        )
        .join(student, student.c.id == seats.c.student_id)
        .join(mentor, mentor.c.id == seats.c.mentor_id)
        .join(mentors, mentors.c.member_id == seats.c.mentor_id)
        .where(seats.c.community_id == community_id, seats.c.state != SeatState.RELEASED)
    )
    return await tx.all(found if mentor_id is None else found.where(seats.c.mentor_id == mentor_id))


async def _packs(tx: Transaction, community_id: int, mentor_id: int | None) -> dict[_Of, list[Pack]]:
    """By pair, the packs that may still give something."""
    living = select(packs).where(
        packs.c.community_id == community_id, or_(packs.c.state == PackState.ACTIVE, packs.c.held > 0)
    )
    found: dict[_Of, list[Pack]] = defaultdict(list)
    for row in await tx.all(living if mentor_id is None else living.where(packs.c.mentor_id == mentor_id)):
        found[row["student_id"], row["mentor_id"]].append(pack_of(row))
    return found


async def _sessions(
    tx: Transaction, community_id: int, mentor_id: int | None
) -> dict[_Of, tuple[datetime | None, datetime | None]]:
    """By pair, when the next session starts, and when the first ended of those that wait for their outcome."""
    is_over = sessions.c.ends_at <= tx.now
    scheduled = (
        select(
            sessions.c.student_id,
            sessions.c.mentor_id,
            func.min(case((~is_over, sessions.c.starts_at))).label("next_at"),
            func.min(case((is_over, sessions.c.ends_at))).label("ended_at"),
        )
        .where(sessions.c.community_id == community_id, sessions.c.state == SessionState.SCHEDULED)
        .group_by(sessions.c.student_id, sessions.c.mentor_id)
    )
    rows = await tx.all(scheduled if mentor_id is None else scheduled.where(sessions.c.mentor_id == mentor_id))
    return {(row["student_id"], row["mentor_id"]): (row["next_at"], row["ended_at"]) for row in rows}


def _card(row: RowMapping, position: Position, next_at: datetime | None, now: datetime) -> StudentCard:
    living = [pack for pack in position.packs if usable(pack, now)]
    return StudentCard(
        seat_id=position.seat_id,
        student_name=position.name,
        mentor_name=row["mentor_name"],
        seat_state=position.seat_state,
        grace_ends_at=position.grace_ends_at,
        paused=row["paused_at"] is not None,
        left=usable_remaining(position.packs, now),
        total=sum(pack.total if pack in living else pack.held for pack in position.packs),
        booked=sum(pack.held for pack in position.packs),
        expires_at=loses_at(position.packs, now),
        frozen=any(pack.frozen for pack in living),
        next_session_at=next_at,
        unanswered_since=position.unanswered_since,
        attention=attention(position, now),
    )
