"""Change what a mentor sells, or take it off sale. Orders keep the snapshot of the day on which they were placed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, exists, func, select, update

from core.db.history import Change, by_member, record
from core.db.orders import UNSETTLED
from core.db.tables import orders, packs, products
from core.db.unit import Transaction, transaction
from core.rules.money import parse_price
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import PackState
from core.usecases.asker import Asker, Known
from core.usecases.community.add_product import ProductAdded, why_not_sold
from core.usecases.community.names import tidy_name
from core.usecases.community.pause_mentor import staff_and_mentor


@dataclass(frozen=True, slots=True)
class ProductChange:
    """What staff change; None stays as it is. `price` is '49.90', in the product's currency."""

    name: str | None = None
    price: str | None = None
    sessions: int | None = None
    validity_days: int | None = None


@dataclass(frozen=True, slots=True)
class RetirePreview:
    """What follows if it is taken off sale: `open_checkouts` and `packs` of it that are usable stay as they are.

    `is_last`: with it the mentor sells nothing, so that their students could not renew either.
    """

    mentor_id: int
    product_id: int
    name: str
    mentor_name: str
    open_checkouts: int
    packs: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Retired:
    name: str
    mentor_name: str


@transaction
async def edit_product(
    tx: Transaction, asker: Asker, mentor_id: int, product_id: int, change: ProductChange
) -> ProductAdded | Refused:
    """It is sold like this from now on. Who has a checkout open pays what it says, and gets what it says."""
    found = await _staff_and_product(tx, asker, mentor_id, product_id)
    if isinstance(found, Refused):
        return found
    who, mentor, product = found
    wanted = _wanted(change, product)
    if isinstance(wanted, Refused):
        return wanted
    changed = {column: value for column, value in wanted.items() if product[column] != value}
    if not changed:
        return refuse(Reason.NOTHING_TO_CHANGE)
    await tx.run(update(products).where(products.c.id == product_id).values(**changed))
    facts = {column: {"from": product[column], "to": value} for column, value in changed.items()}
    noted = Change("product", product_id, "for_sale", "for_sale", "edit", facts=facts)
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), noted))
    sold = {**{column: product[column] for column in ("name", "sessions", "validity_days", "price_minor")}, **wanted}
    return ProductAdded(
        product_id=product_id,
        mentor_id=mentor_id,
        mentor_name=mentor["name"],
        currency=product["currency"],
        **sold,
    )


@transaction
async def preview_retire(tx: Transaction, asker: Asker, mentor_id: int, product_id: int) -> RetirePreview | Refused:
    """What `retire_product` would do now, or why it would refuse. Nothing is changed."""
    found = await _staff_and_product(tx, asker, mentor_id, product_id)
    if isinstance(found, Refused):
        return found
    _, mentor, product = found
    of_it = orders.c.product_id == product_id
    open_checkouts: int = await tx.value(
        select(func.count()).select_from(orders).where(of_it, orders.c.state.in_(UNSETTLED))
    )
    usable: int = await tx.value(
        select(func.count())
        .select_from(packs.join(orders, orders.c.id == packs.c.order_id))
        .where(of_it, packs.c.state == PackState.ACTIVE)
    )
    others = exists().where(
        products.c.mentor_id == mentor_id, products.c.id != product_id, products.c.retired_at.is_(None)
    )
    return RetirePreview(
        mentor_id=mentor_id,
        product_id=product_id,
        name=product["name"],
        mentor_name=mentor["name"],
        open_checkouts=open_checkouts,
        packs=usable,
        is_last=not await tx.value(select(others)),
    )


@transaction
async def retire_product(tx: Transaction, asker: Asker, mentor_id: int, product_id: int) -> Retired | Refused:
    """It is not sold any more. Checkouts that are open settle as if it were, and packs of it stay as they are."""
    found = await _staff_and_product(tx, asker, mentor_id, product_id)
    if isinstance(found, Refused):
        return found
    who, mentor, product = found
    await tx.run(update(products).where(products.c.id == product_id).values(retired_at=tx.now))
    noted = Change("product", product_id, "for_sale", "retired", "retire")
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), noted))
    return Retired(product["name"], mentor["name"])


async def _staff_and_product(
    tx: Transaction, asker: Asker, mentor_id: int, product_id: int
) -> tuple[Known, RowMapping, RowMapping] | Refused:
    """Staff, the mentor under a lock, and what they sell: no purchase reads it while it changes."""
    found = await staff_and_mentor(tx, asker, mentor_id)
    if isinstance(found, Refused):
        return found
    product = await tx.one(select(products).where(products.c.id == product_id, products.c.mentor_id == mentor_id))
    if product is None:
        return refuse(Reason.UNKNOWN_PRODUCT)
    if product["retired_at"] is not None:
        return refuse(Reason.ALREADY_RETIRED)
    return *found, product


def _wanted(change: ProductChange, product: RowMapping) -> dict[str, Any] | Refused:
    wanted: dict[str, Any] = {}
    if change.name is not None:
        name = tidy_name(change.name)
        if isinstance(name, Refused):
            return name
        wanted["name"] = name
    sessions = product["sessions"] if change.sessions is None else change.sessions
    validity_days = product["validity_days"] if change.validity_days is None else change.validity_days
    if refused := why_not_sold(sessions, validity_days):
        return refused
    wanted |= {"sessions": sessions, "validity_days": validity_days}
    if change.price is not None:
        price_minor = parse_price(change.price, product["currency"])
        if isinstance(price_minor, Refused):
            return price_minor
        wanted["price_minor"] = price_minor
    return wanted
