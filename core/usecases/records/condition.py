"""How an installation is: what waits, what was given up, and which guilds it serves. For operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, func, select

from core.db.due import earliest_due
from core.db.tables import communities, notices, provider_events, refunds
from core.db.unit import Transaction, reading
from core.rules.states import EventState, NoticeState, RefundState


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`oldest_due_at` may lie ahead; long past, it says that no jobs run. `database_at`: the server's own clock."""

    dead_notices: int
    failed_events: int
    waiting_refunds: int
    oldest_due_at: datetime | None
    database_at: datetime | None
    communities: Sequence[RowMapping]


@reading
async def condition(tx: Transaction) -> Condition:
    (counts,) = await tx.all(
        select(
            _how_many(notices.c.state == NoticeState.DEAD).label("dead"),
            _how_many(provider_events.c.state == EventState.FAILED).label("failed"),
            _how_many(refunds.c.state == RefundState.INTENDED).label("refunds"),
        )
    )
    return Condition(
        dead_notices=counts["dead"],
        failed_events=counts["failed"],
        waiting_refunds=counts["refunds"],
        oldest_due_at=await earliest_due(tx, None),
        database_at=await tx.value(select(func.clock_timestamp())) if tx.is_postgres else None,
        communities=await tx.all(select(communities).where(communities.c.left_at.is_(None)).order_by(communities.c.id)),
    )


def _how_many(which: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(which).scalar_subquery()
