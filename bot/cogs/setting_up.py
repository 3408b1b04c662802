"""/setup: how a server becomes a community, and what the bot lacks there."""

from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.allowed import missing
from bot.answer import acknowledge, answer
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.forms import Filled, FormAction, modal_of
from bot.replies import set_up as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.community.how_set_up import HowSetUp, how_set_up
from core.usecases.community.set_up import NONE_ANY_MORE, SetUp, set_up


class SettingUp(Subject):
    prefill_within = 1.5
    """Seconds that the form may wait for what it is filled with: it must be open within three."""

    def actions(self) -> Mapping[str, Action]:
        return {
            "pick-staff-role": Action(self.pick_staff_role, numbers=0, in_place=True),
            "pick-staff-channel": Action(self.pick_staff_channel, numbers=0, in_place=True),
            "pick-sessions-channel": Action(self.pick_sessions_channel, numbers=0, in_place=True),
            "set-zone": Action(self.press_zone, numbers=0, opens_form=True),
        }

    def forms(self) -> Mapping[str, FormAction]:
        return {"set-up": FormAction(self.submit, in_place=True)}

    @app_commands.command(name="setup", description="Set Seatkeeper up on this server, or change how it is set up.")
    @app_commands.describe(
        time_zone="Of the community, like Europe/Berlin",
        currency="In which prices are, like EUR",
        staff_role="Whose members are staff",
        staff_channel="Where staff are told what needs a person",
        sessions_channel="Where student and mentor have a private thread if direct messages are closed",
    )
    @app_commands.autocomplete(time_zone=choices.zones, currency=choices.currencies)
    async def setup(
        self,
        interaction: discord.Interaction,
        time_zone: str | None = None,
        currency: str | None = None,
        staff_role: discord.Role | None = None,
        staff_channel: discord.TextChannel | None = None,
        sessions_channel: discord.TextChannel | None = None,
    ) -> None:
        chosen = (time_zone, currency, staff_role, staff_channel, sessions_channel)
        if all(each is None for each in chosen):
            await answer(interaction, await self._shown(interaction))
            return
        await self._save(
            interaction,
            SetUp(
                guild_name=_name_of_guild(interaction),
                time_zone=time_zone,
                currency=currency,
                staff_role_id=staff_role.id if staff_role else None,
                staff_channel_id=staff_channel.id if staff_channel else None,
                sessions_channel_id=sessions_channel.id if sessions_channel else None,
            ),
        )

    async def pick_staff_role(self, interaction: discord.Interaction, press: Press) -> None:
        there = interaction.guild.roles if interaction.guild is not None else ()
        await self._pick(interaction, "staff_role_id", press, there)

    async def pick_staff_channel(self, interaction: discord.Interaction, press: Press) -> None:
        there = interaction.guild.text_channels if interaction.guild is not None else ()
        await self._pick(interaction, "staff_channel_id", press, there)

    async def pick_sessions_channel(self, interaction: discord.Interaction, press: Press) -> None:
        there = interaction.guild.text_channels if interaction.guild is not None else ()
        await self._pick(interaction, "sessions_channel_id", press, there)

    async def press_zone(self, interaction: discord.Interaction, press: Press) -> None:
        """Open the form. Whether this person may send it is asked again when they do."""
        how = await self.bot.soon(self._how(interaction), self.prefill_within)
        if isinstance(how, Refused):
            await acknowledge(interaction)
            await answer(interaction, refusal(how))
        else:
            await interaction.response.send_modal(modal_of(replies.form(how)))

    async def submit(self, interaction: discord.Interaction, filled: Filled) -> None:
        zone, currency = filled.words.get(replies.ZONE), filled.words.get(replies.CURRENCY)
        zone = zone.strip() if zone is not None else None
        await self._save(interaction, SetUp(_name_of_guild(interaction), zone, currency))

    async def _pick(
        self, interaction: discord.Interaction, column: str, press: Press, there: Iterable[discord.abc.Snowflake]
    ) -> None:
        """Save what was picked of what is there at this moment."""
        picked = _picked(press, there)
        if isinstance(picked, Refused):
            await answer(interaction, await self._shown(interaction, picked))
        else:
            chosen: dict[str, Any] = {column: picked}
            await self._save(interaction, SetUp(_name_of_guild(interaction), **chosen))

    async def _save(self, interaction: discord.Interaction, wanted: SetUp) -> None:
        asker = await self.asker_here(interaction)
        done = asker if isinstance(asker, Refused) else await set_up(self.db, asker, wanted)
        await answer(interaction, await self._shown(interaction, done if isinstance(done, Refused) else None))

    async def _shown(self, interaction: discord.Interaction, refused: Refused | None = None) -> Reply:
        """How it stands now, for whom it concerns; with why something was not done."""
        how = await self._how(interaction)
        if isinstance(how, Refused):
            return refusal(how)
        lacking = missing(interaction.guild, how) if interaction.guild is not None else []
        return replies.panel(how, lacking, can_sell=bool(self.parts.providers), refused=refused)

    async def _how(self, interaction: discord.Interaction) -> HowSetUp | Refused:
        asker = await self.asker_here(interaction)
        return asker if isinstance(asker, Refused) else await how_set_up(self.db, asker)


def _picked(press: Press, there: Iterable[discord.abc.Snowflake]) -> int | Refused:
    if not press.values:
        return NONE_ANY_MORE
    found = [each.id for each in there if str(each.id) == press.values[0]]
    return found[0] if found else refuse(Reason.NOT_OF_THIS_SERVER)


def _name_of_guild(interaction: discord.Interaction) -> str:
    return interaction.guild.name if interaction.guild is not None else str(interaction.guild_id)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(SettingUp(bot))
