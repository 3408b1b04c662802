"""The port Roles: a member's role as Discord gives and takes it."""

from typing import Final

import discord

from bot.discord_errors import EXPECTED, INVALID_ROLE, NOT_YET, UNKNOWN_MEMBER, UNKNOWN_ROLE, UNKNOWN_USER, not_now
from core.ports import MemberGone, RoleAnswer, RoleBrought, RoleForbidden

_NOBODY: Final = {UNKNOWN_MEMBER, UNKNOWN_USER}


class DiscordRoles:
    """Asks without a look at any cache: Discord takes a role that is there already, or was never there, as done."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def bring(self, guild_id: int, user_id: int, role_id: int, *, wanted: bool) -> RoleAnswer:
        if self._client.user is None:
            return NOT_YET
        http = self._client.http
        try:
            await (http.add_role if wanted else http.remove_role)(guild_id, user_id, role_id)
        except EXPECTED as error:
            return _answer_or_raise(error, wanted=wanted)
        return RoleBrought()


def _answer_or_raise(error: Exception, *, wanted: bool) -> RoleAnswer:
    """What the error means for the role. Raises it again if it is a fault of ours.

    A 403 is a permission that we lack or a role above ours (50013), or a server that we are not on (50001). A role that
    is gone is had by nobody: to take it is done.
    """
    if (later := not_now(error)) is not None:
        return later
    if not isinstance(error, discord.HTTPException):
        raise error
    if error.code in _NOBODY:
        return MemberGone()
    if error.code == UNKNOWN_ROLE and not wanted:
        return RoleBrought()
    if error.status in (403, 404) or error.code == INVALID_ROLE:
        return RoleForbidden(f"{error.status} {error.code}")
    raise error
