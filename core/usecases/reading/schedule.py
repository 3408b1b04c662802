"""The sessions of one person, as student and as mentor, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, or_, select

from core.db.packs import earlier_of_pack
from core.db.tables import communities, members, packs, sessions
from core.db.unit import Transaction, reading
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import SessionState
from core.usecases.asker import Asker

PAGE = 10


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A scheduled session. 'number of total' is its pack's; `with_name` and `with_user_id` are the other person's.

    `has_started`: its outcome may be told; until somebody does, it stays here (rule 22).
    """

    session_id: int
    as_mentor: bool
    with_name: str
    with_user_id: int
    mentor_id: int
    starts_at: datetime
    ends_at: datetime
    number: int
    total: int
    has_started: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """One page, counted from 0; there is always one, if an empty one."""

    sessions: tuple[SessionCard, ...]
    page: int
    pages: int
    zone: str  # the asker's


@reading
async def schedule(tx: Transaction, asker: Asker, page: int = 0) -> Schedule | Refused:
    """What is scheduled for the asker, the earliest first. Two statements; a page that is not there is the nearest."""
    own = or_(sessions.c.student_id == members.c.id, sessions.c.mentor_id == members.c.id)
    counted = await tx.one(
        select(
            members.c.id.label("member_id"),
            func.count(sessions.c.id).label("sessions"),
            func.coalesce(members.c.time_zone, communities.c.time_zone).label("zone"),
        )
        .select_from(communities)
        .outerjoin(members, (members.c.community_id == communities.c.id) & (members.c.user_id == asker.user_id))
        .outerjoin(sessions, own & (sessions.c.state == SessionState.SCHEDULED))
        .where(communities.c.guild_id == asker.guild_id)
        .group_by(communities.c.id, members.c.id)
    )
    if counted is None:
        return refuse(Reason.NOT_SET_UP)
    pages = max(-(-counted["sessions"] // PAGE), 1)
    page = min(max(page, 0), pages - 1)
    if not counted["sessions"]:
        return Schedule((), page, pages, counted["zone"])
    rows = await _page(tx, counted["member_id"], page)
    cards = tuple(_card(row, counted["member_id"], tx.now) for row in rows)
    return Schedule(cards, page, pages, counted["zone"])


async def _page(tx: Transaction, member_id: int, page: int) -> list[RowMapping]:
    student, mentor = members.alias("student"), members.alias("mentor")
    rows = await tx.all(
        select(
            sessions,
            packs.c.total,
            student.c.name.label("student_name"),
            student.c.user_id.label("student_user_id"),
            mentor.c.name.label("mentor_name"),
            mentor.c.user_id.label("mentor_user_id"),
            (earlier_of_pack(sessions.c.pack_id, sessions.c.starts_at) + 1).label("number"),
        )
        .join(packs, packs.c.id == sessions.c.pack_id)
        .join(student, student.c.id == sessions.c.student_id)
        .join(mentor, mentor.c.id == sessions.c.mentor_id)
        .where(
            or_(sessions.c.student_id == member_id, sessions.c.mentor_id == member_id),
            sessions.c.state == SessionState.SCHEDULED,
        )
        .order_by(sessions.c.starts_at, sessions.c.id)
        .limit(PAGE)
        .offset(page * PAGE)
    )
    return list(rows)


def _card(row: RowMapping, member_id: int, now: datetime) -> SessionCard:
    as_mentor = row["mentor_id"] == member_id
    other = "student" if as_mentor else "mentor"
    return SessionCard(
        session_id=row["id"],
        as_mentor=as_mentor,
        with_name=row[f"{other}_name"],
        with_user_id=row[f"{other}_user_id"],
        mentor_id=row["mentor_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        number=row["number"],
        total=row["total"],
        has_started=row["starts_at"] <= now,
    )
