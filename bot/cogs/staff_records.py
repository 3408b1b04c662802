"""/staff failures: what the records of a community hold for its staff."""

from collections.abc import Collection, Mapping

import discord

from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import staff
from bot.cogs.subject import Subject
from bot.replies import failures as failure_replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.records.replay import failures, try_again


class StaffRecords(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "failures-page": Action(self.press_failures, in_place=True),
            "retry-notice": Action(self.press_notice, numbers=2, in_place=True),
            "retry-event": Action(self.press_event, numbers=2, in_place=True),
            "retry-all": Action(self.press_all, numbers=0, in_place=True),
        }

    @staff.command(name="failures", description="Messages and payment news that were given up; try them again.")
    async def failures(self, interaction: discord.Interaction) -> None:
        await answer(interaction, await self._failures(interaction, 0))

    async def press_failures(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._failures(interaction, press.numbers[0]))

    async def press_notice(self, interaction: discord.Interaction, press: Press) -> None:
        notice_id, page = press.numbers
        await answer(interaction, await self._try_again(interaction, page, [notice_id], []))

    async def press_event(self, interaction: discord.Interaction, press: Press) -> None:
        event_id, page = press.numbers
        await answer(interaction, await self._try_again(interaction, page, [], [event_id]))

    async def press_all(self, interaction: discord.Interaction, _press: Press) -> None:
        await answer(interaction, await self._try_again(interaction, 0, None, None))

    async def _failures(self, interaction: discord.Interaction, page: int, again: int | None = None) -> Reply:
        asker = await self.asker_here(interaction)
        found = asker if isinstance(asker, Refused) else await failures(self.db, asker)
        return refusal(found) if isinstance(found, Refused) else failure_replies.failures(found, page, again)

    async def _try_again(
        self,
        interaction: discord.Interaction,
        page: int,
        notice_ids: Collection[int] | None,
        event_ids: Collection[int] | None,
    ) -> Reply:
        asker = await self.asker_here(interaction)
        again = asker if isinstance(asker, Refused) else await try_again(self.db, asker, notice_ids, event_ids)
        return refusal(again) if isinstance(again, Refused) else await self._failures(interaction, page, again)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffRecords(bot))
