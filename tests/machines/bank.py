"""Either provider with books of its own: what was paid, given back and disputed there, and all that it will tell."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.payments.paypal_amounts import why_not_charge
from core.payments.stripe_amounts import to_stripe
from core.ports import (
    REVERSED,
    Approved,
    CheckoutNews,
    CheckoutRequest,
    ClosedUnpaid,
    DisputeNews,
    News,
    OpenedCheckout,
    Paid,
    Pending,
    ProviderEvent,
    ProviderRefused,
    ProviderUnavailable,
    Refunded,
    RefundFailed,
    RefundNews,
    RefundRequest,
    RefundsChanged,
    StillOpen,
)
from core.rules.states import DisputeOutcome
from tests.provider import LedgerProvider

APPROVED_FOR = timedelta(days=3)  # PayPal's: so long money waits for its capture
ANSWERED_WITHIN = timedelta(days=7)


@dataclass
class Account:
    """One payment as its provider sees it. The bank takes what is disputed at once, and gives it back if we win."""

    paid: Paid
    refunds: dict[str, RefundNews] = field(default_factory=dict)
    disputes: dict[str, DisputeNews] = field(default_factory=dict)
    reversal: bool = False  # taken back with no word of why
    by_hand_minor: int = 0  # what staff gave back in another way, and will not give back twice

    @property
    def ref(self) -> str:
        return self.paid.payment_ref

    @property
    def refunded_minor(self) -> int:
        return sum(each.amount_minor for each in self.refunds.values() if each.failed is None)

    @property
    def lost_minor(self) -> int:
        return self._disputed(DisputeOutcome.LOST)

    @property
    def left_minor(self) -> int:
        """What can still be given back, or taken."""
        return self.paid.amount_minor - self.refunded_minor - self.lost_minor - self._disputed(None)

    def _disputed(self, outcome: DisputeOutcome | None) -> int:
        return sum(each.disputed_minor for each in self.disputes.values() if each.outcome is outcome)


@dataclass
class Bank(LedgerProvider):
    """`told` are its events by their id, `waiting` those that nobody was told yet. `breaking`: no answer comes, though
    what was asked is done. `capturing` is what becomes of money that is captured: taken, waits, declined or denied.
    """

    breaking: bool = False
    capturing: str = "taken"
    opened_at: dict[str, datetime] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    made: dict[str, Refunded] = field(default_factory=dict)
    told: dict[str, ProviderEvent] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)

    @property
    def is_stripe(self) -> bool:
        return self.name == "stripe"

    def refs(self, *kinds: type[CheckoutNews]) -> list[str]:
        """The checkouts that stand so, the oldest first."""
        return [ref for ref, news in self.news.items() if isinstance(news, kinds)]

    # ------------------------------------------------------------ what we ask

    async def open_checkout(self, request: CheckoutRequest) -> OpenedCheckout:
        if not self._takes(request.amount_minor, request.currency):
            raise ProviderRefused("no such amount of this currency")
        opened = await super().open_checkout(request)
        self.opened_at.setdefault(opened.ref, self.clock.now())
        self._break()
        return opened

    async def close_checkout(self, ref: str) -> CheckoutNews:
        """PayPal cannot be told to close one: our word closes it, and its buyer may approve it all the same."""
        if self.is_stripe:
            was_open = isinstance(self.news[ref], StillOpen)
            closed = await super().close_checkout(ref)
            if was_open:
                self._tell(closed)
            self._break()
            return closed
        news = await self.ask_checkout(ref)
        if isinstance(news, StillOpen | Approved):
            return ClosedUnpaid(ref, order_token=news.order_token)
        return news

    async def capture(self, ref: str, key: str) -> CheckoutNews:
        self._answer()
        self.captures.append((ref, key))
        if isinstance(self.news[ref], Approved):
            if self.capturing == "declined":
                return StillOpen(ref, order_token=self.checkouts[ref].order_token)
            if self.capturing == "taken":
                self.is_paid(ref)
            elif self.capturing == "waits":
                self._tell(self.pay_later(ref))
            else:
                self._tell(self.fail(ref))
        self._break()
        return self.news[ref]

    async def refund(self, request: RefundRequest) -> Refunded | RefundFailed:
        self._answer()
        account = self.accounts[request.payment_ref]
        if self.refunds.setdefault(request.key, request) != request:
            raise ProviderRefused("the same idempotency key with other parameters")
        if request.key not in self.made:
            if not (
                0 < request.amount_minor <= account.left_minor and self._takes(request.amount_minor, request.currency)
            ):
                return RefundFailed("more than is left")
            ref = f"re_{request.key}"
            self._give_back(account, ref, request.amount_minor, request.refund_id)
            self.made[request.key] = Refunded(ref)
        self._break()
        return self.made[request.key]

    async def refunds_of(self, payment_ref: str) -> Sequence[RefundNews]:
        """The latest first, as Stripe lists them."""
        self._answer()
        return list(reversed(self.accounts[payment_ref].refunds.values()))

    async def told_since(self, since: datetime, until: datetime) -> AsyncIterator[News]:
        """Stripe lists its checkouts as they stand, PayPal only money that moved or was to move."""
        self._answer()
        for ref, news in self.news.items():
            moves = isinstance(news, Pending) or (isinstance(news, ClosedUnpaid) and news.failed)
            if since <= self.opened_at[ref] < until and (self.is_stripe or moves):
                yield news
        for account in self.accounts.values():
            if not self.is_stripe or self.news[account.paid.checkout_ref] != account.paid:
                yield account.paid
            if account.refunds and self.is_stripe:
                yield RefundsChanged(account.ref)
        for account in self.accounts.values():
            for refund in reversed(account.refunds.values()):
                yield refund
        for account in self.accounts.values():
            for dispute in account.disputes.values():
                # When one ended Stripe's list does not say: by the time we asked at the latest.
                ended = dispute.outcome is not None and self.is_stripe
                yield replace(dispute, at=until) if ended else dispute

    # ------------------------------------------------------------ what buyers do

    def is_paid(self, ref: str, *, amount_minor: int | None = None, tax_minor: int = 0) -> None:
        """The checkout's money has moved."""
        due = self.checkouts[ref].amount_minor if amount_minor is None else amount_minor
        paid = replace(self.pay(ref, amount_minor=due + tax_minor), tax_minor=tax_minor, fee_minor=due // 50)
        self.news[ref] = paid
        self._take(paid)

    def is_paid_again(self, ref: str) -> None:
        """A second payment of a checkout that was paid; asked about it, the provider tells of the first."""
        first = self.news[ref]
        if isinstance(first, Paid):
            again = replace(first, payment_ref=f"{first.payment_ref}_{len(self.accounts)}", paid_at=self.clock.now())
            self._take(again)

    def is_approved(self, ref: str) -> None:
        self._tell(self.approve(ref))

    def is_on_its_way(self, ref: str) -> None:
        """A method that takes days."""
        self._tell(self.pay_later(ref))

    def never_arrives(self, ref: str) -> None:
        self._tell(self.fail(ref))

    def time_passed(self) -> None:
        """What ran out is closed: Stripe's checkouts at their end, what waited too long for a capture at PayPal."""
        for ref, news in self.news.items():
            over_at = self.checkouts[ref].expires_at + (timedelta() if self.is_stripe else APPROVED_FOR)
            if isinstance(news, StillOpen | Approved) and over_at <= self.clock.now():
                closed = ClosedUnpaid(ref, order_token=news.order_token)
                self.news[ref] = closed
                if self.is_stripe:
                    self._tell(closed)

    # ------------------------------------------------------------ what becomes of money that had moved

    def gives_back(self, account: Account, amount_minor: int) -> None:
        """A refund on the provider's own pages."""
        left_minor = account.left_minor - account.by_hand_minor
        if 0 < amount_minor <= left_minor and self._takes(amount_minor, account.paid.currency):
            self._give_back(account, f"re_{self.name}_{len(self.told)}", amount_minor, None)

    def fails(self, account: Account, refund_ref: str) -> None:
        """The refund's money could not be delivered: it is ours again."""
        failed = replace(account.refunds[refund_ref], failed="account_closed")
        account.refunds[refund_ref] = failed
        self._tell(failed)
        if self.is_stripe:
            self._tell(RefundsChanged(account.ref))

    def is_disputed(self, account: Account, amount_minor: int) -> None:
        if account.reversal or not 0 < amount_minor <= account.left_minor:
            return
        now, ref = self.clock.now(), f"dp_{self.name}_{len(self.told)}"
        self._dispute(
            account,
            DisputeNews(
                account.ref,
                ref,
                amount_minor,
                account.paid.currency,
                now,
                reason="fraudulent",
                answer_by=now + ANSWERED_WITHIN,
            ),
        )

    def dispute_moves(self, account: Account, ref: str) -> None:
        """There is more time to answer, and it is about less."""
        dispute = account.disputes[ref]
        if dispute.outcome is None and dispute.answer_by is not None and dispute.disputed_minor > 1:
            later = dispute.answer_by + timedelta(days=1)
            less = dispute.disputed_minor - 1
            self._dispute(account, replace(dispute, answer_by=later, disputed_minor=less))

    def dispute_ends(self, account: Account, ref: str, outcome: DisputeOutcome) -> None:
        """Or ends another way than it had ended: a bank may think twice."""
        dispute = account.disputes[ref]
        if dispute.reason == REVERSED or dispute.outcome is outcome:
            return
        if dispute.outcome is DisputeOutcome.WON and dispute.disputed_minor > account.left_minor:
            return
        self._dispute(account, replace(dispute, at=self.clock.now(), outcome=outcome, answer_by=None))

    def is_reversed(self, account: Account) -> None:
        """All that is left is taken back without a dispute, as PayPal does after a chargeback."""
        if self.is_stripe or account.reversal or account.disputes or account.left_minor == 0:
            return
        account.reversal = True
        now, ref = self.clock.now(), f"rev_{self.name}_{len(self.told)}"
        taken = DisputeNews(account.ref, ref, account.left_minor, account.paid.currency, now, DisputeOutcome.LOST)
        self._dispute(account, replace(taken, reason=REVERSED))

    # ------------------------------------------------------------ its books and its outbox

    def _take(self, paid: Paid) -> None:
        self.accounts[paid.payment_ref] = Account(paid)
        self._tell(paid)

    def _give_back(self, account: Account, ref: str, amount_minor: int, refund_id: int | None) -> None:
        made = RefundNews(account.ref, ref, amount_minor, account.paid.currency, self.clock.now(), refund_id=refund_id)
        account.refunds[ref] = made
        self._tell(made)
        if self.is_stripe:
            self._tell(RefundsChanged(account.ref))

    def _dispute(self, account: Account, news: DisputeNews) -> None:
        account.disputes[news.dispute_ref] = news
        self._tell(news)

    def _tell(self, news: News) -> None:
        event_id = f"evt_{self.name}_{len(self.told)}"
        self.told[event_id] = ProviderEvent(self.name, event_id, type(news).__name__, event_id.encode(), news)
        self.waiting.append(event_id)

    def _takes(self, amount_minor: int, currency: str) -> bool:
        if self.is_stripe:
            return to_stripe(amount_minor, currency) is not None
        return why_not_charge(amount_minor, currency) is None

    def _break(self) -> None:
        if self.breaking:
            raise ProviderUnavailable
