"""The buttons of /staff tasks that decide about money: each asks why in a form, and the form decides."""

from collections.abc import Mapping

import discord

from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.forms import Filled, Form, FormAction, modal_of
from bot.replies import decisions as replies
from bot.replies.reply import refusal
from core.rules.refusals import Refused
from core.usecases.buying.decide_parked import grant_parked, refund_parked
from core.usecases.refunds.by_hand import refund_again, refund_not_owed, refunded_by_hand


class StaffDecisions(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "grant-parked": Action(self.press_grant, opens_form=True),
            "refund-parked": Action(self.press_refund, opens_form=True),
            "refund-by-hand": Action(self.press_by_hand, opens_form=True),
            "refund-again": Action(self.press_again, opens_form=True),
            "refund-not-owed": Action(self.press_not_owed, opens_form=True),
        }

    def forms(self) -> Mapping[str, FormAction]:
        return {
            "grant-order": FormAction(self.submit_grant, numbers=1),
            "refund-order": FormAction(self.submit_refund, numbers=1),
            "refund-made": FormAction(self.submit_by_hand, numbers=1),
            "refund-anew": FormAction(self.submit_again, numbers=1),
            "refund-dropped": FormAction(self.submit_not_owed, numbers=1),
        }

    async def press_grant(self, interaction: discord.Interaction, press: Press) -> None:
        await _open(interaction, replies.form_to_grant(press.subject_id))

    async def press_refund(self, interaction: discord.Interaction, press: Press) -> None:
        await _open(interaction, replies.form_to_refund(press.subject_id))

    async def press_by_hand(self, interaction: discord.Interaction, press: Press) -> None:
        await _open(interaction, replies.form_by_hand(press.subject_id))

    async def press_again(self, interaction: discord.Interaction, press: Press) -> None:
        await _open(interaction, replies.form_again(press.subject_id))

    async def press_not_owed(self, interaction: discord.Interaction, press: Press) -> None:
        await _open(interaction, replies.form_not_owed(press.subject_id))

    async def submit_grant(self, interaction: discord.Interaction, filled: Filled) -> None:
        asker = await self.asker_here(interaction)
        why = filled.words.get(replies.WHY, "")
        done = asker if isinstance(asker, Refused) else await grant_parked(self.db, asker, filled.numbers[0], why)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.decided(done))

    async def submit_refund(self, interaction: discord.Interaction, filled: Filled) -> None:
        asker = await self.asker_here(interaction)
        why = filled.words.get(replies.WHY, "")
        done = asker if isinstance(asker, Refused) else await refund_parked(self.db, asker, filled.numbers[0], why)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.decided(done))

    async def submit_by_hand(self, interaction: discord.Interaction, filled: Filled) -> None:
        asker = await self.asker_here(interaction)
        why = filled.words.get(replies.WHY, "")
        done = asker if isinstance(asker, Refused) else await refunded_by_hand(self.db, asker, filled.numbers[0], why)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.settled(done))

    async def submit_again(self, interaction: discord.Interaction, filled: Filled) -> None:
        asker = await self.asker_here(interaction)
        why = filled.words.get(replies.WHY, "")
        done = asker if isinstance(asker, Refused) else await refund_again(self.db, asker, filled.numbers[0], why)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.settled(done))

    async def submit_not_owed(self, interaction: discord.Interaction, filled: Filled) -> None:
        asker = await self.asker_here(interaction)
        why = filled.words.get(replies.WHY, "")
        done = asker if isinstance(asker, Refused) else await refund_not_owed(self.db, asker, filled.numbers[0], why)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.settled(done))


async def _open(interaction: discord.Interaction, form: Form) -> None:
    """Whether this person may decide is asked when they send it."""
    await interaction.response.send_modal(modal_of(form))


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffDecisions(bot))
