"""What the bot may do on a server, as its roles and the channels' own permissions stand at this moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import discord

from core.usecases.community.how_set_up import HowSetUp


class Lack(StrEnum):
    """What keeps us from doing our work, in the order in which it is told."""

    STAFF_ROLE_GONE = "staff_role_gone"
    STAFF_CHANNEL_GONE = "staff_channel_gone"
    SESSIONS_CHANNEL_GONE = "sessions_channel_gone"
    PERMISSIONS = "permissions"  # in a channel
    NO_PRIVATE_THREADS = "no_private_threads"  # in a channel of this kind
    NOT_FOR_EVERYBODY = "not_for_everybody"  # a channel whose threads not everybody could use
    MANAGE_ROLES = "manage_roles"
    ROLES_ABOVE = "roles_above"  # student roles above our own
    ROLES_NOT_GIVEN = "roles_not_given"  # student roles that nobody can give
    STUDENT_ROLE_GONE = "student_role_gone"


@dataclass(frozen=True, slots=True)
class Missing:
    """`where` mentions the channel or the roles that it is about, `permissions` are discord.py's names."""

    lack: Lack
    where: str = ""
    permissions: tuple[str, ...] = ()


_TO_WRITE = ("view_channel", "send_messages", "embed_links")
_TO_OPEN_THREADS = (*_TO_WRITE, "create_private_threads", "send_messages_in_threads")


def missing(guild: discord.Guild, how: HowSetUp) -> list[Missing]:
    """Everything that is wrong at this moment; what is not chosen is not wrong."""
    return [*_about_channels(guild, how), *about_student_roles(guild, how.student_role_ids)]


def may_be_a_students(role: discord.Role) -> bool:
    """Whether it gives no power over the server: else whoever is staff could become more by a grant, through us."""
    powers = role.permissions.value & discord.Permissions.elevated().value
    return not (role.is_default() or role.managed or powers)


def _about_channels(guild: discord.Guild, how: HowSetUp) -> Iterator[Missing]:
    if (community := how.community) is None:
        return
    if community.staff_role_id is not None and guild.get_role(community.staff_role_id) is None:
        yield Missing(Lack.STAFF_ROLE_GONE)
    if community.staff_channel_id is not None:
        staff = guild.get_channel(community.staff_channel_id)
        yield from [Missing(Lack.STAFF_CHANNEL_GONE)] if staff is None else _not_allowed(staff, _TO_WRITE)
    if community.sessions_channel_id is not None:
        sessions = guild.get_channel(community.sessions_channel_id)
        yield from [Missing(Lack.SESSIONS_CHANNEL_GONE)] if sessions is None else _about_threads(sessions)


def _about_threads(channel: discord.abc.GuildChannel) -> Iterator[Missing]:
    if channel.type is not discord.ChannelType.text:
        yield Missing(Lack.NO_PRIVATE_THREADS, channel.mention)
        return
    yield from _not_allowed(channel, _TO_OPEN_THREADS)
    everybody = channel.permissions_for(channel.guild.default_role)
    if not (everybody.view_channel and everybody.send_messages_in_threads):
        yield Missing(Lack.NOT_FOR_EVERYBODY, channel.mention)


def _not_allowed(channel: discord.abc.GuildChannel, needed: tuple[str, ...]) -> Iterator[Missing]:
    allowed = channel.permissions_for(channel.guild.me)
    if lacking := tuple(name for name in needed if not getattr(allowed, name)):
        yield Missing(Lack.PERMISSIONS, channel.mention, lacking)


def about_student_roles(guild: discord.Guild, role_ids: tuple[int, ...]) -> Iterator[Missing]:
    """Discord lets us give the roles below our own highest one, and none that belongs to a bot or to everybody."""
    if not role_ids:
        return
    if not guild.me.guild_permissions.manage_roles:
        yield Missing(Lack.MANAGE_ROLES)
    roles = [role for role_id in role_ids if (role := guild.get_role(role_id)) is not None]
    never = [role for role in roles if role.managed or role.is_default()]
    above = [role for role in roles if role not in never and role >= guild.me.top_role]
    if above:
        yield Missing(Lack.ROLES_ABOVE, " ".join(role.mention for role in above))
    if never:
        yield Missing(Lack.ROLES_NOT_GIVEN, " ".join(role.mention for role in never))
    if len(roles) < len(role_ids):
        yield Missing(Lack.STUDENT_ROLE_GONE)
