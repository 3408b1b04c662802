"""The order's checkout at its provider: open it, ask about it, leave it. No call outside lies in a transaction."""

from collections.abc import Awaitable, Callable

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
        # No checkout was made, so nothing can still be paid: the order ends, and its held seat with it.
        never_made = ClosedUnpaid(f"refused-{order['checkout_id']}", failed=True, order_token=order["pay_token"])
        await settle(db, provider.name, never_made, why=str(error))
        return refuse(Reason.PROVIDER_REFUSED)
    await _note_opened(db, order["checkout_id"], opened)
    return None


async def leave(db: Database, provider: PaymentProvider, public_url: str, order_id: int) -> Settled | Refused:
    """Close the order's checkout at the provider and settle what it answers: closed, or paid meanwhile."""
    return await _settle_with(db, provider, public_url, order_id, closing=True)


async def ask_provider(
    db: Database, provider: PaymentProvider, public_url: str, order_id: int, *, settling: Settling = settle
) -> Settled | Refused:
    """Ask the provider about the order's checkout and settle the answer; one that has run out is closed there.

    Of return page, jobs and whoever must know before a seat is released (rule 11).
    """
    return await _settle_with(db, provider, public_url, order_id, closing=False, settling=settling)


async def _settle_with(
    db: Database,
    provider: PaymentProvider,
    public_url: str,
    order_id: int,
    *,
    closing: bool,
    settling: Settling = settle,
) -> Settled | Refused:
    # What the provider may have made before a crash must be known before it can be asked about or closed.
    refused = await open_checkout(db, provider, public_url, order_id)
    order = await _order(db, order_id)
    if order is None:
        return refuse(Reason.UNKNOWN_ORDER)
    if not _may_change(order, closing=closing):
        return Settled(order_id, order["state"], "known")
    if refused is not None:
        return refused
    ref = order["provider_ref"]
    try:
        news = None if closing else await provider.ask_checkout(ref)
        if isinstance(news, Approved):
            approved = await settling(db, provider.name, news)
            if isinstance(approved, Refused) or approved.what != "approved":
                return approved
            # Two who capture at once use the same key, so the money moves once.
            news = await provider.capture(ref, _key("capture", order))
        if news is None or (isinstance(news, StillOpen) and order["expires_at"] <= db.clock.now()):
            news = await provider.close_checkout(ref)
    except (ProviderUnavailable, ProviderRefused):
        await _ask_later(db, order["checkout_id"])
        return refuse(Reason.PROVIDER_UNREACHABLE)
    return await settling(db, provider.name, news)


def _may_change(order: RowMapping, *, closing: bool) -> bool:
    """Whether news could move the order still. A closed one may have been approved or paid after all."""
    if order["state"] is OrderState.CLOSED:
        return not closing and order["opened_at"] is not None
    return order["state"] in db_orders.UNSETTLED


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
