"""A dispute of a payment is as the provider says it is (rule 29)."""

from sqlalchemy import RowMapping

from core.db.unit import Transaction
from core.ports import DisputeNews


async def note_dispute(tx: Transaction, payment: RowMapping, news: DisputeNews) -> None:
    raise NotImplementedError
