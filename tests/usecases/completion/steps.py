"""What tests of outcomes begin with."""

from itertools import count

from core.db.unit import Database
from core.ports import ProviderEvent
from tests.builders import DAY, Pair, a_session
from tests.clocks import NOW

_events = count(1)


def an_event(event_id: str | None = None) -> ProviderEvent:
    """A partner's message, a new one unless its id is given."""
    return ProviderEvent("sessions", event_id or f"1:msg_{next(_events)}", "session.completed", b"{}", None)


async def past_sessions(db: Database, pair: Pair, number: int) -> list[int]:
    """Sessions of the days before now, none of them decided."""
    return [await a_session(db, pair, NOW - (number - day) * DAY) for day in range(number)]
