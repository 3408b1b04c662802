"""/staff code: words that make buying cheaper."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import code
from bot.cogs.subject import Subject
from bot.replies import codes as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.codes.add_code import NewCode, add_code
from core.usecases.codes.codes import codes, retire_code


class StaffCodes(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {"codes-page": Action(self.press_codes, in_place=True)}

    @code.command(name="add", description="Make a code that students name when they buy.")
    @app_commands.describe(
        word="What students type, like SPRING-10",
        percent="How many percent it takes off; 100 leaves nothing to pay",
        amount="Or how much it takes off, like 10.00",
        mentor="If it is for one mentor alone",
        uses="How often it can be used in all",
        uses_each="How often one student can use it",
        days="For how many days it is good",
    )
    @app_commands.autocomplete(mentor=choices.mentors)
    async def add(
        self,
        interaction: discord.Interaction,
        word: str,
        percent: int | None = None,
        amount: str | None = None,
        mentor: str | None = None,
        uses: int | None = None,
        uses_each: int | None = None,
        days: int | None = None,
    ) -> None:
        mentor_id = await self.mentor_named(interaction, mentor)
        if isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id))
            return
        new = NewCode(word, percent, amount, mentor_id, uses, uses_each, days)
        added = await add_code(self.db, asker_of(interaction), new)
        await answer(interaction, refusal(added) if isinstance(added, Refused) else replies.code_added(added))

    @code.command(name="list", description="Every code, and how often it is used.")
    async def list(self, interaction: discord.Interaction) -> None:
        await answer(interaction, await self._codes(interaction, 0))

    async def press_codes(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._codes(interaction, press.numbers[0]))

    async def _codes(self, interaction: discord.Interaction, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        found = asker if isinstance(asker, Refused) else await codes(self.db, asker)
        return refusal(found) if isinstance(found, Refused) else replies.codes(found, page)

    @code.command(name="retire", description="End a code. Checkouts that use it stay as they are.")
    @app_commands.describe(word="Which one")
    @app_commands.autocomplete(word=choices.codes)
    async def retire(self, interaction: discord.Interaction, word: str) -> None:
        done = await retire_code(self.db, asker_of(interaction), word)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.code_retired(done))


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffCodes(bot))
