"""/remaining: packs, balance, expiry, the seat and its deadline."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.replies import remaining as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.reading.remaining import remaining


class RemainingSessions(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {"remaining-page": Action(self.press_page, in_place=True)}

    @app_commands.command(name="remaining", description="What you have left: sessions, expiry, your seat.")
    @app_commands.describe(mentor="With whom; leave it out to see all")
    @app_commands.autocomplete(mentor=choices.mentors)
    async def remaining(self, interaction: discord.Interaction, mentor: str | None = None) -> None:
        mentor_id = await self.mentor_named(interaction, mentor)
        if isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id))
        else:
            await answer(interaction, await self._remaining(interaction, mentor_id, 0))

    async def press_page(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._remaining(interaction, None, press.numbers[0]))

    async def _remaining(self, interaction: discord.Interaction, mentor_id: int | None, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            return refusal(asker)
        found = await remaining(self.db, asker, mentor_id)
        return refusal(found) if isinstance(found, Refused) else replies.remaining(found, page)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(RemainingSessions(bot))
