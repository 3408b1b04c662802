"""What other systems told us, kept whole (rule 30), and known again when it comes a second time."""

from core.db.tables import provider_events
from core.db.unit import Transaction
from core.ports import ProviderEvent
from core.rules.states import EventState


async def accept_event(tx: Transaction, event: ProviderEvent) -> bool:
    """Whether this event is news to us; False if it was accepted before. One that we only kept, unread, is news."""
    written = tx.insert(provider_events).values(
        provider=event.provider,
        event_id=event.event_id,
        kind=event.kind,
        state=EventState.APPLIED,
        body=event.body,
        received_at=tx.now,
    )
    accepted = await tx.value(
        written.on_conflict_do_update(
            index_elements=["provider", "event_id"],
            set_={"state": EventState.APPLIED, "kind": event.kind, "body": event.body, "why": None},
            where=provider_events.c.state != EventState.APPLIED,
        ).returning(provider_events.c.id)
    )
    return accepted is not None
