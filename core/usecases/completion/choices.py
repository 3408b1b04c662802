"""The sessions among which mentor and staff choose: those to come, to be decided, and to be taken back."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, literal, or_, select

from core.db.sessions import consumed, restored, returned
from core.db.tables import communities, members, mentors, sessions
from core.db.unit import Transaction, reading
from core.rules.settings import Settings, settings_from
from core.rules.states import SessionState
from core.usecases.asker import Asker
from core.usecases.choice import Choice

_MOST_CHOICES = 100

_student, _mentor = members.alias("student"), members.alias("mentor")


@reading
async def open_sessions(tx: Transaction, asker: Asker, student_user_id: int | None = None) -> tuple[Choice, ...]:
    """The sessions that have started and whose outcome the asker may tell, the latest first. One statement.

    A mentor's own; for staff all of the community's, with the mentor's name. `student_user_id` leaves one student's.
    """
    wanted = [sessions.c.state == SessionState.SCHEDULED, sessions.c.starts_at <= tx.now]
    if student_user_id is not None:
        wanted.append(_student.c.user_id == student_user_id)
    return tuple(_choice(row, asker) for row in await _sessions(tx, asker, *wanted))


@reading
async def coming_sessions(tx: Transaction, asker: Asker) -> tuple[Choice, ...]:
    """The sessions that the asker may cancel as mentor or staff, the next first. One statement."""
    wanted = sessions.c.state == SessionState.SCHEDULED, sessions.c.starts_at > tx.now
    return tuple(_choice(row, asker) for row in await _sessions(tx, asker, *wanted, order=sessions.c.starts_at))


@reading
async def undoable_sessions(tx: Transaction, asker: Asker) -> tuple[Choice, ...]:
    """The sessions whose outcome the asker may still undo, the latest first. Two statements."""
    told = or_(sessions.c.state.in_([SessionState.COMPLETED, SessionState.NO_SHOW]), returned())
    since = tx.now - timedelta(days=(await _settings(tx, asker)).undo_days)
    return await _decided_since(tx, asker, since, told)


@reading
async def waivable_sessions(tx: Transaction, asker: Asker) -> tuple[Choice, ...]:
    """The sessions missed or cancelled late that the asker may still give back, the latest first. Two statements."""
    missed = sessions.c.state.in_([SessionState.NO_SHOW, SessionState.CANCELED])
    since = tx.now - timedelta(days=(await _settings(tx, asker)).waive_days)
    return await _decided_since(tx, asker, since, missed, consumed(), ~restored())


async def _settings(tx: Transaction, asker: Asker) -> Settings:
    stored = await tx.value(select(communities.c.settings).where(communities.c.guild_id == asker.guild_id))
    return settings_from(stored)


async def _decided_since(
    tx: Transaction, asker: Asker, since: datetime, *wanted: ColumnElement[bool]
) -> tuple[Choice, ...]:
    rows = await _sessions(tx, asker, sessions.c.decided_at >= since, *wanted)
    return tuple(_choice(row, asker) for row in rows)


async def _sessions(
    tx: Transaction, asker: Asker, *wanted: ColumnElement[bool], order: ColumnElement[datetime] | None = None
) -> list[RowMapping]:
    is_staff = literal(True) if asker.manages_guild else communities.c.staff_role_id.in_(asker.role_ids)
    rows = await tx.all(
        select(
            sessions.c.id,
            sessions.c.starts_at,
            mentors.c.time_zone,
            _student.c.name.label("student_name"),
            _mentor.c.name.label("mentor_name"),
            _mentor.c.user_id.label("mentor_user_id"),
        )
        .join(communities, communities.c.id == sessions.c.community_id)
        .join(_student, _student.c.id == sessions.c.student_id)
        .join(_mentor, _mentor.c.id == sessions.c.mentor_id)
        .join(mentors, mentors.c.member_id == sessions.c.mentor_id)
        .where(communities.c.guild_id == asker.guild_id, or_(_mentor.c.user_id == asker.user_id, is_staff), *wanted)
        .order_by(sessions.c.starts_at.desc() if order is None else order, sessions.c.id)
        .limit(_MOST_CHOICES)
    )
    return list(rows)


def _choice(row: RowMapping, asker: Asker) -> Choice:
    """Autocomplete shows no Discord timestamps, so this is the mentor's wall clock."""
    at = row["starts_at"].astimezone(ZoneInfo(row["time_zone"]))
    who = row["student_name"]
    if row["mentor_user_id"] != asker.user_id:
        who = f"{who} – {row['mentor_name']}"
    return Choice(row["id"], f"{who} · {at:%Y-%m-%d %H:%M}")
