"""/mydata: everything that is held of whoever asks, as a file."""

import discord
from discord import app_commands

from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.replies import mydata as replies
from bot.replies.reply import refusal
from core.rules.refusals import Refused
from core.usecases.privacy.export_member import export_own


class MyData(Subject):
    @app_commands.command(name="mydata", description="All that is kept about you here, as a file.")
    async def mydata(self, interaction: discord.Interaction) -> None:
        found = await export_own(self.db, asker_of(interaction))
        await answer(interaction, refusal(found) if isinstance(found, Refused) else replies.mydata(found))


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(MyData(bot))
