"""Make a member a mentor, with the hours in which they can be booked."""

from dataclasses import dataclass

from core.db.history import Change, by_member, record
from core.db.mentors import was_removed
from core.db.people import insert_mentor
from core.db.unit import Transaction, transaction
from core.rules.hours import WeeklyHours, known_zone, parse_hours
from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import Settings
from core.usecases.asker import Asker, known_staff, member_of
from core.usecases.community.names import tidy_name, why_not_number

BOUNDS = {
    "capacity": (0, 1000),
    "session_minutes": (5, 480),
    "buffer_minutes": (0, 240),
    "notice_hours": (0, 365 * 24),
    "horizon_days": (1, 365),
}
"""The least and the most of each number; beyond them the checks on `mentors` would fire."""


@dataclass(frozen=True, slots=True)
class NewMentor:
    """What staff say of a mentor. `hours` as `parse_hours` reads them; notice and horizon None: the community's."""

    user_id: int
    name: str
    time_zone: str
    hours: str
    capacity: int
    session_minutes: int = 60
    buffer_minutes: int = 0
    notice_hours: int | None = None
    horizon_days: int | None = None
    student_role_id: int | None = None

    def numbers(self, settings: Settings) -> dict[str, int]:
        return {
            "capacity": self.capacity,
            "session_minutes": self.session_minutes,
            "buffer_minutes": self.buffer_minutes,
            "notice_hours": settings.notice_hours if self.notice_hours is None else self.notice_hours,
            "horizon_days": settings.horizon_days if self.horizon_days is None else self.horizon_days,
        }


@dataclass(frozen=True, slots=True)
class MentorAdded:
    mentor_id: int
    name: str
    hours: tuple[WeeklyHours, ...]


@transaction
async def add_mentor(tx: Transaction, asker: Asker, new: NewMentor) -> MentorAdded | Refused:
    """The member is a mentor, once (rule 36: staff say so)."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    name = tidy_name(new.name)
    if isinstance(name, Refused):
        return name
    if not known_zone(new.time_zone):
        return refuse(Reason.UNKNOWN_TIME_ZONE, zone=new.time_zone)
    hours = parse_hours(new.hours)
    if isinstance(hours, Refused):
        return hours
    numbers = new.numbers(who.settings)
    for field, number in numbers.items():
        if refused := why_not_number(field, number, *BOUNDS[field]):
            return refused
    mentor_id = await member_of(tx, who.community_id, new.user_id, name)
    if await was_removed(tx, mentor_id):
        return refuse(Reason.WAS_A_MENTOR)
    await insert_mentor(
        tx,
        hours,
        member_id=mentor_id,
        community_id=who.community_id,
        time_zone=new.time_zone,
        student_role_id=new.student_role_id,
        **numbers,
    )
    facts = {**numbers, "time_zone": new.time_zone, "hours": new.hours}
    change = Change("mentor", mentor_id, None, "active", "add", facts=facts)
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return MentorAdded(mentor_id, name, hours)
