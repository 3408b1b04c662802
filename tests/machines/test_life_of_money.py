"""Random lives of the money of a small community: with both providers, their news in any order, the books balance."""

from collections.abc import Awaitable, Callable

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.db.tables import checkouts, orders, payments, refunds, sessions
from core.ports import Approved, Paid, Pending, StillOpen
from core.rules.refusals import Refused
from core.rules.states import DisputeOutcome, OrderState, RefundState
from core.usecases.booking.book import book
from core.usecases.booking.free_times import free_times
from core.usecases.buying.buy import CheckoutReady, Given, buy
from core.usecases.buying.checkout import ask_provider
from core.usecases.buying.decide_parked import grant_parked, refund_parked
from core.usecases.buying.place import Wanted
from core.usecases.codes.add_code import NewCode, add_code
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.undo import undo
from core.usecases.refunds.by_hand import refunded_by_hand
from core.usecases.refunds.case import RefundPreview
from core.usecases.refunds.refund_order import Wish, preview_refund, refund_order
from core.usecases.refunds.take_for_refund import Answer, preview_taking, take_for_refund
from tests.answers import given
from tests.builders import row_of
from tests.databases import Databases
from tests.killing import Killed, killed_at
from tests.machines.house import PUBLIC_URL
from tests.machines.money import MoneyMoves, pick

LIVES = settings(
    max_examples=10,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
CODES = ("THIRD", "ALL", "ONCE")
WON, LOST = DisputeOutcome.WON, DisputeOutcome.LOST

which = st.integers(0, 10**6)
mentor = st.integers(0, 1)
student = st.integers(0, 2)
_NEAR = 6  # so that something is booked before it is given back


class Money(MoneyMoves):
    """Whoever acts is drawn at random; a refusal is as good an answer as any, as long as the books balance."""

    # ------------------------------------------------------------ buyers

    @initialize(who=student, whose=mentor, with_whom=st.integers(0, 1), lost=st.booleans())
    def somebody_has_bought(self, who: int, whose: int, with_whom: int, lost: bool) -> None:
        self.webhooks_are_lost = lost
        for new in (
            NewCode("THIRD", percent=33),
            NewCode("ALL", percent=100, uses_each=2),
            NewCode("ONCE", amount="10.00", uses=1),
        ):
            given(self.run(add_code(self.house.db, self.house.staff, new)))
        self.buys(who, whose, 0, with_whom, None)
        self.pays(0, 0, 0) if with_whom == 0 else self.approves(0)
        self.asks(0, 0)

    @rule(
        who=student,
        whose=mentor,
        what=st.integers(0, 1),
        with_whom=st.integers(0, 1),
        code=st.none() | st.sampled_from(CODES),
    )
    def buys(self, who: int, whose: int, what: int, with_whom: int, code: str | None) -> None:
        teacher = self.house.mentors[whose]
        product = self.house.products[teacher.id][what]
        wanted = Wanted(product, self.banks[with_whom].name, code)
        asker = self.house.students[who].asker
        placed = self.run(buy(self.house.db, self.house.providers, PUBLIC_URL, asker, teacher.id, wanted))
        assert isinstance(placed, CheckoutReady | Given | Refused)

    @precondition(lambda self: self.banks[0].refs(StillOpen))
    @rule(number=which, off_by=st.sampled_from([0, 0, 0, -1, 1]), tax=st.sampled_from([0, 0, 190]))
    def pays(self, number: int, off_by: int, tax: int) -> None:
        stripe, ref = self.banks[0], pick(self.banks[0].refs(StillOpen), number)
        due = stripe.checkouts[ref].amount_minor
        stripe.is_paid(ref, amount_minor=max(due + off_by * 10, 0), tax_minor=tax)

    @precondition(lambda self: self.banks[0].refs(StillOpen))
    @rule(number=which)
    def pays_later(self, number: int) -> None:
        self.banks[0].is_on_its_way(pick(self.banks[0].refs(StillOpen), number))

    @precondition(lambda self: self.banks[1].refs(StillOpen))
    @rule(number=which)
    def approves(self, number: int) -> None:
        self.banks[1].is_approved(pick(self.banks[1].refs(StillOpen), number))

    @precondition(lambda self: self.banks[1].refs(StillOpen, Approved))
    @rule(becomes=st.sampled_from(["taken", "waits", "declined", "denied"]))
    def captured_money(self, becomes: str) -> None:
        self.banks[1].capturing = becomes

    @precondition(lambda self: any(bank.refs(Pending) for bank in self.banks))
    @rule(number=which, arrives=st.booleans())
    def what_was_on_its_way(self, number: int, arrives: bool) -> None:
        bank, ref = pick([(bank, ref) for bank in self.banks for ref in bank.refs(Pending)], number)
        bank.is_paid(ref) if arrives else bank.never_arrives(ref)

    @precondition(lambda self: any(bank.refs(Paid) for bank in self.banks))
    @rule(number=which)
    def pays_again(self, number: int) -> None:
        bank, ref = pick([(bank, ref) for bank in self.banks for ref in bank.refs(Paid)], number)
        bank.is_paid_again(ref)

    # ------------------------------------------------------------ what happens at the provider afterwards

    @precondition(lambda self: self.paid())
    @rule(number=which, parts=st.sampled_from([1, 1, 2, 3]))
    def refunded_on_its_pages(self, number: int, parts: int) -> None:
        bank, account = pick(self.paid(), number)
        part = account.left_minor // parts
        bank.gives_back(account, part if parts == 1 else part - part % 100)

    @precondition(lambda self: self.given_back())
    @rule(number=which)
    def a_refund_fails(self, number: int) -> None:
        bank, account, ref = pick(self.given_back(), number)
        bank.fails(account, ref)

    @precondition(lambda self: self.paid())
    @rule(number=which, parts=st.sampled_from([1, 1, 2]))
    def disputes(self, number: int, parts: int) -> None:
        bank, account = pick(self.paid(), number)
        bank.is_disputed(account, account.left_minor // parts)

    @precondition(lambda self: self.disputed())
    @rule(number=which)
    def a_dispute_moves(self, number: int) -> None:
        bank, account, ref = pick(self.disputed(), number)
        bank.dispute_moves(account, ref)

    @precondition(lambda self: self.disputed())
    @rule(number=which, outcome=st.sampled_from([WON, LOST]))
    def a_dispute_ends(self, number: int, outcome: DisputeOutcome) -> None:
        bank, account, ref = pick(self.disputed(), number)
        self.house.clock.forward(minutes=1)  # of two ends at one instant nobody knows the last
        bank.dispute_ends(account, ref, outcome)

    @precondition(lambda self: self.paid())
    @rule(number=which)
    def the_money_is_taken_back(self, number: int) -> None:
        bank, account = pick(self.paid(), number)
        bank.is_reversed(account)

    # ------------------------------------------------------------ how the news comes

    @precondition(lambda self: any(bank.waiting for bank in self.banks))
    @rule(number=which)
    def a_webhook_comes(self, number: int) -> None:
        self.deliver(*pick([(bank, event_id) for bank in self.banks for event_id in bank.waiting], number))

    @precondition(lambda self: any(bank.told for bank in self.banks))
    @rule(number=which)
    def a_webhook_comes_again(self, number: int) -> None:
        self.deliver(*pick([(bank, event_id) for bank in self.banks for event_id in bank.told], number))

    @precondition(lambda self: any(bank.waiting for bank in self.banks))
    @rule(number=which, statement=st.integers(1, 12))
    def we_are_killed_by_a_webhook(self, number: int, statement: int) -> None:
        bank, event_id = pick([(bank, event_id) for bank in self.banks for event_id in bank.waiting], number)
        with killed_at(self.house.db, statement):
            try:
                self.deliver(bank, event_id)
            except Killed:
                return

    @precondition(lambda self: self.there["checkouts"])
    @rule(number=which, statement=st.integers(0, 20))
    def asks(self, number: int, statement: int) -> None:
        """The return page; killed at this statement, if it comes so far."""
        order = self.row(checkouts, number)
        if order is None or order["provider"] not in self.house.providers:
            return
        provider = self.house.providers[order["provider"]]
        with killed_at(self.house.db, statement):
            try:
                self.run(ask_provider(self.house.db, provider, PUBLIC_URL, order["order_id"]))
            except Killed:
                return

    @rule(with_whom=st.integers(0, 1), how=st.sampled_from(["well", "well", "away", "breaking"]))
    def the_provider_answers(self, with_whom: int, how: str) -> None:
        bank = self.banks[with_whom]
        bank.away, bank.breaking = how == "away", how == "breaking"

    @rule()
    def compares(self) -> None:
        self.compare()

    @rule(hours=st.sampled_from([0, 1, 24, 24 * 4]), jobs_run=st.booleans())
    def time_passes(self, hours: int, jobs_run: bool) -> None:
        self.let_time_pass(hours)
        if jobs_run:
            self.do_jobs()

    # ------------------------------------------------------------ staff, mentors and students

    @precondition(lambda self: self.there["payments"])
    @rule(number=which, sessions=st.none() | st.integers(0, 2), more=st.sampled_from([None, 0, 10]), keep=st.booleans())
    def staff_refund(self, number: int, sessions: int | None, more: int | None, keep: bool) -> None:
        order = self.row(orders, number)
        if order is None:
            return
        wish = Wish(order["id"], "Not as agreed", sessions, more, keep)
        shown = self.run(preview_refund(self.house.db, self.house.staff, wish))
        if isinstance(shown, RefundPreview):
            given(self.run(refund_order(self.house.db, self.house.staff, wish, shown.seen)))

    @precondition(lambda self: self.there["undecided"])
    @rule(number=which, sessions=st.integers(0, 2))
    def staff_say_what_a_refund_takes(self, number: int, sessions: int) -> None:
        refund = self.row(refunds, number, refunds.c.decided_at.is_(None))
        if refund is None:
            return
        answer = Answer(refund["id"], sessions, "Had those")
        shown = self.run(preview_taking(self.house.db, self.house.staff, answer))
        if isinstance(shown, RefundPreview):
            given(self.run(take_for_refund(self.house.db, self.house.staff, answer, shown.seen)))

    @precondition(lambda self: self.there["failed"])
    @rule(number=which)
    def staff_pay_by_hand(self, number: int) -> None:
        refund = self.row(refunds, number, refunds.c.state == RefundState.FAILED)
        paid = self.run(row_of(self.house.db, payments, refund["payment_id"]))
        account = next(each for _, each in self.paid() if each.ref == paid["provider_ref"])
        done = self.run(refunded_by_hand(self.house.db, self.house.staff, refund["id"], "In cash"))
        if not isinstance(done, Refused):
            account.by_hand_minor += refund["amount_minor"]

    @precondition(lambda self: self.there["parked"])
    @rule(number=which, decide=st.sampled_from([grant_parked, refund_parked]))
    def staff_decide(self, number: int, decide: Callable[..., Awaitable[object]]) -> None:
        order = self.row(orders, number, orders.c.state == OrderState.PARKED)
        if order is not None:
            self.run(decide(self.house.db, self.house.staff, order["id"], "As agreed"))

    @precondition(lambda self: self.there["packs"])
    @rule(who=student, whose=mentor, number=which)
    def books(self, who: int, whose: int, number: int) -> None:
        asker, teacher = self.house.students[who].asker, self.house.mentors[whose]
        free = self.run(free_times(self.house.db, asker, teacher.id))
        if isinstance(free, Refused) or not free.by_day:
            return
        nearest = [at for times in free.by_day.values() for at in times][:_NEAR]
        self.run(book(self.house.db, asker, teacher.id, pick(nearest, number)))

    @precondition(lambda self: self.there["sessions"])
    @rule(number=which, word=st.sampled_from([complete, complete, no_show, undo]))
    def says(self, number: int, word: Callable[..., Awaitable[object]]) -> None:
        session = self.row(sessions, number)
        if session is not None:
            self.run(word(self.house.db, self.house.staff, session["id"]))


def test_whatever_becomes_of_money_the_books_balance(databases: Databases) -> None:
    life = type("MoneyOnThisDatabase", (Money,), {"databases": databases})

    run_state_machine_as_test(life, settings=LIVES)
