"""Make a refund that we owe: asked under its own row's id, so that the provider makes it once (rules 25, 27, 28)."""

from collections.abc import Mapping

from core.db.due import Row, end_refund, note_refunded, put_off_row, refund_with_payment
from core.db.history import PROVIDER, Change, record
from core.db.notices import Owed, owe
from core.db.tables import refunds
from core.db.unit import Database, Transaction, reading, transaction
from core.ports import PaymentProvider, ProviderRefused, ProviderUnavailable, Refunded, RefundFailed, RefundRequest
from core.rules.backoff import is_exhausted
from core.rules.notices import NoticeKind
from core.rules.states import RefundState


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
    except ProviderRefused as error:
        answer = RefundFailed(str(error))
    match answer:
        case Refunded(ref):
            await _done(db, refund, ref)
            return RefundState.DONE
        case RefundFailed(why):
            await _fail(db, refund, why)
            return RefundState.FAILED


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


@transaction
async def _put_off(tx: Transaction, refund_id: int) -> None:
    await put_off_row(tx, refunds, refund_id)


@transaction
async def _done(tx: Transaction, refund: Row, ref: str) -> None:
    if not await end_refund(tx, refund["id"], RefundState.DONE, ref=ref):
        return
    change = Change("refund", refund["id"], RefundState.INTENDED, RefundState.DONE, "refund")
    await tx.write_all(
        note_refunded(refund["payment_id"], refund["amount_minor"]),
        record(refund["community_id"], tx.now, PROVIDER, change),
    )


@transaction
async def _fail(tx: Transaction, refund: Row, why: str) -> None:
    if not await end_refund(tx, refund["id"], RefundState.FAILED, why=why):
        return
    change = Change("refund", refund["id"], RefundState.INTENDED, RefundState.FAILED, "fail", why)
    await tx.write_all(
        record(refund["community_id"], tx.now, PROVIDER, change),
        owe(
            tx,
            refund["community_id"],
            Owed(NoticeKind.REFUND_FAILED_STAFF, refund["order_id"], None, cycle=refund["id"]),
        ),
    )
