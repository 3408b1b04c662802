"""/note: what a mentor wants to remember about a student."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.forms import Filled, FormAction, modal_of
from bot.replies import notes as replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Refused
from core.usecases.notes.add_note import add_note
from core.usecases.reading.notes import notes_about


class NotesAboutStudents(Subject):
    note = app_commands.Group(name="note", description="Notes about your students, which they never see.")

    def actions(self) -> Mapping[str, Action]:
        return {
            "note": Action(self.press_note, opens_form=True),
            "notes-page": Action(self.press_page, numbers=2, in_place=True),
        }

    def forms(self) -> Mapping[str, FormAction]:
        return {"note-add": FormAction(self.submit_note, numbers=1)}

    @note.command(name="add", description="Write down what you want to remember about a student.")
    @app_commands.describe(student="About whom", text="What; you and staff read it, the student does not")
    @app_commands.autocomplete(student=choices.pairs)
    async def add(self, interaction: discord.Interaction, student: str, text: str) -> None:
        seat_id = await self.pair_named(interaction, student)
        await answer(
            interaction,
            refusal(seat_id) if isinstance(seat_id, Refused) else await self._add(interaction, seat_id, text),
        )

    @note.command(name="list", description="What is noted about a student. They never see it.")
    @app_commands.describe(student="About whom")
    @app_commands.autocomplete(student=choices.pairs)
    async def list(self, interaction: discord.Interaction, student: str) -> None:
        seat_id = await self.pair_named(interaction, student)
        await answer(
            interaction,
            refusal(seat_id) if isinstance(seat_id, Refused) else await self._notes(interaction, seat_id, 0),
        )

    async def press_note(self, interaction: discord.Interaction, press: Press) -> None:
        """Whether this person may send the form is asked when they do."""
        await interaction.response.send_modal(modal_of(replies.form(press.subject_id)))

    async def submit_note(self, interaction: discord.Interaction, filled: Filled) -> None:
        text = filled.words.get(replies.TEXT, "")
        await answer(interaction, await self._add(interaction, filled.numbers[0], text))

    async def press_page(self, interaction: discord.Interaction, press: Press) -> None:
        seat_id, page = press.numbers
        await answer(interaction, await self._notes(interaction, seat_id, page))

    async def _add(self, interaction: discord.Interaction, seat_id: int, text: str) -> Reply:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            return refusal(asker)
        done = await add_note(self.db, asker, seat_id, text)
        return refusal(done) if isinstance(done, Refused) else replies.added(done)

    async def _notes(self, interaction: discord.Interaction, seat_id: int, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            return refusal(asker)
        found = await notes_about(self.db, asker, seat_id)
        return refusal(found) if isinstance(found, Refused) else replies.notes(found, page)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(NotesAboutStudents(bot))
