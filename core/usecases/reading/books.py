"""A community's books as whoever runs the process reads them: seats, sessions, the ledger, what is due next.

They name no asker: nothing of this goes to a person in Discord or on the web.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, String, cast, func, literal, select, union_all

from core.db.tables import checkouts, communities, history, ledger, members, notices, orders, packs, seats, sessions
from core.db.unit import Transaction, reading
from core.rules.states import EntryKind, NoticeState, PackState, SeatState, SessionState

_student, _mentor = members.alias("student"), members.alias("mentor")


@dataclass(frozen=True, slots=True)
class SeatLine:
    """A seat that is not released. `remaining` and `held` are the sums of the pair's active packs."""

    student: str
    mentor: str
    state: SeatState
    grace_ends_at: datetime | None
    remaining: int
    held: int


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A ledger entry. `balance` is its pack's after it."""

    entry_id: int
    at: datetime
    student: str
    mentor: str
    pack_id: int
    kind: EntryKind
    delta: int
    balance: int


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A scheduled session; one that is over waits for somebody to say how it went."""

    student: str
    mentor: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Books:
    seats: tuple[SeatLine, ...]
    sessions: tuple[SessionLine, ...]
    ledger: tuple[EntryLine, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Something that the jobs will see to. `what` is a notice's kind, or one of `seat`, `pack`, `checkout`."""

    at: datetime
    what: str
    whom: str | None  # nobody: staff


@dataclass(frozen=True, slots=True)
class Kept:
    """A community that this database holds, and when the last thing happened in it."""

    guild_id: int
    name: str
    latest_at: datetime | None


@reading
async def books(tx: Transaction, guild_id: int) -> Books:
    """The guild's seats by student, its sessions by time, its ledger as it was written. Three statements."""
    return Books(await _seats(tx, guild_id), await _sessions(tx, guild_id), await _ledger(tx, guild_id))


async def _seats(tx: Transaction, guild_id: int) -> tuple[SeatLine, ...]:
    active = (
        (packs.c.student_id == seats.c.student_id)
        & (packs.c.mentor_id == seats.c.mentor_id)
        & (packs.c.state == PackState.ACTIVE)
    )
    rows = await tx.all(
        select(
            seats.c.state,
            seats.c.grace_ends_at,
            _student.c.name.label("student"),
            _mentor.c.name.label("mentor"),
            select(func.coalesce(func.sum(packs.c.remaining), 0)).where(active).scalar_subquery().label("remaining"),
            select(func.coalesce(func.sum(packs.c.held), 0)).where(active).scalar_subquery().label("held"),
        )
        .join(communities, communities.c.id == seats.c.community_id)
        .join(_student, _student.c.id == seats.c.student_id)
        .join(_mentor, _mentor.c.id == seats.c.mentor_id)
        .where(communities.c.guild_id == guild_id, seats.c.state != SeatState.RELEASED)
        .order_by(_student.c.name, _mentor.c.name)
    )
    return tuple(
        SeatLine(
            row["student"], row["mentor"], row["state"], row["grace_ends_at"], int(row["remaining"]), int(row["held"])
        )
        for row in rows
    )


async def _sessions(tx: Transaction, guild_id: int) -> tuple[SessionLine, ...]:
    rows = await tx.all(
        select(
            _student.c.name.label("student"), _mentor.c.name.label("mentor"), sessions.c.starts_at, sessions.c.ends_at
        )
        .join_from(sessions, communities, communities.c.id == sessions.c.community_id)
        .join(_student, _student.c.id == sessions.c.student_id)
        .join(_mentor, _mentor.c.id == sessions.c.mentor_id)
        .where(communities.c.guild_id == guild_id, sessions.c.state == SessionState.SCHEDULED)
        .order_by(sessions.c.starts_at, sessions.c.id)
    )
    return tuple(SessionLine(**row) for row in rows)


async def _ledger(tx: Transaction, guild_id: int) -> tuple[EntryLine, ...]:
    rows = await tx.all(
        select(ledger, _student.c.name.label("student"), _mentor.c.name.label("mentor"))
        .join(packs, packs.c.id == ledger.c.pack_id)
        .join(communities, communities.c.id == packs.c.community_id)
        .join(_student, _student.c.id == packs.c.student_id)
        .join(_mentor, _mentor.c.id == packs.c.mentor_id)
        .where(communities.c.guild_id == guild_id)
        .order_by(ledger.c.id)
    )
    return tuple(
        EntryLine(
            row["id"],
            row["at"],
            row["student"],
            row["mentor"],
            row["pack_id"],
            row["kind"],
            row["delta"],
            row["balance"],
        )
        for row in rows
    )


@reading
async def ahead(tx: Transaction, guild_id: int, limit: int = 5) -> tuple[Ahead, ...]:
    """What is due next in the guild, the earliest first. What waits for the engine already is not in it."""
    due = union_all(
        _due(
            select(notices.c.next_attempt_at, cast(notices.c.kind, String), members.c.name)
            .join(communities, communities.c.id == notices.c.community_id)
            .outerjoin(members, members.c.id == notices.c.to_member_id)
            .where(notices.c.state == NoticeState.PENDING),
            guild_id,
        ),
        _due(
            select(seats.c.grace_ends_at, literal("seat"), members.c.name)
            .join(communities, communities.c.id == seats.c.community_id)
            .join(members, members.c.id == seats.c.student_id)
            .where(seats.c.state == SeatState.GRACE),
            guild_id,
        ),
        _due(
            select(packs.c.expires_at, literal("pack"), members.c.name)
            .join(communities, communities.c.id == packs.c.community_id)
            .join(members, members.c.id == packs.c.student_id)
            .where(packs.c.state == PackState.ACTIVE, packs.c.frozen_at.is_(None)),
            guild_id,
        ),
        _due(
            select(checkouts.c.next_attempt_at, literal("checkout"), members.c.name)
            .join(orders, orders.c.id == checkouts.c.order_id)
            .join(communities, communities.c.id == orders.c.community_id)
            .join(members, members.c.id == orders.c.student_id)
            .where(checkouts.c.closed_at.is_(None), checkouts.c.next_attempt_at.is_not(None)),
            guild_id,
        ),
    ).subquery("due")
    at, what, whom = due.c
    rows = await tx.all(select(at.label("at"), what.label("what"), whom.label("whom")).order_by(at, what).limit(limit))
    return tuple(Ahead(row["at"], row["what"], row["whom"]) for row in rows)


def _due(query: Select[tuple[datetime, str, str]], guild_id: int) -> Select[tuple[datetime, str, str]]:
    return query.where(communities.c.guild_id == guild_id)


@reading
async def communities_kept(tx: Transaction) -> tuple[Kept, ...]:
    """Every community in this database."""
    changed = select(func.max(history.c.at)).where(history.c.community_id == communities.c.id)
    told = select(func.max(notices.c.ended_at)).where(notices.c.community_id == communities.c.id)
    rows = await tx.all(
        select(
            communities.c.guild_id,
            communities.c.name,
            changed.scalar_subquery().label("changed_at"),
            told.scalar_subquery().label("told_at"),
        ).order_by(communities.c.id)
    )
    return tuple(Kept(row["guild_id"], row["name"], _later(row["changed_at"], row["told_at"])) for row in rows)


def _later(*instants: datetime | None) -> datetime | None:
    return max((each for each in instants if each is not None), default=None)
