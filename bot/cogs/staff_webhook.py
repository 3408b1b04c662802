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
from core.usecases.asker import Asker
from core.usecases.community.secret import new_webhook_secret, webhook_of
from core.usecases.completion.choices import coming_sessions, open_sessions


class StaffWebhook(Subject):
    def actions(self) -> Mapping[str, Action]:
        # Answered beside the message pressed on and never in it: what is told here is for this person alone.
        return {"new-secret": Action(self.press_new), "new-secret-now": Action(self.press_new_now)}

    @staff.command(name="webhook", description="How another system says how sessions went: address, secret, signing.")
    async def webhook(self, interaction: discord.Interaction) -> None:
        asker = await self.asker_here(interaction)
        await answer(interaction, refusal(asker) if isinstance(asker, Refused) else await self._webhook(asker))

    async def press_new(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._made(interaction, press.subject_id, at_once=False))

    async def press_new_now(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._made(interaction, press.subject_id, at_once=True))

    async def _webhook(self, asker: Asker) -> Reply:
        found = await webhook_of(self.db, asker)
        if isinstance(found, Refused):
            return refusal(found)
        known = (*await open_sessions(self.db, asker), *await coming_sessions(self.db, asker))
        return replies.webhook(found, self.parts.public_url, known)

    async def _made(self, interaction: discord.Interaction, number: int, *, at_once: bool) -> Reply:
        asker = await self.asker_here(interaction)
        made = (
            asker if isinstance(asker, Refused) else await new_webhook_secret(self.db, asker, number, at_once=at_once)
        )
        return refusal(made) if isinstance(made, Refused) else replies.made(made, self.parts.public_url)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffWebhook(bot))
