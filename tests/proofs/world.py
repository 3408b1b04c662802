"""Many purchases in one database, and all that their provider tells of them, to be told in any order.

What has happened has happened at the provider before the first word of it arrives: only the news is late.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import RowMapping, Table, select, update

from core.db import tables
from core.db.history import PROVIDER, Change, record
from core.db.unit import Database
from core.jobs.work import Errands
from core.ports import CheckoutRequest, ClosedUnpaid, News, Paid, ProviderEvent, RefundNews, RefundsChanged
from core.rules.notices import NoticeKind, Subject, subject_of
from core.rules.states import EventState, OrderState, SeatState
from core.usecases.buying.checkout import ask_provider
from core.usecases.buying.settle import settle, settle_event
from tests.answers import given
from tests.builders import Person, a_community, a_member, a_mentor, a_product, a_seat, an_order
from tests.notices.courier import KeepingCourier
from tests.provider import LedgerProvider
from tests.roles import KeepingRoles
from tests.together import together

URL = "https://seats.example"
PRICE = 20_000
PARTIAL, REST = 5_000, 15_000

PASSING = frozenset({NoticeKind.PAYMENT_PENDING, NoticeKind.PAYMENT_LATE_STAFF})
"""Notices of a payment that is on its way: owed only if we heard so before we heard that it came."""


@dataclass(frozen=True)
class Purchase:
    """One order with its checkout at the provider."""

    order_id: int
    ref: str
    student_id: int

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

    async def purchases(self, number: int) -> list[Purchase]:
        """So many open orders of as many students, each with its held seat."""
        made: list[Purchase] = []
        begun: list[Change] = []
        async with together(self.db) as rows:
            for _ in range(number):
                student = await a_member(rows, self.mentor.community)
                order_id = await an_order(rows, student, self.product_id)
                seat_id = await a_seat(rows, student, self.mentor, SeatState.HELD)
                begun.append(Change("order", order_id, None, OrderState.OPEN, "order"))
                begun.append(Change("seat", seat_id, None, SeatState.HELD, "order"))
                made.append(Purchase(order_id, f"cs_test_{order_id}", student.id))
        async with self.db.begin() as tx:
            ids = [each.order_id for each in made]
            mine = update(tables.checkouts).where(tables.checkouts.c.order_id.in_(ids))
            await tx.run(mine.values(provider=self.provider.name))
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
            case "paid":
                return self.paid(bought)
            case "refund":
                return self.refund(bought, "all", PRICE)
            case "partial":
                return self.refund(bought, "partial", PARTIAL)
            case "rest":
                return self.refund(bought, "rest", REST)
            case "changed":
                return RefundsChanged(bought.payment_ref)
        raise LookupError(word)

    def happens(self, bought: Purchase, words: Sequence[str]) -> Mapping[str, News]:
        """All of it happens at the provider; the answer is what it will say of it. Approved money waits for us."""
        ways = ("pending", "approved", "expired", "partial", "rest", "refund", "changed")
        said = {word: self.news(bought, word) for word in ways if word in words}
        if "paid" in words or "approved" not in words:
            said["paid"] = self.paid(bought)
        self.provider.refund_news += [each for each in said.values() if isinstance(each, RefundNews)]
        return said

    async def hears(self, bought: Purchase, word: str, said: Mapping[str, News]) -> None:
        """One step: a webhook; or the return page, where money that waits is captured; or the provider's list."""
        if word in ("return", "capture"):
            given(await ask_provider(self.db, self.provider, URL, bought.order_id))
        elif word == "listed":
            given(await settle(self.db, self.provider.name, self.provider.news[bought.ref]))
        else:
            given(await settle_event(self.db, self.event(word, bought, said[word])))

    async def jobs_run(self, bought: Purchase) -> None:
        """The jobs do what this purchase left for them."""
        events, payments = tables.provider_events, tables.payments
        async with self.db.look() as tx:
            failed = await tx.all(
                select(events.c.id)
                .where(events.c.state == EventState.FAILED, events.c.event_id.like(f"%-{bought.order_id}"))
                .order_by(events.c.id)
            )
        for row in failed:
            assert await self.errands.retry_event(row["id"]) == "given_back"
        async with self.db.look() as tx:
            asking = await tx.value(
                select(payments.c.id).where(
                    payments.c.order_id == bought.order_id, payments.c.next_attempt_at.is_not(None)
                )
            )
        if asking is not None:
            assert await self.errands.ask_refunds(asking) == "asked"


async def a_world(db: Database, provider_name: str) -> World:
    community = await a_community(db)
    mentor = await a_mentor(db, community, capacity=10_000)
    product_id = await a_product(db, mentor, price_minor=PRICE)
    return World(db, LedgerProvider(db.clock, name=provider_name), mentor, product_id)


# ---------------------------------------------------------------- what came of it


@dataclass(frozen=True)
class Outcome:
    """What a person would say came of an order: states, amounts, sessions, and who was told what, how often."""

    order: str
    money: tuple[tuple[object, ...], ...]
    packs: tuple[tuple[object, ...], ...]
    entries: tuple[tuple[object, ...], ...]
    refunds: tuple[tuple[object, ...], ...]
    sessions_refunded: int
    seats: tuple[tuple[object, ...], ...]
    is_closed: bool
    to_settle: int
    notices: tuple[tuple[str, int], ...]


async def every_row(db: Database, *, but: Sequence[Table] = ()) -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds."""
    async with db.look() as tx:
        return {
            name: sorted((tuple(row.values()) for row in await tx.all(select(table))), key=repr)
            for name, table in tables.metadata.tables.items()
            if table not in but
        }


async def outcomes(db: Database) -> dict[int, Outcome]:
    """What came of each order."""
    t = tables
    orders_of = {"payments": t.payments.c.order_id, "packs": t.packs.c.order_id}
    async with db.look() as tx:
        orders = await tx.all(select(t.orders))
        payments = _by("order_id", await tx.all(select(t.payments)))
        packs = _by("order_id", await tx.all(select(t.packs)))
        entries = _by("order_id", await tx.all(select(t.ledger, orders_of["packs"]).join(t.packs)))
        refunds = _by("order_id", await tx.all(select(t.refunds, orders_of["payments"]).join(t.payments)))
        seats = _by("student_id", await tx.all(select(t.seats)))
        notices = await tx.all(select(t.notices))
        checkouts = _by("order_id", await tx.all(select(t.checkouts)))
        events = await tx.all(select(t.provider_events.c.event_id, t.provider_events.c.state))
    waiting = [row["event_id"] for row in events if row["state"] is not EventState.APPLIED]
    unsettled = Counter(int(event_id.rsplit("-", 1)[1]) for event_id in waiting)
    told = _told(orders, packs, seats, notices)
    return {
        order["id"]: Outcome(
            str(order["state"]),
            _rows(payments[order["id"]], "amount_minor", "refunded_minor", "next_attempt_at"),
            _rows(packs[order["id"]], "state", "total", "remaining", "held"),
            _rows(entries[order["id"]], "kind", "delta"),
            _rows(refunds[order["id"]], "state", "amount_minor"),
            sum(row["sessions"] or 0 for row in refunds[order["id"]]),
            _rows([row for row in seats[order["student_id"]] if row["state"] is not SeatState.RELEASED], "state"),
            all(row["closed_at"] is not None for row in checkouts[order["id"]]),
            unsettled[order["id"]],
            tuple(sorted(told[order["id"]].items())),
        )
        for order in orders
    }


def _rows(rows: Sequence[RowMapping], *names: str) -> tuple[tuple[object, ...], ...]:
    return tuple(sorted(tuple(_plain(row[name]) for name in names) for row in rows))


def _plain(value: object) -> object:
    return str(value) if isinstance(value, StrEnum) else value


def _by(key: str, rows: Sequence[RowMapping]) -> dict[int, list[RowMapping]]:
    sorted_out: dict[int, list[RowMapping]] = defaultdict(list)
    for row in rows:
        sorted_out[row[key]].append(row)
    return sorted_out


def _told(
    orders: Sequence[RowMapping],
    packs: dict[int, list[RowMapping]],
    seats: dict[int, list[RowMapping]],
    notices: Sequence[RowMapping],
) -> dict[int, Counter[str]]:
    """By order, how often each kind of notice is owed about it, its pack or its seat."""
    by_student = {order["student_id"]: order["id"] for order in orders}
    meant = {(Subject.ORDER, order["id"]): order["id"] for order in orders}
    meant |= {(Subject.PACK, row["id"]): order_id for order_id, rows in packs.items() for row in rows}
    meant |= {(Subject.SEAT, row["id"]): by_student[student_id] for student_id, rows in seats.items() for row in rows}
    told: dict[int, Counter[str]] = defaultdict(Counter)
    for notice in notices:
        if notice["kind"] not in PASSING:
            told[meant[subject_of(notice["kind"]), notice["subject_id"]]][str(notice["kind"])] += 1
    return told
