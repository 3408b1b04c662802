"""As what somebody asks for help: that decides what they are shown."""

from dataclasses import dataclass

from sqlalchemy import exists, select

from core.db.tables import communities, members, mentors, seats
from core.db.unit import Transaction, reading
from core.usecases.asker import Asker


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is here; all of it may be true at once, or nothing. `student`: they have, or had, a seat."""

    set_up: bool
    student: bool = False
    mentor: bool = False
    staff: bool = False


@reading
async def standing_of(tx: Transaction, asker: Asker) -> Standing:
    """What the asker is in this guild. One statement; nobody becomes a member by asking."""
    own = (members.c.community_id == communities.c.id) & (members.c.user_id == asker.user_id)
    row = await tx.one(
        select(
            communities.c.staff_role_id,
            exists().where(own, seats.c.student_id == members.c.id).correlate(communities).label("student"),
            exists()
            .where(own, mentors.c.member_id == members.c.id, mentors.c.removed_at.is_(None))
            .correlate(communities)
            .label("mentor"),
        ).where(communities.c.guild_id == asker.guild_id)
    )
    if row is None:
        return Standing(set_up=False, staff=asker.manages_guild)
    return Standing(
        set_up=True,
        student=bool(row["student"]),
        mentor=bool(row["mentor"]),
        staff=asker.manages_guild or row["staff_role_id"] in asker.role_ids,
    )
