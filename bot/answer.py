"""Acknowledge at once, answer when the answer is known. All is said in the interaction's own message."""

import discord

from bot.discord_errors import UNKNOWN_MESSAGE
from bot.replies.reply import Reply


async def acknowledge(interaction: discord.Interaction, *, in_place: bool = False) -> None:
    """Within Discord's three seconds: 'thinking', or `in_place` nothing until the message pressed on changes.

    Always to this person alone. A DM is that anyway, and there the answer stays to be read again.
    """
    if in_place:
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=interaction.guild_id is not None, thinking=True)


async def answer(interaction: discord.Interaction, reply: Reply) -> None:
    """Put the reply where `acknowledge` made room for it. Nothing stays of what the message was, its files included.

    Whoever dismissed that message before the answer was known gets another one.
    """
    try:
        await interaction.edit_original_response(
            content=None, embed=reply.embed(), view=reply.view(), attachments=reply.attachments()
        )
    except discord.NotFound as error:
        if error.code != UNKNOWN_MESSAGE:
            raise
        await add(interaction, reply)


async def add(interaction: discord.Interaction, reply: Reply) -> None:
    """Say it beside the message pressed on, to this person alone."""
    view = reply.view()
    await interaction.followup.send(
        embed=reply.embed(),
        view=view if view is not None else discord.utils.MISSING,
        files=reply.attachments(),
        ephemeral=interaction.guild_id is not None,
    )
