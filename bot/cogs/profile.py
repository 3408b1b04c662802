"""/mentor: one of those who teach here, with the ways in."""

import discord
from discord import app_commands

from bot import choices
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.replies import profile as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.reading.profile import profile


class Profiles(Subject):
    @app_commands.command(name="mentor", description="One mentor: hours, prices, seats free, the next free times.")
    @app_commands.describe(name="Who")
    @app_commands.autocomplete(name=choices.mentors)
    async def mentor(self, interaction: discord.Interaction, name: str) -> None:
        await answer(interaction, await self._profile(interaction, name))

    async def _profile(self, interaction: discord.Interaction, name: str) -> Reply:
        mentor_id = await self.mentor_named(interaction, name)
        if mentor_id is None or isinstance(mentor_id, Refused):
            return refusal(mentor_id or refuse(Reason.UNKNOWN_MENTOR))
        found = await profile(self.db, asker_of(interaction), mentor_id)
        return refusal(found) if isinstance(found, Refused) else replies.profile(found)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Profiles(bot))
