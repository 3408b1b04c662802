"""Buy a pack, or renew: an order, a held seat, and the provider's hosted checkout."""

from dataclasses import dataclass
from datetime import datetime

from core.db import orders as db_orders
from core.db.unit import Database, Transaction, reading
from core.ports import PaymentProvider
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import OrderState
from core.usecases.asker import Asker
from core.usecases.buying.checkout import leave, open_checkout
from core.usecases.buying.pay import pay_url
from core.usecases.buying.place import OtherOpen, place_order


@dataclass(frozen=True, slots=True)
class CheckoutReady:
    """Where to pay, until when, and for what."""

    order_id: int
    mentor_id: int
    mentor_name: str
    pay_url: str
    product_name: str
    sessions: int
    due_minor: int
    currency: str
    expires_at: datetime
    repeated: bool


async def buy(
    db: Database,
    provider: PaymentProvider,
    public_url: str,
    asker: Asker,
    mentor_id: int,
    product_id: int | None = None,
) -> CheckoutReady | Refused:
    """A checkout that can be paid now. The same choice gives the same one; another closes the first at the provider.

    Without a product: what the pair bought last, else the mentor's only one. A renewal is the same purchase.
    """
    placed = await place_order(db, provider.name, asker, mentor_id, product_id)
    if isinstance(placed, OtherOpen):
        left = await leave(db, provider, public_url, placed.order_id)
        if isinstance(left, Refused):
            return left
        if left.state is OrderState.FULFILLED:
            return refuse(Reason.ALREADY_PAID)
        placed = await place_order(db, provider.name, asker, mentor_id, product_id)
    if isinstance(placed, OtherOpen):
        return refuse(Reason.PAYMENT_IS_SETTLING)
    if isinstance(placed, Refused):
        return placed
    refused = await open_checkout(db, provider, public_url, placed.order_id)
    if placed.repeated and refused is not None and refused.reason is Reason.PROVIDER_REFUSED:
        # An opening that failed long ago asks for an end that is too near by now: that order is closed, a new one fits.
        return await buy(db, provider, public_url, asker, mentor_id, product_id)
    return refused or await _ready(db, public_url, placed.order_id, placed.repeated)


@reading
async def _ready(tx: Transaction, public_url: str, order_id: int, repeated: bool) -> CheckoutReady:
    order = await db_orders.with_checkout(tx, order_id)
    if order is None:
        raise LookupError(f"order {order_id} was placed and is gone")
    return CheckoutReady(
        order_id=order_id,
        mentor_id=order["mentor_id"],
        mentor_name=order["mentor_name"],
        pay_url=pay_url(public_url, order["pay_token"]),
        product_name=order["product_name"],
        sessions=order["sessions"],
        due_minor=order["due_minor"],
        currency=order["currency"],
        expires_at=order["expires_at"],
        repeated=repeated,
    )
