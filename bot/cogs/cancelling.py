"""Cancel a session: from the schedule, from a message about it, and for staff by /staff cancel, with a reason."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import staff
from bot.cogs.subject import Subject
from bot.parsing import id_of
from bot.replies import cancelling as replies
from bot.replies.by_hand import reason_of
from bot.replies.calendar import canceled_file
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.booking.cancel import cancel, preview_cancel


class Cancelling(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "cancel": Action(self.press_cancel),
            "pick-cancel": Action(self.choose_cancel, numbers=0, in_place=True),
            "cancel-yes": Action(self.press_yes, numbers=2, in_place=True),
            "cancel-why": Action(self.press_why, numbers=2, in_place=True),
        }

    @staff.command(name="cancel", description="Cancel a booked session; the student gets it back.")
    @app_commands.describe(session="Which one", reason="Why; student and mentor read it")
    @app_commands.autocomplete(session=choices.cancelable)
    async def staff_cancel(self, interaction: discord.Interaction, session: str, reason: str) -> None:
        await answer(interaction, await self._preview(interaction, id_of(session), reason))

    async def press_cancel(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._preview(interaction, press.subject_id))

    async def choose_cancel(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._preview(interaction, press.chosen_id))

    async def press_yes(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._cancel(interaction, press, None))

    async def press_why(self, interaction: discord.Interaction, press: Press) -> None:
        """The same where a reason was typed before."""
        await answer(interaction, await self._cancel(interaction, press, reason_of(interaction.message)))

    async def _cancel(self, interaction: discord.Interaction, press: Press, reason: str | None) -> Reply:
        session_id, number = press.numbers
        asker = await self.asker_at_session(interaction, session_id)
        if isinstance(asker, Refused):
            return refusal(asker)
        done = await cancel(self.db, asker, session_id, replies.shown_as(number), reason)
        if not isinstance(done, Refused):
            return replies.canceled(done, canceled_file(asker, done, self.parts.clock.now()))
        if done.reason is Reason.CANCELING_USES_IT:
            return replies.worse_than_shown(done, session_id, reason)
        return refusal(done)

    async def _preview(
        self, interaction: discord.Interaction, session_id: int | None, reason: str | None = None
    ) -> Reply:
        if session_id is None:
            return refusal(refuse(Reason.UNKNOWN_SESSION))
        asker = await self.asker_at_session(interaction, session_id)
        if isinstance(asker, Refused):
            return refusal(asker)
        session = await preview_cancel(self.db, asker, session_id, reason)
        return refusal(session) if isinstance(session, Refused) else replies.preview(session)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Cancelling(bot))
