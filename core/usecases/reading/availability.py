"""When a mentor can be booked, as they see it themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from core.db.calendar import calendar_of
from core.db.tables import communities, members, mentors
from core.db.unit import Transaction, reading
from core.rules.availability import minutes_a_week, next_openings
from core.rules.hours import Interval, Override, WeeklyHours, tidied
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.booking.facts import hours_in, overrides_in

_DAYS_AHEAD = 30


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly hours in a zone, how long they are, and the next times at which they begin."""

    zone: str
    weekly: tuple[WeeklyHours, ...]
    minutes_a_week: int
    next_openings: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Availability:
    """The hours, and within which limits they can be booked."""

    hours: Hours
    session_minutes: int
    buffer_minutes: int
    notice_hours: int
    horizon_days: int
    paused: bool


@reading
async def availability(tx: Transaction, asker: Asker) -> Availability | Refused:
    """The asker's own hours, if they teach here. Two statements."""
    row = await tx.one(
        select(communities.c.id, mentors)
        .select_from(communities)
        .outerjoin(members, (members.c.community_id == communities.c.id) & (members.c.user_id == asker.user_id))
        .outerjoin(mentors, (mentors.c.member_id == members.c.id) & mentors.c.removed_at.is_(None))
        .where(communities.c.guild_id == asker.guild_id)
    )
    if row is None:
        return refuse(Reason.NOT_SET_UP)
    if row["member_id"] is None:
        return refuse(Reason.NOT_A_MENTOR)
    calendar = await calendar_of(tx, row["member_id"], None, ahead(tx.now))
    return Availability(
        hours=hours_from(row["time_zone"], hours_in(calendar), overrides_in(calendar), tx.now),
        session_minutes=row["session_minutes"],
        buffer_minutes=row["buffer_minutes"],
        notice_hours=row["notice_hours"],
        horizon_days=row["horizon_days"],
        paused=row["paused_at"] is not None,
    )


def ahead(now: datetime) -> Interval:
    """How far the next openings are looked for."""
    return Interval(now, now + timedelta(days=_DAYS_AHEAD))


def hours_from(zone: str, weekly: Sequence[WeeklyHours], overrides: Sequence[Override], now: datetime) -> Hours:
    """The hours with what follows from them."""
    weekly = tidied(weekly)
    return Hours(
        zone=zone,
        weekly=weekly,
        minutes_a_week=minutes_a_week(weekly),
        next_openings=next_openings(weekly, overrides, zone, now, days=_DAYS_AHEAD),
    )
