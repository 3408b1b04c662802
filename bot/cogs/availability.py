"""/availability: a mentor sees and says when they can be booked."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.actions import Action, Press
from bot.answer import acknowledge, answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.forms import OPENS_FORM, Filled, FormAction, modal_of
from bot.replies import availability as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused
from core.usecases.community.set_hours import set_hours
from core.usecases.reading.availability import Availability, availability


class AvailabilityOfMentors(Subject):
    availability = app_commands.Group(name="availability", description="As a mentor: when you can be booked.")

    prefill_within = 1.5
    """Seconds that a form may wait for what it is filled with: it must be open within three."""

    def actions(self) -> Mapping[str, Action]:
        return {
            "hours": Action(self.press_hours, numbers=0, opens_form=True),
            "hours-again": Action(self.press_again, numbers=0, opens_form=True),
        }

    def forms(self) -> Mapping[str, FormAction]:
        return {"set-hours": FormAction(self.submit_hours)}

    @availability.command(name="show", description="As a mentor: when you can be booked, and the next of those times.")
    async def show(self, interaction: discord.Interaction) -> None:
        found = await self._own(interaction)
        await answer(interaction, refusal(found) if isinstance(found, Refused) else replies.shown(found))

    @availability.command(
        name="set", description="As a mentor: say when you can be booked. What is booked stays.", extras=OPENS_FORM
    )
    async def set(self, interaction: discord.Interaction) -> None:
        await self._open(interaction)

    async def press_hours(self, interaction: discord.Interaction, press: Press) -> None:
        await self._open(interaction)

    async def press_again(self, interaction: discord.Interaction, press: Press) -> None:
        await self._open(interaction, replies.typed_before(interaction.message))

    async def submit_hours(self, interaction: discord.Interaction, filled: Filled) -> None:
        await answer(interaction, await self._set(interaction, filled.words.get(replies.HOURS, "")))

    async def _open(self, interaction: discord.Interaction, written: str | None = None) -> None:
        """Open the form. Whether this person may send it is asked again when they do."""
        found = await self.bot.soon(self._own(interaction), self.prefill_within)
        if isinstance(found, Refused):
            await acknowledge(interaction)
            await answer(interaction, refusal(found))
        else:
            await interaction.response.send_modal(modal_of(replies.form(found, written)))

    async def _set(self, interaction: discord.Interaction, typed: str) -> Reply:
        done = await set_hours(self.db, asker_of(interaction), typed)
        if not isinstance(done, Refused):
            return replies.understood(done)
        return replies.not_understood(done, typed) if done.reason is Reason.BAD_HOURS else refusal(done)

    async def _own(self, interaction: discord.Interaction) -> Availability | Refused:
        return await availability(self.db, asker_of(interaction))


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(AvailabilityOfMentors(bot))
