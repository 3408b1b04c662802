"""Say that the student did not come: the session is used (rules 19 and 20)."""

from core.db.unit import Transaction, transaction
from core.rules.completion import Outcome
from core.rules.refusals import Refused
from core.usecases.asker import Asker
from core.usecases.completion.outcome import Completed, tell


@transaction
async def no_show(tx: Transaction, asker: Asker, session_id: int) -> Completed | Refused:
    """The student did not come, say mentor or staff, once they had some minutes to do so."""
    return await tell(tx, asker, session_id, Outcome.NO_SHOW)
