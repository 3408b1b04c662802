"""Students by name, for whoever may change what they have: their mentor, or staff."""

from sqlalchemy import and_, exists, func, literal, or_, select

from core.db.tables import communities, members, packs, seats
from core.db.unit import Transaction, reading
from core.rules.states import SeatState
from core.usecases.asker import Asker
from core.usecases.choice import Choice

_MOST_CHOICES = 25  # Discord shows no more
_BETWEEN = " – "


@reading
async def find_pairs(tx: Transaction, asker: Asker, text: str) -> tuple[Choice, ...]:
    """Pairs whose names hold the text, each by the id of its seat, live or last. One statement.

    A mentor's own; for staff all of the community's, with the mentor's name. Not who has neither seat nor sessions.
    """
    student, mentor = members.alias("student"), members.alias("mentor")
    is_staff = literal(True) if asker.manages_guild else communities.c.staff_role_id.in_(asker.role_ids)
    names = student.c.name + _BETWEEN + mentor.c.name
    other = seats.alias("other")
    superseded = exists().where(
        seats.c.state == SeatState.RELEASED,
        other.c.student_id == seats.c.student_id,
        other.c.mentor_id == seats.c.mentor_id,
        or_(other.c.state != SeatState.RELEASED, other.c.id > seats.c.id),
    )
    has_sessions = exists().where(
        and_(packs.c.student_id == seats.c.student_id, packs.c.mentor_id == seats.c.mentor_id, packs.c.remaining > 0)
    )
    rows = await tx.all(
        select(
            seats.c.id,
            student.c.name.label("student_name"),
            names.label("names"),
            mentor.c.user_id.label("mentor_user_id"),
        )
        .join(communities, communities.c.id == seats.c.community_id)
        .join(student, student.c.id == seats.c.student_id)
        .join(mentor, mentor.c.id == seats.c.mentor_id)
        .where(
            communities.c.guild_id == asker.guild_id,
            ~superseded,
            or_(seats.c.state != SeatState.RELEASED, has_sessions),
            or_(mentor.c.user_id == asker.user_id, is_staff),
            func.lower(names).contains(text.strip().lower(), autoescape=True),
        )
        .order_by(func.lower(names), seats.c.id)
        .limit(_MOST_CHOICES)
    )
    own = asker.user_id
    return tuple(
        Choice(row["id"], row["student_name"] if row["mentor_user_id"] == own else row["names"]) for row in rows
    )
