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
from core.usecases.completion.choices import open_sessions
from core.usecases.completion.complete import complete


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
        if session is None:
            found = await open_sessions(self.db, asker_of(interaction))
            await answer(interaction, replies.choose_session(found) if found else replies.nothing_open())
        else:
            await answer(interaction, await self._complete_here(interaction, id_of(session)))

    async def press_complete(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._complete_here(interaction, press.subject_id))

    async def press_choice(self, interaction: discord.Interaction, press: Press) -> None:
        session_id = id_of(press.values[0]) if press.values else None
        await answer(interaction, await self._complete_here(interaction, session_id))

    async def _complete_here(self, interaction: discord.Interaction, session_id: int | None) -> Reply:
        if session_id is None:
            return refusal(refuse(Reason.UNKNOWN_SESSION))
        asker = await self.asker_at_session(interaction, session_id)
        return refusal(asker) if isinstance(asker, Refused) else await self._complete(asker, session_id)

    async def _complete(self, asker: Asker, session_id: int) -> Reply:
        outcome = await complete(self.db, asker, session_id)
        return refusal(outcome) if isinstance(outcome, Refused) else replies.completed(outcome)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Mentoring(bot))
