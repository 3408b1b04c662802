"""A mentor says when they can be booked. What is booked stays, wherever it lies."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from core.db.calendar import calendar_of
from core.db.history import Change, by_member, record
from core.db.people import mentor_of
from core.db.seats import lock_members
from core.db.tables import mentor_hours, sessions
from core.db.unit import Transaction, transaction
from core.rules.availability import outside
from core.rules.hours import Interval, parse_hours, say_hours, tidied
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import SessionState
from core.usecases.asker import Asker, known
from core.usecases.booking.facts import hours_in, overrides_in
from core.usecases.reading.availability import Hours, ahead, hours_from


@dataclass(frozen=True, slots=True)
class HoursSet:
    """What was understood. `outside` are the starts of booked sessions beside the new hours; they take place."""

    hours: Hours
    outside: tuple[datetime, ...]


@transaction
async def set_hours(tx: Transaction, asker: Asker, text: str) -> HoursSet | Refused:
    """The asker can be booked at these hours from now on, by the clock of their zone; `text` as `parse_hours` reads it.

    Words that cannot be read change nothing.
    """
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    # Two who change the same hours at once come one after the other, or their rows would mix.
    await lock_members(tx, who.member_id)
    mentor = await mentor_of(tx, who.community_id, who.member_id)
    if mentor is None:
        return refuse(Reason.NOT_A_MENTOR)
    weekly = parse_hours(text)
    if isinstance(weekly, Refused):
        return weekly
    booked = await _booked(tx, who.member_id)
    last = max(each.ends_at for each in [ahead(tx.now), *booked])
    calendar = await calendar_of(tx, who.member_id, None, Interval(tx.now, last))
    before = tidied(hours_in(calendar))
    if before != weekly:
        await tx.run(delete(mentor_hours).where(mentor_hours.c.mentor_id == who.member_id))
        state = "active" if mentor["paused_at"] is None else "paused"
        facts = {"from": say_hours(before), "to": say_hours(weekly)}
        change = Change("mentor", who.member_id, state, state, "hours", facts=facts)
        await tx.write_all(
            insert(mentor_hours).values(
                [
                    {
                        "mentor_id": who.member_id,
                        "weekday": entry.weekday,
                        "starts_minute": entry.starts_minute,
                        "ends_minute": entry.ends_minute,
                    }
                    for entry in weekly
                ]
            ),
            record(who.community_id, tx.now, by_member(who.member_id), change),
        )
    zone, overrides = mentor["time_zone"], overrides_in(calendar)
    return HoursSet(
        hours=hours_from(zone, weekly, overrides, tx.now),
        outside=tuple(each.starts_at for each in outside(weekly, overrides, zone, booked)),
    )


async def _booked(tx: Transaction, mentor_id: int) -> list[Interval]:
    """The mentor's sessions that are still to come, the earliest first."""
    rows = await tx.all(
        select(sessions.c.starts_at, sessions.c.ends_at)
        .where(
            sessions.c.mentor_id == mentor_id,
            sessions.c.state == SessionState.SCHEDULED,
            sessions.c.starts_at > tx.now,
        )
        .order_by(sessions.c.starts_at, sessions.c.id)
    )
    return [Interval(row["starts_at"], row["ends_at"]) for row in rows]
