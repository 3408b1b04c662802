"""Say that a session took place: once, by whom it concerns (rules 19 to 21)."""

from datetime import datetime

from core.db.events import accept_event
from core.db.history import PARTNER
from core.db.unit import Transaction, transaction
from core.ports import ProviderEvent
from core.rules.completion import Authority, Outcome
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.completion.give_back import locked_session
from core.usecases.completion.outcome import Completed, Word, answered, decide, tell


@transaction
async def complete(tx: Transaction, asker: Asker, session_id: int) -> Completed | Refused:
    """The session took place, says its mentor or staff."""
    return await tell(tx, asker, session_id, Outcome.COMPLETED)


@transaction
async def complete_by_webhook(
    tx: Transaction, event: ProviderEvent, community_id: int, session_id: int, outcome: str, occurred_at: datetime
) -> Completed | Refused:
    """The session went so ('completed' or 'no_show'), says another system with the community's signature.

    The event is stored with what it caused. Delivered again it does nothing, also when that was undone (rule 23);
    one that was refused is not stored, and may come again.
    """
    is_new = await accept_event(tx, event)
    session = await locked_session(tx, community_id, session_id)
    if session is None:
        return refuse(Reason.UNKNOWN_SESSION)
    if not is_new:
        return answered(session)
    facts = {"occurred_at": occurred_at.isoformat()}
    return await decide(tx, session, Word(Authority.WEBHOOK, PARTNER, Outcome(outcome), facts))
