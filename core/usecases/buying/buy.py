"""Buy a pack, or renew: an order, a held seat, and the provider's hosted checkout."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping

from core.db import orders as db_orders
from core.db.unit import Database, Transaction, reading
from core.ports import PaymentProvider
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import OrderState
from core.usecases.asker import Asker
from core.usecases.buying.checkout import leave, open_checkout
from core.usecases.buying.pay import pay_url
from core.usecases.buying.place import ANYTHING, FREE, OtherOpen, Wanted, place_order


@dataclass(frozen=True, slots=True)
class CheckoutReady:
    """Where to pay, until when, and for what. `others` are the providers that could be chosen instead."""

    order_id: int
    mentor_id: int
    mentor_name: str
    pay_url: str
    product_name: str
    sessions: int
    price_minor: int
    due_minor: int
    currency: str
    expires_at: datetime
    provider: str
    others: tuple[str, ...]
    repeated: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A code left nothing to pay: the student has what they wanted."""

    order_id: int
    mentor_id: int
    mentor_name: str
    product_name: str
    sessions: int


async def buy(
    db: Database,
    providers: Mapping[str, PaymentProvider],
    public_url: str,
    asker: Asker,
    mentor_id: int,
    wanted: Wanted = ANYTHING,
) -> CheckoutReady | Given | Refused:
    """A checkout that can be paid now. The same choice gives the same one; another closes the first at its provider.

    Without a product: what the pair bought last, else the mentor's only one. A renewal is the same purchase.
    """
    placed = await place_order(db, tuple(providers), asker, mentor_id, wanted)
    if isinstance(placed, OtherOpen):
        refused = await _leave(db, providers, public_url, placed)
        if refused is not None:
            return refused
        placed = await place_order(db, tuple(providers), asker, mentor_id, wanted)
    if isinstance(placed, OtherOpen):
        return refuse(Reason.PAYMENT_IS_SETTLING)
    if isinstance(placed, Refused):
        return placed
    if placed.provider == FREE:
        return await _given(db, placed.order_id)
    provider = providers.get(placed.provider)
    if provider is None:
        return refuse(Reason.PROVIDER_NOT_CONFIGURED)
    refused = await open_checkout(db, provider, public_url, placed.order_id)
    if placed.repeated and refused is not None and refused.reason is Reason.PROVIDER_REFUSED:
        # An opening that failed long ago asks for an end that is too near by now: that order is closed, a new one fits.
        return await buy(db, providers, public_url, asker, mentor_id, wanted)
    others = tuple(name for name in providers if name != placed.provider)
    return refused or await _ready(db, public_url, placed.order_id, placed.repeated, others)


async def pay_with(
    db: Database,
    providers: Mapping[str, PaymentProvider],
    public_url: str,
    asker: Asker,
    order_id: int,
    provider: str,
) -> CheckoutReady | Given | Refused:
    """The same purchase through another provider; the checkout at the first is closed there. Their own only (36)."""
    order = await _own_order(db, asker, order_id)
    if order is None:
        return refuse(Reason.UNKNOWN_ORDER)
    if order["state"] is OrderState.FULFILLED:
        return refuse(Reason.ALREADY_PAID)
    wanted = Wanted(order["product_id"], provider, order["word"])
    ready = await buy(db, providers, public_url, asker, order["mentor_id"], wanted)
    if isinstance(ready, Refused) and ready.reason in (Reason.UNKNOWN_CODE, Reason.CODE_IS_OVER):
        return refuse(Reason.CODE_ENDED_SINCE)
    return ready


async def _leave(
    db: Database, providers: Mapping[str, PaymentProvider], public_url: str, other: OtherOpen
) -> Refused | None:
    """Why the pair's other checkout stands in the way still, once its provider was told to close it."""
    provider = providers.get(other.provider)
    if provider is None:
        return refuse(Reason.PROVIDER_NOT_CONFIGURED)
    left = await leave(db, provider, public_url, other.order_id)
    if isinstance(left, Refused):
        return left
    return refuse(Reason.ALREADY_PAID) if left.state is OrderState.FULFILLED else None


@reading
async def _own_order(tx: Transaction, asker: Asker, order_id: int) -> RowMapping | None:
    return await db_orders.own_order(tx, asker.guild_id, asker.user_id, order_id)


@reading
async def _given(tx: Transaction, order_id: int) -> Given:
    order = await _placed(tx, order_id)
    return Given(order_id, order["mentor_id"], order["mentor_name"], order["product_name"], order["sessions"])


async def _placed(tx: Transaction, order_id: int) -> RowMapping:
    order = await db_orders.with_checkout(tx, order_id)
    if order is None:
        raise LookupError(f"order {order_id} was placed and is gone")
    return order


@reading
async def _ready(
    tx: Transaction, public_url: str, order_id: int, repeated: bool, others: tuple[str, ...]
) -> CheckoutReady:
    order = await _placed(tx, order_id)
    return CheckoutReady(
        order_id=order_id,
        mentor_id=order["mentor_id"],
        mentor_name=order["mentor_name"],
        pay_url=pay_url(public_url, order["pay_token"]),
        product_name=order["product_name"],
        sessions=order["sessions"],
        price_minor=order["price_minor"],
        due_minor=order["due_minor"],
        currency=order["currency"],
        expires_at=order["expires_at"],
        provider=order["provider"],
        others=others,
        repeated=repeated,
    )
