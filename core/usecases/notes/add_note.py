"""Write something down about a student: for their mentor and staff, who alone read it."""

import re

from sqlalchemy import insert

from core.db.history import Change, by_member, record
from core.db.tables import notes
from core.db.unit import Transaction, transaction
from core.rules.refusals import Reason, Refused, refuse
from core.texts.language import visible
from core.usecases.asker import Asker, known
from core.usecases.notes.about import About, about

LONGEST_NOTE = 1000

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_GAPS = re.compile(r"\n{3,}")


@transaction
async def add_note(tx: Transaction, asker: Asker, seat_id: int, text: str) -> About | Refused:
    """One more note about the student; history says that there is one, and not what it says."""
    pair = await about(tx, asker, seat_id)
    if isinstance(pair, Refused):
        return pair
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    tidy = tidy_note(text)
    if isinstance(tidy, Refused):
        return tidy
    note_id: int = await tx.value(
        insert(notes)
        .values(
            community_id=who.community_id,
            student_id=pair.student_id,
            mentor_id=pair.mentor_id,
            written_by=who.member_id,
            text=tidy,
            at=tx.now,
        )
        .returning(notes.c.id)
    )
    facts = {"student_id": pair.student_id, "mentor_id": pair.mentor_id}
    change = Change("note", note_id, None, "written", "note", facts=facts)
    await tx.run(record(who.community_id, tx.now, by_member(who.member_id), change))
    return pair


def tidy_note(text: str) -> str | Refused:
    """The note with its lines, without what is around and between them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    note = _GAPS.sub("\n\n", "\n".join(visible(_CONTROL.sub(" ", line)).rstrip() for line in lines)).strip()
    return note if 0 < len(note) <= LONGEST_NOTE else refuse(Reason.BAD_NOTE, most=LONGEST_NOTE)
