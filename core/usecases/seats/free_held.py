"""Free the seat that was held for an order whose money goes back before it bought anything (rule 26)."""

from sqlalchemy import RowMapping

from core.db import orders as db_orders
from core.db.history import Change
from core.db.seats import move_seat
from core.db.unit import Transaction
from core.rules.states import SeatState


async def free_held_seat(tx: Transaction, order: RowMapping, why: str | None = None) -> list[Change]:
    """The seat's change for the history, if it is free now. Another checkout of the pair keeps it.

    The order is read by `for_deciding`, under its lock.
    """
    if order["seat_state"] is not SeatState.HELD:
        return []
    if await db_orders.unsettled_of_pair(tx, order["student_id"], order["mentor_id"]) is not None:
        return []
    if not await move_seat(tx, order["seat_id"], [SeatState.HELD], SeatState.RELEASED):
        return []
    return [Change("seat", order["seat_id"], SeatState.HELD, SeatState.RELEASED, "close", why)]
