"""/undo and /waive: what was said about a session taken back, and what a student lost given back."""

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
from core.usecases.completion.choices import undoable_sessions, waivable_sessions
from core.usecases.completion.undo import undo
from core.usecases.completion.waive import waive


class Undoing(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "undo": Action(self.press_undo, numbers=2),
            "waive": Action(self.press_waive),
            "pick-undo": Action(self.choose_undo, numbers=0, in_place=True),
            "pick-waive": Action(self.choose_waive, numbers=0, in_place=True),
        }

    @app_commands.command(name="undo", description="Take back what was said about a session.")
    @app_commands.describe(session="Which one; leave it out to choose")
    @app_commands.autocomplete(session=choices.undoable)
    async def undo(self, interaction: discord.Interaction, session: str | None = None) -> None:
        if session is not None:
            await answer(interaction, await self._undone(interaction, id_of(session)))
            return
        found = await undoable_sessions(self.db, asker_of(interaction))
        await answer(interaction, replies.choose_undo(found) if found else replies.nothing_to_undo())

    @app_commands.command(name="waive", description="Give a missed session or a late cancellation back to its student.")
    @app_commands.describe(session="Which one; leave it out to choose")
    @app_commands.autocomplete(session=choices.waivable)
    async def waive(self, interaction: discord.Interaction, session: str | None = None) -> None:
        if session is not None:
            await answer(interaction, await self._waived(interaction, id_of(session)))
            return
        found = await waivable_sessions(self.db, asker_of(interaction))
        await answer(interaction, replies.choose_waive(found) if found else replies.nothing_to_waive())

    async def press_undo(self, interaction: discord.Interaction, press: Press) -> None:
        session_id, attempt = press.numbers
        await answer(interaction, await self._undone(interaction, session_id, attempt))

    async def press_waive(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._waived(interaction, press.subject_id))

    async def choose_undo(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._undone(interaction, press.chosen_id))

    async def choose_waive(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._waived(interaction, press.chosen_id))

    async def _undone(
        self, interaction: discord.Interaction, session_id: int | None, attempt: int | None = None
    ) -> Reply:
        if session_id is None:
            return refusal(refuse(Reason.UNKNOWN_SESSION))
        asker = await self.asker_at_session(interaction, session_id)
        if isinstance(asker, Refused):
            return refusal(asker)
        session = await undo(self.db, asker, session_id, attempt)
        return refusal(session) if isinstance(session, Refused) else replies.reopened(session)

    async def _waived(self, interaction: discord.Interaction, session_id: int | None) -> Reply:
        if session_id is None:
            return refusal(refuse(Reason.UNKNOWN_SESSION))
        asker = await self.asker_at_session(interaction, session_id)
        if isinstance(asker, Refused):
            return refusal(asker)
        session = await waive(self.db, asker, session_id)
        return refusal(session) if isinstance(session, Refused) else replies.waived(session)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Undoing(bot))
