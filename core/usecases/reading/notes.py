"""What was written down about a student."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.db.tables import members, notes
from core.db.unit import Transaction, reading
from core.rules.refusals import Refused
from core.usecases.asker import Asker
from core.usecases.notes.about import About, about


@dataclass(frozen=True, slots=True)
class Note:
    at: datetime
    by_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Notes:
    """The latest first."""

    about: About
    notes: tuple[Note, ...]


@reading
async def notes_about(tx: Transaction, asker: Asker, seat_id: int) -> Notes | Refused:
    """The notes of this seat's pair, of its earlier seats too. Two statements."""
    pair = await about(tx, asker, seat_id)
    if isinstance(pair, Refused):
        return pair
    rows = await tx.all(
        select(notes.c.at, notes.c.text, members.c.name)
        .join(members, members.c.id == notes.c.written_by)
        .where(notes.c.mentor_id == pair.mentor_id, notes.c.student_id == pair.student_id)
        .order_by(notes.c.at.desc(), notes.c.id.desc())
    )
    return Notes(pair, tuple(Note(row["at"], row["name"], row["text"]) for row in rows))
