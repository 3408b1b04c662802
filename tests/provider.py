"""A payment provider with a ledger of its own, for tests of what we do with what a provider says."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

from core.ports import (
    Approved,
    CheckoutNews,
    CheckoutRequest,
    Clock,
    ClosedUnpaid,
    DisputeNews,
    News,
    OpenedCheckout,
    Paid,
    Pending,
    ProviderForbids,
    ProviderRefused,
    ProviderUnavailable,
    Refunded,
    RefundFailed,
    RefundNews,
    RefundRequest,
    StillOpen,
)

LEAST_OPEN_FOR = timedelta(minutes=30)  # Stripe's


@dataclass
class LedgerProvider:
    """Keeps checkouts and refunds under their idempotency keys. `away`: every call fails; `refusing`: is refused.

    `forbidding`: as it no longer takes our key.

    `declining`: the buyer's bank says no when what they approved is captured. `unknown`: checkouts it knows nothing of.
    """

    clock: Clock
    name: str = "stripe"
    away: bool = False
    refusing: bool = False
    forbidding: bool = False
    declining: bool = False
    checkouts: dict[str, CheckoutRequest] = field(default_factory=dict)
    news: dict[str, CheckoutNews] = field(default_factory=dict)
    refunds: dict[str, RefundRequest] = field(default_factory=dict)
    captures: list[tuple[str, str]] = field(default_factory=list)
    refund_news: list[RefundNews] = field(default_factory=list)
    dispute_news: list[DisputeNews] = field(default_factory=list)
    lists: bool = True  # whether its lists show anything
    lists_refused: bool = False
    refunds_first: bool = False
    unknown: set[str] = field(default_factory=set)

    async def open_checkout(self, request: CheckoutRequest) -> OpenedCheckout:
        self._answer()
        ref = f"cs_{request.key}"
        if ref not in self.checkouts and request.expires_at < self.clock.now() + LEAST_OPEN_FOR:
            raise ProviderRefused("a checkout is open for thirty minutes at least")
        if self.checkouts.setdefault(ref, request) != request:
            raise ProviderRefused("the same idempotency key with other parameters")
        self.news.setdefault(ref, StillOpen(ref, order_token=request.order_token))
        return OpenedCheckout(ref, f"https://pay.example/{ref}", request.expires_at)

    async def ask_checkout(self, ref: str) -> CheckoutNews:
        self._answer()
        if ref in self.unknown:
            raise ProviderRefused("no such checkout")
        return self.news[ref]

    async def close_checkout(self, ref: str) -> CheckoutNews:
        self._answer()
        closed = ClosedUnpaid(ref, order_token=self.checkouts[ref].order_token)
        if isinstance(self.news[ref], Approved):
            return replace(closed, inferred=True)  # our own word: it goes on calling it approved
        if isinstance(self.news[ref], StillOpen):
            self.news[ref] = closed
        return self.news[ref]

    async def refund(self, request: RefundRequest) -> Refunded | RefundFailed:
        self._answer()
        if self.refunds.setdefault(request.key, request) != request:
            raise ProviderRefused("the same idempotency key with other parameters")
        return Refunded(f"re_{request.key}")

    async def capture(self, ref: str, key: str) -> CheckoutNews:
        """Once a key. What was declined stays open."""
        self._answer()
        self.captures.append((ref, key))
        if isinstance(self.news[ref], Approved):
            if self.declining:
                return StillOpen(ref, order_token=self.checkouts[ref].order_token)
            self.pay(ref)
        return self.news[ref]

    async def refunds_of(self, payment_ref: str) -> Sequence[RefundNews]:
        self._answer()
        return [each for each in self.refund_news if each.payment_ref == payment_ref]

    async def told_since(self, since: datetime, until: datetime) -> AsyncIterator[News]:
        self._answer()
        if self.lists_refused:
            raise ProviderRefused("the key may not read lists")
        told: list[Sequence[News]] = [list(self.news.values()), self.refund_news, self.dispute_news]
        for each in chain(*(reversed(told) if self.refunds_first else told)):
            if self.lists:
                yield each

    def foreign(self, ref: str) -> Paid:
        """A payment of other business on the same account."""
        return Paid(ref, f"pi_{ref}", 999, 0, "EUR", self.clock.now(), livemode=False)

    def approve(self, ref: str) -> Approved:
        """The buyer agrees to pay; the money waits for a capture."""
        approved = Approved(ref, self.clock.now(), order_token=self.checkouts[ref].order_token)
        self.news[ref] = approved
        return approved

    def pay(self, ref: str, *, at: datetime | None = None, amount_minor: int | None = None) -> Paid:
        """Somebody pays this checkout: what the provider then says."""
        request = self.checkouts[ref]
        paid = Paid(
            checkout_ref=ref,
            payment_ref=f"pi_{ref}",
            amount_minor=request.amount_minor if amount_minor is None else amount_minor,
            tax_minor=0,
            currency=request.currency,
            paid_at=at or self.clock.now(),
            livemode=False,
            order_token=request.order_token,
        )
        self.news[ref] = paid
        return paid

    def pay_later(self, ref: str) -> Pending:
        """Somebody completes this checkout with a method that takes days."""
        pending = Pending(ref, self.clock.now(), order_token=self.checkouts[ref].order_token)
        self.news[ref] = pending
        return pending

    def fail(self, ref: str) -> ClosedUnpaid:
        """The payment that took days failed."""
        failed = ClosedUnpaid(ref, failed=True, order_token=self.checkouts[ref].order_token)
        self.news[ref] = failed
        return failed

    def pay_again(self, ref: str) -> Paid:
        """A second payment of the same checkout."""
        return replace(self.pay(ref), payment_ref=f"pi_{ref}_again")

    def _answer(self) -> None:
        if self.away:
            raise ProviderUnavailable
        if self.forbidding:
            raise ProviderForbids("401, the key is not known")
        if self.refusing:
            raise ProviderRefused("the account may not do this")
