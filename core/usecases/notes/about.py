"""Whom a note is about, and who may write and read it: the pair's mentor and staff, never the student."""

from dataclasses import dataclass

from sqlalchemy import select

from core.db.tables import communities, members, mentors, seats
from core.db.unit import Transaction
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker


@dataclass(frozen=True, slots=True)
class About:
    """A student and their mentor, by the seat that they have or had."""

    seat_id: int
    student_id: int
    mentor_id: int
    student_name: str
    mentor_name: str


async def about(tx: Transaction, asker: Asker, seat_id: int) -> About | Refused:
    """The pair of this seat, if the asker may know what is noted. One statement; nobody becomes a member by it.

    A student who is staff is still the student. A mentor who was removed reads nothing any more.
    """
    own, student, mentor = members.alias("own"), members.alias("student"), members.alias("mentor")
    row = await tx.one(
        select(
            communities.c.staff_role_id,
            own.c.id.label("own_id"),
            seats.c.id.label("seat_id"),
            seats.c.student_id,
            seats.c.mentor_id,
            student.c.name.label("student_name"),
            student.c.erased_at,
            mentor.c.name.label("mentor_name"),
            mentors.c.removed_at,
        )
        .select_from(communities)
        .outerjoin(own, (own.c.community_id == communities.c.id) & (own.c.user_id == asker.user_id))
        .outerjoin(seats, (seats.c.community_id == communities.c.id) & (seats.c.id == seat_id))
        .outerjoin(student, student.c.id == seats.c.student_id)
        .outerjoin(mentor, mentor.c.id == seats.c.mentor_id)
        .outerjoin(mentors, mentors.c.member_id == seats.c.mentor_id)
        .where(communities.c.guild_id == asker.guild_id)
    )
    if row is None:
        return refuse(Reason.NOT_SET_UP)
    if row["seat_id"] is None:
        return refuse(Reason.UNKNOWN_STUDENT)
    is_staff = asker.manages_guild or row["staff_role_id"] in asker.role_ids
    is_mentor = row["own_id"] == row["mentor_id"] and row["removed_at"] is None
    if row["own_id"] == row["student_id"] or not (is_staff or is_mentor):
        return refuse(Reason.NOT_YOURS)
    if row["erased_at"] is not None:
        return refuse(Reason.MEMBER_ERASED)
    return About(row["seat_id"], row["student_id"], row["mentor_id"], row["student_name"], row["mentor_name"])
