"""What is told before a pack expires: owed by whoever makes the pack usable, or moves its expiry (rule 21)."""

from datetime import datetime

from core.db.notices import Owed
from core.rules.due import expiry_notices
from core.rules.notices import cycle_at
from core.rules.settings import Settings


def owed_before_expiry(
    pack_id: int, student_id: int, expires_at: datetime, settings: Settings, now: datetime
) -> tuple[Owed, ...]:
    """The notices to write in the transaction that gives an unfrozen pack this expiry. A frozen one owes none.

    The cycle is the expiry: what was owed for another one is dropped when its time comes, and nothing is owed twice.
    """
    cycle = cycle_at(expires_at)
    due = expiry_notices(expires_at, settings, now)
    return tuple(Owed(notice.kind, pack_id, student_id, cycle, notice.due_at) for notice in due)
