"""/staff mentor and /staff product: who teaches in a community, what they sell."""

import discord
from discord import app_commands

from bot import choices
from bot.answer import answer
from bot.asker import asker_of, name_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import mentor, product
from bot.cogs.subject import Subject
from bot.replies import staff as replies
from bot.replies.reply import refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.community.add_mentor import NewMentor, add_mentor
from core.usecases.community.add_product import NewProduct, add_product


class Staff(Subject):
    @mentor.command(name="add", description="Make a member a mentor.")
    @app_commands.describe(
        member="Who",
        hours="When they can be booked, like Mon-Fri 17:00-20:00, Sat 10:00-14:00",
        time_zone="Of those hours, like Europe/Berlin",
        capacity="How many students they take",
        session_minutes="How long a session lasts (60 if left out)",
        buffer_minutes="Break after each session (none if left out)",
        notice_hours="How long ahead a session is booked at least",
        horizon_days="How many days ahead a session is booked at most",
    )
    @app_commands.autocomplete(time_zone=choices.zones)
    async def add_mentor(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        hours: str,
        time_zone: str,
        capacity: int,
        session_minutes: int = 60,
        buffer_minutes: int = 0,
        notice_hours: int | None = None,
        horizon_days: int | None = None,
    ) -> None:
        new = NewMentor(
            user_id=member.id,
            name=name_of(member),
            time_zone=time_zone,
            hours=hours,
            capacity=capacity,
            session_minutes=session_minutes,
            buffer_minutes=buffer_minutes,
            notice_hours=notice_hours,
            horizon_days=horizon_days,
        )
        added = await add_mentor(self.db, asker_of(interaction), new)
        await answer(interaction, refusal(added) if isinstance(added, Refused) else replies.mentor_added(added, new))

    @product.command(name="add", description="Put up something that a mentor sells.")
    @app_commands.describe(
        mentor="Whose",
        name="What it is called, like Four sessions",
        price="Like 49.90",
        sessions="How many sessions it holds",
        validity_days="How many days it is good for",
        currency="If another than the community's",
    )
    @app_commands.autocomplete(mentor=choices.mentors, currency=choices.currencies)
    async def add_product(
        self,
        interaction: discord.Interaction,
        mentor: str,
        name: str,
        price: str,
        sessions: int | None = None,
        validity_days: int | None = None,
        currency: str | None = None,
    ) -> None:
        mentor_id = await self.mentor_named(interaction, mentor)
        if mentor_id is None or isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id or refuse(Reason.UNKNOWN_MENTOR)))
            return
        new = NewProduct(mentor_id, name, price, sessions, validity_days, currency)
        added = await add_product(self.db, asker_of(interaction), new)
        await answer(interaction, refusal(added) if isinstance(added, Refused) else replies.product_added(added))


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Staff(bot))
