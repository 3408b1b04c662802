"""/complete, and the button under the prompt that a mentor gets when a session is over."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.parsing import id_of
from bot.replies import mentoring as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.completion.complete import complete, open_sessions
from core.usecases.reading.origin import guild_of_session


class Mentoring(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "complete": Action(self.press_complete),
            "pick-complete": Action(self.press_choice, numbers=0, in_place=True),
        }

    @app_commands.command(name="complete", description="Say that a session took place.")
    @app_commands.describe(session="Which one; leave it out to choose")
    @app_commands.autocomplete(session=choices.sessions)
    async def complete(self, interaction: discord.Interaction, session: str | None = None) -> None:
        asker = asker_of(interaction)
        if session is None:
            found = await open_sessions(self.db, asker)
            await answer(interaction, replies.choose_session(found) if found else replies.nothing_open())
            return
        await answer(interaction, await self._complete(asker, id_of(session)))

    async def press_complete(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._complete_here(interaction, press.subject_id))

    async def press_choice(self, interaction: discord.Interaction, press: Press) -> None:
        session_id = id_of(press.values[0]) if press.values else None
        await answer(interaction, await self._complete_here(interaction, session_id))

    async def _complete_here(self, interaction: discord.Interaction, session_id: int | None) -> Reply:
        """In a DM the guild is that of the session, if the person is known there."""
        if interaction.guild_id is not None or session_id is None:
            return await self._complete(asker_of(interaction, 0), session_id)
        guild_id = await guild_of_session(self.db, session_id, interaction.user.id)
        if guild_id is None:
            return refusal(refuse(Reason.UNKNOWN_SESSION))
        return await self._complete(asker_of(interaction, guild_id), session_id)

    async def _complete(self, asker: Asker, session_id: int | None) -> Reply:
        if session_id is None:
            return refusal(refuse(Reason.UNKNOWN_SESSION))
        outcome = await complete(self.db, asker, session_id)
        return refusal(outcome) if isinstance(outcome, Refused) else replies.completed(outcome)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Mentoring(bot))
