"""Who changed what, why: one row for each change of state (rule 37)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, insert

from core.correlation import cause
from core.db import tables
from core.db.unit import Transaction
from core.rules.states import Actor


@dataclass(frozen=True, slots=True)
class By:
    """Who caused a change: a member, or one of the actors that is nobody's."""

    actor: Actor
    member_id: int | None = None


SYSTEM = By(Actor.SYSTEM)
PROVIDER = By(Actor.PROVIDER)
PARTNER = By(Actor.PARTNER)


def by_member(member_id: int) -> By:
    return By(Actor.MEMBER, member_id)


@dataclass(frozen=True, slots=True)
class Change:
    """One entity's step from one state to another. `before` is None when the entity begins."""

    entity: str  # seat, pack, session, order, mentor, product, community, refund, adjustment, note
    entity_id: int
    before: str | None
    after: str
    verb: str
    why: str | None = None
    facts: dict[str, Any] | None = None


def record(community_id: int, now: datetime, by: By, *changes: Change) -> Insert:
    """The write that records these changes."""
    return insert(tables.history).values(
        [
            {
                "community_id": community_id,
                "at": now,
                "entity": change.entity,
                "entity_id": change.entity_id,
                "before": change.before,
                "after": change.after,
                "verb": change.verb,
                "actor": by.actor,
                "actor_id": by.member_id,
                "why": change.why,
                "facts": change.facts,
                "cause": cause(),
            }
            for change in changes
        ]
    )


async def note(tx: Transaction, community_id: int, by: By, change: Change) -> int:
    """Record the change now; its id in history is the cycle of the notices that tell of it."""
    history_id: int = await tx.value(record(community_id, tx.now, by, change).returning(tables.history.c.id))
    return history_id
