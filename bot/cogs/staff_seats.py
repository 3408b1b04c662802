"""/staff grant, release and extend: what staff do to a student's seat and packs, each with its reason."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press, custom_id
from bot.answer import answer
from bot.asker import asker_of, name_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import staff
from bot.cogs.subject import Subject
from bot.parsing import id_of
from bot.replies import staff_seats as replies
from bot.replies.by_hand import choose_pack, reason_of
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.packs.choosing import ChoosePack
from core.usecases.packs.extend import extend
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release_by_staff import preview_release, release_by_staff
from core.usecases.seats.settle_first import settle_first


class StaffSeats(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "release-seat": Action(self.press_release, in_place=True),
            "pick-extend": Action(self.press_pack, numbers=2, in_place=True),
        }

    @staff.command(name="grant", description="Give a student sessions as goodwill, and a seat if they have none.")
    @app_commands.describe(
        student="Whom",
        mentor="With whom",
        sessions="How many",
        reason="Why; the student reads it",
        days="How many days they are good for; as long as packs are here if left out",
        above_capacity="Even if all seats of the mentor are taken; the history says so",
    )
    @app_commands.autocomplete(mentor=choices.mentors)
    async def grant(
        self,
        interaction: discord.Interaction,
        student: discord.Member,
        mentor: str,
        sessions: int,
        reason: str,
        days: int | None = None,
        above_capacity: bool = False,
    ) -> None:
        mentor_id = await self.mentor_named(interaction, mentor)
        if mentor_id is None or isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id or refuse(Reason.UNKNOWN_MENTOR)))
            return
        wanted = Grant(
            user_id=student.id,
            name=name_of(student),
            mentor_id=mentor_id,
            sessions=sessions,
            reason=reason,
            days=days,
            above_capacity=above_capacity,
        )
        done = await grant(self.db, asker_of(interaction), wanted)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.granted(done))

    @staff.command(name="release", description="Take a student's seat back at once; what is left is kept for them.")
    @app_commands.describe(student="Whose seat, and with whom", reason="Why; student and mentor read it")
    @app_commands.autocomplete(student=choices.pairs)
    async def release(self, interaction: discord.Interaction, student: str, reason: str) -> None:
        seat_id = await self.pair_named(interaction, student)
        if isinstance(seat_id, Refused):
            await answer(interaction, refusal(seat_id))
            return
        await self._settle_first(asker_of(interaction), seat_id)
        shown = await preview_release(self.db, asker_of(interaction), seat_id, reason)
        await answer(interaction, refusal(shown) if isinstance(shown, Refused) else replies.preview_release(shown))

    @staff.command(name="extend", description="Give a student more days: for what is left, or in grace for the seat.")
    @app_commands.describe(student="Who, and with whom", days="How many days more", reason="Why; the student reads it")
    @app_commands.autocomplete(student=choices.pairs)
    async def extend(self, interaction: discord.Interaction, student: str, days: int, reason: str) -> None:
        seat_id = await self.pair_named(interaction, student)
        if isinstance(seat_id, Refused):
            await answer(interaction, refusal(seat_id))
        else:
            await answer(interaction, await self._extend(asker_of(interaction), seat_id, days, reason, None))

    async def press_release(self, interaction: discord.Interaction, press: Press) -> None:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
            return
        await self._settle_first(asker, press.subject_id)
        done = await release_by_staff(self.db, asker, press.subject_id, reason_of(interaction.message))
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.released(done))

    async def _settle_first(self, asker: Asker, seat_id: int) -> None:
        await settle_first(self.db, self.parts.providers, self.parts.public_url, asker, seat_id)

    async def press_pack(self, interaction: discord.Interaction, press: Press) -> None:
        seat_id, days = press.numbers
        pack_id = id_of(press.values[0]) if press.values else None
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
        elif pack_id is None:
            await answer(interaction, refusal(refuse(Reason.UNKNOWN_PACK)))
        else:
            reason = reason_of(interaction.message)
            await answer(interaction, await self._extend(asker, seat_id, days, reason, pack_id))

    async def _extend(self, asker: Asker, seat_id: int, days: int, reason: str, pack_id: int | None) -> Reply:
        done = await extend(self.db, asker, seat_id, days, reason, pack_id)
        if isinstance(done, Refused):
            return refusal(done)
        if isinstance(done, ChoosePack):
            return choose_pack(done, custom_id("pick-extend", seat_id, days))
        return replies.extended(done)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffSeats(bot))
