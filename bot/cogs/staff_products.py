"""/staff product: what mentors sell."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import product as group
from bot.cogs.subject import Subject
from bot.replies import staff_products as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.community.add_product import NewProduct, add_product
from core.usecases.community.edit_product import ProductChange, edit_product, preview_retire, retire_product


class StaffProducts(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {"retire-product": Action(self.press_retire, numbers=2, in_place=True)}

    @group.command(name="add", description="Put up something that a mentor sells.")
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
        mentor_id = await self.mentor_meant(interaction, mentor)
        if isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id))
            return
        new = NewProduct(mentor_id, name, price, sessions, validity_days, currency)
        added = await add_product(self.db, asker_of(interaction), new)
        await answer(interaction, refusal(added) if isinstance(added, Refused) else replies.product_added(added))

    @group.command(name="edit", description="Change what a mentor sells; packs that are sold stay as they are.")
    @app_commands.describe(
        mentor="Whose",
        product="Which",
        name="What it is called from now on",
        price="The new price, like 49.90",
        sessions="How many sessions it holds from now on",
        validity_days="How many days it is good for from now on",
    )
    @app_commands.autocomplete(mentor=choices.mentors, product=choices.products)
    async def edit_product(
        self,
        interaction: discord.Interaction,
        mentor: str,
        product: str,
        name: str | None = None,
        price: str | None = None,
        sessions: int | None = None,
        validity_days: int | None = None,
    ) -> None:
        change = ProductChange(name, price, sessions, validity_days)
        await answer(interaction, await self._edit(interaction, mentor, product, change))

    @group.command(name="retire", description="Take something off sale; it shows first what follows.")
    @app_commands.describe(mentor="Whose", product="Which")
    @app_commands.autocomplete(mentor=choices.mentors, product=choices.products)
    async def retire_product(self, interaction: discord.Interaction, mentor: str, product: str) -> None:
        await answer(interaction, await self._preview(interaction, mentor, product))

    async def press_retire(self, interaction: discord.Interaction, press: Press) -> None:
        asker = await self.asker_here(interaction)
        done = asker if isinstance(asker, Refused) else await retire_product(self.db, asker, *press.numbers)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.product_retired(done))

    async def _edit(self, interaction: discord.Interaction, mentor: str, product: str, change: ProductChange) -> Reply:
        found = await self._meant(interaction, mentor, product)
        edited = (
            found if isinstance(found, Refused) else await edit_product(self.db, asker_of(interaction), *found, change)
        )
        return refusal(edited) if isinstance(edited, Refused) else replies.product_edited(edited)

    async def _preview(self, interaction: discord.Interaction, mentor: str, product: str) -> Reply:
        found = await self._meant(interaction, mentor, product)
        shown = found if isinstance(found, Refused) else await preview_retire(self.db, asker_of(interaction), *found)
        return refusal(shown) if isinstance(shown, Refused) else replies.preview_retire(shown)

    async def _meant(self, interaction: discord.Interaction, mentor: str, product: str) -> tuple[int, int] | Refused:
        mentor_id = await self.mentor_meant(interaction, mentor)
        if isinstance(mentor_id, Refused):
            return mentor_id
        product_id = await self.product_named(interaction, mentor_id, product)
        return product_id if isinstance(product_id, Refused) else (mentor_id, product_id)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffProducts(bot))
