"""What every cog has at hand: the parts, who asks, and whom they mean."""

from collections.abc import Mapping

import discord
from discord.ext import commands

from bot.actions import Action
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import grow
from bot.forms import FormAction
from bot.parsing import id_of
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.community.mentors import find_mentors, products_of
from core.usecases.reading.origin import guild_of_mentor, guild_of_person, guild_of_session
from core.usecases.reading.pairs import find_pairs


class Subject(commands.Cog):
    """A cog of one subject. `actions` are the buttons and selects that it answers, `forms` what people fill in."""

    def __init__(self, bot: SeatkeeperBot) -> None:
        self.bot = bot
        self.parts = bot.parts
        self.db = bot.parts.db
        bot.actions.update(self.actions())
        bot.forms.update(self.forms())

    def actions(self) -> Mapping[str, Action]:
        return {}

    def forms(self) -> Mapping[str, FormAction]:
        return {}

    async def cog_load(self) -> None:
        grow(self.bot.tree, self)

    async def asker_here(self, interaction: discord.Interaction) -> Asker | Refused:
        """Who pressed, in the guild that they are in; in a DM in that of their next session."""
        if interaction.guild_id is not None:
            return asker_of(interaction)
        guild_id = await guild_of_person(self.db, interaction.user.id)
        return refuse(Reason.NOT_SET_UP) if guild_id is None else asker_of(interaction, guild_id)

    async def asker_at_mentor(self, interaction: discord.Interaction, mentor_id: int) -> Asker | Refused:
        """The same; in a DM in the mentor's guild, if they are known there."""
        if interaction.guild_id is not None:
            return asker_of(interaction)
        guild_id = await guild_of_mentor(self.db, mentor_id, interaction.user.id)
        return refuse(Reason.UNKNOWN_MENTOR) if guild_id is None else asker_of(interaction, guild_id)

    async def asker_at_session(self, interaction: discord.Interaction, session_id: int) -> Asker | Refused:
        """The same; in a DM in the session's guild, if they are known there."""
        if interaction.guild_id is not None:
            return asker_of(interaction)
        guild_id = await guild_of_session(self.db, session_id, interaction.user.id)
        return refuse(Reason.UNKNOWN_SESSION) if guild_id is None else asker_of(interaction, guild_id)

    async def mentor_named(self, interaction: discord.Interaction, typed: str | None) -> int | Refused | None:
        """The mentor's id, chosen from our list or typed as a name; None if none was given."""
        if typed is None:
            return None
        if (mentor_id := id_of(typed)) is not None:
            return mentor_id
        if not typed.strip():
            return refuse(Reason.UNKNOWN_MENTOR)  # an empty name is like every one
        found = await find_mentors(self.db, asker_of(interaction).guild_id, typed)
        same = [choice for choice in found if choice.label.casefold() == typed.strip().casefold()] or found
        return same[0].id if len(same) == 1 else refuse(Reason.UNKNOWN_MENTOR)

    async def mentor_meant(self, interaction: discord.Interaction, typed: str) -> int | Refused:
        """The same where one must be given."""
        return await self.mentor_named(interaction, typed) or refuse(Reason.UNKNOWN_MENTOR)

    async def product_named(self, interaction: discord.Interaction, mentor_id: int, typed: str) -> int | Refused:
        """The product's id, chosen from our list or typed as the name of something that this mentor sells."""
        if (product_id := id_of(typed)) is not None:
            return product_id
        sold = await products_of(self.db, asker_of(interaction).guild_id, mentor_id)
        same = [product.id for product in sold if product.name.casefold() == typed.strip().casefold()]
        return same[0] if len(same) == 1 else refuse(Reason.UNKNOWN_PRODUCT)

    async def pair_named(self, interaction: discord.Interaction, typed: str) -> int | Refused:
        """The pair's seat, chosen from our list or typed as a name that only one of them has."""
        if (seat_id := id_of(typed)) is not None:
            return seat_id
        if not typed.strip():
            return refuse(Reason.UNKNOWN_STUDENT)
        found = await find_pairs(self.db, asker_of(interaction), typed)
        same = [choice for choice in found if choice.label.casefold() == typed.strip().casefold()] or found
        return same[0].id if len(same) == 1 else refuse(Reason.UNKNOWN_STUDENT)
