"""The money of a small community: both providers with books of their own, how their news comes, and what must agree."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, ClassVar, Literal, TypeVar

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)
from sqlalchemy import Table, func, select

from core.db.tables import checkouts, orders, packs, payments, provider_events, refunds, sessions
from core.db.unit import Database
from core.ports import News, Pending, RefundNews
from core.rules.accounts import totals
from core.rules.refusals import Refused
from core.rules.states import EventState, OrderState, RefundState
from core.usecases.buying.settle import keep_failed_event, settle_event
from core.usecases.reading.accounts import accounts
from core.usecases.reconcile.reconcile import Reconciled, reconcile
from tests.answers import given
from tests.builders import DAY, rows_of
from tests.clocks import NOW, SettableClock
from tests.databases import Databases
from tests.machines.bank import Account, Bank
from tests.machines.house import PUBLIC_URL, House, Ware, a_house
from tests.machines.invariants import breaches

T = TypeVar("T")

# A last decimal of KWD that no provider charges makes a price that cannot be bought: it is refused, and that is all.
WARES = (
    (Ware(1, 20, 4_999), Ware(3, 10, 49_990, "KWD")),
    (Ware(1, 20, 1_000, "JPY"), Ware(3, 10, 10_000, "HUF")),
)


class _Faults(logging.Handler):
    """What an edge caught and logged: nothing of that may happen here."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(logging.Formatter().format(record))


class _Loud:
    """The edge of a comparison: a fault is this test's, too."""

    def __init__(self, _what: str, _row: int | str) -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_fault: object) -> Literal[False]:
        return False


class MoneyMoves(RuleBasedStateMachine):
    """What happens has happened at the provider first; its news waits until it is told, asked for or listed."""

    databases: ClassVar[Databases]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.runner = self.stack.enter_context(asyncio.Runner())
        clock = SettableClock()
        self.banks = [Bank(clock, name) for name in ("stripe", "paypal")]
        made = a_house(self.databases, self.stack, clock, *self.banks, wares=WARES, reread=self._reread)
        self.house: House = self.run(made)
        self.there = self.run(_what_there_is(self.house.db))
        self.webhooks_are_lost = False  # all that was not told by the end: then only questions and lists tell of it
        self.faults = _Faults()
        logging.getLogger().addHandler(self.faults)
        self.stack.callback(logging.getLogger().removeHandler, self.faults)

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.runner.run(done())

    def _reread(self, provider: str, body: bytes) -> News | None:
        return next(bank for bank in self.banks if bank.name == provider).told[body.decode()].news

    # ------------------------------------------------------------ what holds

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.run(breaches(self.house.db)) == {}
        assert self.faults.found == []
        self.there = self.run(_what_there_is(self.house.db))

    def teardown(self) -> None:
        try:
            if sys.exc_info()[1] is None:  # else it has failed already
                self._end()
        finally:
            self.run(self.house.db.close())
            self.stack.close()

    def _end(self) -> None:
        """All is told and done; then what each provider says is what our books say, and a comparison finds nothing."""
        for bank in self.banks:
            bank.away = bank.breaking = False
            bank.capturing = "taken"
        for _ in range(3):
            self.let_time_pass(2)
            self.do_jobs()
            if not self.webhooks_are_lost:
                self._deliver_all()
            self.compare()
            self.do_jobs()
        self._books_agree()
        self._deliver_all()
        self.do_jobs()
        self.nothing_is_broken()

        found = self.compare()
        assert (found.found, found.not_asked) == ([], [])
        self._nothing_is_left_to_do()
        self._books_agree()

    def _books_agree(self) -> None:
        for bank in self.banks:
            self._agrees_with(bank)
        self._accounts_balance()

    def _nothing_is_left_to_do(self) -> None:
        db = self.house.db
        refs = {ref for bank in self.banks for ref in bank.refs(Pending)}
        unsettled = self.run(rows_of(db, checkouts, checkouts.c.closed_at.is_(None)))
        assert {row["provider_ref"] for row in unsettled} == refs
        assert self.run(rows_of(db, refunds, refunds.c.state == RefundState.INTENDED)) == []
        assert self.run(rows_of(db, payments, payments.c.next_attempt_at.is_not(None))) == []
        assert self.run(rows_of(db, provider_events, provider_events.c.state != EventState.APPLIED)) == []

    def _agrees_with(self, bank: Bank) -> None:
        """What staff paid by hand the provider knows nothing of; nobody loses what was given back in such a way."""
        ours = {
            row["provider_ref"]: row
            for row in self.run(rows_of(self.house.db, payments, payments.c.provider == bank.name))
        }
        assert set(ours) == set(bank.accounts)
        for ref, account in bank.accounts.items():
            row = ours[ref]
            done = (refunds.c.payment_id == row["id"]) & (refunds.c.state == RefundState.DONE)
            gone = {ref for ref, refund in account.refunds.items() if refund.failed is None}
            by_hand = [
                each for each in self.run(rows_of(self.house.db, refunds, done)) if each["provider_ref"] not in gone
            ]
            refunded = account.refunded_minor + sum(each["amount_minor"] for each in by_hand)
            books = (row["amount_minor"], row["currency"], row["refunded_minor"], row["lost_minor"])
            paid = account.paid
            lost = min(account.lost_minor, paid.amount_minor - refunded)
            assert books == (paid.amount_minor, paid.currency, refunded, lost), (bank.name, account)

    def _accounts_balance(self) -> None:
        found = self.run(accounts(self.house.db))
        assert found.disagreements == ()
        rows = self.run(rows_of(self.house.db, payments))
        for total in totals(found.movements):
            of_it = [row for row in rows if (row["currency"], row["livemode"]) == (total.currency, total.live)]
            assert total.paid_minor == sum(row["amount_minor"] for row in of_it)
            assert total.refunded_minor == sum(row["refunded_minor"] for row in of_it)
            assert total.lost_minor == sum(row["lost_minor"] for row in of_it)
            assert total.kept_minor >= 0

    # ------------------------------------------------------------ how it is done

    def deliver(self, bank: Bank, event_id: str) -> None:
        """Kept for the jobs if it comes too early, as the news of a refund whose money came back from another one."""
        event = bank.told[event_id]
        settled = self.run(settle_event(self.house.db, event))
        if isinstance(settled, Refused):
            assert isinstance(event.news, RefundNews)
            given(self.run(keep_failed_event(self.house.db, event, settled.reason)))
        if event_id in bank.waiting:
            bank.waiting.remove(event_id)

    def _deliver_all(self) -> None:
        for bank in self.banks:
            for event_id in list(bank.waiting):
                self.deliver(bank, event_id)

    def let_time_pass(self, hours: int) -> None:
        self.house.clock.forward(hours=hours)
        for bank in self.banks:
            bank.time_passed()

    def do_jobs(self) -> None:
        self.run(self.house.jobs.tend())
        self.run(self.house.jobs.run_due())

    def compare(self) -> Reconciled:
        now = self.house.clock.now()
        since, until = NOW - DAY, now + timedelta(seconds=1)
        return self.run(reconcile(self.house.db, self.house.providers, PUBLIC_URL, since, until, edge=_Loud))

    # ------------------------------------------------------------ who and which

    def paid(self) -> list[tuple[Bank, Account]]:
        return [(bank, account) for bank in self.banks for account in bank.accounts.values()]

    def given_back(self) -> list[tuple[Bank, Account, str]]:
        return [
            (bank, account, ref)
            for bank, account in self.paid()
            for ref, refund in account.refunds.items()
            if refund.failed is None
        ]

    def disputed(self) -> list[tuple[Bank, Account, str]]:
        return [(bank, account, ref) for bank, account in self.paid() for ref in account.disputes]

    def row(self, table: Table, number: int, *conditions: Any) -> Any:
        known = self.run(rows_of(self.house.db, table, *conditions))
        return pick(known, number) if known else None


_WHAT_THERE_IS = select(
    *(
        select(func.count()).select_from(table).where(*conditions).scalar_subquery().label(name)
        for name, table, *conditions in (
            ("payments", payments),
            ("checkouts", checkouts),
            ("packs", packs, packs.c.remaining > 0),
            ("sessions", sessions),
            ("parked", orders, orders.c.state == OrderState.PARKED),
            ("failed", refunds, refunds.c.state == RefundState.FAILED),
            ("undecided", refunds, refunds.c.decided_at.is_(None)),
        )
    )
)


async def _what_there_is(db: Database) -> dict[str, int]:
    """So that nobody decides about what is not there."""
    async with db.look() as tx:
        return dict(await tx.one(_WHAT_THERE_IS) or {})


def pick(known: Sequence[T], number: int) -> T:
    return known[number % len(known)]
