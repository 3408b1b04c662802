"""Say that a session did not take place: it is given back to its pack (rules 3 and 20)."""

from core.db.unit import Transaction, transaction
from core.rules.completion import Outcome
from core.rules.refusals import Refused
from core.usecases.asker import Asker
from core.usecases.completion.outcome import Completed, tell


@transaction
async def not_held(tx: Transaction, asker: Asker, session_id: int) -> Completed | Refused:
    """The session was not held, by nobody's fault or both's, say mentor or staff from its start on."""
    return await tell(tx, asker, session_id, Outcome.NOT_HELD)


@transaction
async def mentor_no_show(tx: Transaction, asker: Asker, session_id: int) -> Completed | Refused:
    """The mentor did not come, say they themselves or staff."""
    return await tell(tx, asker, session_id, Outcome.MENTOR_NO_SHOW)
