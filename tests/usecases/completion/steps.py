"""What tests of outcomes begin with."""

from collections.abc import Awaitable, Callable
from itertools import count

from sqlalchemy import insert, update

from core.db import tables
from core.db.history import Change, by_member, record
from core.db.unit import Database
from core.ports import ProviderEvent
from core.rules.notices import NoticeKind
from core.rules.refusals import Refused
from core.rules.states import EntryKind, NoticeState, PackState, SessionState
from core.usecases.asker import Asker
from core.usecases.completion.complete import complete
from core.usecases.completion.outcome import Completed
from core.usecases.seats.follow_up import follow_up
from tests.answers import given
from tests.builders import DAY, Pair, a_session, rows_of
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


async def cancel_late(db: Database, pair: Pair, session_id: int) -> None:
    """The student cancelled when it was too late for it: the session is consumed at once (rule 16)."""
    async with db.begin() as tx:
        await tx.run(
            update(tables.sessions)
            .where(tables.sessions.c.id == session_id)
            .values(state=SessionState.CANCELED, decided_at=tx.now, decided_by=pair.student.id)
        )
        await tx.run(
            update(tables.calendar_blocks).where(tables.calendar_blocks.c.session_id == session_id).values(live=False)
        )
        left: int = await tx.value(
            update(tables.packs)
            .where(tables.packs.c.id == pair.pack_id)
            .values(remaining=tables.packs.c.remaining - 1, held=tables.packs.c.held - 1)
            .returning(tables.packs.c.remaining)
        )
        await tx.run(
            insert(tables.ledger).values(
                pack_id=pair.pack_id,
                kind=EntryKind.CONSUME,
                delta=-1,
                balance=left,
                session_id=session_id,
                attempt=1,
                at=tx.now,
            )
        )
        change = Change("session", session_id, SessionState.SCHEDULED, SessionState.CANCELED, "cancel")
        await tx.run(record(pair.community.id, tx.now, by_member(pair.student.id), change))
        if left == 0:
            await tx.run(update(tables.packs).where(tables.packs.c.id == pair.pack_id).values(state=PackState.DEPLETED))
        await follow_up(tx, pair.student.id, pair.mentor.id, left + 1)


async def kinds(db: Database) -> list[NoticeKind]:
    """What is owed, in the order in which it was written."""
    return [row["kind"] for row in await rows_of(db, tables.notices)]


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
