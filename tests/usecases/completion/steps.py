"""What tests of outcomes begin with."""

from collections.abc import Awaitable, Callable
from itertools import count

from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.ports import ProviderEvent
from core.rules.cancelling import Consequence
from core.rules.notices import NoticeKind
from core.rules.refusals import Refused
from core.rules.states import NoticeState
from core.usecases.asker import Asker
from core.usecases.booking.cancel import cancel
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.outcome import Completed
from tests.answers import given
from tests.builders import BESIDE_EXPIRY, DAY, HOUR, Pair, a_session, rows_of
from tests.clocks import NOW
from tests.machines.invariants import breaches

Tell = Callable[[Database, Asker, int], Awaitable[Completed | Refused]]
"""A use case by which mentor or staff tell an outcome."""

_events = count(1)


def an_event(event_id: str | None = None) -> ProviderEvent:
    """A partner's message, a new one unless its id is given."""
    return ProviderEvent("sessions", event_id or f"1:msg_{next(_events)}", "session.completed", b"{}", None)


async def past_sessions(db: Database, pair: Pair, number: int) -> list[int]:
    """Sessions of the days before now, none of them decided."""
    return [await a_session(db, pair, NOW - (number - day) * DAY) for day in range(number)]


async def used_up(db: Database, pair: Pair, number: int) -> list[int]:
    """That many sessions of the pair, completed by the mentor."""
    sessions = await past_sessions(db, pair, number)
    for session_id in sessions:
        given(await complete(db, pair.mentor.asker, session_id))
    return sessions


async def missed(db: Database, pair: Pair, session_id: int) -> None:
    """The student did not come."""
    given(await no_show(db, pair.mentor.asker, session_id))


async def cancel_late(db: Database, pair: Pair, session_id: int) -> None:
    """The student cancelled when it was too late for it: the session, booked long ago, was to begin in an hour."""
    async with db.begin() as tx:
        await tx.run(
            update(tables.sessions)
            .where(tables.sessions.c.id == session_id)
            .values(starts_at=tx.now + HOUR, ends_at=tx.now + 2 * HOUR, booked_at=tx.now - DAY)
        )
    assert given(await cancel(db, pair.student.asker, session_id)).consequence is Consequence.USED


async def kinds(db: Database) -> list[NoticeKind]:
    """What is owed, in the order in which it was written."""
    return [row["kind"] for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]


async def breaks(db: Database) -> dict[str, list[int]]:
    """Every invariant that does not hold, but those of history: builders write none."""
    return {name: ids for name, ids in (await breaches(db)).items() if "(37)" not in name}


async def warned(db: Database, seat_id: int) -> None:
    """The final warning of the seat's grace was delivered."""
    async with db.begin() as tx:
        await tx.run(
            update(tables.notices)
            .where(tables.notices.c.kind == NoticeKind.FINAL_WARNING, tables.notices.c.subject_id == seat_id)
            .values(state=NoticeState.DELIVERED)
        )
