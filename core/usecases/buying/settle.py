"""Settle what a provider says of a checkout: one transaction, once per order, by whatever road the news arrives.

Webhook, return page, jobs and reconciliation all end in `apply_news` (rules 25 to 27).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, ScalarSelect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Update

from core.db import orders as db_orders
from core.db.failures import only_community
from core.db.history import PROVIDER, Change, record
from core.db.notices import Owed, owe
from core.db.payments import order_of_payment, record_payment
from core.db.seats import move_seat
from core.db.tables import checkouts, communities, provider_events
from core.db.unit import Transaction, transaction
from core.ports import Approved, CheckoutNews, ClosedUnpaid, News, Paid, Pending, ProviderEvent, StillOpen
from core.rules.money import Money, agrees
from core.rules.notices import NoticeKind
from core.rules.settings import settings_from
from core.rules.states import EventState, OrderState, SeatState
from core.usecases.buying.approve import approve
from core.usecases.buying.fulfil import fulfil, refund_second
from core.usecases.buying.given_back import MONEY_NEWS, settle_given_back

# A checkout that is still open, or waits for its money, is asked about again after this.
_ASK_AGAIN_FOR = timedelta(minutes=1)
_ASK_PENDING_FOR = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the order stands after the news, and in a word what the news did. No order: the news was parked."""

    order_id: int | None
    state: OrderState | None
    what: str  # fulfilled, approved, pending, closed, parked, refunding, open, given_back, known


@transaction
async def settle(tx: Transaction, provider: str, news: News, why: str | None = None) -> Settled:
    """Settle news that we asked for. `why` tells the history more than the news does."""
    return await apply_news(tx, provider, news, why)


@transaction
async def settle_event(tx: Transaction, event: ProviderEvent) -> Settled:
    """Store an authentic event and settle its news, both or neither. A known event changes nothing (rule 25).

    What is unknown, unreadable or about nobody's order is parked: stored whole, for staff to see (rule 30).
    """
    event_row = await _store(tx, event, EventState.APPLIED if event.news else EventState.PARKED, event.why_parked)
    if event_row is None:
        return Settled(None, None, "known")
    if event.news is None:
        return Settled(None, None, "parked")
    settled = await apply_news(tx, event.provider, event.news, None)
    if settled.order_id is None and _is_ours(event.news):
        await _give_up(tx, event_row)
    elif settled.order_id is None:
        await tx.run(_park_event(event_row, event.news))
    return settled


def _is_ours(news: News) -> bool:
    """Whether it tells of money for a checkout that we asked for: our mark is on it."""
    return isinstance(news, Paid | Pending) and news.order_token is not None


async def _give_up(tx: Transaction, event_row: int) -> None:
    """Paid, and no order here has it: for a person to see to, and to be tried again once the order is here.

    Whose staff it concerns only its order could say. Where there is one community alone it is theirs; else it is the
    operator's, as all that is given up.
    """
    why = "it bears our mark, and no order is here that has it"
    given_up = update(provider_events).where(provider_events.c.id == event_row)
    await tx.run(given_up.values(state=EventState.FAILED, why=why, next_attempt_at=None))
    community_id = await only_community(tx)
    if community_id is not None:
        told = Owed(NoticeKind.UNKNOWN_PAYMENT_STAFF, community_id, None, cycle=event_row)
        await tx.run(owe(tx, community_id, told))


def _park_event(event_row: int, news: News) -> Update:
    """About nobody's order; what tells of a payment is tried again as soon as that payment is known."""
    about = news.payment_ref if isinstance(news, MONEY_NEWS) else None
    why = "no order of ours has this checkout" if about is None else "no payment of ours, or not yet"
    parked = update(provider_events).where(provider_events.c.id == event_row)
    return parked.values(state=EventState.PARKED, about=about, why=why)


@transaction
async def keep_failed_event(tx: Transaction, event: ProviderEvent, why: str) -> None:
    """Keep an event whose settling met a fault, to be tried again by the jobs (rule 30)."""
    await _store(tx, event, EventState.FAILED, why)


async def _store(tx: Transaction, event: ProviderEvent, state: EventState, why: str | None) -> int | None:
    """The event's row, or None if it was dealt with before. One that failed before is taken up again.

    It names its order, if there is one: what a provider told us of a student's money is a part of what we hold of them.
    """
    order_id = None if event.news is None else _order_of(event.provider, event.news)
    insert: postgresql.Insert | sqlite.Insert = tx.insert(provider_events).values(
        provider=event.provider,
        event_id=event.event_id,
        kind=event.kind,
        state=state,
        body=event.body,
        order_id=order_id,
        why=why,
        received_at=tx.now,
        next_attempt_at=tx.now if state is EventState.FAILED else None,
    )
    event_id: int | None = await tx.value(
        insert.on_conflict_do_update(
            index_elements=["provider", "event_id"],
            set_={"state": state, "why": why, "order_id": order_id},
            where=provider_events.c.state == EventState.FAILED,
        ).returning(provider_events.c.id)
    )
    return event_id


def _order_of(provider: str, news: News) -> ScalarSelect[int]:
    """The order that the news is about, as a part of another statement."""
    if isinstance(news, MONEY_NEWS):
        return order_of_payment(provider, news.payment_ref)
    return db_orders.id_of_news(provider, news)


async def apply_news(tx: Transaction, provider: str, news: News, why: str | None) -> Settled:
    """What `settle` does, as a part of another transaction."""
    if isinstance(news, MONEY_NEWS):
        payment = await settle_given_back(tx, provider, news)
        if payment is None:
            return Settled(None, None, "parked")
        return Settled(payment["order_id"], payment["order_state"], "given_back")
    return await _apply_to_checkout(tx, provider, news, why)


async def _apply_to_checkout(tx: Transaction, provider: str, news: CheckoutNews, why: str | None) -> Settled:
    order = await db_orders.for_settling(tx, provider, news.checkout_ref, news.order_token)
    if order is None:
        return Settled(None, None, "parked")
    match news:
        case Paid():
            return await _paid(tx, order, provider, news)
        case Approved():
            may_capture = await approve(tx, order, news)
            return Settled(order["id"], order["state"], "approved" if may_capture else "known")
        case Pending():
            return await _pending(tx, order, news)
        case ClosedUnpaid():
            return await _closed(tx, order, news, why)
        case StillOpen():
            again_at = max(order["expires_at"], tx.now + _ASK_AGAIN_FOR)
            await tx.run(_ask_again_at(order["checkout_id"], again_at))
            return Settled(order["id"], order["state"], "open")


async def _paid(tx: Transaction, order: RowMapping, provider: str, paid: Paid) -> Settled:
    payment_id = await record_payment(tx, order, provider, paid)
    if payment_id is None:
        return Settled(order["id"], order["state"], "known")
    if order["state"] not in (*db_orders.UNSETTLED, OrderState.CLOSED):
        return await _refund_second(tx, order, payment_id, paid)
    if order["state"] is OrderState.CLOSED and await db_orders.paid_instead(tx, order):
        return await _refund_second(tx, order, payment_id, paid)
    if not agrees(Money(order["due_minor"], order["currency"]), paid.amount_minor, paid.tax_minor, paid.currency):
        return await _park(tx, order, paid)
    state = await fulfil(tx, order, payment_id, paid)
    return Settled(order["id"], state, "fulfilled" if state is OrderState.FULFILLED else "refunding")


async def _refund_second(tx: Transaction, order: RowMapping, payment_id: int, paid: Paid) -> Settled:
    """Paid a second time: this order itself, or after its checkout closed what was bought instead of it (rule 25)."""
    await refund_second(tx, order, payment_id, paid)
    state = OrderState.REFUNDED if order["state"] is OrderState.CLOSED else order["state"]
    return Settled(order["id"], state, "refunding")


async def _park(tx: Transaction, order: RowMapping, paid: Paid) -> Settled:
    """Money that does not agree with the order grants nothing; staff decide (rule 26)."""
    await db_orders.move_order(tx, order["id"], order["state"], OrderState.PARKED)
    told = {"received_minor": paid.amount_minor, "tax_minor": paid.tax_minor, "currency": paid.currency}
    await tx.write_all(
        db_orders.close_checkout(tx, order["checkout_id"], paid.checkout_ref),
        record(
            order["community_id"],
            tx.now,
            PROVIDER,
            Change("order", order["id"], order["state"], OrderState.PARKED, "park", facts=told),
        ),
        owe(
            tx,
            order["community_id"],
            Owed(NoticeKind.PAYMENT_PARKED, order["id"], order["student_id"]),
            Owed(NoticeKind.PAYMENT_PARKED_STAFF, order["id"], None),
        ),
    )
    return Settled(order["id"], OrderState.PARKED, "parked")


async def _pending(tx: Transaction, order: RowMapping, news: Pending) -> Settled:
    """Completed but not paid: the order, and with it the seat, waits for the money (rule 26)."""
    if order["state"] is not OrderState.OPEN:
        if order["state"] is OrderState.PENDING:
            await tx.run(_ask_again_at(order["checkout_id"], tx.now + _ASK_PENDING_FOR))
        return Settled(order["id"], order["state"], "known")
    await db_orders.move_order(tx, order["id"], OrderState.OPEN, OrderState.PENDING)
    stored = await tx.value(select(communities.c.settings).where(communities.c.id == order["community_id"]))
    late_at = tx.now + timedelta(days=settings_from(stored).pending_days)
    await tx.write_all(
        _ask_again_at(order["checkout_id"], tx.now + _ASK_PENDING_FOR).values(provider_ref=news.checkout_ref),
        record(
            order["community_id"],
            tx.now,
            PROVIDER,
            Change("order", order["id"], OrderState.OPEN, OrderState.PENDING, "wait"),
        ),
        owe(
            tx,
            order["community_id"],
            Owed(NoticeKind.PAYMENT_PENDING, order["id"], order["student_id"]),
            Owed(NoticeKind.PAYMENT_LATE_STAFF, order["id"], None, due_at=late_at),
        ),
    )
    return Settled(order["id"], OrderState.PENDING, "pending")


def _ask_again_at(checkout_id: int, instant: datetime) -> Update:
    return (
        update(checkouts)
        .where(checkouts.c.id == checkout_id, checkouts.c.closed_at.is_(None))
        .values(next_attempt_at=instant, attempts=0)
    )


async def _closed(tx: Transaction, order: RowMapping, news: ClosedUnpaid, why: str | None) -> Settled:
    """Closed, unpaid: the held seat is given back. After a payment such news changes nothing.

    What somebody agreed to pay closes by the provider's own word alone, and they are told: its money may have moved.
    """
    before: OrderState = order["state"]
    if before not in db_orders.UNSETTLED:
        return Settled(order["id"], before, "known")
    agreed = before is OrderState.PENDING or order["approved_at"] is not None
    if news.inferred and agreed:
        if before is OrderState.PENDING:
            await tx.run(_ask_again_at(order["checkout_id"], tx.now + _ASK_PENDING_FOR))
        return Settled(order["id"], before, "known")
    await db_orders.move_order(tx, order["id"], before, OrderState.CLOSED)
    changes = [Change("order", order["id"], before, OrderState.CLOSED, "close", why)]
    held = order["seat_state"] is SeatState.HELD
    if held and await move_seat(tx, order["seat_id"], [SeatState.HELD], SeatState.RELEASED):
        changes.append(Change("seat", order["seat_id"], SeatState.HELD, SeatState.RELEASED, "close"))
    writes = [
        db_orders.close_checkout(tx, order["checkout_id"], news.checkout_ref, final=news.failed),
        record(order["community_id"], tx.now, PROVIDER, *changes),
    ]
    if news.failed or agreed:
        failed = Owed(NoticeKind.PAYMENT_FAILED, order["id"], order["student_id"])
        writes.append(owe(tx, order["community_id"], failed))
    await tx.write_all(*writes)
    return Settled(order["id"], OrderState.CLOSED, "closed")
