"""What every community needs of its guild, to be held against what is there: a read model for the bot's start."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from core.db.tables import communities, mentors
from core.db.unit import Transaction, reading


@dataclass(frozen=True, slots=True)
class Standing:
    """`is_away`: as far as we know the bot is not in the guild."""

    guild_id: int
    is_away: bool
    role_ids: frozenset[int]
    channel_ids: frozenset[int]


@reading
async def standings(tx: Transaction, guild_id: int | None = None) -> tuple[Standing, ...]:
    """Of all communities, or of this guild's if it is one. Two statements."""
    of_guild = [communities.c.guild_id == guild_id] if guild_id is not None else []
    rows = await tx.all(select(communities).where(*of_guild).order_by(communities.c.id))
    if not rows:
        return ()
    named = (
        select(mentors.c.community_id, mentors.c.student_role_id)
        .join(communities, communities.c.id == mentors.c.community_id)
        .where(mentors.c.student_role_id.is_not(None), mentors.c.removed_at.is_(None), *of_guild)
        .distinct()
    )
    of_students = defaultdict(set)
    for row in await tx.all(named):
        of_students[row["community_id"]].add(row["student_role_id"])
    return tuple(
        Standing(
            guild_id=row["guild_id"],
            is_away=row["left_at"] is not None,
            role_ids=frozenset(of_students[row["id"]] | _there(row["staff_role_id"])),
            channel_ids=frozenset(_there(row["staff_channel_id"], row["sessions_channel_id"])),
        )
        for row in rows
    )


def _there(*ids: int | None) -> set[int]:
    return {each for each in ids if each is not None}
