"""A stage with a bot of a few lines: what is tried is the stage and SimCord behind it, not our bot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
import simcord
from discord.ext import commands

from seatkeeper.demo.clock import MovableClock
from seatkeeper.demo.stage import Place, Stage
from tests.clocks import SettableClock

HOUR = timedelta(hours=1)


class Parrot(commands.AutoShardedBot):
    """It waits when it is told to, and has a button that is good for an hour."""

    def __init__(self) -> None:
        super().__init__(commands.when_mentioned, intents=discord.Intents(guilds=True))
        self.waiting = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.button_ended = False

    async def setup_hook(self) -> None:
        @self.tree.command(description="Say hello to whoever asks, and to nobody else")
        async def hello(interaction: discord.Interaction) -> None:
            await interaction.response.send_message(f"Hello, {interaction.user.display_name}", ephemeral=True)

        @self.tree.command(description="Wait until it may go on")
        async def wait(interaction: discord.Interaction) -> None:
            self.waiting.set()
            await self.may_go_on.wait()
            await interaction.response.send_message("I waited")

        @self.tree.command(description="A button")
        async def button(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("Press", view=Button(self))

        await self.tree.sync()


class Button(discord.ui.View):
    def __init__(self, bot: Parrot) -> None:
        super().__init__(timeout=HOUR.total_seconds())
        self._bot = bot
        self.add_item(discord.ui.Button[Any](label="Press"))

    async def on_timeout(self) -> None:
        self._bot.button_ended = True


@dataclass(slots=True)
class Rehearsal:
    """Ann and Ben are in the guild, Zoe is in none. The clock flows only when it is moved."""

    stage: Stage
    bot: Parrot
    guild: simcord.GuildHandle
    ann: simcord.MemberActor
    ben: simcord.MemberActor
    zoe: simcord.UserHandle

    @property
    def public(self) -> Place:
        return self.stage.places[0]

    @property
    def ann_dm(self) -> Place:
        return self.stage.places[1]

    async def tell_ann(self, text: str) -> None:
        """A message to Ann that nobody asked for, as those of the jobs."""
        await (await self.bot.fetch_user(self.ann.id)).send(embed=discord.Embed(description=text))


def built(machine: SettableClock, *, ids_last: bool = True) -> Rehearsal:
    """The curtain has not risen."""
    bot = Parrot()
    stage = Stage.around(bot, MovableClock(machine), name="Parrot", ids_last=ids_last)
    guild = stage.env.create_guild("Rehearsal")
    channel = guild.create_text_channel("public")
    ann, ben = (guild.add_member(stage.env.create_user(name.lower(), global_name=name)) for name in ("Ann", "Ben"))
    zoe = stage.env.create_user("zoe", global_name="Zoe")
    stage.places += [
        Place("public", "#public", channel, [ann, ben], "Europe/Berlin"),
        Place("dm-ann", "Ann", ann.user.dm_channel, [ann.user], "Europe/Berlin"),
    ]
    return Rehearsal(stage, bot, guild, ann, ben, zoe)


@asynccontextmanager
async def rehearsal(machine: SettableClock, *, ids_last: bool = True) -> AsyncIterator[Rehearsal]:
    """The curtain is up and every place has its tab."""
    made = built(machine, ids_last=ids_last)
    try:
        await made.stage.rise()
        await made.stage.open_tabs(lambda: 0)
        yield made
    finally:
        await made.stage.close()
