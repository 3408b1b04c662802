"""Before staff release a seat, the provider says how the pair's open order stands (rule 11)."""

from collections.abc import Mapping

from sqlalchemy import RowMapping

from core.db import orders as db_orders
from core.db.seats import seat_of
from core.db.unit import Database, Transaction, reading
from core.ports import PaymentProvider
from core.rules.refusals import Refused
from core.usecases.asker import Asker, staffed
from core.usecases.buying.checkout import ask_provider


async def settle_first(
    db: Database, providers: Mapping[str, PaymentProvider], public_url: str, asker: Asker, seat_id: int
) -> None:
    """The order is as its provider says, if there is one and the provider answers. Of staff's own community alone.

    Whatever cannot be settled stays open, and the release is refused for it.
    """
    order = await _unsettled(db, asker, seat_id)
    provider = None if order is None else providers.get(order["provider"])
    if order is not None and provider is not None:
        await ask_provider(db, provider, public_url, order["id"])


@reading
async def _unsettled(tx: Transaction, asker: Asker, seat_id: int) -> RowMapping | None:
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return None
    seat = await seat_of(tx, community["id"], seat_id)
    if seat is None:
        return None
    return await db_orders.unsettled_of_pair(tx, seat["student_id"], seat["mentor_id"])
