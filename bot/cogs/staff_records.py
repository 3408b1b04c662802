"""/staff tasks, failures and audit: what the records of a community hold for its staff."""

from collections.abc import Collection, Mapping

import discord
from discord import app_commands

from bot import choices
from bot.actions import Action, Press
from bot.answer import answer
from bot.client import SeatkeeperBot
from bot.cogs.staff_group import staff
from bot.cogs.subject import Subject
from bot.parsing import day_of, day_of_number
from bot.replies import audit as audit_replies
from bot.replies import evidence as evidence_replies
from bot.replies import failures as failure_replies
from bot.replies import tasks as task_replies
from bot.replies.reply import Reply, refusal
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.reading.audit import Filter, audit
from core.usecases.reading.evidence import evidence_of
from core.usecases.reading.tasks import tasks
from core.usecases.records.replay import failures, try_again


class StaffRecords(Subject):
    def actions(self) -> Mapping[str, Action]:
        return {
            "tasks-page": Action(self.press_tasks, in_place=True),
            "evidence": Action(self.press_evidence),
            "failures-page": Action(self.press_failures, in_place=True),
            "retry-notice": Action(self.press_notice, numbers=2, in_place=True),
            "retry-event": Action(self.press_event, numbers=2, in_place=True),
            "retry-all": Action(self.press_all, numbers=0, in_place=True),
            "audit-page": Action(self.press_audit, numbers=6, in_place=True),
        }

    @staff.command(name="tasks", description="What waits for a person of the staff, and what to do about each.")
    async def tasks(self, interaction: discord.Interaction) -> None:
        await answer(interaction, await self._tasks(interaction, 0))

    async def press_tasks(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._tasks(interaction, press.numbers[0]))

    async def press_evidence(self, interaction: discord.Interaction, press: Press) -> None:
        asker = await self.asker_here(interaction)
        found = asker if isinstance(asker, Refused) else await evidence_of(self.db, asker, press.subject_id)
        await answer(interaction, refusal(found) if isinstance(found, Refused) else evidence_replies.evidence(found))

    async def _tasks(self, interaction: discord.Interaction, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        found = asker if isinstance(asker, Refused) else await tasks(self.db, asker)
        return refusal(found) if isinstance(found, Refused) else task_replies.tasks(found, page)

    @staff.command(name="failures", description="Messages and payment news that were given up; try them again.")
    async def failures(self, interaction: discord.Interaction) -> None:
        await answer(interaction, await self._failures(interaction, 0))

    @staff.command(name="audit", description="What was changed here: who, what, when and why.")
    @app_commands.describe(
        member="Only what this member did, or what was done to theirs",
        mentor="Only what concerns this mentor and their students",
        since="Only from this day on, like 2026-11-30",
        until="Only up to this day, like 2026-11-30",
    )
    @app_commands.autocomplete(mentor=choices.mentors)
    async def audit(
        self,
        interaction: discord.Interaction,
        member: discord.User | None = None,
        mentor: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        mentor_id = await self.mentor_named(interaction, mentor)
        if isinstance(mentor_id, Refused):
            await answer(interaction, refusal(mentor_id))
            return
        first, last = day_of(since or ""), day_of(until or "")
        if (since and first is None) or (until and last is None):
            await answer(interaction, refusal(refuse(Reason.BAD_DATE)))
            return
        wanted = Filter(user_id=member.id if member else None, mentor_id=mentor_id, since=first, until=last)
        await answer(interaction, await self._audit(interaction, wanted, 0))

    async def press_audit(self, interaction: discord.Interaction, press: Press) -> None:
        upto, member_id, mentor_id, since, until, page = press.numbers
        wanted = Filter(
            member_id=member_id or None,
            mentor_id=mentor_id or None,
            since=day_of_number(since),
            until=day_of_number(until),
            upto=upto,
        )
        await answer(interaction, await self._audit(interaction, wanted, page))

    async def _audit(self, interaction: discord.Interaction, wanted: Filter, page: int) -> Reply:
        asker = await self.asker_here(interaction)
        found = asker if isinstance(asker, Refused) else await audit(self.db, asker, wanted, page)
        return refusal(found) if isinstance(found, Refused) else audit_replies.audit(found)

    async def press_failures(self, interaction: discord.Interaction, press: Press) -> None:
        await answer(interaction, await self._failures(interaction, press.numbers[0]))

    async def press_notice(self, interaction: discord.Interaction, press: Press) -> None:
        notice_id, page = press.numbers
        await answer(interaction, await self._try_again(interaction, page, [notice_id], []))

    async def press_event(self, interaction: discord.Interaction, press: Press) -> None:
        event_id, page = press.numbers
        await answer(interaction, await self._try_again(interaction, page, [], [event_id]))

    async def press_all(self, interaction: discord.Interaction, _press: Press) -> None:
        await answer(interaction, await self._try_again(interaction, 0, None, None))

    async def _failures(self, interaction: discord.Interaction, page: int, again: int | None = None) -> Reply:
        asker = await self.asker_here(interaction)
        found = asker if isinstance(asker, Refused) else await failures(self.db, asker)
        return refusal(found) if isinstance(found, Refused) else failure_replies.failures(found, page, again)

    async def _try_again(
        self,
        interaction: discord.Interaction,
        page: int,
        notice_ids: Collection[int] | None,
        event_ids: Collection[int] | None,
    ) -> Reply:
        asker = await self.asker_here(interaction)
        again = asker if isinstance(asker, Refused) else await try_again(self.db, asker, notice_ids, event_ids)
        return refusal(again) if isinstance(again, Refused) else await self._failures(interaction, page, again)


async def setup(bot: SeatkeeperBot) -> None:
    await bot.add_cog(StaffRecords(bot))
