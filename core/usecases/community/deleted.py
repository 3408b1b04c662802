"""A role or channel that was deleted in Discord, and that something of ours hung on: it is chosen no longer."""

from sqlalchemy import RowMapping

from core.db.history import SYSTEM, Change, note
from core.db.notices import Owed, owe
from core.db.people import SETTINGS_IN_DISCORD, community_of_guild, forget_setting, forget_student_role, who_set_up
from core.db.roles import ask_for_roles_in, forget_role
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind
from core.usecases.community.set_up import STATE

_WHY = "deleted in Discord"


@transaction
async def note_deleted(tx: Transaction, guild_id: int, discord_id: int) -> bool:
    """Whether anything of ours hung on this role or channel. Staff are told what does, and nothing else changes.

    Without a staff channel, which may be what was deleted, whoever last set the community up is told.
    """
    community = await community_of_guild(tx, guild_id)
    if community is None:
        return False
    community_id = community["id"]
    lost = [column for column in SETTINGS_IN_DISCORD if await forget_setting(tx, community_id, column, discord_id)]
    if lost:
        steps = {column: {"from": discord_id, "to": None} for column in lost}
        change = Change("community", community_id, STATE, STATE, "edit", _WHY, facts=steps)
        noted = await note(tx, community_id, SYSTEM, change)
        told = Owed(NoticeKind.SETTING_GONE_STAFF, community_id, await who_set_up(tx, community_id), noted)
        await tx.run(owe(tx, community_id, told))
    mentors = await forget_student_role(tx, community_id, discord_id)
    for mentor in mentors:
        await _tell_of_role(tx, community_id, mentor, discord_id)
    if mentors:
        await tx.run(forget_role(community_id, discord_id))
        await tx.run(ask_for_roles_in(tx, community_id))  # what waited for this role waits no more
    return bool(lost or mentors)


async def _tell_of_role(tx: Transaction, community_id: int, mentor: RowMapping, role_id: int) -> None:
    mentor_id, is_removed = mentor["member_id"], mentor["removed_at"] is not None
    state = "removed" if is_removed else "active" if mentor["paused_at"] is None else "paused"
    steps = {"student_role_id": {"from": role_id, "to": None}}
    noted = await note(tx, community_id, SYSTEM, Change("mentor", mentor_id, state, state, "edit", _WHY, facts=steps))
    if not is_removed:
        await tx.run(owe(tx, community_id, Owed(NoticeKind.STUDENT_ROLE_GONE_STAFF, mentor_id, None, noted)))
