"""From which guild a button in a DM comes: only its row's id is known there.

None for whoever is no member of that community: a stranger's guess learns nothing, and leaves no trace of them there.
"""

from sqlalchemy import Select, or_, select

from core.db.tables import adjustments, communities, members, mentors, packs, sessions
from core.db.unit import Transaction, reading


@reading
async def guild_of_mentor(tx: Transaction, mentor_id: int, user_id: int) -> int | None:
    """The guild in which this mentor teaches, if the user is known there."""
    found: int | None = await tx.value(
        _guilds_of(user_id)
        .join(mentors, mentors.c.community_id == communities.c.id)
        .where(mentors.c.member_id == mentor_id)
    )
    return found


@reading
async def guild_of_session(tx: Transaction, session_id: int, user_id: int) -> int | None:
    """The guild of this session, if the user is known there."""
    found: int | None = await tx.value(
        _guilds_of(user_id)
        .join(sessions, sessions.c.community_id == communities.c.id)
        .where(sessions.c.id == session_id)
    )
    return found


@reading
async def guild_of_adjustment(tx: Transaction, adjustment_id: int, user_id: int) -> int | None:
    """The guild of this question, if the user is known there."""
    found: int | None = await tx.value(
        _guilds_of(user_id)
        .join(packs, packs.c.community_id == communities.c.id)
        .join(adjustments, adjustments.c.pack_id == packs.c.id)
        .where(adjustments.c.id == adjustment_id)
    )
    return found


@reading
async def guild_of_person(tx: Transaction, user_id: int) -> int | None:
    """The guild of the user's next session, else the one that they joined us in last."""
    own = or_(sessions.c.student_id == members.c.id, sessions.c.mentor_id == members.c.id)
    next_session = (
        select(sessions.c.starts_at)
        .where(own, sessions.c.ends_at > tx.now)
        .order_by(sessions.c.starts_at)
        .limit(1)
        .scalar_subquery()
    )
    found: int | None = await tx.value(
        _guilds_of(user_id).order_by(next_session.is_(None), next_session, members.c.id.desc()).limit(1)
    )
    return found


def _guilds_of(user_id: int) -> Select[tuple[int]]:
    return (
        select(communities.c.guild_id)
        .join_from(communities, members, members.c.community_id == communities.c.id)
        .where(members.c.user_id == user_id)
    )
