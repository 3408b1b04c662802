"""/history: what became of a student's sessions."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.replies import history as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.reading.history import history_of


class History(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {"history-page": Action(self.press_page, in_place=True)}

    @app_commands.command(name="history", description="What became of your sessions: bought, used, given back, why.")
    async def history(self, interaction: discord.Interaction) -> None:
        await answer(interaction, await self._history(interaction, 0))

    async def press_page(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._history(interaction, press.subject_id))

    async def _history(self, interaction: discord.Interaction, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            return refusal(asker)
        found = await history_of(self.db, asker, page)
        return refusal(found) if isinstance(found, Refused) else replies.history(found)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(History(bot))
