"""/staff mentor: who teaches in a community, on which terms, and whether at the moment."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.allowed import about_student_roles, may_be_a_students
from bot.answer import answer
from bot.asker import asker_of, name_of
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import mentor as group
from bot.cogs.subject import Subject
from bot.replies import staff_mentors as replies
from bot.replies.by_hand import reason_of
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases import Database
from core.usecases.asker import Asker
from core.usecases.community.add_mentor import NewMentor, add_mentor
from core.usecases.community.edit_mentor import NO_ROLE, MentorChange, MentorTerms, edit_mentor, set_capacity
from core.usecases.community.pause_mentor import pause_mentor, resume_mentor
from core.usecases.community.remove_mentor import preview_removal, remove_mentor

T = TypeVar("T")


class StaffMentors(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {"remove-mentor": Action(self.press_remove, in_place=True)}

    @group.command(name="add", description="Make a member a mentor.")
    @app_commands.describe(
        member="Who",
        hours="When they can be booked, like Mon-Fri 17:00-20:00, Sat 10:00-14:00",
        time_zone="Of those hours, like Europe/Berlin",
        capacity="How many students they take",
        session_minutes="How long a session lasts (60 if left out)",
        buffer_minutes="Break after each session (none if left out)",
        notice_hours="How long ahead a session is booked at least",
        horizon_days="How many days ahead a session is booked at most",
    )
    @app_commands.autocomplete(time_zone=choices.zones)
    async def add_mentor(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        hours: str,
        time_zone: str,
        capacity: int,
        session_minutes: int = 60,
        buffer_minutes: int = 0,
        notice_hours: int | None = None,
        horizon_days: int | None = None,
    ) -> None:
        new = NewMentor(
            user_id=member.id,
            name=name_of(member),
            time_zone=time_zone,
            hours=hours,
            capacity=capacity,
            session_minutes=session_minutes,
            buffer_minutes=buffer_minutes,
            notice_hours=notice_hours,
            horizon_days=horizon_days,
        )
        added = await add_mentor(self.db, asker_of(interaction), new)
        await answer(interaction, refusal(added) if isinstance(added, Refused) else replies.mentor_added(added, new))

    @group.command(name="edit", description="Change on which terms a mentor teaches; what is booked and sold stays.")
    @app_commands.describe(
        mentor="Who",
        hours="When they can be booked, like Mon-Fri 17:00-20:00, Sat 10:00-14:00",
        time_zone="Of their hours, like Europe/Berlin",
        session_minutes="How long a session of later packs lasts",
        buffer_minutes="Break after each session",
        notice_hours="How long ahead a session is booked at least",
        horizon_days="How many days ahead a session is booked at most",
        student_role="A role that their students have for as long as they have a seat",
        no_student_role="Take the students' role back; they have none from now on",
    )
    @app_commands.autocomplete(mentor=choices.mentors, time_zone=choices.zones)
    async def edit_mentor(
        self,
        interaction: discord.Interaction,
        mentor: str,
        hours: str | None = None,
        time_zone: str | None = None,
        session_minutes: int | None = None,
        buffer_minutes: int | None = None,
        notice_hours: int | None = None,
        horizon_days: int | None = None,
        student_role: discord.Role | None = None,
        no_student_role: bool = False,
    ) -> None:
        role_id = _role_id(student_role, none=no_student_role)
        if isinstance(role_id, Refused):
            await answer(interaction, refusal(role_id))
            return
        change = MentorChange(
            hours=hours,
            time_zone=time_zone,
            session_minutes=session_minutes,
            buffer_minutes=buffer_minutes,
            notice_hours=notice_hours,
            horizon_days=horizon_days,
            student_role_id=role_id,
        )
        use, said = partial(edit_mentor, change=change), partial(_edited, interaction.guild)
        await answer(interaction, await self._done(interaction, mentor, use, said))

    @group.command(name="capacity", description="Say how many students a mentor takes; nobody loses a seat by it.")
    @app_commands.describe(mentor="Who", capacity="How many students they take from now on")
    @app_commands.autocomplete(mentor=choices.mentors)
    async def set_capacity(self, interaction: discord.Interaction, mentor: str, capacity: int) -> None:
        use = partial(set_capacity, capacity=capacity)
        await answer(interaction, await self._done(interaction, mentor, use, replies.capacity_set))

    @group.command(name="pause", description="A mentor takes a break: nothing new starts, and no time runs.")
    @app_commands.describe(mentor="Who")
    @app_commands.autocomplete(mentor=choices.mentors)
    async def pause_mentor(self, interaction: discord.Interaction, mentor: str) -> None:
        await answer(interaction, await self._done(interaction, mentor, pause_mentor, replies.mentor_paused))

    @group.command(name="resume", description="A mentor is back from a break; students get the time back.")
    @app_commands.describe(mentor="Who")
    @app_commands.autocomplete(mentor=choices.mentors)
    async def resume_mentor(self, interaction: discord.Interaction, mentor: str) -> None:
        await answer(interaction, await self._done(interaction, mentor, resume_mentor, replies.mentor_resumed))

    @group.command(name="remove", description="A mentor leaves for good; it shows first what follows.")
    @app_commands.describe(mentor="Who", reason="Why; the history keeps it for staff")
    @app_commands.autocomplete(mentor=choices.mentors)
    async def remove_mentor(self, interaction: discord.Interaction, mentor: str, reason: str) -> None:
        use = partial(preview_removal, reason=reason)
        await answer(interaction, await self._done(interaction, mentor, use, replies.preview_removal))

    async def press_remove(self, interaction: discord.Interaction, press: Press) -> None:
        asker = await self.asker_here(interaction)
        reason = reason_of(interaction.message)
        done = asker if isinstance(asker, Refused) else await remove_mentor(self.db, asker, press.subject_id, reason)
        await answer(interaction, refusal(done) if isinstance(done, Refused) else replies.mentor_removed(done))

    async def _done(
        self,
        interaction: discord.Interaction,
        typed: str,
        use: Callable[[Database, Asker, int], Awaitable[T | Refused]],
        said: Callable[[T], Reply],
    ) -> Reply:
        """What the use case answered about the mentor who is named."""
        mentor_id = await self.mentor_meant(interaction, typed)
        done = mentor_id if isinstance(mentor_id, Refused) else await use(self.db, asker_of(interaction), mentor_id)
        return refusal(done) if isinstance(done, Refused) else said(done)


def _edited(guild: discord.Guild | None, terms: MentorTerms) -> Reply:
    """The terms, with what keeps us from giving the students' role at this moment."""
    given = () if terms.student_role_id is None else (terms.student_role_id,)
    return replies.mentor_edited(terms, [] if guild is None else list(about_student_roles(guild, given)))


def _role_id(role: discord.Role | None, *, none: bool) -> int | Refused | None:
    """What is to be said of the students' role; None leaves it as it is."""
    if role is None:
        return NO_ROLE if none else None
    if none:
        return refuse(Reason.ROLE_OR_NONE)
    return role.id if may_be_a_students(role) else refuse(Reason.ROLE_NOT_FOR_STUDENTS)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffMentors(bot))
