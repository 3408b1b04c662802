"""The client: what it listens to, what it holds, and how every interaction is acknowledged, answered and ended."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

import discord
from discord import app_commands
from discord.ext import commands

from bot.actions import Action, Press, Pressable, custom_id
from bot.answer import acknowledge, answer
from bot.discord_errors import EXPECTED
from bot.errors import tell
from bot.forms import FormAction, filled
from bot.replies.reply import outdated
from bot.syncing import differs
from bot.translating import Translator
from bot.typed import make_readable
from core.correlation import go_on_as
from core.limits import Limits
from core.ports import Clock, PaymentProvider
from core.texts.language import read_in
from core.usecases import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

_COGS = (
    "bot.cogs.booking",
    "bot.cogs.cancelling",
    "bot.cogs.remaining",
    "bot.cogs.renewal",
    "bot.cogs.mentoring",
    "bot.cogs.undoing",
    "bot.cogs.mentors",
    "bot.cogs.profile",
    "bot.cogs.history",
    "bot.cogs.mydata",
    "bot.cogs.about",
    "bot.cogs.availability",
    "bot.cogs.students",
    "bot.cogs.notes",
    "bot.cogs.setting_up",
    "bot.cogs.staff_codes",
    "bot.cogs.staff_mentors",
    "bot.cogs.staff_products",
    "bot.cogs.adjusting",
    "bot.cogs.staff_seats",
    "bot.cogs.staff_refunds",
    "bot.cogs.staff_records",
    "bot.cogs.staff_decisions",
    "bot.cogs.staff_webhook",
    "bot.cogs.staff_settings",
    "bot.cogs.servers",
)
_LAST_WORDS_FOR = 10.0  # seconds that a stop waits for interactions at work


@dataclass(frozen=True, slots=True)
class Parts:
    """What the bot works with, made by wiring. Without a provider everything works but paying.

    `providers` by name, the one to prefer first.
    """

    db: Database
    providers: Mapping[str, PaymentProvider]
    public_url: str
    clock: Clock
    limits: Limits = field(default_factory=Limits)


class Tree(app_commands.CommandTree["SeatkeeperBot"]):
    """Every command is acknowledged before it is looked at, unless it opens a form; every error ends in one place."""

    async def interaction_check(self, interaction: discord.Interaction["SeatkeeperBot"], /) -> bool:
        read_in(interaction.locale.value)
        make_readable(interaction)
        if interaction.type is not discord.InteractionType.application_command:
            go_on_as(_cause_of(interaction))
            return True  # an autocomplete is its own answer
        self.client.note_work()
        _begin(interaction, _name(interaction))
        if interaction.command is not None and interaction.command.extras.get("opens_form"):
            return True
        try:
            await acknowledge(interaction)
        except EXPECTED as error:
            await tell(interaction, error, _name(interaction))
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction["SeatkeeperBot"], error: app_commands.AppCommandError, /
    ) -> None:
        await tell(interaction, error, _name(interaction))


class SeatkeeperBot(commands.AutoShardedBot):
    """Discord's side of the house. Needs no privileged intent, and pings nobody."""

    def __init__(self, parts: Parts, **options: Any) -> None:
        # We speak in no voice channel, so there is nothing to warn of if what that takes is not installed.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            tree_cls=Tree,
            # A longer wait for Discord's limits is the caller's to plan: it raises RateLimited.
            max_ratelimit_timeout=30.0,
            **options,
        )
        self.parts = parts
        self.actions: dict[str, Action] = {}
        self.forms: dict[str, FormAction] = {}
        self.command_ids: dict[str, int] = {}  # by name, once Discord has told them
        self._at_work: set[asyncio.Task[Any]] = set()
        self._changing: set[int] = set()
        self._was_set_up = False

    async def setup_hook(self) -> None:
        self._was_set_up = True
        self.add_dynamic_items(Pressable)
        await self.tree.set_translator(Translator())
        for cog in _COGS:
            await import_module(cog).setup(self)

    async def sync_commands(self, *, force: bool = False) -> bool:
        """Make Discord's list of commands ours; whether it had to change. Asks first, as changes are limited."""
        if self.application_id is None or self.tree.translator is None:
            raise RuntimeError("log in before commands are synced")
        translator = self.tree.translator
        ours = [await command.get_translated_payload(self.tree, translator) for command in self.tree.get_commands()]
        theirs: Iterable[Any] = await self._commands_at_discord(self.application_id)
        changes = force or differs(ours, theirs)
        if changes:
            theirs = await self.http.bulk_upsert_global_commands(self.application_id, payload=ours)
            log.info("synced %d commands", len(ours))
        self.command_ids = {each["name"]: int(each["id"]) for each in theirs}
        return changes

    async def _commands_at_discord(self, application_id: int) -> list[Any]:
        """Our commands as Discord has them. Its library asks without their translations."""
        route = discord.http.Route("GET", "/applications/{application_id}/commands", application_id=application_id)
        found: list[Any] = await self.http.request(route, params={"with_localizations": "true"})
        return found

    async def press(self, interaction: discord.Interaction, name: str, press: Press) -> None:
        """A button or select of ours was used: acknowledge it, then let its action answer."""
        self.note_work()
        _begin(interaction, f"the button {custom_id(name, *press.numbers)}")
        read_in(interaction.locale.value)
        action = self.actions.get(name)
        try:
            if action is None or len(press.numbers) != action.numbers:
                await acknowledge(interaction)
                await answer(interaction, outdated())
                return
            if not action.opens_form:
                await acknowledge(interaction, in_place=action.in_place)
            if not action.in_place:
                await action.answer(interaction, press)
                return
            await self._change(interaction, action, press)
        except Exception as error:  # noqa: BLE001 # the edge: whatever it is, the person is told and the bot lives on
            await tell(interaction, error, f"the button {name}")

    async def _change(self, interaction: discord.Interaction, action: Action, press: Press) -> None:
        """Change the message pressed on, once at a time: a double click would write its refusal over the answer."""
        message_id = interaction.message.id if interaction.message else 0
        if message_id in self._changing:
            return
        self._changing.add(message_id)
        try:
            await action.answer(interaction, press)
        finally:
            self._changing.discard(message_id)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A form of ours was sent: acknowledge it, then let its action answer. Discord.py keeps none of them."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        self.note_work()
        read_in(interaction.locale.value)
        make_readable(interaction)
        name, words = filled(interaction)
        _begin(interaction, f"the form {custom_id(name, *words.numbers)}")
        action = self.forms.get(name)
        try:
            own = interaction.message is not None and interaction.message.flags.ephemeral
            await acknowledge(interaction, in_place=own and action is not None and action.in_place)
            if action is None or len(words.numbers) != action.numbers:
                await answer(interaction, outdated())
            else:
                await action.answer(interaction, words)
        except Exception as error:  # noqa: BLE001 # the edge: whatever it is, the person is told and the bot lives on
            await tell(interaction, error, f"the form {name}")

    async def soon(self, work: Coroutine[Any, Any, T], within: float) -> T | None:
        """What the work gives, or None if it takes longer than so many seconds; it then ends for nobody.

        It is not cancelled: a statement that is cut off costs its connection.
        """
        task = asyncio.create_task(work)
        self._note(task)
        done, _ = await asyncio.wait({task}, timeout=within)
        if done:
            return task.result()
        task.add_done_callback(_too_late)
        return None

    def note_work(self) -> None:
        """The current task answers somebody: a stop waits for it."""
        task = asyncio.current_task()
        if task is not None:
            self._note(task)

    def _note(self, task: asyncio.Task[Any]) -> None:
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def close(self) -> None:
        """Let what is being answered be answered, then leave."""
        at_work = self._at_work - {asyncio.current_task()}
        if at_work:
            await asyncio.wait(at_work, timeout=_LAST_WORDS_FOR)
        if self._was_set_up:
            await super().close()
        else:
            await self.http.close()  # a login that failed: discord.py's own close needs what the set-up makes


def _begin(interaction: discord.Interaction[Any], what: str) -> None:
    """All that this task does from now on is the work of this interaction, and stands under its id in the log."""
    go_on_as(_cause_of(interaction))
    log.info("begun: %s", what)


def _cause_of(interaction: discord.Interaction[Any]) -> str:
    return f"discord:{interaction.id}"


def _too_late(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.warning("what nobody waits for any more failed (%s)", type(error).__name__)


def _name(interaction: discord.Interaction[Any]) -> str:
    command = interaction.command
    return f"/{command.qualified_name}" if command is not None else "a command"
