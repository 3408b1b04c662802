"""/setup: how a server becomes a community, and what the bot lacks there."""

import discord
from discord import app_commands

from bot import choices
from bot.allowed import missing
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.replies import set_up as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.community.how_set_up import how_set_up
from core.usecases.community.set_up import SetUp, set_up


class SettingUp(Subject):
    @app_commands.command(name="setup", description="Set Seatkeeper up on this server, or change how it is set up.")
    @app_commands.describe(
        time_zone="Of the community, like Europe/Berlin",
        currency="In which prices are, like EUR",
        staff_role="Whose members are staff",
        staff_channel="Where staff are told what needs a person",
        sessions_channel="Where student and mentor have a private thread if direct messages are closed",
    )
    @app_commands.autocomplete(time_zone=choices.zones, currency=choices.currencies)
    async def setup(
        self,
        interaction: discord.Interaction,
        time_zone: str | None = None,
        currency: str | None = None,
        staff_role: discord.Role | None = None,
        staff_channel: discord.TextChannel | None = None,
        sessions_channel: discord.TextChannel | None = None,
    ) -> None:
        wanted = SetUp(
            guild_name=_name_of_guild(interaction),
            time_zone=time_zone,
            currency=currency,
            staff_role_id=staff_role.id if staff_role else None,
            staff_channel_id=staff_channel.id if staff_channel else None,
            sessions_channel_id=sessions_channel.id if sessions_channel else None,
        )
        done = await set_up(self.db, asker_of(interaction), wanted)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else await self._shown(interaction))

    async def _shown(self, interaction: discord.Interaction) -> Reply:
        """How it stands now."""
        how = await how_set_up(self.db, asker_of(interaction))
        if isinstance(how, Refused):
            return refusal(how)
        if how.community is None:
            return refusal(refuse(Reason.ZONE_AND_CURRENCY_FIRST))
        lacking = missing(interaction.guild, how) if interaction.guild is not None else []
        return replies.set_up(how.community, how, lacking, can_sell=self.parts.provider is not None)


def _name_of_guild(interaction: discord.Interaction) -> str:
    return interaction.guild.name if interaction.guild is not None else str(interaction.guild_id)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(SettingUp(bot))
