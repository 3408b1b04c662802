"""What was given up, as the jobs leave it."""

from sqlalchemy import insert, update

from core.db import tables
from core.db.unit import Database
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.notices import NoticeKind
from core.rules.states import EventState, NoticeState
from tests.builders import Pair
from tests.clocks import NOW
from tests.notices.owing import a_notice


async def a_dead_notice(db: Database, pair: Pair, kind: NoticeKind = NoticeKind.STUDENT_JOINED) -> int:
    owed = await a_notice(db, pair, kind, pair.seat_id)
    dead = {"state": NoticeState.DEAD, "attempts": MOST_ATTEMPTS - 1, "why": "503 0", "ended_at": NOW}
    async with db.begin() as tx:
        await tx.run(update(tables.notices).where(tables.notices.c.id == owed).values(**dead))
    return owed


async def a_failed_event(db: Database, order_id: int | None, event_id: str = "evt_1") -> int:
    async with db.begin() as tx:
        made: int = await tx.value(
            insert(tables.provider_events)
            .values(
                provider="stripe",
                event_id=event_id,
                kind="checkout.session.completed",
                state=EventState.FAILED,
                body=b"{}",
                order_id=order_id,
                why="fault 12ab",
                attempts=MOST_ATTEMPTS,
                received_at=NOW,
            )
            .returning(tables.provider_events.c.id)
        )
        return made
