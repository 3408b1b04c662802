"""Who wants to meet whom, and what lies on both calendars: the reads and writes of booking."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    RowMapping,
    Select,
    String,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import Insert, Update

from core.db.tables import (
    calendar_blocks,
    communities,
    members,
    mentor_hours,
    mentor_overrides,
    mentors,
    seats,
    sessions,
)
from core.db.types import UtcDateTime
from core.db.unit import Transaction
from core.rules.hours import Interval
from core.rules.states import SeatState, SessionState

LONGEST_BLOCK = timedelta(hours=12)
"""The longest session with the longest buffer behind it, as the checks on `mentors` bound them."""

_TWO_DAYS = timedelta(days=2)  # no zone's date is further from UTC's


async def parties(tx: Transaction, guild_id: int, user_id: int, mentor_id: int | None) -> list[RowMapping]:
    """The community with the user as a member of it, their live seat, and the mentor; each part may be missing.

    One row for a mentor who is named; without a name one for each live seat of the user.
    """
    student, person = members.alias("student"), members.alias("person")
    seat_of_pair = (seats.c.student_id == student.c.id) & (seats.c.state != SeatState.RELEASED)
    wanted: Any = seats.c.mentor_id
    if mentor_id is not None:
        seat_of_pair &= seats.c.mentor_id == mentor_id
        wanted = mentor_id
    rows = await tx.all(
        select(
            communities.c.id.label("community_id"),
            student.c.id.label("student_id"),
            func.coalesce(student.c.time_zone, communities.c.time_zone).label("student_zone"),
            student.c.gone_at.label("student_gone_at"),
            seats.c.state.label("seat_state"),
            mentors.c.member_id.label("mentor_id"),
            person.c.name.label("mentor_name"),
            mentors.c.time_zone.label("mentor_zone"),
            mentors.c.buffer_minutes,
            mentors.c.notice_hours,
            mentors.c.horizon_days,
            mentors.c.paused_at,
        )
        .select_from(communities)
        .outerjoin(student, (student.c.community_id == communities.c.id) & (student.c.user_id == user_id))
        .outerjoin(seats, seat_of_pair)
        .outerjoin(
            mentors,
            (mentors.c.member_id == wanted)
            & (mentors.c.community_id == communities.c.id)
            & mentors.c.removed_at.is_(None),
        )
        .outerjoin(person, person.c.id == mentors.c.member_id)
        .where(communities.c.guild_id == guild_id)
        .order_by(person.c.name, person.c.id)
    )
    return list(rows)


async def calendar_of(tx: Transaction, mentor_id: int, student_id: int | None, window: Interval) -> list[RowMapping]:
    """The mentor's hours, their overrides near the window, and both people's live blocks in it: `what` says which."""
    rows = await tx.all(
        union_all(_hours(mentor_id), _overrides(mentor_id, window), _blocks(mentor_id, student_id, window))
    )
    return list(rows)


def _hours(mentor_id: int) -> Select[Any]:
    # The first part of a union gives all of it its types.
    return select(
        literal("hours", String).label("what"),
        mentor_hours.c.weekday,
        cast(null(), Date).label("on_date"),
        mentor_hours.c.starts_minute,
        mentor_hours.c.ends_minute,
        cast(null(), Boolean).label("is_open"),
        cast(null(), Integer).label("member_id"),
        cast(null(), UtcDateTime).label("starts_at"),
        cast(null(), UtcDateTime).label("ends_at"),
    ).where(mentor_hours.c.mentor_id == mentor_id)


def _overrides(mentor_id: int, window: Interval) -> Select[Any]:
    return select(
        literal("override", String),
        cast(null(), Integer),
        mentor_overrides.c.on_date,
        mentor_overrides.c.starts_minute,
        mentor_overrides.c.ends_minute,
        mentor_overrides.c.is_open,
        cast(null(), Integer),
        cast(null(), UtcDateTime),
        cast(null(), UtcDateTime),
    ).where(
        mentor_overrides.c.mentor_id == mentor_id,
        mentor_overrides.c.on_date.between(
            (window.starts_at - _TWO_DAYS).date(), (window.ends_at + LONGEST_BLOCK + _TWO_DAYS).date()
        ),
    )


def _blocks(mentor_id: int, student_id: int | None, window: Interval) -> Select[Any]:
    return select(
        literal("block", String),
        cast(null(), Integer),
        cast(null(), Date),
        cast(null(), Integer),
        cast(null(), Integer),
        cast(null(), Boolean),
        calendar_blocks.c.member_id,
        calendar_blocks.c.starts_at,
        calendar_blocks.c.ends_at,
    ).where(
        calendar_blocks.c.live,
        calendar_blocks.c.member_id.in_([mentor_id] if student_id is None else [mentor_id, student_id]),
        # No block is longer, so the index need not be read from its beginning; nor is a slot in the window.
        calendar_blocks.c.starts_at > window.starts_at - LONGEST_BLOCK,
        calendar_blocks.c.starts_at < window.ends_at + LONGEST_BLOCK,
        calendar_blocks.c.ends_at > window.starts_at,
    )


async def schedule_session(
    tx: Transaction,
    *,
    community_id: int,
    student_id: int,
    mentor_id: int,
    pack_id: int,
    starts_at: datetime,
    ends_at: datetime,
) -> int:
    session_id: int = await tx.value(
        insert(sessions)
        .values(
            community_id=community_id,
            student_id=student_id,
            mentor_id=mentor_id,
            pack_id=pack_id,
            state=SessionState.SCHEDULED,
            starts_at=starts_at,
            ends_at=ends_at,
            booked_at=tx.now,
        )
        .returning(sessions.c.id)
    )
    return session_id


def block(session_id: int, times: dict[int, Interval]) -> Insert:
    """The write that takes these members' time; `ex_calendar_blocks_overlap` fires where it is taken already."""
    return insert(calendar_blocks).values(
        [
            {
                "member_id": member_id,
                "session_id": session_id,
                "starts_at": time.starts_at,
                "ends_at": time.ends_at,
                "live": True,
            }
            for member_id, time in times.items()
        ]
    )


def unblock(session_id: int) -> Update:
    """The write that gives both people's time back."""
    return update(calendar_blocks).where(calendar_blocks.c.session_id == session_id).values(live=False)
