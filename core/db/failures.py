"""What was given up: dead notices and failed events, and the writes that make them due again (rules 30, 33)."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select, true, update

from core.db.tables import communities, members, notices, orders, provider_events
from core.db.unit import Transaction
from core.rules.states import EventState, NoticeState

MOST_LISTED = 500


def of_nobody() -> ColumnElement[bool]:
    """An event that was given up as no order here has it; shown where there is one community alone."""
    others = select(func.count()).select_from(communities).scalar_subquery()
    return and_(provider_events.c.order_id.is_(None), provider_events.c.next_attempt_at.is_(None), others == 1)


async def only_community(tx: Transaction) -> int | None:
    """The one community of this installation; None if there are several, or none."""
    rows = await tx.all(select(communities.c.id).limit(2))
    return rows[0]["id"] if len(rows) == 1 else None


async def dead_notices(tx: Transaction, guild_id: int | None) -> Sequence[RowMapping]:
    """Dead letters of one guild or of all, the latest first, with the names of whom they did not reach."""
    here = true() if guild_id is None else communities.c.guild_id == guild_id
    return await tx.all(
        select(
            notices.c.id,
            notices.c.kind,
            notices.c.subject_id,
            notices.c.due_at,
            notices.c.ended_at,
            notices.c.why,
            communities.c.guild_id,
            communities.c.name.label("community_name"),
            members.c.name.label("to_name"),
        )
        .join(communities, communities.c.id == notices.c.community_id)
        .outerjoin(members, members.c.id == notices.c.to_member_id)
        .where(notices.c.state == NoticeState.DEAD, here)
        .order_by(notices.c.ended_at.desc(), notices.c.id.desc())
        .limit(MOST_LISTED)
    )


async def failed_events(tx: Transaction, guild_id: int | None) -> Sequence[RowMapping]:
    """Events whose settling failed, the latest first. Those whose order nobody knows are of the only guild, or none."""
    here = true() if guild_id is None else or_(communities.c.guild_id == guild_id, of_nobody())
    return await tx.all(
        select(
            provider_events.c.id,
            provider_events.c.provider,
            provider_events.c.event_id,
            provider_events.c.kind,
            provider_events.c.order_id,
            provider_events.c.why,
            provider_events.c.attempts,
            provider_events.c.received_at,
            provider_events.c.next_attempt_at,
            communities.c.guild_id,
        )
        .outerjoin(orders, orders.c.id == provider_events.c.order_id)
        .outerjoin(communities, communities.c.id == orders.c.community_id)
        .where(provider_events.c.state == EventState.FAILED, here)
        .order_by(provider_events.c.received_at.desc(), provider_events.c.id.desc())
        .limit(MOST_LISTED)
    )


async def revive_notices(
    tx: Transaction, community_id: int | None, ids: Collection[int] | None
) -> Sequence[RowMapping]:
    """The dead letters that are due again now, with a new count of attempts: (id, community_id)."""
    here = true() if community_id is None else notices.c.community_id == community_id
    return await tx.all(
        update(notices)
        .where(notices.c.state == NoticeState.DEAD, here, _among(notices.c.id, ids))
        .values(state=NoticeState.PENDING, next_attempt_at=tx.now, attempts=0, why=None, ended_at=None)
        .returning(notices.c.id, notices.c.community_id)
    )


async def revive_events(tx: Transaction, community_id: int | None, ids: Collection[int] | None) -> Sequence[RowMapping]:
    """The failed events that are due again now, with a new count of attempts: (id, community_id)."""
    whose = select(orders.c.community_id).where(orders.c.id == provider_events.c.order_id).scalar_subquery()
    here = true() if community_id is None else or_(whose == community_id, of_nobody())
    return await tx.all(
        update(provider_events)
        .where(and_(provider_events.c.state == EventState.FAILED, here, _among(provider_events.c.id, ids)))
        .values(next_attempt_at=tx.now, attempts=0)
        .returning(provider_events.c.id, whose.label("community_id"))
    )


def _among(column: ColumnElement[int], ids: Collection[int] | None) -> ColumnElement[bool]:
    return true() if ids is None else column.in_(ids)
