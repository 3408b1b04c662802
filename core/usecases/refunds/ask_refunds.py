"""Ask the provider what was given back of a payment, and settle all that it says (rule 28)."""

import logging
from collections.abc import Iterable, Mapping
from typing import TypeVar

from sqlalchemy import RowMapping, select, update

from core.db.due import put_off_row
from core.db.tables import payments
from core.db.unit import Database, Transaction, reading, transaction
from core.ports import MoneyNews, PaymentProvider, ProviderRefused, ProviderUnavailable, RefundNews
from core.rules.backoff import is_exhausted
from core.rules.refusals import Refused
from core.usecases.buying.settle import settle

News = TypeVar("News", bound=MoneyNews)

log = logging.getLogger(__name__)


async def ask_refunds(db: Database, providers: Mapping[str, PaymentProvider], payment_id: int) -> str:
    """In a word what came of it. While the provider gives no answer it is asked again, an hour apart at most.

    Where it will never tell, as of what it has forgotten, it is asked no more after some tries; that is logged.
    """
    payment = await _payment(db, payment_id)
    if payment is None or payment["next_attempt_at"] is None:
        return "known"
    provider = providers.get(payment["provider"])
    if provider is None:
        await put_off_asking(db, payment_id)
        return "not configured"
    try:
        settled = await settle_refunds_of(db, provider, payment["provider_ref"])
    except ProviderUnavailable:
        await put_off_asking(db, payment_id)
        return "later"
    except ProviderRefused as error:
        if is_exhausted(payment["attempts"]):
            log.error("payment %s: %s does not tell what was given back: %s", payment_id, provider.name, error)
            await _end(db, payment)
            return "refused"
        await put_off_asking(db, payment_id)
        return "later"
    if settled is not None:
        await put_off_asking(db, payment_id)
        return settled.reason
    await _end(db, payment)
    return "asked"


async def settle_refunds_of(db: Database, provider: PaymentProvider, payment_ref: str) -> Refused | None:
    """All that the provider now says was given back of this payment is in the books, unless settling is refused."""
    for news in failed_first(await provider.refunds_of(payment_ref)):
        settled = await settle(db, provider.name, news)
        if isinstance(settled, Refused):
            return settled
    return None


def failed_first(told: Iterable[News]) -> list[News]:
    """Each in its turn, but for refunds that failed: whoever hears of them too late takes the others for too much."""
    return sorted(told, key=lambda news: not isinstance(news, RefundNews) or news.failed is None)


@transaction
async def put_off_asking(tx: Transaction, payment_id: int) -> None:
    """Of whoever could not ask, or not settle the answer: it is tried again later."""
    await put_off_row(tx, payments, payment_id)


@reading
async def _payment(tx: Transaction, payment_id: int) -> RowMapping | None:
    return await tx.one(select(payments).where(payments.c.id == payment_id))


@transaction
async def _end(tx: Transaction, payment: RowMapping) -> None:
    """Nothing is left to ask, unless something was given back since we asked: then the time is another one."""
    asked = update(payments).where(
        payments.c.id == payment["id"], payments.c.next_attempt_at == payment["next_attempt_at"]
    )
    await tx.run(asked.values(next_attempt_at=None, attempts=0))
