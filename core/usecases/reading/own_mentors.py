"""The mentors at whom somebody has a seat: whom they mean when they name none."""

from core.db.calendar import parties
from core.db.unit import Transaction, reading
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker
from core.usecases.choice import Choice


@reading
async def own_mentors(tx: Transaction, asker: Asker) -> tuple[Choice, ...] | Refused:
    """Those mentors, by name; `NO_SEAT_ANYWHERE` if there is none. One statement."""
    rows = await parties(tx, asker.guild_id, asker.user_id, None)
    if not rows:
        return refuse(Reason.NOT_SET_UP)
    found = [Choice(row["mentor_id"], row["mentor_name"]) for row in rows if row["mentor_id"] is not None]
    return tuple(sorted(found, key=lambda choice: choice.label.casefold())) or refuse(Reason.NO_SEAT_ANYWHERE)
