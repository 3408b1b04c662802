"""What is due at the outside world, and whose turn it is to do it.

A claim is a lease: the row is due again when it ends, should the work be lost. Checkouts, refunds, payments and failed
events; notices have a state of their own for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, RowMapping, Table, func, select, update

from core.db.notices import Owed, can_go_out, later_than, owe
from core.db.tables import (
    checkouts,
    comparisons,
    notices,
    orders,
    packs,
    payments,
    provider_events,
    refunds,
    seats,
)
from core.db.unit import Transaction
from core.rules.backoff import is_exhausted, pause_after
from core.rules.notices import NoticeKind
from core.rules.states import EventState, PackState, RefundState, SeatState

Row = RowMapping

LEASE_FOR = timedelta(minutes=5)
"""Longer than any provider's time-out, short enough that nobody waits long for what a crash left."""

COMPARED_FOR = timedelta(hours=2)
"""The same for a comparison with all that providers list of a month."""


async def claim_checkouts(tx: Transaction, after: tuple[datetime, int] | None, limit: int) -> Sequence[Row]:
    """Checkouts to ask their provider about, this caller's now: (id, at, order_id, provider)."""
    return await _claim(tx, checkouts, checkouts.c.closed_at.is_(None), after, limit, "order_id", "provider")


async def claim_refunds(tx: Transaction, after: tuple[datetime, int] | None, limit: int) -> Sequence[Row]:
    """Refunds to ask for, this caller's now: (id, at)."""
    return await _claim(tx, refunds, refunds.c.state == RefundState.INTENDED, after, limit)


async def claim_payments(tx: Transaction, after: tuple[datetime, int] | None, limit: int) -> Sequence[Row]:
    """Payments of which something was given back, this caller's to ask their provider what: (id, at)."""
    return await _claim(tx, payments, payments.c.next_attempt_at.is_not(None), after, limit)


async def claim_failed_events(tx: Transaction, after: tuple[datetime, int] | None, limit: int) -> Sequence[Row]:
    """Events whose settling failed, this caller's to try again: (id, at)."""
    return await _claim(tx, provider_events, provider_events.c.state == EventState.FAILED, after, limit)


async def claim_comparisons(tx: Transaction, after: tuple[datetime, int] | None, limit: int) -> Sequence[Row]:
    """The comparison that is due, this caller's now: (id, at, day). It may take long."""
    due = comparisons.c.next_attempt_at.is_not(None)
    return await _claim(tx, comparisons, due, after, limit, "day", lease_for=COMPARED_FOR)


async def begin_comparison(tx: Transaction, day: int) -> bool:
    """Whether this day's comparison is due by this call; one of an earlier day that is not done is left to it."""
    begun = tx.insert(comparisons).values(day=day, created_at=tx.now, next_attempt_at=tx.now)
    known = begun.on_conflict_do_nothing(index_elements=["day"]).returning(comparisons.c.id)
    if await tx.value(known) is None:
        return False
    await tx.run(update(comparisons).where(comparisons.c.day < day).values(next_attempt_at=None))
    return True


async def end_comparison(tx: Transaction, comparison_id: int) -> None:
    await tx.run(update(comparisons).where(comparisons.c.id == comparison_id).values(next_attempt_at=None))


async def _claim(
    tx: Transaction,
    table: Table,
    condition: ColumnElement[bool],
    after: tuple[datetime, int] | None,
    limit: int,
    *more: str,
    lease_for: timedelta = LEASE_FOR,
) -> Sequence[Row]:
    """Rows that are due, oldest first, leased. What another is claiming at this moment is left to it."""
    at, key = table.c.next_attempt_at, table.c.id
    rows = await tx.all(
        select(key, at.label("at"), *(table.c[name] for name in more))
        .where(condition, at <= tx.now, later_than(at, key, after))
        .order_by(at, key)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if rows:
        ids = [row["id"] for row in rows]
        await tx.run(update(table).where(key.in_(ids)).values(next_attempt_at=tx.now + lease_for))
    return rows


async def put_off_row(tx: Transaction, table: Table, row_id: int) -> bool:
    """The row waits for its next attempt, longer each time. Whether the attempt that failed was the last one."""
    attempts: int | None = await tx.value(select(table.c.attempts).where(table.c.id == row_id))
    if attempts is None:
        return False
    await tx.run(
        update(table)
        .where(table.c.id == row_id, table.c.attempts == attempts)
        .values(attempts=attempts + 1, next_attempt_at=tx.now + pause_after(attempts))
    )
    return is_exhausted(attempts)


async def put_off_checkout(tx: Transaction, order_id: int) -> None:
    """The order's checkout is asked about later; of whoever could not even ask."""
    checkout_id = await tx.value(
        select(checkouts.c.id).where(checkouts.c.order_id == order_id, checkouts.c.closed_at.is_(None))
    )
    if checkout_id is not None:
        await put_off_row(tx, checkouts, checkout_id)


async def put_off_event(tx: Transaction, event_id: int, why: str) -> None:
    """The failed event is tried again later; after the last attempt it stays failed, and staff are told (rule 30)."""
    last = await put_off_row(tx, provider_events, event_id)
    values = {"why": why, "next_attempt_at": None} if last else {"why": why}
    put_off = update(provider_events).where(_failed(event_id)).values(**values)
    order_id: int | None = await tx.value(put_off.returning(provider_events.c.order_id))
    if not last or order_id is None:
        return
    community_id = await tx.value(select(orders.c.community_id).where(orders.c.id == order_id))
    if community_id is not None:
        told = Owed(NoticeKind.NEWS_GIVEN_UP_STAFF, order_id, None, cycle=event_id)
        await tx.run(owe(tx, community_id, told))


def _failed(event_id: int) -> ColumnElement[bool]:
    return (provider_events.c.id == event_id) & (provider_events.c.state == EventState.FAILED)


async def failed_event(tx: Transaction, event_id: int) -> Row | None:
    """The event, if it is still failed."""
    return await tx.one(select(provider_events).where(_failed(event_id)))


async def make_checkout_due(tx: Transaction, order_id: int) -> None:
    """Whoever claims next asks the provider about this order's checkout."""
    await tx.run(
        update(checkouts)
        .where(checkouts.c.order_id == order_id, checkouts.c.closed_at.is_(None))
        .values(next_attempt_at=tx.now)
    )


async def refund_with_payment(tx: Transaction, refund_id: int) -> Row | None:
    """The refund, with the payment it gives back and whose it is."""
    return await tx.one(
        select(
            refunds,
            payments.c.provider,
            payments.c.provider_ref.label("payment_ref"),
            payments.c.currency,
            payments.c.order_id,
            orders.c.community_id,
        )
        .join(payments, payments.c.id == refunds.c.payment_id)
        .join(orders, orders.c.id == payments.c.order_id)
        .where(refunds.c.id == refund_id)
    )


async def earliest_due(tx: Transaction, after: datetime | None) -> datetime | None:
    """When the next thing that the jobs see to is due, later than `after`; in the past, if it waits already."""
    timed: tuple[tuple[Column[datetime], ColumnElement[bool]], ...] = (
        (notices.c.next_attempt_at, can_go_out()),
        (seats.c.grace_ends_at, (seats.c.state == SeatState.GRACE) & seats.c.grace_stopped_at.is_(None)),
        (seats.c.role_due_at, seats.c.role_due_at.is_not(None)),
        (packs.c.expires_at, (packs.c.state == PackState.ACTIVE) & packs.c.frozen_at.is_(None)),
        (checkouts.c.next_attempt_at, checkouts.c.closed_at.is_(None)),
        (refunds.c.next_attempt_at, refunds.c.state == RefundState.INTENDED),
        (payments.c.next_attempt_at, payments.c.next_attempt_at.is_not(None)),
        (provider_events.c.next_attempt_at, provider_events.c.state == EventState.FAILED),
        (comparisons.c.next_attempt_at, comparisons.c.next_attempt_at.is_not(None)),
    )
    firsts = [
        select(func.min(at))
        .where(condition, *([at > after] if after is not None else []))
        .scalar_subquery()
        .label(f"t{number}")
        for number, (at, condition) in enumerate(timed)
    ]
    row = await tx.one(select(*firsts))
    return min((at for at in (row.values() if row else ()) if at is not None), default=None)
