"""Both providers as the port sees them: the same questions, and what people do meanwhile at either."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from core.payments.paypal import PayPalProvider
from core.payments.stripe import StripeProvider
from core.ports import CheckoutRequest, PaymentProvider, RefundRequest
from tests.clocks import NOW
from tests.payments.fake_paypal import FakePayPal
from tests.payments.fake_stripe import BadDay, FakeStripe

REQUEST = CheckoutRequest(
    key="checkout-7",
    order_token="token-42",
    title="Four sessions",
    amount_minor=20_000,
    currency="EUR",
    expires_at=NOW + timedelta(minutes=35),
    success_url="https://seats.example/pay/token/return",
    cancel_url="https://seats.example/pay/token/cancel",
)
REFUND = RefundRequest(key="refund-3", refund_id=3, payment_ref="?", amount_minor=20_000, currency="EUR")


class Till(Protocol):
    """A provider, and the hands of the people at it."""

    @property
    def provider(self) -> PaymentProvider: ...

    def away(self) -> list[BadDay]:
        """Answers after which it may be asked again."""

    async def pay(self, ref: str) -> None: ...

    async def pay_later(self, ref: str) -> None:
        """By a means whose money is on its way for days."""

    def arrive(self, ref: str) -> None: ...

    def bounce(self, ref: str) -> None: ...

    def payment_of(self, ref: str) -> str: ...

    def refund_fails(self) -> None:
        """From now on every refund is sent back."""

    def checkouts(self) -> list[str]: ...

    def returned(self) -> list[int]:
        """The minor units of each refund that was made."""

    def bad_day(self, day: BadDay) -> None: ...


_AWAY = [
    BadDay(500),
    BadDay(503, b"<html>maintenance</html>"),
    BadDay(200, b"<html>a proxy</html>"),
    BadDay(cuts=True),
]


@dataclass
class StripeTill:
    provider: StripeProvider
    stripe: FakeStripe

    def away(self) -> list[BadDay]:
        return [*_AWAY, BadDay(429, b'{"error": {"type": "invalid_request_error"}}')]

    async def pay(self, ref: str) -> None:
        self.stripe.pay(ref)

    async def pay_later(self, ref: str) -> None:
        self.stripe.pay_later(ref)

    def arrive(self, ref: str) -> None:
        self.stripe.arrive(ref)

    def bounce(self, ref: str) -> None:
        self.stripe.bounce(ref)

    def payment_of(self, ref: str) -> str:
        return str(self.stripe.checkouts[ref]["payment_intent"])

    def refund_fails(self) -> None:
        self.stripe.refund_status = "failed"

    def checkouts(self) -> list[str]:
        return list(self.stripe.checkouts)

    def returned(self) -> list[int]:
        return [each["amount"] for each in self.stripe.refunds.values()]

    def bad_day(self, day: BadDay) -> None:
        self.stripe.bad_days = [replace(day)]


@dataclass
class PayPalTill:
    provider: PayPalProvider
    paypal: FakePayPal

    def away(self) -> list[BadDay]:
        return [*_AWAY, BadDay(429, b'{"name": "RATE_LIMIT_REACHED"}')]

    async def pay(self, ref: str) -> None:
        self.paypal.approve(ref)
        await self.provider.capture(ref, f"capture-{ref}")

    async def pay_later(self, ref: str) -> None:
        self.paypal.means = "PENDING"
        await self.pay(ref)

    def arrive(self, ref: str) -> None:
        self.paypal.arrive(ref)

    def bounce(self, ref: str) -> None:
        self.paypal.bounce(ref)

    def payment_of(self, ref: str) -> str:
        return str(self.paypal.capture_of(ref)["id"])

    def refund_fails(self) -> None:
        self.paypal.refund_status = "FAILED"

    def checkouts(self) -> list[str]:
        return list(self.paypal.orders)

    def returned(self) -> list[int]:
        return [int(each["amount"]["value"].replace(".", "")) for each in self.paypal.refunds.values()]

    def bad_day(self, day: BadDay) -> None:
        self.paypal.bad_days = [replace(day)]
