"""Compare our orders with what the providers say, and settle what had not reached us (rule 31).

Everything that is found goes by the road of all news, so that whoever finds it twice changes nothing.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.db.unit import Database
from core.ports import (
    Approved,
    CheckoutNews,
    MoneyNews,
    News,
    PaymentProvider,
    ProviderRefused,
    ProviderUnavailable,
    RefundNews,
    RefundsChanged,
)
from core.rules.money import in_decimals
from core.rules.refusals import Reason, Refused
from core.usecases.buying.checkout import ask_provider
from core.usecases.buying.given_back import MONEY_NEWS
from core.usecases.buying.settle import Settled
from core.usecases.reconcile.settle_found import settle_found
from core.usecases.reconcile.standing import (
    PaymentStanding,
    order_standing,
    orders_of_others,
    orders_to_ask,
    payment_standing,
    payments_to_ask,
    tell_staff,
)
from core.usecases.refunds.ask_refunds import failed_first

log = logging.getLogger(__name__)

RECONCILED_FOR = timedelta(days=35)
"""How far a comparison looks back: longer than any payment is on its way, and than a month's holiday of an operator."""

# So many orders in a row of which the provider tells nothing: it is away, and the others need not wait for it, too.
_AWAY_AFTER = 3


class Found(StrEnum):
    """What a comparison found of an order. The first three are settled by it, the others are for a person."""

    GRANTED = "granted"  # paid, and nothing had been granted
    GIVEN_BACK = "given_back"  # a refund or dispute had not reached us
    REFUNDED = "refunded"  # paid, with no seat to give or a second time: the money goes back
    CLOSED = "closed"  # its checkout was over, and nobody had said so
    PARKED = "parked"  # what was paid is not what the order says
    DIFFERS = "differs"  # other refunds than at the provider, after all was settled
    UNSETTLED = "unsettled"  # the news met a refusal or a fault
    UNANSWERED = "unanswered"  # the provider does not say how its checkout stands


_FOR_A_PERSON = frozenset({Found.PARKED, Found.DIFFERS, Found.UNSETTLED, Found.UNANSWERED})
# What was settled is told with it. A checkout that nobody paid is no news for staff, and an account that was changed is
# the operator's.
_FOUND_WITHOUT_NEWS = frozenset({Found.DIFFERS, Found.UNSETTLED})
_BY_OUTCOME = {
    "given_back": Found.GIVEN_BACK,
    "fulfilled": Found.GRANTED,
    "refunding": Found.REFUNDED,
    "closed": Found.CLOSED,
    "parked": Found.PARKED,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was not as it is at the provider. Without an order: news that could not even be placed."""

    provider: str
    found: Found
    order_id: int | None
    student: str | None
    detail: str | None = None

    @property
    def needs_a_person(self) -> bool:
        return self.found in _FOR_A_PERSON


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A provider, or a part of what it could tell, that could not be asked."""

    provider: str
    why: str
    is_away: bool = False  # it may answer when it is asked again


@dataclass(slots=True)
class Reconciled:
    """What came of a comparison. `others` is what the providers told of business that is not ours."""

    since: datetime
    until: datetime
    agreed: int = 0
    others: int = 0
    found: list[Finding] = field(default_factory=list)
    not_asked: list[NotAsked] = field(default_factory=list)

    @property
    def repaired(self) -> list[Finding]:
        return [each for each in self.found if not each.needs_a_person]

    @property
    def needs_a_person(self) -> list[Finding]:
        return [each for each in self.found if each.needs_a_person]


Edge = Callable[[str, int | str], AbstractContextManager[object, bool]]
"""A block in which a fault is logged and ends: (what is done, with which row)."""

Progress = Callable[[str, int], None]
"""Told after each thing that was compared: (provider, how many of its so far)."""


async def reconcile(
    db: Database,
    providers: Mapping[str, PaymentProvider],
    public_url: str,
    since: datetime,
    until: datetime,
    *,
    edge: Edge,
    progress: Progress = lambda provider, compared: None,
) -> Reconciled:
    """Compare the period [since, until) with every provider; what can be settled is settled when it returns.

    A provider that is away stops nothing but its own comparison, and changes nothing.
    """
    result = Reconciled(since, until)
    for provider in providers.values():
        await _Comparison(db, provider, public_url, result, edge, progress).run()
    for name, waiting in (await orders_of_others(db, providers.keys(), since, until)).items():
        result.not_asked.append(NotAsked(name, f"not configured, with {waiting} orders to ask it about"))
    return result


@dataclass(slots=True)
class _Comparison:
    """One provider's part of a comparison."""

    db: Database
    provider: PaymentProvider
    public_url: str
    result: Reconciled
    edge: Edge
    progress: Progress
    compared: int = 0
    told: set[int] = field(default_factory=set)  # orders whose checkout the lists told of
    given_back: dict[str, None] = field(default_factory=dict)  # payments to ask about, in their order

    async def run(self) -> None:
        try:
            await self._lists()
            await self._orders()
            await self._refunds()
        except ProviderUnavailable as error:
            log.warning("%s cannot be compared with now: %s", self.provider.name, error)
            self.result.not_asked.append(NotAsked(self.provider.name, f"gives no answer: {error}", is_away=True))

    # ------------------------------------------------------------ what the provider tells

    async def _lists(self) -> None:
        of_money: list[MoneyNews] = []
        try:
            async for news in self.provider.told_since(self.result.since, self.result.until):
                if isinstance(news, MONEY_NEWS):
                    of_money.append(news)
                else:
                    await self._hear(news)
        except ProviderRefused as error:
            # Its key may not read the lists: the orders can be asked about all the same.
            log.warning("%s does not show its lists: %s", self.provider.name, error)
            self.result.not_asked.append(NotAsked(self.provider.name, f"does not show its lists: {error}"))
        # A payment that was unknown till now may be given back by what stands before it in the list.
        for each in failed_first(of_money):
            await self._hear_of_payment(each)

    async def _hear(self, news: CheckoutNews) -> None:
        settled = await self._settle(news, news.checkout_ref)
        if isinstance(settled, Settled) and settled.order_id is not None and not isinstance(news, Approved):
            self.told.add(settled.order_id)
        await self._note(settled)

    async def _hear_of_payment(self, news: MoneyNews) -> None:
        before = await payment_standing(self.db, self.provider.name, news.payment_ref)
        if before is None:
            self._count(others=1)
            return
        if isinstance(news, RefundNews | RefundsChanged):
            self.given_back[news.payment_ref] = None
        if not isinstance(news, RefundsChanged):  # what changed is asked for below
            await self._note_given_back(before, news)

    # ------------------------------------------------------------ what we ask

    async def _orders(self) -> None:
        unanswered = 0
        waiting = await orders_to_ask(self.db, self.provider.name, self.result.since, self.result.until, self.told)
        for order_id in waiting:
            settled: Settled | Refused | None = None
            with self.edge("reconciling order", order_id):
                settled = await ask_provider(self.db, self.provider, self.public_url, order_id, settling=settle_found)
            if isinstance(settled, Refused):
                # One that will not say how a checkout stands is there, and may answer of the others.
                unanswered = unanswered + 1 if settled.reason is Reason.PROVIDER_UNREACHABLE else 0
                if unanswered == _AWAY_AFTER:
                    raise ProviderUnavailable(f"none about {_AWAY_AFTER} orders in a row")
                await self._find(Found.UNANSWERED, order_id, settled.reason)
            else:
                unanswered = 0
                await self._note(settled, order_id)

    async def _refunds(self) -> None:
        self.given_back.update(dict.fromkeys(await payments_to_ask(self.db, self.provider.name)))
        for payment_ref in self.given_back:
            try:
                told = await self.provider.refunds_of(payment_ref)
            except ProviderRefused as error:
                before = await payment_standing(self.db, self.provider.name, payment_ref)
                await self._find(Found.UNANSWERED, before.order_id if before else None, str(error))
                continue
            for news in failed_first(told):
                before = await payment_standing(self.db, self.provider.name, payment_ref)
                if before is not None:
                    await self._note_given_back(before, news)
            await self._agree(payment_ref, sum(each.amount_minor for each in told if each.failed is None))

    async def _agree(self, payment_ref: str, refunded_minor: int) -> None:
        ours = await payment_standing(self.db, self.provider.name, payment_ref)
        if ours is not None and ours.named_minor != refunded_minor:
            there, here = (in_decimals(each, ours.currency) for each in (refunded_minor, ours.named_minor))
            detail = f"refunded {there} {ours.currency} there, {here} {ours.currency} here"
            await self._find(Found.DIFFERS, ours.order_id, detail)

    # ------------------------------------------------------------ what came of it

    async def _settle(self, news: News, row: str) -> Settled | Refused | None:
        """None: a fault, which is logged."""
        with self.edge(f"reconciling what {self.provider.name} tells of", row):
            return await settle_found(self.db, self.provider.name, news)
        return None

    async def _note(self, settled: Settled | Refused | None, order_id: int | None = None) -> None:
        if settled is None or isinstance(settled, Refused):
            why = "a fault, see the log" if settled is None else str(settled.reason)
            await self._find(Found.UNSETTLED, order_id, why)
        elif settled.order_id is None:
            self._count(others=1)
        elif settled.what in _BY_OUTCOME:
            await self._find(_BY_OUTCOME[settled.what], settled.order_id)
        else:
            self._count(agreed=1)

    async def _note_given_back(self, before: PaymentStanding, news: MoneyNews) -> None:
        await self._note(await self._settle(news, news.payment_ref), before.order_id)

    async def _find(self, found: Found, order_id: int | None, detail: str | None = None) -> None:
        order = None if order_id is None else await order_standing(self.db, order_id)
        finding = Finding(self.provider.name, found, order_id, order.student if order else None, detail)
        self.result.found.append(finding)
        self._count()
        if order is not None and found in _FOUND_WITHOUT_NEWS:
            await tell_staff(self.db, order)

    def _count(self, *, agreed: int = 0, others: int = 0) -> None:
        self.result.agreed += agreed
        self.result.others += others
        self.compared += 1
        self.progress(self.provider.name, self.compared)
