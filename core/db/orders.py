"""Orders, their checkouts and payments: reads for a decision, and guarded writes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Exists,
    RowMapping,
    ScalarSelect,
    Select,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.sql.dml import Update

from core.db.seats import warned
from core.db.tables import checkouts, codes, communities, members, mentors, orders, packs, products, seats
from core.db.unit import Transaction
from core.ports import CheckoutNews
from core.rules.states import OrderState, PackState, SeatState

UNSETTLED = (OrderState.OPEN, OrderState.PENDING)
_PAID = (OrderState.FULFILLED, OrderState.PARKED)
MONEY_MOVES = (*UNSETTLED, OrderState.PARKED)
"""Money may be on its way, or waits for staff: the pair keeps its seat (rule 11)."""

TURN_DOWN = "turn down"
"""The verb of history for an approval that came too late; its facts have the reason."""


def order_of_pair(student_id: Any, mentor_id: Any, states: Iterable[OrderState] = MONEY_MOVES) -> Exists:
    """Whether an order of the pair is in one of these states."""
    theirs = orders.alias("theirs")
    return exists().where(
        theirs.c.student_id == student_id, theirs.c.mentor_id == mentor_id, theirs.c.state.in_(list(states))
    )


async def lock_order(tx: Transaction, meant: ColumnElement[bool]) -> bool:
    """Whether there is such an order; until this transaction ends nobody else decides about its money.

    A statement that waits for a row sees that row anew, but what it joins as of before: so this one waits alone, and
    all that is acted upon is read by later ones.
    """
    return await tx.value(select(orders.c.id).where(meant).with_for_update()) is not None


def _with_checkout() -> Select[Any]:
    return select(
        orders,
        checkouts.c.id.label("checkout_id"),
        checkouts.c.provider,
        checkouts.c.provider_ref,
        checkouts.c.url,
        checkouts.c.expires_at,
        checkouts.c.opened_at,
        checkouts.c.approved_at,
        checkouts.c.declined_at,
        checkouts.c.final_at,
        checkouts.c.closed_at,
        members.c.name.label("mentor_name"),
    ).select_from(orders.join(checkouts).join(members, members.c.id == orders.c.mentor_id))


async def unsettled_of_pair(tx: Transaction, student_id: int, mentor_id: int) -> RowMapping | None:
    """The pair's one order that is open or pending, with its checkout."""
    return await tx.one(
        _with_checkout().where(
            orders.c.student_id == student_id, orders.c.mentor_id == mentor_id, orders.c.state.in_(UNSETTLED)
        )
    )


async def paid_instead(tx: Transaction, order: RowMapping) -> bool:
    """Whether the pair bought anew after this order, and money came for that: this one is not wanted any more.

    Those that are being settled now are waited for. So it is asked before any lock on members, which they may want.
    """
    rows = await tx.all(
        select(orders.c.state)
        .where(
            orders.c.student_id == order["student_id"],
            orders.c.mentor_id == order["mentor_id"],
            orders.c.id > order["id"],
            orders.c.state.in_([*UNSETTLED, *_PAID]),
        )
        .order_by(orders.c.id)
        .with_for_update()
    )
    return any(row["state"] in _PAID for row in rows)


async def is_settling(tx: Transaction, student_id: int, mentor_id: int) -> bool:
    """Whether money of the pair is on its way, or waits for staff (rule 26): whoever pays now pays twice."""
    settling = order_of_pair(student_id, mentor_id, (OrderState.PENDING, OrderState.PARKED))
    return bool(await tx.value(select(settling)))


async def has_another(tx: Transaction, order: RowMapping) -> bool:
    """Whether the pair has an order that counts instead of this one, which closed: an unsettled one, or a later one."""
    later = (orders.c.id > order["id"]) | (orders.c.settled_at > order["settled_at"])
    another = exists().where(
        orders.c.student_id == order["student_id"],
        orders.c.mentor_id == order["mentor_id"],
        orders.c.state.in_(MONEY_MOVES) | (later & (orders.c.state != OrderState.CLOSED)),
        orders.c.id != order["id"],
    )
    return bool(await tx.value(select(another)))


async def with_checkout(tx: Transaction, order_id: int) -> RowMapping | None:
    """One order with its checkout."""
    return await tx.one(_with_checkout().where(orders.c.id == order_id))


async def of_token(tx: Transaction, token: str) -> RowMapping | None:
    """The order behind a pay link, with what its page shows."""
    student = members.alias("student")
    return await tx.one(
        _with_checkout()
        .add_columns(
            communities.c.guild_id, func.coalesce(student.c.time_zone, communities.c.time_zone).label("student_zone")
        )
        .join(communities, communities.c.id == orders.c.community_id)
        .join(student, student.c.id == orders.c.student_id)
        .where(orders.c.pay_token == token)
    )


async def own_order(tx: Transaction, guild_id: int, user_id: int, order_id: int) -> RowMapping | None:
    """The order with the word of its code, if it is this person's."""
    student = members.alias("student")
    return await tx.one(
        select(orders, codes.c.word)
        .join(student, student.c.id == orders.c.student_id)
        .join(communities, communities.c.id == orders.c.community_id)
        .outerjoin(codes, codes.c.id == orders.c.code_id)
        .where(orders.c.id == order_id, student.c.user_id == user_id, communities.c.guild_id == guild_id)
    )


async def products_on_sale(tx: Transaction, mentor_id: int) -> list[RowMapping]:
    return list(
        await tx.all(
            select(products)
            .where(products.c.mentor_id == mentor_id, products.c.retired_at.is_(None))
            .order_by(products.c.id)
        )
    )


async def last_product_of_pair(tx: Transaction, student_id: int, mentor_id: int) -> int | None:
    product_id: int | None = await tx.value(
        select(orders.c.product_id)
        .where(
            orders.c.student_id == student_id,
            orders.c.mentor_id == mentor_id,
            orders.c.state == OrderState.FULFILLED,
        )
        .order_by(orders.c.id.desc())
        .limit(1)
    )
    return product_id


async def last_provider_of_pair(tx: Transaction, student_id: int, mentor_id: int) -> str | None:
    """Through whom the pair paid last."""
    provider: str | None = await tx.value(
        select(checkouts.c.provider)
        .join(orders, orders.c.id == checkouts.c.order_id)
        .where(
            orders.c.student_id == student_id,
            orders.c.mentor_id == mentor_id,
            orders.c.state == OrderState.FULFILLED,
        )
        .order_by(orders.c.id.desc())
        .limit(1)
    )
    return provider


async def for_settling(tx: Transaction, provider: str, ref: str, order_token: str | None) -> RowMapping | None:
    """The order that a provider's news is about, locked, with the pair's live seat and what a renewal builds on.

    Found by the checkout's reference; by the order's token only while a crash keeps the reference from us. Whoever
    waited for the lock sees all of it as the one before left it.
    """
    return await _locked(tx, orders.c.id == _id_about(provider, ref, order_token))


async def for_deciding(tx: Transaction, community_id: int, order_id: int) -> RowMapping | None:
    """The same order by its id, locked in the same way, for staff of this community."""
    return await _locked(tx, (orders.c.id == order_id) & (orders.c.community_id == community_id))


async def _locked(tx: Transaction, meant: ColumnElement[bool]) -> RowMapping | None:
    if not await lock_order(tx, meant):
        return None
    of_pair = (packs.c.student_id == orders.c.student_id) & (packs.c.mentor_id == orders.c.mentor_id)
    latest_expiry = select(func.max(packs.c.expires_at)).where(
        of_pair,
        packs.c.state == PackState.ACTIVE,
        packs.c.remaining > 0,
        packs.c.expires_at > func.coalesce(mentors.c.paused_at, literal(tx.now, packs.c.expires_at.type)),
    )
    purchases = select(func.count()).select_from(packs).where(of_pair)
    return await tx.one(
        _with_checkout()
        .add_columns(
            seats.c.id.label("seat_id"),
            seats.c.state.label("seat_state"),
            latest_expiry.correlate(orders, mentors).scalar_subquery().label("latest_expiry"),
            purchases.correlate(orders).scalar_subquery().label("purchases"),
            communities.c.settings,
            mentors.c.paused_at,
        )
        .join(communities, communities.c.id == orders.c.community_id)
        .join(mentors, mentors.c.member_id == orders.c.mentor_id)
        .outerjoin(
            seats,
            (seats.c.student_id == orders.c.student_id)
            & (seats.c.mentor_id == orders.c.mentor_id)
            & (seats.c.state != SeatState.RELEASED),
        )
        .where(meant)
    )


def _id_about(provider: str, ref: str, order_token: str | None) -> ScalarSelect[int]:
    theirs = orders.alias("theirs")
    about = (checkouts.c.provider == provider) & (checkouts.c.provider_ref == ref)
    if order_token is not None:
        unnoted = (checkouts.c.provider == provider) & checkouts.c.provider_ref.is_(None)
        about |= unnoted & (theirs.c.pay_token == order_token)
    found = select(theirs.c.id).join(checkouts, checkouts.c.order_id == theirs.c.id).where(about)
    return found.limit(1).correlate(None).scalar_subquery()


def id_of_news(provider: str, news: CheckoutNews) -> ScalarSelect[int]:
    """The order that a provider's news is about, as a part of another statement; nothing is locked."""
    return _id_about(provider, news.checkout_ref, news.order_token)


def order_moves(tx: Transaction, order_id: int, before: OrderState, after: OrderState) -> Update:
    """The write that moves the order, unless another did since it was read."""
    times = {"pending_at": tx.now} if after is OrderState.PENDING else {"settled_at": tx.now}
    return update(orders).where(orders.c.id == order_id, orders.c.state == before).values(state=after, **times)


async def move_order(tx: Transaction, order_id: int, before: OrderState, after: OrderState) -> bool:
    """Whether this caller moved the order; False if another did since it was read."""
    return (await tx.run(order_moves(tx, order_id, before, after))).rowcount == 1


def close_checkout(tx: Transaction, checkout_id: int, ref: str, *, final: bool = False) -> Update:
    """The write after which nobody asks the provider about this checkout again; `final`: nor takes it up again."""
    closed = update(checkouts).where(checkouts.c.id == checkout_id)
    closed = closed.values(closed_at=tx.now, next_attempt_at=None, provider_ref=ref)
    return closed.values(final_at=tx.now) if final else closed


async def insert_order(tx: Transaction, **values: Any) -> int:
    order_id: int = await tx.value(insert(orders).values(created_at=tx.now, **values).returning(orders.c.id))
    return order_id


def running_grace_end() -> ColumnElement[datetime]:
    """When the seat's grace ends; nothing while it stands still, as then no end is near (rule 29)."""
    return case((seats.c.grace_stopped_at.is_(None), seats.c.grace_ends_at))


async def mentor_for_sale(tx: Transaction, community_id: int, mentor_id: int, student_id: int) -> RowMapping | None:
    """The mentor, and the seat that the student has with them."""
    return await tx.one(
        select(
            mentors,
            seats.c.id.label("seat_id"),
            seats.c.state.label("seat_state"),
            running_grace_end().label("grace_ends_at"),
            warned().label("warned"),
            select(members.c.erased_at).where(members.c.id == student_id).scalar_subquery().label("student_erased_at"),
        )
        .outerjoin(
            seats,
            (seats.c.mentor_id == mentors.c.member_id)
            & (seats.c.student_id == student_id)
            & (seats.c.state != SeatState.RELEASED),
        )
        .where(mentors.c.member_id == mentor_id, mentors.c.community_id == community_id)
    )
