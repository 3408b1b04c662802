"""/staff settings: the numbers of the rules, and changing one of them."""

import discord
from discord import app_commands

from bot import choices
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import settings
from bot.cogs.subject import Subject
from bot.replies import settings as replies
from bot.replies.reply import refusal
from core.rules.refusals import Refused
from core.usecases.community.settings import change_setting, settings_of


class StaffSettings(Subject):
    @settings.command(name="show", description="Every number of the rules: what it means, and how it stands here.")
    async def show(self, interaction: discord.Interaction) -> None:
        found = await settings_of(self.db, asker_of(interaction))
        await answer(interaction, refusal(found) if isinstance(found, Refused) else replies.settings(found))

    @settings.command(name="set", description="Change one number of the rules.")
    @app_commands.describe(name="Which one", value="The new number, in the unit that the name ends with")
    @app_commands.autocomplete(name=choices.settings)
    async def set(self, interaction: discord.Interaction, name: str, value: int) -> None:
        done = await change_setting(self.db, asker_of(interaction), name.strip(), value)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.changed(done))


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffSettings(bot))
