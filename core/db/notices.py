"""What we owe people. A notice is written in the transaction that causes it; the jobs take it from there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.sql.dml import Insert

from core.db import tables
from core.db.unit import Transaction
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState


@dataclass(frozen=True, slots=True)
class Owed:
    """One notice to write. `to_member_id` None is the staff channel; `due_at` None is now."""

    kind: NoticeKind
    subject_id: int
    to_member_id: int | None
    cycle: int = 1
    due_at: datetime | None = None


def owe(tx: Transaction, community_id: int, *owed: Owed) -> Insert:
    """The write that owes these notices. One owed already, by (kind, subject, cycle), stays as it is (rule 32)."""
    rows = [
        {
            "community_id": community_id,
            "kind": each.kind,
            "subject_id": each.subject_id,
            "cycle": each.cycle,
            "to_member_id": each.to_member_id,
            "state": NoticeState.PENDING,
            "due_at": each.due_at or tx.now,
            "next_attempt_at": each.due_at or tx.now,
            "created_at": tx.now,
        }
        for each in owed
    ]
    return tx.insert(tables.notices).values(rows).on_conflict_do_nothing(index_elements=["kind", "subject_id", "cycle"])
