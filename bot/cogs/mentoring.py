"""/complete and /noshow, the buttons under the question how a session was, and *Complete session* on a member."""

from collections.abc import Awaitable, Callable, Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of, name_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.parsing import id_of
from bot.replies import mentoring as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases import Database
from core.usecases.asker import Asker
from core.usecases.completion.choices import open_sessions
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.not_held import mentor_no_show, not_held
from core.usecases.completion.outcome import Completed

Tell = Callable[[Database, Asker, int], Awaitable[Completed | Refused]]

_MISSED: Mapping[str, tuple[Tell, str]] = {
    "student": (no_show, "pick-noshow"),
    "mentor": (mentor_no_show, "pick-mentor-noshow"),
    "nobody": (not_held, "pick-not-held"),
}
_WHO = [
    app_commands.Choice(name="The student did not come", value="student"),
    app_commands.Choice(name="The mentor did not come", value="mentor"),
    app_commands.Choice(name="It was not held", value="nobody"),
]


class Mentoring(Subject):
    def __init__(self, bot: SeatkeeperBot) -> None:
        super().__init__(bot)
        self.menu = app_commands.ContextMenu(name="Complete session", callback=self.complete_with)

    async def cog_load(self) -> None:
        await super().cog_load()
        self.bot.tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self.menu.name, type=self.menu.type)

    def actions(self) -> Mapping[str, Action]:
        return {
            "complete": Action(self.press_complete),
            "noshow": Action(self.press_noshow),
            "not-held": Action(self.press_not_held),
            "pick-complete": Action(self.choose_complete, numbers=0, in_place=True),
            "pick-noshow": Action(self.choose_noshow, numbers=0, in_place=True),
            "pick-mentor-noshow": Action(self.choose_mentor_noshow, numbers=0, in_place=True),
            "pick-not-held": Action(self.choose_not_held, numbers=0, in_place=True),
        }

    @app_commands.command(name="complete", description="Say that a session took place.")
    @app_commands.describe(session="Which one; leave it out to choose")
    @app_commands.autocomplete(session=choices.sessions)
    async def complete(self, interaction: discord.Interaction, session: str | None = None) -> None:
        if session is not None:
            await self._tell(interaction, complete, id_of(session))
            return
        found = await open_sessions(self.db, asker_of(interaction))
        await answer(interaction, replies.choose_session(found) if found else replies.nothing_open())

    @app_commands.command(name="noshow", description="Say that somebody did not come, or that a session was not held.")
    @app_commands.describe(session="Which one; leave it out to choose", who="Who did not come; else the student")
    @app_commands.autocomplete(session=choices.sessions)
    @app_commands.choices(who=_WHO)
    async def noshow(self, interaction: discord.Interaction, session: str | None = None, who: str = "student") -> None:
        tell, pick = _MISSED.get(who, _MISSED["student"])
        if session is not None:
            await self._tell(interaction, tell, id_of(session))
            return
        found = await open_sessions(self.db, asker_of(interaction))
        await answer(interaction, replies.choose_missed(found, pick) if found else replies.nothing_open())

    async def complete_with(self, interaction: discord.Interaction, member: discord.Member) -> None:
        """The one open session with this student; of several, a choice."""
        found = await open_sessions(self.db, asker_of(interaction), member.id)
        if len(found) == 1:
            await self._tell(interaction, complete, found[0].id)
        else:
            shown = replies.choose_session(found) if found else replies.nothing_open_with(name_of(member))
            await answer(interaction, shown)

    async def press_complete(self, interaction: discord.Interaction, press: Press) -> None:
        await self._tell(interaction, complete, press.subject_id)

    async def press_noshow(self, interaction: discord.Interaction, press: Press) -> None:
        await self._tell(interaction, no_show, press.subject_id)

    async def press_not_held(self, interaction: discord.Interaction, press: Press) -> None:
        await self._tell(interaction, not_held, press.subject_id)

    async def choose_complete(self, interaction: discord.Interaction, press: Press) -> None:
        await self._tell(interaction, complete, press.chosen_id)

    async def choose_noshow(self, interaction: discord.Interaction, press: Press) -> None:
        await self._tell(interaction, no_show, press.chosen_id)

    async def choose_mentor_noshow(self, interaction: discord.Interaction, press: Press) -> None:
        await self._tell(interaction, mentor_no_show, press.chosen_id)

    async def choose_not_held(self, interaction: discord.Interaction, press: Press) -> None:
        await self._tell(interaction, not_held, press.chosen_id)

    async def _tell(self, interaction: discord.Interaction, tell: Tell, session_id: int | None) -> None:
        await answer(interaction, await self._told(interaction, tell, session_id))

    async def _told(self, interaction: discord.Interaction, tell: Tell, session_id: int | None) -> Reply:
        if session_id is None:
            return refusal(refuse(Reason.UNKNOWN_SESSION))
        asker = await self.asker_at_session(interaction, session_id)
        if isinstance(asker, Refused):
            return refusal(asker)
        outcome = await tell(self.db, asker, session_id)
        return refusal(outcome) if isinstance(outcome, Refused) else replies.completed(outcome)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Mentoring(bot))
