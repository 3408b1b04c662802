"""One refund at the provider is known to us, whoever made it (rule 28)."""

from sqlalchemy import RowMapping

from core.db.unit import Transaction
from core.ports import RefundNews


async def note_refund(tx: Transaction, payment: RowMapping, news: RefundNews) -> None:
    raise NotImplementedError
