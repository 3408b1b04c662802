"""What a booking would be, before it is one: asked of the same decision that accepts it (rule 14)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from core.db.packs import earlier_of_pack
from core.db.unit import Transaction, reading
from core.rules.booking import choose
from core.rules.hours import Interval
from core.rules.refusals import Refused
from core.usecases.asker import Asker
from core.usecases.booking.facts import facts_of, why_not_near, wish_of


@dataclass(frozen=True, slots=True)
class Quote:
    """A session as it would be booked now. `available` is what stays bookable of its pack afterwards."""

    mentor_id: int
    mentor_name: str
    starts_at: datetime
    ends_at: datetime
    number: int
    total: int
    available: int
    expires_at: datetime


@reading
async def quote(tx: Transaction, asker: Asker, mentor_id: int, starts_at: datetime) -> Quote | Refused:
    """The session that `book` would make of this time, or why it would refuse. Four statements; nothing is reserved."""
    wish = await wish_of(tx, asker, mentor_id)
    if isinstance(wish, Refused):
        return wish
    if refused := why_not_near(starts_at, tx.now):
        return refused
    starts_at = starts_at.astimezone(UTC)
    pack = choose(await facts_of(tx, wish, Interval(starts_at, starts_at)), starts_at)
    if isinstance(pack, Refused):
        return pack
    earlier: int = await tx.value(select(earlier_of_pack(pack.id, starts_at)))
    return Quote(
        mentor_id=wish.mentor_id,
        mentor_name=wish.mentor_name,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=pack.session_minutes),
        number=earlier + 1,
        total=pack.total,
        available=pack.available - 1,
        expires_at=pack.expires_at,
    )
