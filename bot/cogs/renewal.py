"""/buy and /renew: a seat held, and a link to pay."""

from collections.abc import Awaitable, Callable, Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.parsing import id_of
from bot.replies import products as replies
from bot.replies.mentors import choose_mentor
from bot.replies.reply import Reply, refusal
from core.limits import Limit
from core.rules.refusals import Reason, Refused, refuse
from core.texts.providers import NAMES
from core.usecases.asker import Asker
from core.usecases.buying.buy import CheckoutReady, Given, buy, pay_with
from core.usecases.buying.place import ANYTHING, Wanted
from core.usecases.community.mentors import products_of
from core.usecases.reading.own_mentors import own_mentors


class Renewal(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "buy": Action(self.press_buy),
            "renew": Action(self.press_buy),
            **{f"pay-with-{name}": Action(self._pay_with(name), in_place=True) for name in NAMES},
            "pick-product": Action(self.press_product, in_place=True),
        }

    @app_commands.command(
        name="buy", description="Buy sessions with a mentor; their seat is held for you while you pay."
    )
    @app_commands.describe(
        mentor="With whom",
        product="What; leave it out to choose",
        provider="How you want to pay",
        code="A code that makes it cheaper, if you have one",
    )
    @app_commands.autocomplete(mentor=choices.mentors, product=choices.products, provider=choices.providers)
    async def buy(
        self,
        interaction: discord.Interaction,
        mentor: str,
        product: str | None = None,
        provider: str | None = None,
        code: str | None = None,
    ) -> None:
        asker = asker_of(interaction)
        mentor_id = await self.mentor_named(interaction, mentor)
        product_id = id_of(product)
        if mentor_id is None or isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id or refuse(Reason.UNKNOWN_MENTOR)))
        elif product is not None and product_id is None:
            await answer(interaction, refusal(refuse(Reason.UNKNOWN_PRODUCT)))
        else:
            await answer(interaction, await self._buy(asker, mentor_id, Wanted(product_id, provider, code)))

    @app_commands.command(name="renew", description="Buy more sessions with your mentor, and keep your seat.")
    @app_commands.describe(mentor="With whom; leave it out if you have one mentor")
    @app_commands.autocomplete(mentor=choices.mentors)
    async def renew(self, interaction: discord.Interaction, mentor: str | None = None) -> None:
        asker = asker_of(interaction)
        mentor_id = await self.mentor_named(interaction, mentor)
        if mentor_id is None:
            await answer(interaction, await self._renew_own(asker))
        elif isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id))
        else:
            await answer(interaction, await self._buy(asker, mentor_id))

    async def press_buy(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._buy_here(interaction, press.subject_id, None))

    async def press_product(self, interaction: discord.Interaction, press: Press) -> None:
        product_id = id_of(press.values[0]) if press.values else None
        await answer(interaction, await self._buy_here(interaction, press.subject_id, product_id))

    async def _renew_own(self, asker: Asker) -> Reply:
        """With the one mentor they have; of several they choose."""
        found = await own_mentors(self.db, asker)
        if isinstance(found, Refused):
            return refusal(found)
        return await self._buy(asker, found[0].id) if len(found) == 1 else choose_mentor("renew", found)

    async def _buy_here(self, interaction: discord.Interaction, mentor_id: int, product_id: int | None) -> Reply:
        asker = await self.asker_at_mentor(interaction, mentor_id)
        return refusal(asker) if isinstance(asker, Refused) else await self._buy(asker, mentor_id, Wanted(product_id))

    def _pay_with(self, provider: str) -> Callable[[discord.Interaction, Press], Awaitable[None]]:
        async def press(interaction: discord.Interaction, press: Press) -> None:
            asker = asker_of(interaction)
            done: CheckoutReady | Given | Refused | None = await self._too_often(asker)
            if done is None:
                done = await pay_with(
                    self.db, self.parts.providers, self.parts.public_url, asker, press.subject_id, provider
                )
            await answer(interaction, _bought(done))

        return press

    async def _too_often(self, asker: Asker) -> Refused | None:
        """Why no checkout is asked for now; each may open one at the provider."""
        too_often = await self.parts.limits.note(Limit.CHECKOUTS, f"{asker.guild_id}:{asker.user_id}")
        return None if too_often is None else too_often.refused(self.parts.clock.now())

    async def _buy(self, asker: Asker, mentor_id: int, wanted: Wanted = ANYTHING) -> Reply:
        if refused := await self._too_often(asker):
            return refusal(refused)
        done = await buy(self.db, self.parts.providers, self.parts.public_url, asker, mentor_id, wanted)
        if isinstance(done, Refused) and done.reason is Reason.CHOOSE_PRODUCT:
            return replies.choose_product(mentor_id, await products_of(self.db, asker.guild_id, mentor_id))
        return _bought(done)


def _bought(done: CheckoutReady | Given | Refused) -> Reply:
    match done:
        case CheckoutReady():
            return replies.checkout(done)
        case Given():
            return replies.given(done)
        case Refused():
            return refusal(done)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Renewal(bot))
