"""Dead notices and failed events: see them, and have them tried again (rules 30, 33).

An operator sees those of the whole installation; staff those of their own community.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping

from core.db import failures as db_failures
from core.db.history import SYSTEM, By, Change, by_member, record
from core.db.unit import Transaction, reading, transaction
from core.rules.notices import NoticeKind
from core.rules.refusals import Refused
from core.rules.states import EventState, NoticeState
from core.usecases.asker import Asker, known_staff, staffed

_VERB = "try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadNotice:
    """A notice that was given up. `to` None: it was for the staff channel."""

    id: int
    guild_id: int
    community_name: str
    kind: NoticeKind
    subject_id: int
    to: str | None
    why: str
    due_at: datetime
    died_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedEvent:
    """Something that a provider told us and that could not be settled. `tried_at` None: it was given up."""

    id: int
    provider: str
    event_id: str
    kind: str
    guild_id: int | None
    order_id: int | None
    why: str
    attempts: int
    received_at: datetime
    tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Failures:
    notices: tuple[DeadNotice, ...]
    events: tuple[FailedEvent, ...]


@reading
async def dead_notices(tx: Transaction, guild_id: int | None = None) -> tuple[DeadNotice, ...]:
    """The dead letters of one guild, or of all; the latest first, not more than some hundred. For operators."""
    return _notices(await db_failures.dead_notices(tx, guild_id))


@reading
async def failed_events(tx: Transaction) -> tuple[FailedEvent, ...]:
    """Every event that waits for its next attempt or was given up; the latest first. For operators."""
    return _events(await db_failures.failed_events(tx, None))


@transaction
async def replay_notices(tx: Transaction, ids: Collection[int] | None = None) -> tuple[int, ...]:
    """The ids of the dead letters that are due again: of those named, or of all. What is not dead is left alone."""
    return await _write_down(tx, SYSTEM, "notice", await db_failures.revive_notices(tx, None, ids))


@transaction
async def replay_events(tx: Transaction, ids: Collection[int] | None = None) -> tuple[int, ...]:
    """The ids of the failed events that are due again: of those named, or of all."""
    return await _write_down(tx, SYSTEM, "event", await db_failures.revive_events(tx, None, ids))


@reading
async def failures(tx: Transaction, asker: Asker) -> Failures | Refused:
    """What failed in the community of these staff. Three statements."""
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return community
    return Failures(
        _notices(await db_failures.dead_notices(tx, asker.guild_id)),
        _events(await db_failures.failed_events(tx, asker.guild_id)),
    )


@transaction
async def try_again(
    tx: Transaction,
    asker: Asker,
    notice_ids: Collection[int] | None = None,
    event_ids: Collection[int] | None = None,
) -> int | Refused:
    """How many of the community's failures are due again, by staff's word; None stands for all of a kind."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    by = by_member(who.member_id)
    told = await _write_down(tx, by, "notice", await db_failures.revive_notices(tx, who.community_id, notice_ids))
    settled = await _write_down(tx, by, "event", await db_failures.revive_events(tx, who.community_id, event_ids))
    return len(told) + len(settled)


async def _write_down(tx: Transaction, by: By, entity: str, revived: Sequence[RowMapping]) -> tuple[int, ...]:
    """Record each in the history of its community; an event of nobody's order has none."""
    before, after = (
        (NoticeState.DEAD, NoticeState.PENDING) if entity == "notice" else (EventState.FAILED, EventState.FAILED)
    )
    for community_id in sorted({row["community_id"] for row in revived} - {None}):
        here = [row["id"] for row in revived if row["community_id"] == community_id]
        changes = [Change(entity, each, before, after, _VERB) for each in sorted(here)]
        await tx.run(record(community_id, tx.now, by, *changes))
    return tuple(sorted(row["id"] for row in revived))


def _notices(rows: Sequence[RowMapping]) -> tuple[DeadNotice, ...]:
    return tuple(
        DeadNotice(
            id=row["id"],
            guild_id=row["guild_id"],
            community_name=row["community_name"],
            kind=row["kind"],
            subject_id=row["subject_id"],
            to=row["to_name"],
            why=row["why"] or "",
            due_at=row["due_at"],
            died_at=row["ended_at"],
        )
        for row in rows
    )


def _events(rows: Sequence[RowMapping]) -> tuple[FailedEvent, ...]:
    return tuple(
        FailedEvent(
            id=row["id"],
            provider=row["provider"],
            event_id=row["event_id"],
            kind=row["kind"],
            guild_id=row["guild_id"],
            order_id=row["order_id"],
            why=row["why"] or "",
            attempts=row["attempts"],
            received_at=row["received_at"],
            tried_at=row["next_attempt_at"],
        )
        for row in rows
    )
