"""What becomes of the servers that we serve: we are taken off one or come back, a role or a channel is deleted.

The gateway tells of it while we listen. What happened meanwhile is found when the connection begins anew.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable

import discord
from discord.ext import commands

from bot.client import SeatkeeperBot
from bot.discord_errors import EXPECTED, UNKNOWN_CHANNEL, UNKNOWN_GUILD
from core.correlation import caused_by
from core.usecases.community.deleted import note_deleted
from core.usecases.community.presence import note_back, note_left
from core.usecases.community.standing import Standing, standings
from core.usecases.seats.bring_role import bring_now

log = logging.getLogger(__name__)

_MISSING_ACCESS = 50001


class Servers(commands.Cog):
    def __init__(self, bot: SeatkeeperBot) -> None:
        self.bot = bot
        self.db = bot.parts.db
        self._compares = False  # from the first connection on
        self._missed = False  # something failed, and is made up for by a comparison

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Never of an outage: discord.py tells that as `guild_unavailable`."""
        await self._see_to("guild_remove", guild.id, lambda: note_left(self.db, guild.id))

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._see_to("guild_join", guild.id, lambda: self._look_at(guild))

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Each guild at the start, where the comparison sees to all at once; later one whose outage is over."""
        if self._compares:
            await self._see_to("guild_available", guild.id, lambda: self._look_at(guild))

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        await self._see_to("guild_role_delete", role.id, lambda: note_deleted(self.db, role.guild.id, role.id))

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._see_to("channel_delete", channel.id, lambda: note_deleted(self.db, channel.guild.id, channel.id))

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """A role was dragged, or may do something else: what was forbidden may be possible now."""
        if (before.position, before.permissions) != (after.position, after.permissions):
            await self._see_to("guild_role_update", after.id, lambda: bring_now(self.db, after.guild.id))

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """At every new session with Discord, as no event is sent again of what happened before it."""
        self._compares = True  # before the first wait: whatever becomes available from now on is looked at by itself
        self._missed = False
        await self._see_to("ready", 0, self._compare)

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        """Discord has sent what happened meanwhile: to compare is needed only for what we could not note."""
        if self._missed:
            await self.on_ready()

    async def _see_to(self, event: str, about: int, work: Callable[[], Awaitable[object]]) -> None:
        """The edge of these events: a fault is logged, and made up for when the connection next begins or goes on."""
        self.bot.note_work()
        with caused_by(f"discord:{event}:{about}"):
            try:
                await work()
            except Exception as error:  # the edge: nobody waits for an answer, and the bot lives on
                self._missed = True
                reference = secrets.token_hex(3)
                log.error(
                    "%s of %s failed [%s]", event, about, reference, exc_info=error, extra={"reference": reference}
                )

    async def _compare(self) -> None:
        """Hold every community against its guild.

        What discord.py remembers of a guild outlives a removal that happened between two sessions: Discord is asked.
        """
        known = await standings(self.db)
        if not known:
            return
        here = {guild.id async for guild in self.bot.fetch_guilds(limit=None, with_counts=False)}
        for each in known:
            guild = self.bot.get_guild(each.guild_id)
            if each.guild_id not in here:
                if not each.is_away and await self._is_left(each.guild_id):
                    await note_left(self.db, each.guild_id)
            elif guild is not None and not guild.unavailable:
                await self._compare_with(guild, each)

    async def _look_at(self, guild: discord.Guild) -> None:
        for each in await standings(self.db, guild.id):
            await self._compare_with(guild, each)

    async def _compare_with(self, guild: discord.Guild, standing: Standing) -> None:
        if standing.is_away:
            await note_back(self.db, guild.id)
        for role_id in sorted(standing.role_ids):
            if guild.get_role(role_id) is None:
                await note_deleted(self.db, guild.id, role_id)
        for channel_id in sorted(standing.channel_ids):
            if guild.get_channel(channel_id) is None and await self._is_deleted(channel_id):
                await note_deleted(self.db, guild.id, channel_id)

    async def _is_left(self, guild_id: int) -> bool:
        """Whether Discord says so, asked for this guild alone: a list may lack one that has an outage."""
        try:
            await self.bot.http.get_guild(guild_id, with_counts=False)
        except EXPECTED as error:
            return isinstance(error, discord.HTTPException) and error.code in (UNKNOWN_GUILD, _MISSING_ACCESS)
        return False

    async def _is_deleted(self, channel_id: int) -> bool:
        """Whether Discord says so. One that we may not see is there."""
        try:
            await self.bot.http.get_channel(channel_id)
        except EXPECTED as error:
            return isinstance(error, discord.HTTPException) and error.code == UNKNOWN_CHANNEL
        return False


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Servers(bot))
