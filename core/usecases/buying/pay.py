"""What the page behind a pay link shows."""

from dataclasses import dataclass
from datetime import datetime

from core.db import orders as db_orders
from core.db.unit import Transaction, reading
from core.rules.states import OrderState


def pay_url(public_url: str, token: str) -> str:
    """The order's own page. Its token is not to be guessed: whoever has it may look and pay."""
    return f"{public_url}/pay/{token}"


@dataclass(frozen=True, slots=True)
class PayPage:
    """One order as its page shows it. `checkout_url` is empty until the provider answered."""

    order_id: int
    state: OrderState
    provider: str
    checkout_url: str | None
    product_name: str
    sessions: int
    mentor_name: str
    due_minor: int
    currency: str
    expires_at: datetime
    guild_id: int
    student_zone: str


@reading
async def order_by_token(tx: Transaction, token: str) -> PayPage | None:
    """The page of this link, or None: there is no such order."""
    order = await db_orders.of_token(tx, token)
    if order is None:
        return None
    return PayPage(
        order_id=order["id"],
        state=order["state"],
        provider=order["provider"],
        checkout_url=order["url"],
        product_name=order["product_name"],
        sessions=order["sessions"],
        mentor_name=order["mentor_name"],
        due_minor=order["due_minor"],
        currency=order["currency"],
        expires_at=order["expires_at"],
        guild_id=order["guild_id"],
        student_zone=order["student_zone"],
    )
