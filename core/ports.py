"""What lies outside our process, as Protocols: the clock, the poke, providers of payment, couriers of notices.

What comes back from a provider is typed here, and nothing else of a provider's shape goes further in.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.rules.states import Channel, DisputeOutcome


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...


class Poke(Protocol):
    def __call__(self) -> None:
        """Called after a commit that left work for the jobs, from any task of the loop. It never waits."""
        ...


# ---------------------------------------------------------------- payments


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What a checkout is to charge. `key` is the idempotency key: the same key asks for the same checkout.

    `order_token` is written on the checkout. No other installation that shares the account can have the same.
    """

    key: str
    order_token: str
    title: str
    amount_minor: int
    currency: str
    expires_at: datetime
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class OpenedCheckout:
    ref: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund to make. `key` is the idempotency key of the row that owes it, whose id is written on the refund."""

    key: str
    refund_id: int
    payment_ref: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Paid:
    """The checkout's money has moved. `amount_minor` is what was received, tax within; of the fee not all tell."""

    checkout_ref: str
    payment_ref: str
    amount_minor: int
    tax_minor: int
    currency: str
    paid_at: datetime
    livemode: bool
    order_token: str | None = None
    fee_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """The buyer agreed to pay; the money moves when we capture it, and only then (PayPal)."""

    checkout_ref: str
    approved_at: datetime
    order_token: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """The checkout is completed, the money has not moved yet (an asynchronous method)."""

    checkout_ref: str
    since: datetime
    order_token: str | None = None


@dataclass(frozen=True, slots=True)
class ClosedUnpaid:
    """The provider says that the checkout can no longer be paid, or that its payment failed for good.

    `inferred`: it does not say so. Either our own word closes the checkout, or the provider knows nothing of it: that
    ends only what nobody has agreed to pay yet.
    """

    checkout_ref: str
    failed: bool = False
    order_token: str | None = None
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class StillOpen:
    """The provider says that the checkout may still be paid."""

    checkout_ref: str
    order_token: str | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    refund_ref: str


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """The provider will not make this refund, however often it is asked."""

    why: str


CheckoutNews = Paid | Approved | Pending | ClosedUnpaid | StillOpen
"""`order_token` is what we wrote on the checkout when we asked for it: it finds the order of a checkout whose opening a
crash kept from us."""


@dataclass(frozen=True, slots=True)
class RefundNews:
    """A refund at the provider, made by us or on its own pages; `failed`: its money came back to us.

    `refund_id` is our own row, where we wrote it on the refund when we asked for it.
    """

    payment_ref: str
    refund_ref: str
    amount_minor: int
    currency: str
    at: datetime
    failed: str | None = None  # the provider's word for why
    refund_id: int | None = None


@dataclass(frozen=True, slots=True)
class RefundsChanged:
    """Something was given back of this payment; the provider is to be asked what (`refunds_of`)."""

    payment_ref: str


REVERSED = "reversed"
"""The reason of a payment that the provider reversed: of money that a dispute may tell of as well.

Won: it gave that money back to us."""


@dataclass(frozen=True, slots=True)
class DisputeNews:
    """How a dispute stands; without an outcome it is open. A reversed payment is a dispute that was lost at once.

    `disputed_minor` is what the bank may take, or took. `at` is when the provider says that it stands so: the latest
    tells, whichever comes last. `opened_at` is when it began, where that is told.
    """

    payment_ref: str
    dispute_ref: str
    disputed_minor: int
    currency: str
    at: datetime
    outcome: DisputeOutcome | None = None
    reason: str | None = None
    answer_by: datetime | None = None
    opened_at: datetime | None = None


MoneyNews = RefundNews | RefundsChanged | DisputeNews
"""What became of money that had moved. It may come before the news that it moved."""

News = CheckoutNews | MoneyNews


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """An authentic event. `news` is None for a kind that we do not know or cannot read: it is parked (rule 30)."""

    provider: str
    event_id: str
    kind: str
    body: bytes
    news: News | None
    why_parked: str | None = None


class ProviderUnavailable(Exception):
    """The provider did not answer, or not now: ask again later under the same key."""


class ProviderRefused(Exception):
    """The provider will never do what was asked: the request or the configuration is wrong. The text is safe to log."""


class ProviderForbids(ProviderRefused):
    """The provider does not know our key, or lets it not do this: whoever runs us can mend that, and then it may."""


class PaymentProvider(Protocol):
    """One provider. Every call raises `ProviderUnavailable` or `ProviderRefused`, and nothing of an SDK's own."""

    name: str

    async def open_checkout(self, request: CheckoutRequest) -> OpenedCheckout: ...

    async def ask_checkout(self, ref: str) -> CheckoutNews:
        """What the provider says of this checkout now."""
        ...

    async def close_checkout(self, ref: str) -> CheckoutNews:
        """Close the checkout if it is still open; what the provider says of it afterwards.

        Where the provider closes none, or the buyer agreed meanwhile, our own word does: nobody takes its money then.
        """
        ...

    async def capture(self, ref: str, key: str) -> CheckoutNews:
        """Take the money of a checkout that is `Approved`; what the provider says of it afterwards.

        The same key takes it once. Still open: the buyer's means were declined, and they may choose others. The
        provider may call the checkout approved all the same.
        """
        ...

    async def refund(self, request: RefundRequest) -> Refunded | RefundFailed: ...

    async def refunds_of(self, payment_ref: str) -> Sequence[RefundNews]:
        """Every refund of this payment, whoever made it."""
        ...

    def told_since(self, since: datetime, until: datetime) -> AsyncIterator[News]:
        """All that the provider's own lists hold of this period: payments, refunds, disputes (rule 31)."""
        ...


# ---------------------------------------------------------------- notices


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: a link, or an action on a row that is checked again when it is pressed."""

    label: str
    action: str = ""
    subject_id: int = 0
    url: str = ""
    style: str = "secondary"  # primary, secondary, success, danger


@dataclass(frozen=True, slots=True)
class Message:
    """What one person is told: a title, a text in Discord's markdown, and buttons."""

    title: str
    text: str
    buttons: Sequence[Button] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: a member's DM by Discord user id, a channel or a thread by its id.

    In a thread the message is for `to`, who alone is pinged, and `beside` reads it too.
    """

    channel: Channel
    discord_id: int
    to: int | None = None
    beside: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    message_id: int | None


@dataclass(frozen=True, slots=True)
class ChannelClosed:
    """This road is closed to this person (50007, 50278, a deleted channel): take the next rung at once.

    `is_gone`: the channel or thread itself is no more, or takes no messages; another one might.
    """

    why: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Gone(ChannelClosed):
    """Closed because this person is in no guild of ours any more (50278), or nowhere at all (10013)."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Not now (429, 5xx, the network): try again, not before so many seconds where the other side named them."""

    seconds: float | None
    why: str


Answer = Delivered | ChannelClosed | RetryAfter


@dataclass(frozen=True, slots=True)
class OpenedThread:
    thread_id: int


class Courier(Protocol):
    async def send(self, address: Address, message: Message, nonce: str) -> Answer:
        """Deliver; the same nonce within some minutes is delivered once. Who is to read a thread is let into it."""
        ...

    async def open_thread(self, channel_id: int, name: str) -> OpenedThread | ChannelClosed | RetryAfter:
        """Open a private thread in the channel, which nobody is in yet."""
        ...


# ---------------------------------------------------------------- roles


@dataclass(frozen=True, slots=True)
class RoleBrought:
    """The member has the role, or has it not, as was asked."""


@dataclass(frozen=True, slots=True)
class RoleForbidden:
    """Only staff can mend it: a permission of ours is missing, or the role is gone."""

    why: str


@dataclass(frozen=True, slots=True)
class MemberGone:
    """Nobody of this id is in the guild."""


RoleAnswer = RoleBrought | RoleForbidden | MemberGone | RetryAfter


class Roles(Protocol):
    async def bring(self, guild_id: int, user_id: int, role_id: int, *, wanted: bool) -> RoleAnswer:
        """Give the member the role, or take it. Done already is done."""
        ...
