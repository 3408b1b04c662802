"""/staff refund, and the question which sessions go with a refund that was made on the provider's own pages."""

from collections.abc import Mapping
from dataclasses import replace

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import staff
from bot.cogs.subject import Subject
from bot.forms import Filled, FormAction, modal_of
from bot.parsing import id_of
from bot.replies import refunds as replies
from bot.replies.by_hand import reason_of
from bot.replies.decisions import WHY
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.reading.paid_orders import find_paid_orders
from core.usecases.refunds.case import RefundPreview
from core.usecases.refunds.refund_order import Wish, preview_refund, refund_order
from core.usecases.refunds.take_for_refund import Answer, preview_taking, take_for_refund


class StaffRefunds(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "refund-confirm": Action(self.press_refund, numbers=5, in_place=True),
            "how-many": Action(self.press_how_many, opens_form=True),
            "take-confirm": Action(self.press_take, numbers=4, in_place=True),
        }

    def forms(self) -> Mapping[str, FormAction]:
        return {"take-for-refund": FormAction(self.submit_how_many, numbers=1)}

    @staff.command(name="refund", description="Give money back; you see first what it takes.")
    @app_commands.describe(
        order="Which purchase",
        reason="Why; the student reads it",
        sessions="How many sessions go with it; all that are unused if left out",
        amount="How much, like 49.90; the sessions' share of what was paid if left out",
        keep_seat="Should the last session go: keep the seat for a while instead of releasing it",
    )
    @app_commands.autocomplete(order=choices.paid_orders)
    async def refund(
        self,
        interaction: discord.Interaction,
        order: str,
        reason: str,
        sessions: int | None = None,
        amount: str | None = None,
        keep_seat: bool | None = None,
    ) -> None:
        asker = asker_of(interaction)
        order_id = await self._order_named(asker, order)
        if isinstance(order_id, Refused):
            await answer(interaction, refusal(order_id))
            return
        wish = Wish(order_id, reason, sessions, keep_seat=bool(keep_seat))
        shown = await preview_refund(self.db, asker, wish, amount)
        other: RefundPreview | Refused | None = None
        if keep_seat is None and not isinstance(shown, Refused) and shown.seat_at_stake:
            other = await preview_refund(self.db, asker, replace(wish, keep_seat=True), amount)
        await answer(interaction, _shown(shown, other))

    async def press_refund(self, interaction: discord.Interaction, press: Press) -> None:
        order_id, sessions, amount_minor, keep, seen = press.numbers
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
            return
        wish = Wish(order_id, reason_of(interaction.message), sessions, amount_minor, bool(keep))
        done = await refund_order(self.db, asker, wish, seen)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.done(done))

    async def press_how_many(self, interaction: discord.Interaction, press: Press) -> None:
        # Whether this person may say so is asked when they send it.
        await interaction.response.send_modal(modal_of(replies.form_how_many(press.subject_id)))

    async def submit_how_many(self, interaction: discord.Interaction, filled: Filled) -> None:
        asker = await self.asker_here(interaction)
        typed = filled.words.get(replies.HOW_MANY, "").strip()
        sessions = id_of(typed)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
            return
        if sessions is None:
            await answer(interaction, refusal(refuse(Reason.BAD_NUMBER, number=typed)))
            return
        said = Answer(filled.numbers[0], sessions, filled.words.get(WHY, ""))
        shown = await preview_taking(self.db, asker, said)
        other: RefundPreview | Refused | None = None
        if not isinstance(shown, Refused) and shown.seat_at_stake:
            other = await preview_taking(self.db, asker, replace(said, keep_seat=True))
        await answer(interaction, _shown(shown, other))

    async def press_take(self, interaction: discord.Interaction, press: Press) -> None:
        refund_id, sessions, keep, seen = press.numbers
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
            return
        said = Answer(refund_id, sessions, reason_of(interaction.message), bool(keep))
        done = await take_for_refund(self.db, asker, said, seen)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.done(done))

    async def _order_named(self, asker: Asker, typed: str) -> int | Refused:
        """The order, chosen from our list or typed as words that only one of them has."""
        if (order_id := id_of(typed)) is not None:
            return order_id
        found = await find_paid_orders(self.db, asker, typed) if typed.strip() else ()
        return found[0].order_id if len(found) == 1 else refuse(Reason.UNKNOWN_ORDER)


def _shown(shown: RefundPreview | Refused, other: RefundPreview | Refused | None) -> Reply:
    """The preview; with both choices about the seat where there are two."""
    if isinstance(shown, Refused):
        return refusal(shown)
    return refusal(other) if isinstance(other, Refused) else replies.preview(shown, other)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffRefunds(bot))
