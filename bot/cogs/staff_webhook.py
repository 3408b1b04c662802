"""/staff webhook: the completion webhook's address and its secret."""

from collections.abc import Mapping

import discord

from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import staff
from bot.cogs.subject import Subject
from bot.replies import webhook as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.community.secret import new_webhook_secret, webhook_of


class StaffWebhook(Subject):
    def actions(self) -> Mapping[str, Action]:
        # Answered beside the message pressed on and never in it: what is told here is for this person alone.
        return {"new-secret": Action(self.press_new), "new-secret-now": Action(self.press_new_now)}

    @staff.command(name="webhook", description="How another system says how sessions went: address, secret, signing.")
    async def webhook(self, interaction: discord.Interaction) -> None:
        asker = await self.asker_here(interaction)
        found = asker if isinstance(asker, Refused) else await webhook_of(self.db, asker)
        shown = refusal(found) if isinstance(found, Refused) else replies.webhook(found, self.parts.public_url)
        await answer(interaction, shown)

    async def press_new(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._made(interaction, press.subject_id, at_once=False))

    async def press_new_now(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._made(interaction, press.subject_id, at_once=True))

    async def _made(self, interaction: discord.Interaction, number: int, *, at_once: bool) -> Reply:
        asker = await self.asker_here(interaction)
        made = (
            asker if isinstance(asker, Refused) else await new_webhook_secret(self.db, asker, number, at_once=at_once)
        )
        return refusal(made) if isinstance(made, Refused) else replies.made(made, self.parts.public_url)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffWebhook(bot))
