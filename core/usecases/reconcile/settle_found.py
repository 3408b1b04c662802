"""Settle what a comparison found, and tell staff of it in the same transaction: neither is ever without the other."""

from core.db.unit import Transaction, transaction
from core.ports import News
from core.usecases.buying.given_back import MONEY_NEWS
from core.usecases.buying.settle import Settled, apply_news
from core.usecases.reconcile.standing import order_of, owe_staff, standing_of

_TOLD = frozenset({"fulfilled", "refunding", "parked", "given_back"})


@transaction
async def settle_found(tx: Transaction, provider: str, news: News, why: str | None = None) -> Settled:
    """As `settle`; of money that came back it says, too, whether that is anything new."""
    if isinstance(news, MONEY_NEWS):
        before = await standing_of(tx, provider, news.payment_ref)
        settled = await apply_news(tx, provider, news, why)
        if before == await standing_of(tx, provider, news.payment_ref):
            return Settled(settled.order_id, settled.state, "known")
    else:
        settled = await apply_news(tx, provider, news, why)
    if settled.order_id is not None and settled.what in _TOLD:
        order = await order_of(tx, settled.order_id)
        if order is not None:
            await owe_staff(tx, order)
    return settled
