"""The bot is taken off a server, and comes back: as if all mentors were paused meanwhile (rule 39).

Money still settles, and what is owed to people waits: without a server in common nobody can be told.
"""

from datetime import timedelta

from sqlalchemy import update

from core.db.history import SYSTEM, Change, note, record
from core.db.mentors import mentor_to_manage, mentors_paused_at, pause_mentor_row, running_mentors
from core.db.notices import Owed, owe
from core.db.people import community_of_guild
from core.db.roles import ask_for_roles_in
from core.db.seats import lock_members
from core.db.tables import communities, members
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind
from core.usecases.community.let_run import let_run
from core.usecases.community.set_up import STATE

_LEFT = "left"

TOLD_FROM = timedelta(hours=1)
"""Students hear nothing of a shorter absence: it is mostly an invitation with other permissions."""


@transaction
async def note_left(tx: Transaction, guild_id: int) -> bool:
    """Whether that is news. Every mentor who teaches is paused, and those alone go on when the bot comes back.

    They are known by the instant: it is that of the community's own `left_at`.
    """
    community = await community_of_guild(tx, guild_id)
    if community is None or community["left_at"] is not None:
        return False
    community_id = community["id"]
    teaching = await running_mentors(tx, community_id)
    await lock_members(tx, *teaching)
    left = update(communities).where(communities.c.id == community_id, communities.c.left_at.is_(None))
    if (await tx.run(left.values(left_at=tx.now))).rowcount == 0:
        return False
    paused = [
        Change("mentor", mentor_id, "active", "paused", "pause", "the bot left the server")
        for mentor_id in teaching
        if await pause_mentor_row(tx, mentor_id, tx.now)
    ]
    left_here = Change("community", community_id, STATE, _LEFT, "leave")
    await tx.run(record(community_id, tx.now, SYSTEM, left_here, *paused))
    return True


@transaction
async def note_back(tx: Transaction, guild_id: int) -> bool:
    """Whether that is news. Nobody lost a minute; staff are told, and students unless it was short."""
    community = await community_of_guild(tx, guild_id)
    if community is None or community["left_at"] is None:
        return False
    community_id, since = community["id"], community["left_at"]
    stopped = await mentors_paused_at(tx, community_id, since)
    await lock_members(tx, *stopped)
    back = update(communities).where(communities.c.id == community_id, communities.c.left_at == since)
    if (await tx.run(back.values(left_at=None))).rowcount == 0:
        return False
    telling = NoticeKind.BOT_BACK if tx.now - since >= TOLD_FROM else None
    running = 0
    for mentor_id in stopped:
        mentor = await mentor_to_manage(tx, community_id, mentor_id)
        if mentor is not None and await let_run(tx, mentor, SYSTEM, "the bot is back", telling=telling) is not None:
            running += 1
    changes = await _look_again(tx, community_id)
    if changes:
        await tx.run(record(community_id, tx.now, SYSTEM, *changes))
    facts = {"since": since.isoformat(), "mentors": running}
    noted = await note(
        tx, community_id, SYSTEM, Change("community", community_id, _LEFT, STATE, "come back", facts=facts)
    )
    await tx.run(owe(tx, community_id, Owed(NoticeKind.BOT_BACK_STAFF, community_id, None, noted)))
    return True


async def _look_again(tx: Transaction, community_id: int) -> list[Change]:
    """Before we knew that the bot was gone, Discord said of members that they are, or that they take no messages."""
    here = members.c.community_id == community_id
    seen = update(members).where(here, members.c.gone_at.is_not(None)).values(gone_at=None).returning(members.c.id)
    changes = [Change("member", row["id"], "gone", "here", "come back") for row in await tx.all(seen)]
    await tx.write_all(
        update(members).where(here, members.c.dm_closed_at.is_not(None)).values(dm_closed_at=None),
        ask_for_roles_in(tx, community_id),
    )
    return changes
