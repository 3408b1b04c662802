"""/help and /timezone: what one can do here, and by which clock."""

from collections.abc import Iterator, Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.replies import about as replies
from bot.replies.help import Command, help_page
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.community.time_zone import choose_time_zone
from core.usecases.reading.audience import standing_of


class About(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {"help-page": Action(self.press_page, in_place=True)}

    @app_commands.command(name="help", description="What you can do here.")
    async def help(self, interaction: discord.Interaction) -> None:
        await answer(interaction, await self._help(interaction, 0))

    @app_commands.command(name="timezone", description="Say in which time zone you live, for menus and e-mails.")
    @app_commands.describe(zone="Like Europe/Berlin")
    @app_commands.autocomplete(zone=choices.zones)
    async def timezone(self, interaction: discord.Interaction, zone: str) -> None:
        chosen = await choose_time_zone(self.db, asker_of(interaction), zone)
        await answer(interaction, refusal(chosen) if isinstance(chosen, Refused) else replies.zone_chosen(chosen))

    async def press_page(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._help(interaction, press.subject_id))

    async def _help(self, interaction: discord.Interaction, page: int) -> Reply:
        standing = await standing_of(self.db, asker_of(interaction))
        return help_page(commands_of(self.bot), standing, page)


def commands_of(bot: SeatkeeperBot) -> Iterator[Command]:
    """Every command that can be called, those of groups by their full names, as the tree has them at this moment."""
    for command in bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            top = command.qualified_name.partition(" ")[0]
            yield Command(command.qualified_name, command.description, bot.command_ids.get(top))
    for menu in bot.tree.get_commands(type=discord.AppCommandType.user):
        yield Command(menu.name, "", in_menu=True)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(About(bot))
