"""What became of money that had moved: refunds and disputes, by whatever road the news arrives (rules 28 and 29)."""

from sqlalchemy import RowMapping, update

from core.db import payments as db_payments
from core.db.tables import payments
from core.db.unit import Transaction, transaction
from core.ports import DisputeNews, MoneyNews, RefundNews, RefundsChanged
from core.usecases.disputes.note_dispute import note_dispute
from core.usecases.refunds.note_refund import note_refund

MONEY_NEWS = (RefundNews, RefundsChanged, DisputeNews)


@transaction
async def wake_news_of_known_payments(tx: Transaction) -> None:
    """News that looked for its payment while that was being recorded is settled by the jobs now.

    Neither transaction saw the other then: the payment's woke nothing, and the news found nothing.
    """
    await tx.run(db_payments.wake_news_of_known(tx))


async def settle_given_back(tx: Transaction, provider: str, news: MoneyNews) -> RowMapping | None:
    """The payment's order, once the news is settled; None if no payment of ours is meant, or not yet."""
    payment = await db_payments.for_giving_back(tx, provider, news.payment_ref)
    if payment is None:
        return None
    match news:
        case RefundNews():
            await note_refund(tx, payment, news)
        case RefundsChanged():
            await tx.run(
                update(payments).where(payments.c.id == payment["id"]).values(next_attempt_at=tx.now, attempts=0)
            )
        case DisputeNews():
            await note_dispute(tx, payment, news)
    return payment
