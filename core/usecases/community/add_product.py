"""Put up something that a mentor sells."""

from dataclasses import dataclass

from core.db.history import Change, by_member, record
from core.db.people import insert_product, mentor_of
from core.db.unit import Transaction, transaction
from core.rules.money import parse_price
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, known_staff
from core.usecases.community.names import tidy_name, why_not_number


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What staff say of it. What is None is as the community's settings have it; `price` is '49.90'."""

    mentor_id: int
    name: str
    price: str
    sessions: int | None = None
    validity_days: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ProductAdded:
    product_id: int
    mentor_id: int
    mentor_name: str
    name: str
    sessions: int
    validity_days: int
    price_minor: int
    currency: str


@transaction
async def add_product(tx: Transaction, asker: Asker, new: NewProduct) -> ProductAdded | Refused:
    """The product can be bought from now on (rule 36: staff say so)."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    mentor = await mentor_of(tx, who.community_id, new.mentor_id)
    if mentor is None:
        return refuse(Reason.UNKNOWN_MENTOR)
    name = tidy_name(new.name)
    if isinstance(name, Refused):
        return name
    sessions = who.settings.sessions_per_pack if new.sessions is None else new.sessions
    validity_days = who.settings.validity_days if new.validity_days is None else new.validity_days
    if refused := why_not_sold(sessions, validity_days):
        return refused
    currency = (who.currency if new.currency is None else new.currency).strip().upper()
    price_minor = parse_price(new.price, currency)
    if isinstance(price_minor, Refused):
        return price_minor
    sold = {
        "name": name,
        "sessions": sessions,
        "validity_days": validity_days,
        "price_minor": price_minor,
        "currency": currency,
    }
    product_id = await insert_product(tx, community_id=who.community_id, mentor_id=new.mentor_id, **sold)
    change = Change("product", product_id, None, "for_sale", "add", facts=sold)
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return ProductAdded(
        product_id=product_id,
        mentor_id=new.mentor_id,
        mentor_name=mentor["name"],
        name=name,
        sessions=sessions,
        validity_days=validity_days,
        price_minor=price_minor,
        currency=currency,
    )


def why_not_sold(sessions: int, validity_days: int) -> Refused | None:
    """Why no product holds so many sessions for so many days; beyond that the checks on `products` would fire."""
    return why_not_number("sessions", sessions, 1, 100) or why_not_number("validity_days", validity_days, 1, 3650)
