"""Who changed what, why: one row for each change of state (rule 37)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Insert, Select, Table, and_, insert, or_, select

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

    entity: str  # seat, pack, session, order, mentor, product, community, refund, dispute, adjustment, note
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


OF_PAIRS: Mapping[str, Table] = {
    "seat": tables.seats,
    "pack": tables.packs,
    "session": tables.sessions,
    "order": tables.orders,
    "note": tables.notes,
}
"""Entities whose rows name a student and a mentor themselves."""


def concerns(member_id: int, *, as_student: bool = True, as_mentor: bool = True) -> ColumnElement[bool]:
    """Whether a change is about something of this member's, as the student of a pair or as its mentor."""
    changed = tables.history.c

    def theirs(table: Table) -> ColumnElement[bool]:
        sides = {"student_id": as_student, "mentor_id": as_mentor}
        return or_(*(table.c[column] == member_id for column, counts in sides.items() if counts))

    def among(entity: str, ids: Select[Any]) -> ColumnElement[bool]:
        return and_(changed.entity == entity, changed.entity_id.in_(ids))

    paid = select(tables.refunds.c.id).join(tables.payments, tables.payments.c.id == tables.refunds.c.payment_id)
    paid = paid.join(tables.orders, tables.orders.c.id == tables.payments.c.order_id)
    lost = select(tables.disputes.c.id).join(tables.payments, tables.payments.c.id == tables.disputes.c.payment_id)
    lost = lost.join(tables.orders, tables.orders.c.id == tables.payments.c.order_id)
    asked = select(tables.adjustments.c.id).join(tables.packs, tables.packs.c.id == tables.adjustments.c.pack_id)
    about = [among(entity, select(table.c.id).where(theirs(table))) for entity, table in OF_PAIRS.items()]
    about += [
        among("refund", paid.where(theirs(tables.orders))),
        among("dispute", lost.where(theirs(tables.orders))),
        among("adjustment", asked.where(theirs(tables.packs))),
    ]
    if as_student:
        about.append(and_(changed.entity == "member", changed.entity_id == member_id))
    if as_mentor:
        about.append(and_(changed.entity == "mentor", changed.entity_id == member_id))
        about.append(among("product", select(tables.products.c.id).where(tables.products.c.mentor_id == member_id)))
    return or_(*about)


async def note(tx: Transaction, community_id: int, by: By, change: Change) -> int:
    """Record the change now; its id in history is the cycle of the notices that tell of it."""
    history_id: int = await tx.value(record(community_id, tx.now, by, change).returning(tables.history.c.id))
    return history_id
