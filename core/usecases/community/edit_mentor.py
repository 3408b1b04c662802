"""Change the terms on which a mentor teaches; what stands keeps the terms of its day."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import RowMapping

from core.db.history import Change, by_member, record
from core.db.mentors import edit_mentor_row, hours_of, replace_hours
from core.db.roles import ask_for_roles_of
from core.db.unit import Transaction, transaction
from core.rules.hours import WeeklyHours, known_zone, parse_hours, say_hours
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.community.add_mentor import BOUNDS
from core.usecases.community.names import why_not_number
from core.usecases.community.pause_mentor import staff_and_mentor

NO_ROLE = 0
"""What `student_role_id` says when students are to have no role from now on."""

_COLUMNS = ("time_zone", "session_minutes", "buffer_minutes", "notice_hours", "horizon_days", "student_role_id")


@dataclass(frozen=True, slots=True)
class MentorChange:
    """What staff change; None stays as it is."""

    hours: str | None = None
    time_zone: str | None = None
    session_minutes: int | None = None
    buffer_minutes: int | None = None
    notice_hours: int | None = None
    horizon_days: int | None = None
    student_role_id: int | None = None

    def named(self) -> dict[str, Any]:
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}


@dataclass(frozen=True, slots=True)
class MentorTerms:
    """How the mentor teaches now. `session_is_new`: packs that are sold keep the length they were sold with."""

    name: str
    time_zone: str
    hours: tuple[WeeklyHours, ...]
    session_minutes: int
    buffer_minutes: int
    notice_hours: int
    horizon_days: int
    student_role_id: int | None
    session_is_new: bool
    role_is_new: bool


@dataclass(frozen=True, slots=True)
class CapacitySet:
    """`taken` may be more than `capacity`: nobody loses their seat by it (rule 7)."""

    name: str
    capacity: int
    taken: int
    before: int


@transaction
async def edit_mentor(tx: Transaction, asker: Asker, mentor_id: int, change: MentorChange) -> MentorTerms | Refused:
    """The mentor teaches on these terms from now on; what is booked and sold stays as it was."""
    found = await staff_and_mentor(tx, asker, mentor_id)
    if isinstance(found, Refused):
        return found
    who, mentor = found
    named = change.named()
    week = _why_not(named)
    if isinstance(week, Refused):
        return week
    values = {column: named[column] for column in _COLUMNS if column in named}
    if values.get("student_role_id") == NO_ROLE:
        values["student_role_id"] = None
    elif values.get("student_role_id") in (asker.guild_id, mentor["staff_role_id"]):
        return refuse(Reason.ROLE_NOT_FOR_STUDENTS)  # Discord's @everyone has the guild's id
    before = await hours_of(tx, mentor_id)
    changed = {column: value for column, value in values.items() if mentor[column] != value}
    new_week = week if week is not None and set(week) != set(before) else None
    if not changed and new_week is None:
        return refuse(Reason.NOTHING_TO_CHANGE)
    if changed:
        await edit_mentor_row(tx, mentor_id, **changed)
    if new_week is not None:
        await replace_hours(tx, mentor_id, new_week)
    if "student_role_id" in changed:
        await tx.run(ask_for_roles_of(tx, mentor_id))
    facts = {column: {"from": mentor[column], "to": value} for column, value in changed.items()}
    if new_week is not None:
        facts["hours"] = {"from": say_hours(before), "to": say_hours(new_week)}
    state = _state(mentor)
    noted = Change("mentor", mentor_id, state, state, "edit", facts=facts)
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), noted))
    now = {column: values.get(column, mentor[column]) for column in _COLUMNS}
    return MentorTerms(
        name=mentor["name"],
        hours=before if week is None else week,
        session_is_new="session_minutes" in changed,
        role_is_new="student_role_id" in changed,
        **now,
    )


@transaction
async def set_capacity(tx: Transaction, asker: Asker, mentor_id: int, capacity: int) -> CapacitySet | Refused:
    """The mentor takes so many students. Who has a seat keeps it; nobody new gets one at or above it (rule 7)."""
    found = await staff_and_mentor(tx, asker, mentor_id)
    if isinstance(found, Refused):
        return found
    who, mentor = found
    if refused := why_not_number("capacity", capacity, *BOUNDS["capacity"]):
        return refused
    if capacity == mentor["capacity"]:
        return refuse(Reason.NOTHING_TO_CHANGE)
    await edit_mentor_row(tx, mentor_id, capacity=capacity)
    facts = {"capacity": {"from": mentor["capacity"], "to": capacity}}
    state = _state(mentor)
    change = Change("mentor", mentor_id, state, state, "set capacity", facts=facts)
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return CapacitySet(mentor["name"], capacity, mentor["occupied"], mentor["capacity"])


def _why_not(named: dict[str, Any]) -> tuple[WeeklyHours, ...] | Refused | None:
    """The new week, if one is named and everything named is possible."""
    zone = named.get("time_zone")
    if zone is not None and not known_zone(zone):
        return refuse(Reason.UNKNOWN_TIME_ZONE, zone=zone)
    for field, number in named.items():
        if field in BOUNDS and (refused := why_not_number(field, number, *BOUNDS[field])):
            return refused
    return parse_hours(named["hours"]) if "hours" in named else None


def _state(mentor: RowMapping) -> str:
    return "active" if mentor["paused_at"] is None else "paused"
