"""/book and /schedule, and the picker between them: day, time, confirm."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.cogs.subject import Subject
from bot.parsing import id_of, instant_of_seconds, when_of
from bot.replies import booking as replies
from bot.replies.calendar import booked_file
from bot.replies.mentors import choose_mentor
from bot.replies.reply import Reply, refusal
from bot.replies.schedule import schedule_page
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.booking.book import book
from core.usecases.booking.free_times import FreeTimes, free_times
from core.usecases.reading.own_mentors import own_mentors
from core.usecases.reading.quote import quote
from core.usecases.reading.schedule import schedule

_OF_THE_TIME = frozenset(
    {
        Reason.IN_THE_PAST,
        Reason.TOO_SOON,
        Reason.TOO_FAR_AHEAD,
        Reason.OUTSIDE_HOURS,
        Reason.BLACKED_OUT,
        Reason.MENTOR_BUSY,
        Reason.STUDENT_BUSY,
    }
)
"""Another time would do: the refusal offers the free ones."""


class Booking(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "book": Action(self.press_book),
            "pick-days": Action(self.press_days, numbers=2, in_place=True),
            "pick-times": Action(self.press_times, numbers=2, in_place=True),
            "pick-day": Action(self.press_day, in_place=True),
            "pick-time": Action(self.press_time, numbers=2, in_place=True),
            "confirm": Action(self.press_confirm, numbers=2, in_place=True),
            "schedule": Action(self.press_schedule, numbers=0),
            "schedule-page": Action(self.press_schedule_page, in_place=True),
        }

    @app_commands.command(name="book", description="Book a session with your mentor.")
    @app_commands.describe(
        mentor="With whom; leave it out if you have one mentor", when="A free time; leave it out to see all"
    )
    @app_commands.autocomplete(mentor=choices.mentors, when=choices.times)
    async def book(self, interaction: discord.Interaction, mentor: str | None = None, when: str | None = None) -> None:
        asker = asker_of(interaction)
        mentor_id = await self.mentor_named(interaction, mentor)
        if isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id))
            return
        times = await free_times(self.db, asker, mentor_id)
        if isinstance(times, Refused):
            await answer(interaction, await self._no_times(asker, times))
        elif when is None:
            await answer(interaction, replies.days(times))
        else:
            await answer(interaction, await self._at_time(asker, times, when))

    @app_commands.command(name="schedule", description="Your upcoming sessions.")
    async def schedule(self, interaction: discord.Interaction) -> None:
        await answer(interaction, await self._schedule(interaction, 0))

    async def press_book(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._days(interaction, press.subject_id, 0))

    async def press_days(self, interaction: discord.Interaction, press: Press) -> None:
        mentor_id, page = press.numbers
        await answer(interaction, await self._days(interaction, mentor_id, page))

    async def press_day(self, interaction: discord.Interaction, press: Press) -> None:
        times = await self._free_times(interaction, press.subject_id)
        day = _day_of(press.values)
        if isinstance(times, Refused):
            await answer(interaction, refusal(times))
        else:
            await answer(interaction, replies.days(times) if day is None else replies.times_of_day(times, day))

    async def press_times(self, interaction: discord.Interaction, press: Press) -> None:
        """The other times of the day on which this one is."""
        mentor_id, seconds = press.numbers
        times = await self._free_times(interaction, mentor_id)
        at = instant_of_seconds(seconds)
        if isinstance(times, Refused):
            await answer(interaction, refusal(times))
        elif at is None:
            await answer(interaction, replies.days(times))
        else:
            await answer(interaction, replies.times_of_day(times, at.astimezone(ZoneInfo(times.zone)).date()))

    async def press_time(self, interaction: discord.Interaction, press: Press) -> None:
        mentor_id, _ = press.numbers
        seconds = id_of(press.values[0]) if press.values else None
        starts_at = None if seconds is None else instant_of_seconds(seconds)
        asker = await self.asker_at_mentor(interaction, mentor_id)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
        elif starts_at is None:
            await answer(interaction, await self._days(interaction, mentor_id, 0))
        else:
            await answer(interaction, await self._confirm(asker, mentor_id, starts_at))

    async def press_confirm(self, interaction: discord.Interaction, press: Press) -> None:
        mentor_id, seconds = press.numbers
        starts_at = instant_of_seconds(seconds)
        asker = await self.asker_at_mentor(interaction, mentor_id)
        if isinstance(asker, Refused):
            await answer(interaction, refusal(asker))
            return
        session = (
            refuse(Reason.TOO_FAR_AHEAD) if starts_at is None else await book(self.db, asker, mentor_id, starts_at)
        )
        if isinstance(session, Refused):
            await answer(interaction, _refusal(session, mentor_id))
        else:
            file = booked_file(asker, session, self.parts.clock.now())
            await answer(interaction, replies.booked(session, file))

    async def press_schedule(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._schedule(interaction, 0))

    async def press_schedule_page(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._schedule(interaction, press.numbers[0]))

    async def _free_times(self, interaction: discord.Interaction, mentor_id: int) -> FreeTimes | Refused:
        asker = await self.asker_at_mentor(interaction, mentor_id)
        return asker if isinstance(asker, Refused) else await free_times(self.db, asker, mentor_id)

    async def _days(self, interaction: discord.Interaction, mentor_id: int, page: int) -> Reply:
        times = await self._free_times(interaction, mentor_id)
        return refusal(times) if isinstance(times, Refused) else replies.days(times, page)

    async def _no_times(self, asker: Asker, refused: Refused) -> Reply:
        """Why there are none; whoever has several mentors chooses one."""
        found = await own_mentors(self.db, asker) if refused.reason is Reason.CHOOSE_MENTOR else refused
        return refusal(refused) if isinstance(found, Refused) else choose_mentor("book", found)

    async def _at_time(self, asker: Asker, times: FreeTimes, when: str) -> Reply:
        starts_at = when_of(when, times.zone)
        return replies.unreadable(when) if starts_at is None else await self._confirm(asker, times.mentor_id, starts_at)

    async def _confirm(self, asker: Asker, mentor_id: int, starts_at: datetime) -> Reply:
        offer = await quote(self.db, asker, mentor_id, starts_at)
        return _refusal(offer, mentor_id) if isinstance(offer, Refused) else replies.confirm(offer)

    async def _schedule(self, interaction: discord.Interaction, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        if isinstance(asker, Refused):
            return refusal(asker)
        found = await schedule(self.db, asker, page)
        return refusal(found) if isinstance(found, Refused) else schedule_page(found)


def _refusal(refused: Refused, mentor_id: int) -> Reply:
    if refused.reason in _OF_THE_TIME:
        return refusal(refused, [replies.free_times_key(mentor_id)])
    return refusal(refused)


def _day_of(values: tuple[str, ...]) -> date | None:
    try:
        return date.fromisoformat(values[0]) if values else None
    except ValueError:
        return None


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(Booking(bot))
