"""/mentors: who teaches, what it costs, where a seat is free."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.parsing import id_of
from bot.replies import mentors as replies
from bot.replies.products import choose_product
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.community.mentors import find_mentors, mentors, products_of


class Mentors(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "mentors-page": Action(self.press_page, in_place=True),
            "pick-mentor": Action(self.press_mentor, numbers=0),
        }

    @app_commands.command(name="mentors", description="Who teaches here, what it costs, and where a seat is free.")
    @app_commands.describe(search="A name, or a part of it")
    @app_commands.autocomplete(search=choices.mentors)
    async def mentors(self, interaction: discord.Interaction, search: str | None = None) -> None:
        guild_id = asker_of(interaction).guild_id
        cards = await mentors(self.db, guild_id)
        if isinstance(cards, Refused):
            await answer(interaction, refusal(cards))
        elif search is None or not search.strip():
            await answer(interaction, replies.mentors(cards))
        else:
            chosen = id_of(search)
            likest = (
                [choice.id for choice in await find_mentors(self.db, guild_id, search)] if chosen is None else [chosen]
            )
            by_id = {card.mentor_id: card for card in cards}
            await answer(interaction, replies.found([by_id[each] for each in likest if each in by_id], search))

    async def press_page(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._page(interaction, press.numbers[0]))

    async def press_mentor(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._products(interaction, id_of(press.values[0]) if press.values else None))

    async def _products(self, interaction: discord.Interaction, mentor_id: int | None) -> Reply:
        if mentor_id is None:
            return refusal(refuse(Reason.UNKNOWN_MENTOR))
        asker = await self.asker_at_mentor(interaction, mentor_id)
        if isinstance(asker, Refused):
            return refusal(asker)
        products = await products_of(self.db, asker.guild_id, mentor_id)
        return choose_product(mentor_id, products) if products else replies.none_for_sale()

    async def _page(self, interaction: discord.Interaction, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            return refusal(asker)
        cards = await mentors(self.db, asker.guild_id)
        return refusal(cards) if isinstance(cards, Refused) else replies.mentors(cards, page)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Mentors(bot))
