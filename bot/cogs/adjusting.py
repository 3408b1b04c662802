"""/adjust: a mentor or staff correct what is left of a pack; the student says yes to what their mentor takes off."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press, custom_id
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.parsing import id_of
from bot.replies import adjusting as replies
from bot.replies.by_hand import choose_pack, reason_of
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.packs.adjust import adjust, preview_adjust
from core.usecases.packs.answer_adjustment import answer_adjustment
from core.usecases.packs.choosing import ChoosePack
from core.usecases.reading.origin import guild_of_adjustment


class Adjusting(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "adjust-add": Action(self.press_add, numbers=4, in_place=True),
            "adjust-take": Action(self.press_take, numbers=4, in_place=True),
            "pick-adjust-add": Action(self.press_pack_to_add, numbers=2, in_place=True),
            "pick-adjust-take": Action(self.press_pack_to_take, numbers=2, in_place=True),
            "adjust-yes": Action(self.press_yes),
            "adjust-no": Action(self.press_no),
        }

    @app_commands.command(name="adjust", description="Correct how many sessions a student has left.")
    @app_commands.describe(
        student="Whose", delta="How many more, like 1, or fewer, like -1", reason="Why; the student reads it"
    )
    @app_commands.autocomplete(student=choices.pairs)
    async def adjust(self, interaction: discord.Interaction, student: str, delta: int, reason: str) -> None:
        seat_id = await self.pair_named(interaction, student)
        if isinstance(seat_id, Refused):
            await answer(interaction, refusal(seat_id))
        else:
            await answer(interaction, await self._preview(asker_of(interaction), seat_id, delta, reason, None))

    async def press_pack_to_add(self, interaction: discord.Interaction, press: Press) -> None:
        await self._chosen(interaction, press, 1)

    async def press_pack_to_take(self, interaction: discord.Interaction, press: Press) -> None:
        await self._chosen(interaction, press, -1)

    async def press_add(self, interaction: discord.Interaction, press: Press) -> None:
        await self._confirmed(interaction, press, 1)

    async def press_take(self, interaction: discord.Interaction, press: Press) -> None:
        await self._confirmed(interaction, press, -1)

    async def press_yes(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._answer(interaction, press.subject_id, yes=True))

    async def press_no(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._answer(interaction, press.subject_id, yes=False))

    async def _preview(self, asker: Asker, seat_id: int, delta: int, reason: str, pack_id: int | None) -> Reply:
        shown = await preview_adjust(self.db, asker, seat_id, delta, reason, pack_id)
        if isinstance(shown, Refused):
            return refusal(shown)
        if isinstance(shown, ChoosePack):
            action = "pick-adjust-add" if delta > 0 else "pick-adjust-take"
            return choose_pack(shown, custom_id(action, seat_id, abs(delta)))
        return replies.preview(seat_id, shown)

    async def _chosen(self, interaction: discord.Interaction, press: Press, sign: int) -> None:
        seat_id, sessions = press.numbers
        pack_id = id_of(press.values[0]) if press.values else None
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
        elif pack_id is None:
            await answer(interaction, refusal(refuse(Reason.UNKNOWN_PACK)))
        else:
            reason = reason_of(interaction.message)
            await answer(interaction, await self._preview(asker, seat_id, sign * sessions, reason, pack_id))

    async def _confirmed(self, interaction: discord.Interaction, press: Press, sign: int) -> None:
        seat_id, pack_id, expected, sessions = press.numbers
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
            return
        reason = reason_of(interaction.message)
        done = await adjust(self.db, asker, seat_id, pack_id, sign * sessions, expected, reason)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.adjusted(done))

    async def _answer(self, interaction: discord.Interaction, adjustment_id: int, *, yes: bool) -> Reply:
        guild_id = interaction.guild_id or await guild_of_adjustment(self.db, adjustment_id, interaction.user.id)
        if guild_id is None:
            return refusal(refuse(Reason.UNKNOWN_ADJUSTMENT))
        said = await answer_adjustment(self.db, asker_of(interaction, guild_id), adjustment_id, yes)
        return refusal(said) if isinstance(said, Refused) else replies.answered(said)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Adjusting(bot))
