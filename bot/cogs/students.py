"""/students: who needs somebody, what each has left, and what comes next."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.replies import students as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.reading.students import students_of


class StudentsOfMentors(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {"students-page": Action(self.press_page, numbers=2, in_place=True)}

    @app_commands.command(name="students", description="Your students: sessions left, what comes next, their seats.")
    @app_commands.describe(mentor="As staff: whose; leave it out to see all")
    @app_commands.autocomplete(mentor=choices.mentors)
    async def students(self, interaction: discord.Interaction, mentor: str | None = None) -> None:
        mentor_id = await self.mentor_named(interaction, mentor)
        if isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id))
        else:
            await answer(interaction, await self._students(interaction, mentor_id, 0))

    async def press_page(self, interaction: discord.Interaction, press: Press) -> None:
        mentor_id, page = press.numbers
        await answer(interaction, await self._students(interaction, mentor_id or None, page))

    async def _students(self, interaction: discord.Interaction, mentor_id: int | None, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            return refusal(asker)
        found = await students_of(self.db, asker, mentor_id)
        return refusal(found) if isinstance(found, Refused) else replies.students(found, page)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StudentsOfMentors(bot))
