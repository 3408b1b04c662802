"""Many purchases in one database, and all that their provider tells of them, to be told in any order.

What has happened has happened at the provider before the first word of it arrives: only the news is late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, Table, insert, select, update

from core.db import tables
from core.db.history import PROVIDER, Change, record
from core.db.unit import Database, Transaction
from core.jobs.faults import Edge
from core.jobs.work import Errands
from core.ports import (
    REVERSED,
    CheckoutRequest,
    ClosedUnpaid,
    DisputeNews,
    News,
    Paid,
    ProviderEvent,
    RefundNews,
    RefundsChanged,
)
from core.rules.states import DisputeOutcome, EventState, OrderState, RefundCause, RefundState, SeatState
from core.usecases.buying.checkout import ask_provider
from core.usecases.buying.given_back import wake_news_of_known_payments
from core.usecases.buying.settle import settle_event
from core.usecases.reconcile.reconcile import RECONCILED_FOR, Reconciled, reconcile
from core.usecases.refunds.refund_order import Wish, preview_refund, refund_order
from tests.answers import given
from tests.builders import Person, a_community, a_member, a_mentor, a_product, a_seat, an_order, row_of, staff_of
from tests.notices.courier import KeepingCourier
from tests.provider import LedgerProvider
from tests.roles import KeepingRoles
from tests.together import together

URL = "https://seats.example"
PRICE = 20_000
PARTIAL, REST = 5_000, 15_000
ASKED, ASKED_SESSIONS = 10_000, 2
"""What staff of ours give back, for two of the four sessions."""


@dataclass(frozen=True)
class Purchase:
    """One order with its checkout at the provider."""

    order_id: int
    ref: str

    @property
    def payment_ref(self) -> str:
        return f"pi_{self.ref}"


@dataclass
class World:
    """A mentor with seats for all, a provider whose word is the truth, and what was told so far."""

    db: Database
    provider: LedgerProvider
    mentor: Person
    product_id: int
    told: dict[bytes, News] = field(default_factory=dict)

    @property
    def errands(self) -> Errands:
        def reread(_provider: str, body: bytes) -> News:
            return self.told[body]

        providers = {self.provider.name: self.provider}
        return Errands(self.db, KeepingCourier(), KeepingRoles(), providers, URL, reread)

    def on(self, db: Database) -> Self:
        """The same world, as a transaction that is open for many sees it."""
        return replace(self, db=db)

    # ------------------------------------------------------------ what there is

    async def purchases(self, number: int) -> list[Purchase]:
        """So many open orders of as many students, each with its held seat. One is built, the others are like it."""
        others = range(1, number)
        async with together(self.db) as rows, rows.begin() as tx:
            student = await a_member(rows, self.mentor.community)
            first = await an_order(rows, student, self.product_id)
            seat = await a_seat(rows, student, self.mentor, SeatState.HELD)
            mine = update(tables.checkouts).where(tables.checkouts.c.order_id == first)
            await tx.run(mine.values(provider=self.provider.name))

            students = await _like(tx, tables.members, student.id, [{"user_id": 10**12 + n} for n in others])
            seats = [seat, *await _like(tx, tables.seats, seat, [{"student_id": each} for each in students])]
            token = (await row_of(rows, tables.orders, first))["pay_token"]
            bought = [{"student_id": each, "pay_token": f"{each}-{token}"} for each in students]
            orders = [first, *await _like(tx, tables.orders, first, bought)]
            made = [Purchase(each, f"cs_test_{each}") for each in orders]
            checkout = await tx.value(select(tables.checkouts.c.id).where(tables.checkouts.c.order_id == first))
            opened = [{"order_id": each.order_id, "provider_ref": each.ref} for each in made[1:]]
            await _like(tx, tables.checkouts, checkout, opened)
            begun = [Change("order", each, None, OrderState.OPEN, "order") for each in orders]
            begun += [Change("seat", each, None, SeatState.HELD, "order") for each in seats]
            await tx.run(record(self.mentor.community.id, tx.now, PROVIDER, *begun))
        for each in made:
            await self.provider.open_checkout(self._request(each))
        return made

    def _request(self, bought: Purchase) -> CheckoutRequest:
        return CheckoutRequest(
            key=f"test_{bought.order_id}",
            order_token=f"token-{bought.order_id}",
            title="Four sessions",
            amount_minor=PRICE,
            currency="EUR",
            expires_at=self.db.clock.now() + timedelta(minutes=35),
            success_url=URL,
            cancel_url=URL,
        )

    def event(self, name: str, bought: Purchase, news: News) -> ProviderEvent:
        event_id = f"{name}-{bought.order_id}"
        self.told[event_id.encode()] = news
        return ProviderEvent(self.provider.name, event_id, name, event_id.encode(), news)

    def paid(self, bought: Purchase) -> Paid:
        return self.provider.pay(bought.ref)

    def refund(self, bought: Purchase, name: str, amount_minor: int) -> RefundNews:
        at = self.db.clock.now()
        return RefundNews(bought.payment_ref, f"re_{name}_{bought.order_id}", amount_minor, "EUR", at)

    def dispute(
        self, bought: Purchase, days: int, outcome: DisputeOutcome | None = None, reason: str = "fraudulent"
    ) -> DisputeNews:
        """As it stands so many days after it began. A reversal has a name of its own."""
        ref = f"{'rev' if reason == REVERSED else 'dp'}_{bought.order_id}"
        at = self.db.clock.now() + timedelta(days=days)
        return DisputeNews(bought.payment_ref, ref, PRICE, "EUR", at, outcome, reason)

    # ------------------------------------------------------------ the roads by which news comes

    def news(self, bought: Purchase, word: str) -> News:
        """What the provider says by this word."""
        match word:
            case "pending":
                return self.provider.pay_later(bought.ref)
            case "expired":
                return ClosedUnpaid(bought.ref)
            case "approved":
                return self.provider.approve(bought.ref)
            case "refund":
                return self.refund(bought, "all", PRICE)
            case "partial":
                return self.refund(bought, "partial", PARTIAL)
            case "rest":
                return self.refund(bought, "rest", REST)
            case "changed":
                return RefundsChanged(bought.payment_ref)
            case "opened":
                return self.dispute(bought, 0)
            case "won":
                return self.dispute(bought, 1, DisputeOutcome.WON)
            case "lost":
                return self.dispute(bought, 2, DisputeOutcome.LOST)
            case "reversed":
                return self.dispute(bought, 2, DisputeOutcome.LOST, REVERSED)
        raise LookupError(word)

    def happens(self, bought: Purchase, words: Sequence[str]) -> dict[str, News]:
        """All of it happens at the provider; the answer is what it will say of it. Approved money waits for us."""
        said = {word: self.news(bought, word) for word in TELLABLE if word in words}
        if "paid" in words or "approved" not in words:
            if "again" in words:
                said["again"] = self.provider.pay_again(bought.ref)
            said["paid"] = self.paid(bought)
        self.provider.refund_news += [each for each in said.values() if isinstance(each, RefundNews)]
        # Its list shows a dispute as it stands in the end.
        disputes = {each.dispute_ref: each for each in said.values() if isinstance(each, DisputeNews)}
        self.provider.dispute_news += disputes.values()
        return said

    async def hears(self, bought: Purchase, word: str, said: Mapping[str, News]) -> None:
        """A webhook; or the return page, where money that waits is captured; or what staff and our jobs do."""
        match word:
            case "return" | "capture":
                given(await ask_provider(self.db, self.provider, URL, bought.order_id))
            case "asked":
                await self._staff_ask(bought)
            case "made":
                assert await self.errands.make_refund((await self._asked(bought)).refund_id or 0) == "done"
            case "ours":
                given(await settle_event(self.db, self.event(word, bought, await self._asked(bought))))
            case _:
                given(await settle_event(self.db, self.event(word, bought, said[word])))

    async def _staff_ask(self, bought: Purchase) -> None:
        """Staff give a part back. The provider was asked for it, and whoever asked died before the answer came."""
        wish = Wish(bought.order_id, "They move away", ASKED_SESSIONS, ASKED)
        staff = staff_of(self.mentor.community)
        given(await refund_order(self.db, staff, wish, given(await preview_refund(self.db, staff, wish)).seen))
        self.provider.refund_news.append(await self._asked(bought))

    async def _asked(self, bought: Purchase) -> RefundNews:
        """What the provider says of staff's refund: it names our row."""
        refunds, payments = tables.refunds, tables.payments
        async with self.db.look() as tx:
            refund_id = await tx.value(
                select(refunds.c.id)
                .join(payments, payments.c.id == refunds.c.payment_id)
                .where(payments.c.order_id == bought.order_id, refunds.c.cause == RefundCause.STAFF)
            )
        ref = f"re_refund-{refund_id}-{bought.payment_ref}"
        return RefundNews(bought.payment_ref, ref, ASKED, "EUR", self.db.clock.now(), refund_id=refund_id)

    async def reconciles(self) -> Reconciled:
        """All orders of this world are compared with the provider (rule 31)."""
        now = self.db.clock.now()
        providers = {self.provider.name: self.provider}
        found = await reconcile(self.db, providers, URL, now - RECONCILED_FOR, now + timedelta(minutes=1), edge=Edge)
        assert not found.needs_a_person, found.needs_a_person
        return found

    async def jobs_run(self) -> None:
        """The jobs do what all of this left for them."""
        given(await wake_news_of_known_payments(self.db))
        for event_id in await self._ids(tables.provider_events, tables.provider_events.c.state == EventState.FAILED):
            assert await self.errands.retry_event(event_id) == "given_back"
        for payment_id in await self._ids(tables.payments, tables.payments.c.next_attempt_at.is_not(None)):
            assert await self.errands.ask_refunds(payment_id) == "asked"
        owed = (tables.refunds.c.state == RefundState.INTENDED) & tables.refunds.c.next_attempt_at.is_not(None)
        for refund_id in await self._ids(tables.refunds, owed):
            assert await self.errands.make_refund(refund_id) == "done"

    async def _ids(self, table: Table, condition: ColumnElement[bool]) -> list[int]:
        """In the order in which they were written; of this provider's, where there are several."""
        ids = select(table.c.id).where(condition).order_by(table.c.id)
        if table is tables.refunds:
            ids = ids.join(tables.payments, tables.payments.c.id == tables.refunds.c.payment_id)
        named = tables.provider_events if table is tables.provider_events else tables.payments
        async with self.db.look() as tx:
            return [row["id"] for row in await tx.all(ids.where(named.c.provider == self.provider.name))]


TELLABLE = (
    "pending",
    "approved",
    "expired",
    "partial",
    "rest",
    "refund",
    "changed",
    "opened",
    "won",
    "lost",
    "reversed",
)
"""In the order in which they happen: a later word is the provider's truth. What was paid is said of its own."""


async def a_world(db: Database, provider_name: str) -> World:
    community = await a_community(db)
    mentor = await a_mentor(db, community, capacity=10_000)
    product_id = await a_product(db, mentor, price_minor=PRICE)
    return World(db, LedgerProvider(db.clock, name=provider_name), mentor, product_id)


async def _like(tx: Transaction, table: Table, row_id: int, changes: Sequence[Mapping[str, Any]]) -> list[int]:
    """The ids of new rows that are like this one but for the changes, in their order."""
    if not changes:
        return []
    row = (await tx.run(select(table).where(table.c.id == row_id))).mappings().one()
    same = {name: value for name, value in row.items() if name != "id"}
    made = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list((await tx.connection.execute(made, [{**same, **change} for change in changes])).scalars())
