"""Who presses or types, as the use cases want to know it."""

import discord

from core.texts.language import visible
from core.usecases.asker import Asker


def asker_of(interaction: discord.Interaction, guild_id: int | None = None) -> Asker:
    """The person behind the interaction. In a DM there is no guild, hence no role and no permission: name the guild.

    What Discord says in the interaction itself is used, never a cache: it is the state of this moment.
    """
    person = interaction.user
    inside = interaction.guild_id
    guild_id = inside if inside is not None else guild_id
    if guild_id is None:
        raise ValueError("an interaction without a guild needs one named")
    roles = frozenset(role.id for role in person.roles) if isinstance(person, discord.Member) else frozenset()
    return Asker(
        guild_id=guild_id,
        user_id=person.id,
        name=name_of(person),
        role_ids=roles,
        manages_guild=inside is not None and interaction.permissions.manage_guild,
        locale=str(interaction.locale)[:16],
    )


def name_of(person: discord.User | discord.Member) -> str:
    """How they are called here, without what nobody can see; if nothing is left of it, by their account's name."""
    return visible(person.display_name).strip() or person.name
