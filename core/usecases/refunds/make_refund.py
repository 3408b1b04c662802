"""Make a refund that we owe: asked under its own row's id, so that the provider makes it once (rules 25, 27, 28)."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import exists, select

from core.db.due import Row, put_off_row, refund_with_payment
from core.db.payments import for_giving_back
from core.db.tables import refunds
from core.db.unit import Database, Transaction, reading, transaction
from core.ports import (
    PaymentProvider,
    ProviderForbids,
    ProviderRefused,
    ProviderUnavailable,
    Refunded,
    RefundFailed,
    RefundNews,
    RefundRequest,
)
from core.rules.backoff import is_exhausted
from core.rules.refusals import Refused
from core.rules.states import RefundState
from core.usecases.refunds.ask_refunds import settle_refunds_of
from core.usecases.refunds.note_refund import fail_refund, note_refund, trim_owed

LOOKED_FOR_AFTER = timedelta(hours=12)
"""Stripe keeps an idempotency key for 24 hours at least, PayPal that of a refund for 45 days: half of the shorter time.

A refund that is older may have been made under a key that is forgotten, and would be made a second time.
"""


async def make_refund(db: Database, providers: Mapping[str, PaymentProvider], refund_id: int) -> RefundState | None:
    """Where the refund stands afterwards; `intended` if the provider is asked again later, None if there is none."""
    refund = await _refund(db, refund_id)
    if refund is None:
        return None
    state: RefundState = refund["state"]
    if state is not RefundState.INTENDED:
        return state
    provider = providers.get(refund["provider"])
    if provider is None:
        return await _ask_later(db, refund, f"{refund['provider']} is not configured")
    if await _may_be_made(db, refund):
        why = await _look(db, provider, refund)
        refund = await _refund(db, refund_id)
        if refund is None or refund["state"] is not RefundState.INTENDED:
            return None if refund is None else refund["state"]
        if why is not None:
            return await _ask_later(db, refund, why)
    request = RefundRequest(
        key=f"refund-{refund_id}-{refund['payment_ref']}",
        refund_id=refund_id,
        payment_ref=refund["payment_ref"],
        amount_minor=refund["amount_minor"],
        currency=refund["currency"],
    )
    try:
        answer = await provider.refund(request)
    except ProviderUnavailable:
        return await _ask_later(db, refund, "the provider did not answer")
    except ProviderForbids as error:
        return await _ask_later(db, refund, str(error))
    except ProviderRefused as error:
        answer = RefundFailed(str(error))
    match answer:
        case Refunded(ref):
            done = await _done(db, refund, ref)
            return await _ask_later(db, refund, done.reason) if isinstance(done, Refused) else RefundState.DONE
        case RefundFailed(why):
            await _fail(db, refund, why)
            return RefundState.FAILED


async def put_off_refund(db: Database, refund_id: int, why: str) -> RefundState | None:
    """Of whoever met a fault with it: asked again later, and failed for staff to see to after the last attempt."""
    refund = await _refund(db, refund_id)
    if refund is None or refund["state"] is not RefundState.INTENDED:
        return None if refund is None else refund["state"]
    return await _ask_later(db, refund, why)


async def _look(db: Database, provider: PaymentProvider, refund: Row) -> str | None:
    """Settle what the provider knows of the payment's refunds; or why we cannot know whether this one is made."""
    try:
        settled = await settle_refunds_of(db, provider, refund["payment_ref"])
    except ProviderUnavailable:
        return "the provider did not answer"
    except ProviderRefused as error:
        return str(error)
    return settled.reason if isinstance(settled, Refused) else None


async def _ask_later(db: Database, refund: Row, why: str) -> RefundState:
    """Asked again, until so many attempts failed that staff must see to it."""
    if is_exhausted(refund["attempts"]):
        await _fail(db, refund, why)
        return RefundState.FAILED
    await _put_off(db, refund["id"])
    return RefundState.INTENDED


@reading
async def _refund(tx: Transaction, refund_id: int) -> Row | None:
    return await refund_with_payment(tx, refund_id)


@reading
async def _may_be_made(tx: Transaction, refund: Row) -> bool:
    """Whether the provider may have made this refund already, and would make it again under our key.

    As the key is old, or as the refund takes the place of one that was given up without a name: it had another key.
    """
    others = refunds.c.payment_id == refund["payment_id"], refunds.c.id != refund["id"]
    given_up = exists().where(*others, refunds.c.provider_ref.is_(None), refunds.c.state != RefundState.INTENDED)
    return tx.now - refund["created_at"] >= LOOKED_FOR_AFTER or bool(await tx.value(select(given_up)))


@transaction
async def _put_off(tx: Transaction, refund_id: int) -> None:
    await put_off_row(tx, refunds, refund_id)


@transaction
async def _done(tx: Transaction, refund: Row, ref: str) -> None:
    """The answer to our request is news like any other; a webhook may have told it before."""
    payment = await _payment(tx, refund)
    await note_refund(
        tx,
        payment,
        RefundNews(
            payment_ref=refund["payment_ref"],
            refund_ref=ref,
            amount_minor=refund["amount_minor"],
            currency=refund["currency"],
            at=tx.now,
            refund_id=refund["id"],
        ),
    )


@transaction
async def _fail(tx: Transaction, refund: Row, why: str) -> None:
    payment = await _payment(tx, refund)
    now_is = await refund_with_payment(tx, refund["id"])
    if now_is is not None and now_is["state"] is RefundState.INTENDED:
        await fail_refund(tx, payment, now_is, why)
        await trim_owed(tx, payment)


async def _payment(tx: Transaction, refund: Row) -> Row:
    """What the refund gives back, under the lock that all news of it take."""
    payment = await for_giving_back(tx, refund["provider"], refund["payment_ref"])
    if payment is None:
        raise LookupError(f"the payment of refund {refund['id']} is gone")
    return payment
