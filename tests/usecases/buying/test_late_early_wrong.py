"""Money that comes late, early or wrong: each case has an end, says it, and leaves a line that staff can see.

A row of the table is a story and what it comes to (rules 8, 11, 25 to 30 and 39).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import deliver
from core.ports import CheckoutNews, ClosedUnpaid, Paid, ProviderEvent
from core.rules.notices import NoticeKind
from core.rules.states import EventState, NoticeState, OrderState, RefundState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.checkout import ask_provider, leave
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import Settled, settle_event
from core.usecases.community.pause_mentor import pause_mentor
from core.usecases.community.presence import note_left
from core.usecases.community.remove_mentor import remove_mentor
from core.usecases.privacy.erase_member import erase_member
from core.usecases.reading.audit import Filter, audit
from core.usecases.reading.tasks import TaskKind, tasks
from core.usecases.records.replay import failures, try_again
from tests.answers import given
from tests.builders import BESIDE_EXPIRY, a_community, a_member, a_pair, count_of, row_of, rows_of, staff_of
from tests.clocks import SettableClock
from tests.notices.courier import KeepingCourier
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, Shop, a_shop, event_of


@dataclass
class Case:
    """A mentor with one seat, who has a product, and a student at the checkout."""

    db: Database
    clock: SettableClock
    shop: Shop
    ready: CheckoutReady
    ref: str
    told: int = 0

    async def hears(self, news: CheckoutNews, provider: str = "stripe") -> Settled:
        self.told += 1
        event = ProviderEvent(provider, f"evt_{self.told}", type(news).__name__, b"{}", news)
        return given(await settle_event(self.db, event))

    async def closes_unpaid(self) -> None:
        """Its student gives up: the provider closes it, and the seat is free."""
        self.clock.forward(minutes=1)
        assert given(await leave(self.db, self.shop.provider, URL, self.ready.order_id)).what == "closed"
        self.clock.forward(minutes=1)

    async def runs_out(self) -> None:
        """Nobody paid in time, and we close it."""
        self.clock.forward(minutes=36)
        asked = await ask_provider(self.db, self.shop.provider, URL, self.ready.order_id)
        assert given(asked).what == "closed"
        self.clock.forward(minutes=1)

    async def somebody_else_takes_the_seat(self) -> None:
        other = await a_member(self.db, self.shop.student.community, "Olli")
        await self.shop.buys(other.asker)

    async def pays(self, **wrong: Any) -> None:
        await self.hears(replace(self.shop.provider.pay(self.ref), **wrong))


@dataclass(frozen=True, kw_only=True)
class End:
    """`money` is what arrived, and what of it goes back. `sees` is a task, or in the audit what became of the order."""

    order: OrderState
    money: tuple[int, int] = (20_000, 0)
    sessions: int = 0
    seat: SeatState | None
    student: Sequence[NoticeKind] = ()
    mentor: Sequence[NoticeKind] = ()
    staff: Sequence[NoticeKind] = ()
    sees: TaskKind | OrderState


Story = Callable[[Case], Awaitable[None]]
TABLE: list[tuple[Story, End]] = []


def ends(end: End) -> Callable[[Story], Story]:
    def written(story: Story) -> Story:
        TABLE.append((story, end))
        return story

    return written


BOUGHT = End(
    order=OrderState.FULFILLED,
    sessions=4,
    seat=SeatState.ACTIVE,
    student=[NoticeKind.PURCHASE_CONFIRMED],
    mentor=[NoticeKind.STUDENT_JOINED],
    sees=OrderState.FULFILLED,
)
ABOVE_CAPACITY = replace(BOUGHT, staff=[NoticeKind.ABOVE_CAPACITY_STAFF], sees=TaskKind.ABOVE_CAPACITY)
SEATLESS = End(
    order=OrderState.REFUNDED,
    money=(20_000, 20_000),
    seat=None,
    student=[NoticeKind.SEATLESS_PAYMENT],
    staff=[NoticeKind.SEATLESS_PAYMENT_STAFF],
    sees=TaskKind.WAITS_SEATLESS,
)
PARKED = End(
    order=OrderState.PARKED,
    seat=SeatState.HELD,
    student=[NoticeKind.PAYMENT_PARKED],
    staff=[NoticeKind.PAYMENT_PARKED_STAFF],
    sees=TaskKind.PAYMENT_PARKED,
)
NOT_TAKEN = End(
    order=OrderState.CLOSED,
    money=(0, 0),
    seat=None,
    student=[NoticeKind.APPROVED_TOO_LATE],
    sees=OrderState.CLOSED,
)


# ---------------------------------------------------------------- late


@ends(BOUGHT)
async def paid_after_the_hold_ran_out_and_a_seat_is_free(case: Case) -> None:
    await case.closes_unpaid()
    await case.pays()


@ends(SEATLESS)
async def paid_after_the_hold_ran_out_and_no_seat_is_free(case: Case) -> None:
    await case.closes_unpaid()
    await case.somebody_else_takes_the_seat()
    await case.pays()


@ends(ABOVE_CAPACITY)
async def paid_before_the_checkout_closed_and_heard_of_when_the_seat_was_gone(case: Case) -> None:
    paid = case.shop.provider.pay(case.ref)
    case.shop.provider.news[case.ref] = replace(case.shop.provider.approve(case.ref))
    await case.closes_unpaid()
    await case.somebody_else_takes_the_seat()
    await case.hears(paid)


@ends(replace(ABOVE_CAPACITY, student=[NoticeKind.PAYMENT_FAILED, NoticeKind.PURCHASE_CONFIRMED]))
async def captured_though_its_provider_had_called_it_closed_and_approved_before(case: Case) -> None:
    await case.hears(case.shop.provider.approve(case.ref))
    case.clock.forward(minutes=1)
    await case.hears(ClosedUnpaid(case.ref))
    await case.somebody_else_takes_the_seat()
    await case.pays()


@ends(BOUGHT)
async def approved_after_the_hold_ran_out_and_a_seat_is_free(case: Case) -> None:
    await case.runs_out()
    case.shop.provider.approve(case.ref)
    given(await ask_provider(case.db, case.shop.provider, URL, case.ready.order_id))


@ends(NOT_TAKEN)
async def approved_after_the_hold_ran_out_and_no_seat_is_free(case: Case) -> None:
    await case.runs_out()
    await case.somebody_else_takes_the_seat()
    case.shop.provider.approve(case.ref)
    given(await ask_provider(case.db, case.shop.provider, URL, case.ready.order_id))


@ends(
    replace(
        BOUGHT,
        order=OrderState.PENDING,
        money=(0, 0),
        sessions=0,
        seat=SeatState.HELD,
        student=[NoticeKind.PAYMENT_PENDING],
        mentor=(),
        staff=[NoticeKind.PAYMENT_LATE_STAFF],
        sees=TaskKind.PAYMENT_LATE,
    )
)
async def on_its_way_for_more_than_a_week(case: Case) -> None:
    await case.hears(case.shop.provider.pay_later(case.ref))
    case.clock.forward(days=7)


@ends(
    replace(
        NOT_TAKEN,
        student=[NoticeKind.PAYMENT_PENDING, NoticeKind.PAYMENT_FAILED],
        staff=[NoticeKind.PAYMENT_LATE_STAFF],
    )
)
async def on_its_way_and_then_failed(case: Case) -> None:
    await case.hears(case.shop.provider.pay_later(case.ref))
    await case.hears(case.shop.provider.fail(case.ref))


# ---------------------------------------------------------------- wrong


@ends(replace(PARKED, money=(19_999, 0)))
async def too_little(case: Case) -> None:
    await case.pays(amount_minor=19_999)


@ends(replace(PARKED, money=(20_001, 0)))
async def too_much(case: Case) -> None:
    await case.pays(amount_minor=20_001)


@ends(PARKED)
async def another_currency(case: Case) -> None:
    await case.pays(currency="USD")


@ends(PARKED)
async def tax_within_that_nobody_asked_for(case: Case) -> None:
    await case.pays(tax_minor=3_193)


@ends(replace(BOUGHT, money=(23_800, 0)))
async def tax_on_top(case: Case) -> None:
    await case.pays(amount_minor=23_800, tax_minor=3_800)


@ends(
    replace(
        BOUGHT,
        money=(40_000, 20_000),
        student=[NoticeKind.PURCHASE_CONFIRMED, NoticeKind.REFUNDED],
        staff=[NoticeKind.PAID_TWICE_STAFF],
    )
)
async def twice(case: Case) -> None:
    await case.pays()
    await case.hears(case.shop.provider.pay_again(case.ref))


@ends(
    replace(
        BOUGHT,
        order=OrderState.REFUNDED,
        money=(20_000, 20_000),
        student=[NoticeKind.PURCHASE_CONFIRMED, NoticeKind.REFUNDED],
        staff=[NoticeKind.PAID_TWICE_STAFF],
        sees=OrderState.REFUNDED,
    )
)
async def once_more_after_the_same_was_paid_with_another_provider(case: Case) -> None:
    await _buys_with_paypal(case)
    await case.pays()


@ends(
    replace(
        NOT_TAKEN,
        sessions=4,
        seat=SeatState.ACTIVE,
        student=[NoticeKind.PURCHASE_CONFIRMED],
        mentor=[NoticeKind.STUDENT_JOINED],
    )
)
async def approved_after_the_same_was_paid_with_another_provider(case: Case) -> None:
    await _buys_with_paypal(case)
    case.shop.provider.approve(case.ref)
    given(await ask_provider(case.db, case.shop.provider, URL, case.ready.order_id))
    assert case.shop.provider.captures == []


async def _buys_with_paypal(case: Case) -> None:
    paypal = LedgerProvider(case.clock, name="paypal")
    providers = {"stripe": case.shop.provider, "paypal": paypal}
    student, mentor_id = case.shop.student.asker, case.shop.mentor.id
    other = await buy(case.db, providers, URL, student, mentor_id, Wanted(provider="paypal"))
    assert isinstance(other, CheckoutReady)
    await case.hears(paypal.pay(await case.shop.ref_of(other)), "paypal")
    case.clock.forward(minutes=1)


# ---------------------------------------------------------------- changed meanwhile


@ends(BOUGHT)
async def for_a_product_that_was_edited(case: Case) -> None:
    async with case.db.begin() as tx:
        edited = {"price_minor": 30_000, "sessions": 1, "validity_days": 7, "name": "One session"}
        await tx.run(update(tables.products).values(**edited))
    await case.pays()


@ends(BOUGHT)
async def for_a_product_that_was_retired(case: Case) -> None:
    async with case.db.begin() as tx:
        await tx.run(update(tables.products).values(retired_at=tx.now))
    await case.pays()


@ends(BOUGHT)
async def for_a_mentor_who_takes_a_break(case: Case) -> None:
    given(await pause_mentor(case.db, staff_of(case.shop.mentor.community), case.shop.mentor.id))
    await case.pays()


@ends(replace(SEATLESS, sees=OrderState.REFUNDED))
async def for_a_mentor_who_was_removed(case: Case) -> None:
    await case.closes_unpaid()
    given(await remove_mentor(case.db, staff_of(case.shop.mentor.community), case.shop.mentor.id, "left us"))
    await case.pays()


@ends(replace(BOUGHT, sees=TaskKind.STUDENT_GONE))
async def by_a_student_who_left_the_server(case: Case) -> None:
    async with case.db.begin() as tx:
        left = update(tables.members).where(tables.members.c.id == case.shop.student.id)
        await tx.run(left.values(gone_at=tx.now))
    await case.pays()


@ends(replace(SEATLESS, sees=OrderState.REFUNDED))
async def by_a_student_who_was_erased(case: Case) -> None:
    await case.closes_unpaid()
    given(await erase_member(case.db, case.shop.student.user_id, "their wish"))
    await case.pays()


@ends(BOUGHT)
async def to_a_community_that_took_the_bot_away(case: Case) -> None:
    assert await note_left(case.db, case.shop.mentor.community.guild_id)
    await case.pays()


@pytest.mark.parametrize(("story", "end"), [pytest.param(*row, id=row[0].__name__) for row in TABLE])
async def test_money_that_comes(db: Database, clock: SettableClock, story: Story, end: End) -> None:
    shop = await a_shop(db, capacity=1)
    ready = await shop.buys()
    case = Case(db, clock, shop, ready, await shop.ref_of(ready))

    await story(case)

    assert await _end_of(case, end.sees) == replace(
        end, student=list(end.student), mentor=list(end.mentor), staff=list(end.staff)
    )


async def _end_of(case: Case, sees: TaskKind | OrderState) -> End:
    db, order_id = case.db, case.ready.order_id
    student, mentor = case.shop.student.id, case.shop.mentor.id
    paid = await rows_of(db, tables.payments, tables.payments.c.order_id == order_id)
    back = await rows_of(db, tables.refunds, tables.refunds.c.payment_id.in_([row["id"] for row in paid]))
    assert {row["state"] for row in back} <= {RefundState.INTENDED}
    theirs = tables.seats.c.student_id == student
    seat = await rows_of(db, tables.seats, theirs, tables.seats.c.state != SeatState.RELEASED)
    packs = await rows_of(db, tables.packs, tables.packs.c.student_id == student)
    told = [(row["to_member_id"], row["kind"]) for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]
    return End(
        order=(await row_of(db, tables.orders, order_id))["state"],
        money=(sum(row["amount_minor"] for row in paid), sum(row["amount_minor"] for row in back)),
        sessions=sum(row["remaining"] for row in packs),
        seat=seat[0]["state"] if seat else None,
        student=[kind for to, kind in told if to == student],
        mentor=[kind for to, kind in told if to == mentor],
        staff=[kind for to, kind in told if to is None],
        sees=await _seen(case, sees),
    )


async def _seen(case: Case, sees: TaskKind | OrderState) -> TaskKind | OrderState:
    """The line that staff see: a task, or of the order what the audit says last."""
    staff = staff_of(case.shop.mentor.community)
    if isinstance(sees, TaskKind):
        (task,) = [each for each in given(await tasks(case.db, staff)) if each.kind is sees]
        return task.kind
    lines = given(await audit(case.db, staff, Filter())).entries
    return OrderState(
        next(each.after for each in lines if (each.entity, each.entity_id) == ("order", case.ready.order_id))
    )


# ---------------------------------------------------------------- nobody's order


def _of_nobody(clock: SettableClock, token: str | None) -> Paid:
    return Paid("cs_lost", "pi_lost", 20_000, 0, "EUR", clock.now(), livemode=False, order_token=token)


async def test_a_payment_with_our_mark_and_no_order_is_staffs_to_see_to_until_it_is_settled(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    shop = await a_shop(db)
    staff = staff_of(shop.mentor.community)
    lost = event_of(_of_nobody(clock, "a-token-of-ours-from-before"))

    told, again = given(await settle_event(db, lost)), given(await settle_event(db, lost))

    (event,) = given(await failures(db, staff)).events
    (task,) = given(await tasks(db, staff))
    (notice,) = await rows_of(db, tables.notices)
    assert (told.what, again.what) == ("parked", "parked")
    assert (event.kind, event.tried_at, event.why) == (
        "Paid",
        None,
        "it bears our mark, and no order is here that has it",
    )
    assert (task.kind, task.count) == (TaskKind.FAILURES, 1)
    assert (notice["kind"], notice["to_member_id"], notice["state"]) == (
        NoticeKind.UNKNOWN_PAYMENT_STAFF,
        None,
        NoticeState.PENDING,
    )
    await deliver(db, courier, notice["id"])
    assert [each.message.title for each in courier.sent] == ["Paid, and no such order is here"]
    assert "Stripe" in courier.sent[0].message.text
    assert given(await try_again(db, staff)) == 1


async def test_where_there_are_several_communities_it_is_the_operators(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    await a_community(db)

    await settle_event(db, event_of(_of_nobody(clock, "a-token-of-ours-from-before")))

    assert given(await failures(db, staff_of(shop.mentor.community))).events == ()
    assert given(await tasks(db, staff_of(shop.mentor.community))) == ()
    assert await count_of(db, tables.notices) == 0
    (event,) = await rows_of(db, tables.provider_events)
    assert (event["state"], event["next_attempt_at"]) == (EventState.FAILED, None)


async def test_other_business_of_the_same_account_is_kept_and_nobody_is_told(
    db: Database, clock: SettableClock
) -> None:
    await a_shop(db)

    await settle_event(db, event_of(_of_nobody(clock, None)))

    (event,) = await rows_of(db, tables.provider_events)
    assert (event["state"], event["body"]) == (EventState.PARKED, b'{"as": "told"}')
    assert await count_of(db, tables.notices) == 0


# ---------------------------------------------------------------- in grace


@pytest.mark.parametrize("in_time", [True, False])
async def test_a_renewal_is_judged_by_when_it_was_paid_not_by_when_we_hear_of_it(
    db: Database, clock: SettableClock, in_time: bool
) -> None:
    shop = await a_shop(db, capacity=1)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student, seat=SeatState.GRACE, total=1, remaining=0)
    ready = await shop.buys()
    case = Case(db, clock, shop, ready, await shop.ref_of(ready))
    paid = shop.provider.pay(case.ref)
    shop.provider.approve(case.ref)
    await case.closes_unpaid()
    async with db.begin() as tx:
        gone = {"state": SeatState.RELEASED, "released_at": tx.now, "grace_ends_at": None}
        await tx.run(update(tables.seats).where(tables.seats.c.id == pair.seat_id).values(**gone))
    await case.somebody_else_takes_the_seat()

    settled = await case.hears(paid if in_time else replace(paid, paid_at=clock.now()))

    assert settled.state is (OrderState.FULFILLED if in_time else OrderState.REFUNDED)
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert seat["state"] is (SeatState.ACTIVE if in_time else SeatState.RELEASED)
    assert await count_of(db, tables.waiting_list) == (0 if in_time else 1)
