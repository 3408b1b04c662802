"""The order's checkout at its provider: open it, ask about it, leave it. No call outside lies in a transaction."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import RowMapping, update

from core.db import orders as db_orders
from core.db.tables import checkouts
from core.db.unit import Database, Transaction, reading, transaction
from core.ports import (
    Approved,
    CheckoutRequest,
    ClosedUnpaid,
    News,
    OpenedCheckout,
    PaymentProvider,
    ProviderRefused,
    ProviderUnavailable,
    StillOpen,
)
from core.rules.backoff import pause_after
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import OrderState
from core.usecases.buying.pay import pay_url
from core.usecases.buying.settle import Settled, settle

log = logging.getLogger(__name__)

Settling = Callable[[Database, str, News], Awaitable[Settled | Refused]]
"""By what the provider's answer is settled: `settle`, or something that does more beside it."""


async def open_checkout(db: Database, provider: PaymentProvider, public_url: str, order_id: int) -> Refused | None:
    """Ask the provider for the order's checkout and note the answer; nothing if that was done before.

    The row makes the idempotency key, so that whoever asks again after a crash gets the checkout of the first time.
    """
    order = await _order(db, order_id)
    if order is None:
        return refuse(Reason.UNKNOWN_ORDER)
    if order["provider_ref"] is not None or order["closed_at"] is not None:
        return None
    page = pay_url(public_url, order["pay_token"])
    request = CheckoutRequest(
        key=_key("checkout", order),
        order_token=order["pay_token"],
        title=order["product_name"],
        amount_minor=order["due_minor"],
        currency=order["currency"],
        expires_at=order["expires_at"],
        success_url=f"{page}/return",
        cancel_url=f"{page}/cancel",
    )
    try:
        opened = await provider.open_checkout(request)
    except ProviderUnavailable:
        await _ask_later(db, order["checkout_id"])
        return refuse(Reason.PROVIDER_UNREACHABLE)
    except ProviderRefused as error:
        # Nobody was shown a checkout of it, so nobody can pay: the order ends, and its held seat with it.
        never_made = ClosedUnpaid(f"refused-{order['checkout_id']}", order_token=order["pay_token"])
        await settle(db, provider.name, never_made, why=str(error))
        return refuse(Reason.PROVIDER_REFUSED)
    await _note_opened(db, order["checkout_id"], opened)
    return None


async def leave(db: Database, provider: PaymentProvider, public_url: str, order_id: int) -> Settled | Refused:
    """Close the order's checkout at the provider and settle what it answers: closed for good, or paid meanwhile.

    Nobody leaves what is being paid: its money may be on its way.
    """
    order = await _opened(db, provider, public_url, order_id)
    if isinstance(order, Refused):
        return order
    if order["approved_at"] is not None and order["state"] is OrderState.OPEN:
        return refuse(Reason.PAYMENT_IS_SETTLING)
    if order["state"] in (*db_orders.UNSETTLED, OrderState.CLOSED):
        # Whatever closes the order now, it is not taken up again: whoever leaves one may be about to pay another.
        await _note_left(db, order["checkout_id"])
    if order["state"] not in db_orders.UNSETTLED:
        return Settled(order_id, order["state"], "known")
    try:
        news = await provider.close_checkout(order["provider_ref"])
    except ProviderUnavailable:
        await _ask_later(db, order["checkout_id"])
        return refuse(Reason.CHECKOUT_UNSEEN)
    except ProviderRefused as error:
        return await _says_nothing(db, provider, order, error)
    settled = await settle(db, provider.name, news)
    if isinstance(settled, Settled) and settled.state is OrderState.OPEN:
        return refuse(Reason.PAYMENT_IS_SETTLING)  # the buyer agreed between
    return settled


async def ask_provider(
    db: Database, provider: PaymentProvider, public_url: str, order_id: int, *, settling: Settling = settle
) -> Settled | Refused:
    """Ask the provider about the order's checkout and settle the answer; one that has run out is closed there.

    Of return page, jobs and whoever must know before a seat is released (rule 11).
    """
    order = await _opened(db, provider, public_url, order_id)
    if isinstance(order, Refused):
        return order
    # One that closed may have been approved or paid after all.
    closed = order["state"] is OrderState.CLOSED and order["opened_at"] is not None
    if not closed and order["state"] not in db_orders.UNSETTLED:
        return Settled(order_id, order["state"], "known")
    try:
        news = await provider.ask_checkout(order["provider_ref"])
        if isinstance(news, Approved):
            approved = await settling(db, provider.name, news)
            if isinstance(approved, Refused) or approved.what != "approved":
                return approved
            order = await _order(db, order_id) or order
            # Two who capture at once use the same key, so the money moves once.
            news = await provider.capture(order["provider_ref"], _key("capture", order))
        if isinstance(news, StillOpen):
            if order["approved_at"] is not None:
                await _note_declined(db, order["checkout_id"], order["approved_at"])
            if order["expires_at"] <= db.clock.now():
                news = await provider.close_checkout(order["provider_ref"])
    except ProviderUnavailable:
        await _ask_later(db, order["checkout_id"])
        return refuse(Reason.PROVIDER_UNREACHABLE)
    except ProviderRefused as error:
        return await _says_nothing(db, provider, order, error)
    return await settling(db, provider.name, news)


async def _says_nothing(db: Database, provider: PaymentProvider, order: RowMapping, error: ProviderRefused) -> Refused:
    """It is there, and will not say: the checkout is of another account or mode, or the key may not ask."""
    log.error("%s will not say how the checkout of order %s stands: %s", provider.name, order["id"], error)
    await _ask_later(db, order["checkout_id"])
    return refuse(Reason.PROVIDER_SAYS_NOTHING)


async def _opened(db: Database, provider: PaymentProvider, public_url: str, order_id: int) -> RowMapping | Refused:
    """The order, once it is known what the provider may have made before a crash: only that can be asked about."""
    refused = await open_checkout(db, provider, public_url, order_id)
    order = await _order(db, order_id)
    if order is None:
        return refuse(Reason.UNKNOWN_ORDER)
    return refused if refused is not None and order["state"] in db_orders.UNSETTLED else order


def _key(verb: str, order: RowMapping) -> str:
    """The checkout's idempotency key for this call. Its token keeps apart installations that share an account."""
    return f"{verb}-{order['checkout_id']}-{order['pay_token'][:16]}"


@reading
async def _order(tx: Transaction, order_id: int) -> RowMapping | None:
    return await db_orders.with_checkout(tx, order_id)


@transaction
async def _note_opened(tx: Transaction, checkout_id: int, opened: OpenedCheckout) -> None:
    await tx.run(
        update(checkouts)
        .where(checkouts.c.id == checkout_id, checkouts.c.opened_at.is_(None))
        .values(
            provider_ref=opened.ref,
            url=opened.url,
            expires_at=opened.expires_at,
            opened_at=tx.now,
            attempts=0,
            next_attempt_at=opened.expires_at,
        )
    )


@transaction
async def _note_left(tx: Transaction, checkout_id: int) -> None:
    """Once it is closed it is not taken up again; until then it may be paid still, as it stands."""
    left = update(checkouts).where(checkouts.c.id == checkout_id, checkouts.c.final_at.is_(None))
    await tx.run(left.values(final_at=tx.now))


@transaction
async def _note_declined(tx: Transaction, checkout_id: int, approved_at: datetime) -> None:
    """No money moves by this approval any more: the checkout can be left, and closed. A newer approval stands."""
    declined = update(checkouts).where(checkouts.c.id == checkout_id, checkouts.c.approved_at == approved_at)
    await tx.run(declined.values(approved_at=None, declined_at=approved_at))


@transaction
async def _ask_later(tx: Transaction, checkout_id: int) -> None:
    attempts: int | None = await tx.value(
        update(checkouts)
        .where(checkouts.c.id == checkout_id, checkouts.c.closed_at.is_(None))
        .values(attempts=checkouts.c.attempts + 1)
        .returning(checkouts.c.attempts)
    )
    if attempts is not None:
        await tx.run(
            update(checkouts)
            .where(checkouts.c.id == checkout_id)
            .values(next_attempt_at=tx.now + pause_after(attempts))
        )
