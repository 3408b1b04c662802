"""Place an order: its snapshot, its checkout to be opened, and the seat that is held before any money can move."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import RowMapping, exists, func, insert, select

from core.db import codes as db_codes
from core.db import orders as db_orders
from core.db.history import Change, by_member, record
from core.db.payments import record_payment
from core.db.seats import lock_members, occupied_of, take_seat
from core.db.tables import checkouts, orders, seats
from core.db.unit import Transaction, transaction
from core.ports import Paid
from core.rules.codes import discount, why_not_use
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import Purchase, needs_new_seat, why_not_buy
from core.rules.states import OrderState, SeatState
from core.usecases.asker import Asker, Known, known
from core.usecases.buying.fulfil import fulfil
from core.usecases.codes.words import tidy_word

# An opening that a crash interrupted is finished after this.
UNFINISHED_FOR = timedelta(minutes=1)

FREE = "none"
"""What stands for a provider where a code left nothing to pay."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the student chose. Nothing chosen: what the pair bought last, paid as they paid last, without a code."""

    product_id: int | None = None
    provider: str | None = None
    code: str | None = None


ANYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Placed:
    """An open order, or with nothing to pay a fulfilled one. `repeated`: it stood before, and is the same (rule 8)."""

    order_id: int
    provider: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class OtherOpen:
    """Another choice of this pair is open, or has run out unasked: the provider must close it first (rule 8)."""

    order_id: int
    provider: str


@transaction
async def place_order(
    tx: Transaction, providers: Sequence[str], asker: Asker, mentor_id: int, wanted: Wanted
) -> Placed | OtherOpen | Refused:
    """An order whose checkout may now be opened, or the one that is open already.

    `providers` are those that are configured, the one to prefer first.
    """
    if wanted.provider is not None and wanted.provider not in providers:
        return refuse(Reason.UNKNOWN_PROVIDER)
    student = await known(tx, asker)
    if isinstance(student, Refused):
        return student
    await lock_members(tx, student.member_id, mentor_id)
    mentor = await db_orders.mentor_for_sale(tx, student.community_id, mentor_id, student.member_id)
    if mentor is None or mentor["removed_at"] is not None:
        return refuse(Reason.UNKNOWN_MENTOR)
    if mentor["student_erased_at"] is not None:
        return refuse(Reason.MEMBER_ERASED)
    product = await _choose_product(tx, mentor_id, student.member_id, wanted.product_id)
    if isinstance(product, Refused):
        return product
    if await db_orders.is_settling(tx, student.member_id, mentor_id):
        return refuse(Reason.PAYMENT_IS_SETTLING)
    standing = await db_orders.unsettled_of_pair(tx, student.member_id, mentor_id)
    if standing is not None and tx.now >= standing["expires_at"]:
        return OtherOpen(standing["id"], standing["provider"])
    offer = await _offer(tx, student, product, standing, wanted)
    if isinstance(offer, Refused):
        return offer
    if standing is not None and _promises(standing, offer, wanted):
        return Placed(standing["id"], standing["provider"], repeated=True)
    purchase = await _facts(tx, student, mentor, changes_choice=standing is not None)
    if refused := why_not_buy(purchase, student.settings):
        return refused
    if standing is not None:
        return OtherOpen(standing["id"], standing["provider"])
    if offer.due_minor == 0:
        return await _give(tx, student, mentor, offer)
    provider = wanted.provider or await _usual_provider(tx, student.member_id, mentor_id, providers)
    if provider is None:
        return refuse(Reason.PROVIDER_NOT_CONFIGURED)
    order_id = await _write(tx, student, mentor, offer, provider)
    return Placed(order_id, provider)


@dataclass(frozen=True, slots=True)
class _Offer:
    """The product as this student can have it now."""

    product: RowMapping
    code_id: int | None
    discount_minor: int

    @property
    def due_minor(self) -> int:
        due: int = self.product["price_minor"] - self.discount_minor
        return due


async def _offer(
    tx: Transaction, student: Known, product: RowMapping, standing: RowMapping | None, wanted: Wanted
) -> _Offer | Refused:
    """The price with the code that was named. The order that the choice replaces gives its use of the code back."""
    if wanted.code is None:
        return _Offer(product, None, 0)
    word = tidy_word(wanted.code)
    row = None if word is None else await db_codes.live_code(tx, student.community_id, word)
    if row is None:
        return refuse(Reason.UNKNOWN_CODE)
    code = db_codes.code_of(row)
    replaced = None if standing is None else standing["id"]
    uses = await db_codes.uses_of(tx, row["id"], student.member_id, but_order=replaced)
    if refused := why_not_use(code, uses, product["mentor_id"], product["currency"], tx.now):
        return refused
    return _Offer(product, row["id"], discount(code, product["price_minor"], product["currency"]))


async def _usual_provider(tx: Transaction, student_id: int, mentor_id: int, providers: Sequence[str]) -> str | None:
    """The one that the pair used last, if it is configured still; else the first."""
    last = await db_orders.last_provider_of_pair(tx, student_id, mentor_id)
    return last if last in providers else next(iter(providers), None)


def is_as_promised(order: RowMapping, product: RowMapping) -> bool:
    """Whether the order is of this product, and its snapshot what the product would give now."""
    same = ("sessions", "validity_days", "price_minor", "currency")
    return order["product_id"] == product["id"] and all(order[each] == product[each] for each in same)


def _promises(order: RowMapping, offer: _Offer, wanted: Wanted) -> bool:
    """Whether the order is what was chosen."""
    return (
        is_as_promised(order, offer.product)
        and wanted.provider in (None, order["provider"])
        and (wanted.code is None or order["code_id"] == offer.code_id)
    )


async def _choose_product(
    tx: Transaction, mentor_id: int, student_id: int, product_id: int | None
) -> RowMapping | Refused:
    """The product that was named; else the pair's last one, else the only one there is."""
    on_sale = await db_orders.products_on_sale(tx, mentor_id)
    if product_id is not None:
        return next((each for each in on_sale if each["id"] == product_id), refuse(Reason.UNKNOWN_PRODUCT))
    if not on_sale:
        return refuse(Reason.NOTHING_FOR_SALE)
    if len(on_sale) == 1:
        return on_sale[0]
    last = await db_orders.last_product_of_pair(tx, student_id, mentor_id)
    return next((each for each in on_sale if each["id"] == last), refuse(Reason.CHOOSE_PRODUCT))


async def _facts(tx: Transaction, student: Known, mentor: RowMapping, *, changes_choice: bool) -> Purchase:
    """What is known now. Whoever changes their choice leaves a checkout unpaid, and gives its hold for the next."""
    window = tx.now - timedelta(hours=student.settings.unpaid_window_hours)
    opened = exists().where(checkouts.c.order_id == orders.c.id, checkouts.c.opened_at.is_not(None))
    unpaid = (
        opened  # what the provider refused to open nobody could have paid
        & (orders.c.student_id == student.member_id)
        & (orders.c.mentor_id == mentor["member_id"])
        & (orders.c.state == OrderState.CLOSED)
        & (orders.c.settled_at > window)
    )
    counts = await tx.one(
        select(
            occupied_of(mentor["member_id"]).scalar_subquery().label("occupied"),
            select(func.count())
            .where(seats.c.student_id == student.member_id, seats.c.state == SeatState.HELD)
            .scalar_subquery()
            .label("held"),
            select(func.count()).select_from(orders).where(unpaid).scalar_subquery().label("unpaid"),
            select(func.max(orders.c.settled_at)).where(unpaid).scalar_subquery().label("last_unpaid"),
        )
    )
    if counts is None:
        raise RuntimeError("a select without a table has one row")
    holds_a_seat = mentor["seat_state"] is SeatState.HELD
    return Purchase(
        now=tx.now,
        capacity=mentor["capacity"],
        occupied=counts["occupied"],
        seat_state=mentor["seat_state"],
        grace_ends_at=mentor["grace_ends_at"],
        buyer_is_mentor=student.member_id == mentor["member_id"],
        mentor_paused=mentor["paused_at"] is not None,
        grace_warned=mentor["warned"],
        held_checkouts=counts["held"] - (holds_a_seat and changes_choice),
        unpaid_recently=counts["unpaid"] + changes_choice,
        last_unpaid_at=tx.now if changes_choice else counts["last_unpaid"],
    )


async def _give(tx: Transaction, student: Known, mentor: RowMapping, offer: _Offer) -> Placed | Refused:
    """Nothing is to be paid: the order is fulfilled in the transaction that places it, and no provider asked (26)."""
    order_id = await _write(tx, student, mentor, offer, FREE)
    order = await db_orders.for_deciding(tx, student.community_id, order_id)
    if order is None:
        raise LookupError(f"order {order_id} was placed and is gone")
    nothing = Paid(
        checkout_ref=f"order-{order_id}",
        payment_ref=f"order-{order_id}",
        amount_minor=0,
        tax_minor=0,
        currency=offer.product["currency"],
        paid_at=tx.now,
        livemode=True,
    )
    payment_id = await record_payment(tx, order, FREE, nothing)
    if payment_id is None:
        raise RuntimeError(f"order {order_id} was paid before it was placed")
    await fulfil(tx, order, payment_id, nothing, by_member(student.member_id), "a code left nothing to pay")
    return Placed(order_id, FREE)


async def _write(tx: Transaction, student: Known, mentor: RowMapping, offer: _Offer, provider: str) -> int:
    """The id of the order, with its checkout to be opened, and with the seat that it holds."""
    product = offer.product
    changes = []
    order_id = await db_orders.insert_order(
        tx,
        community_id=student.community_id,
        student_id=student.member_id,
        mentor_id=mentor["member_id"],
        product_id=product["id"],
        state=OrderState.OPEN,
        pay_token=secrets.token_urlsafe(32),
        product_name=product["name"],
        sessions=product["sessions"],
        session_minutes=mentor["session_minutes"],
        validity_days=product["validity_days"],
        price_minor=product["price_minor"],
        discount_minor=offer.discount_minor,
        due_minor=offer.due_minor,
        currency=product["currency"],
        code_id=offer.code_id,
    )
    changes.append(Change("order", order_id, None, OrderState.OPEN, "buy"))
    await tx.run(
        insert(checkouts).values(
            order_id=order_id,
            provider=provider,
            created_at=tx.now,
            # Whole seconds: that is what providers keep.
            expires_at=(tx.now + student.settings.checkout_for).replace(microsecond=0),
            next_attempt_at=tx.now + UNFINISHED_FOR,
        )
    )
    if needs_new_seat(mentor["seat_state"]):
        seat_id = await take_seat(
            tx,
            community_id=student.community_id,
            student_id=student.member_id,
            mentor_id=mentor["member_id"],
            state=SeatState.HELD,
        )
        changes.append(Change("seat", seat_id, None, SeatState.HELD, "buy"))
    await tx.run(record(student.community_id, tx.now, by_member(student.member_id), *changes))
    return order_id
