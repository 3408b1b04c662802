"""Place an order: its snapshot, its checkout to be opened, and the seat that is held before any money can move."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import RowMapping, exists, func, insert, select

from core.db import orders as db_orders
from core.db.history import Change, by_member, record
from core.db.seats import lock_members, occupied_of, take_seat
from core.db.tables import checkouts, orders, seats
from core.db.unit import Transaction, transaction
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import Purchase, needs_new_seat, why_not_buy
from core.rules.states import OrderState, SeatState
from core.usecases.asker import Asker, Known, known

# An opening that a crash interrupted is finished after this.
UNFINISHED_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """An open order. `repeated`: it stood before, and asking again gives the same one (rule 8)."""

    order_id: int
    checkout_id: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class OtherOpen:
    """Another choice of this pair is open, or has run out unasked: the provider must close it first (rule 8)."""

    order_id: int


@transaction
async def place_order(
    tx: Transaction, provider: str, asker: Asker, mentor_id: int, product_id: int | None
) -> Placed | OtherOpen | Refused:
    """An order whose checkout may now be opened, or the one that is open already."""
    student = await known(tx, asker)
    if isinstance(student, Refused):
        return student
    await lock_members(tx, student.member_id, mentor_id)
    mentor = await db_orders.mentor_for_sale(tx, student.community_id, mentor_id, student.member_id)
    if mentor is None or mentor["removed_at"] is not None:
        return refuse(Reason.UNKNOWN_MENTOR)
    if mentor["student_erased_at"] is not None:
        return refuse(Reason.MEMBER_ERASED)
    product = await _choose_product(tx, mentor_id, student.member_id, product_id)
    if isinstance(product, Refused):
        return product
    standing = await db_orders.unsettled_of_pair(tx, student.member_id, mentor_id)
    if standing is not None and standing["state"] is OrderState.PENDING:
        return refuse(Reason.PAYMENT_IS_SETTLING)
    if standing is not None and tx.now >= standing["expires_at"]:
        return OtherOpen(standing["id"])
    if standing is not None and _promises(standing, product):
        return Placed(standing["id"], standing["checkout_id"], repeated=True)
    purchase = await _facts(tx, student, mentor, changes_choice=standing is not None)
    if refused := why_not_buy(purchase, student.settings):
        return refused
    if standing is not None:
        return OtherOpen(standing["id"])
    return await _write(tx, provider, student, mentor, product)


def _promises(order: RowMapping, product: RowMapping) -> bool:
    """Whether the order's snapshot is what the product would give now."""
    same = ("sessions", "validity_days", "price_minor", "currency")
    return bool(order["product_id"] == product["id"]) and all(order[each] == product[each] for each in same)


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
        # A held seat without an open order: its money came and is parked for staff (rule 26).
        payment_settling=holds_a_seat and not changes_choice,
        grace_warned=mentor["warned"],
        held_checkouts=counts["held"] - (holds_a_seat and changes_choice),
        unpaid_recently=counts["unpaid"] + changes_choice,
        last_unpaid_at=tx.now if changes_choice else counts["last_unpaid"],
    )


async def _write(tx: Transaction, provider: str, student: Known, mentor: RowMapping, product: RowMapping) -> Placed:
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
        discount_minor=0,
        due_minor=product["price_minor"],
        currency=product["currency"],
    )
    changes.append(Change("order", order_id, None, OrderState.OPEN, "buy"))
    checkout_id: int = await tx.value(
        insert(checkouts)
        .values(
            order_id=order_id,
            provider=provider,
            created_at=tx.now,
            # Whole seconds: that is what providers keep.
            expires_at=(tx.now + student.settings.checkout_for).replace(microsecond=0),
            next_attempt_at=tx.now + UNFINISHED_FOR,
        )
        .returning(checkouts.c.id)
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
    return Placed(order_id, checkout_id)
