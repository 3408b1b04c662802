"""In whatever order news of one purchase comes, however often and by whatever road, the end is the same (rule 25)."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import factorial, prod

import pytest

from core.db.unit import Database
from core.ports import News
from core.rules.notices import NoticeKind
from core.usecases.buying.settle import settle_event
from tests.answers import given
from tests.machines.invariants import breaches
from tests.proofs.outcomes import PASSING, Outcome, every_row, outcomes, steps_back, the_books_balance
from tests.proofs.world import ASKED, ASKED_SESSIONS, PARTIAL, PRICE, REST, Purchase, World, a_world
from tests.together import together

log = logging.getLogger(__name__)

AT_LEAST = 500
"""So many distinct orders are tried on each database."""

FEW = 24
"""So many purchases, at most, hear each word in transactions of its own, as outside. It takes twice as long."""

TEN = 10
Order = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """Words that are told in every order, each so many times in a row; `first` is told before them, in this order."""

    provider: str
    words: Order
    times: int = 1
    first: Order = ()

    def __str__(self) -> str:
        return "-".join((self.provider, *self.first, *self.words))

    @property
    def distinct(self) -> int:
        """How many orders the words have; those of the same words are one."""
        return factorial(len(self.words)) // prod(factorial(each) for each in Counter(self.words).values())

    @property
    def all(self) -> Order:
        return (*self.first, *self.words)

    @asynccontextmanager
    async def step_on(self, db: Database) -> AsyncIterator[Database]:
        """Where the next word of each purchase is heard: each in transactions of its own; of many purchases in one.

        None of these touches another's rows, and the words of one purchase are never in one transaction together.
        """
        if self.distinct <= FEW:
            yield db
        else:
            async with together(db) as same:
                yield same


CASES = (
    Case("stripe", ("pending", "paid", "return", "expired", "opened")),
    Case("stripe", ("paid", "return", "expired", "partial", "won")),
    Case("paypal", ("approved", "capture", "paid", "expired", "refund")),
    Case("stripe", ("paid", "opened", "won", "lost"), times=3),
    Case("paypal", ("approved", "capture", "reconcile", "expired"), times=3),
    Case("stripe", ("paid", "partial", "reconcile", "rest")),
    Case("paypal", ("paid", "opened", "lost", "reversed")),
    Case("stripe", ("paid", "again", "return", "expired")),
    Case("stripe", ("made", "ours", "changed", "partial"), first=("paid", "asked")),
)
AT_ONCE = (
    Case("stripe", ("pending", "paid", "return", "expired", "refund")),
    Case("stripe", ("paid", "reconcile", "expired", "partial", "won")),
    Case("stripe", ("return", "opened", "partial", "lost", "reconcile")),
    Case("paypal", ("approved", "capture", "paid", "reconcile", "reversed")),
    Case("paypal", ("approved", "capture", "reconcile", "expired")),
)

ROADS = ("return", "capture", "reconcile", "asked", "made", "ours")
"""Words that no event tells, or none before we have asked: they are what we do."""


def orders_of(words: Sequence[str]) -> Iterator[Order]:
    """Every order in which the words can come; those of the same words are one."""
    if not words:
        yield ()
    for word in sorted(set(words)):
        left = list(words)
        left.remove(word)
        for rest in orders_of(left):
            yield (word, *rest)


# ---------------------------------------------------------------- telling it


@dataclass(frozen=True)
class Life:
    """A purchase, in which order its news is told, and what the provider says of it."""

    world: World
    bought: Purchase
    order: Order
    said: Mapping[str, News]

    async def hears(self, word: str, db: Database) -> None:
        await self.world.on(db).hears(self.bought, word, self.said)


async def lives_of(db: Database, case: Case) -> list[Life]:
    """One purchase for each order of the words, with all of it told.

    Reconciliation compares all orders of an account at the provider. So those that come to it after as many words have
    an account of their own, and all else is told before or after.
    """
    accounts: dict[int, list[Order]] = defaultdict(list)
    for order in orders_of(case.words):
        accounts[order.index("reconcile") if "reconcile" in order else len(order)].append((*case.first, *order))
    lives: list[Life] = []
    for place, orders in accounts.items():
        world = await a_world(db, f"{case.provider}-{place}")
        bought = await world.purchases(len(orders))
        told = [
            Life(world, each, order, world.happens(each, case.all)) for each, order in zip(bought, orders, strict=True)
        ]
        for step in range(len(case.all)):
            async with case.step_on(db) as same:
                for _ in range(case.times):
                    if told[0].order[step] == "reconcile":
                        await world.on(same).reconciles()
                    else:
                        for life in told:
                            await life.hears(life.order[step], same)
        async with case.step_on(db) as same:
            await world.on(same).jobs_run()
        lives += told
    return lives


async def told_again(db: Database, lives: Sequence[Life]) -> None:
    """The same events once more; and, where they are few purchases, all by reconciliation, which finds nothing."""
    async with together(db) as same:
        for life in lives:
            for word in life.order:
                if word not in ROADS:
                    event = life.world.event(word, life.bought, life.said[word])
                    assert given(await settle_event(same, event)).what == "known"
    worlds = {life.world.provider.name: life.world for life in lives}
    for world in worlds.values() if len(lives) <= FEW else ():
        found = await world.reconciles()
        assert (found.found, found.not_asked) == ([], [])
        assert found.agreed


# ---------------------------------------------------------------- what must come of it


def right_end(case: Case) -> Outcome:
    """One payment, one pack, one seat; with all of the money go the sessions and the seat (rules 25, 28 and 29)."""
    amounts = {"refund": PRICE, "partial": PARTIAL, "rest": REST, "asked": ASKED}
    back = [amounts[word] for word in case.all if word in amounts]
    outcome = next((word for word in ("lost", "won", "opened") if word in case.words), None)
    outcome = "lost" if "reversed" in case.words else outcome
    lost = PRICE - sum(back) if outcome == "lost" else 0
    kept = sum(back) + lost < PRICE
    sessions = ASKED_SESSIONS if "asked" in case.all else 0
    taken = sessions if kept else 4
    money = [(PRICE, sum(back), lost, None)]
    if "again" in case.words:
        money.append((PRICE, PRICE, 0, None))
        back.append(PRICE)
    frozen = "dispute" if outcome == "opened" else None
    disputes: list[tuple[object, ...]] = []
    if outcome is not None and {"lost", "won", "opened"} & set(case.words):
        disputes.append((None if outcome == "opened" else outcome, PRICE))
    if "reversed" in case.words:
        disputes.append(("lost", PRICE))
    return Outcome(
        order="fulfilled" if kept else "refunded",
        money=tuple(sorted(money)),
        packs=(("active" if kept else "refunded", 4, 4 - taken, 0, frozen),),
        entries=tuple(sorted([("purchase", 4), *([("refund", -taken)] if taken else [])])),
        refunds=tuple(sorted([("done", each) for each in back], key=repr)),
        sessions_refunded=0 if outcome == "lost" else taken,
        disputes=tuple(disputes),
        seats=(("active",),) if kept else (),
        is_closed=True,
        to_settle=0,
        notices=tuple(sorted(right_notices(case, kept).items())),
    )


def right_notices(case: Case, kept: bool) -> dict[str, int]:
    told = Counter(["purchase_confirmed", "student_joined", "pack_expires", "pack_expires_soon"])
    told.update(each for word in case.all for each in _TOLD.get(word, ()) if each not in passing_of(case))
    if {"lost", "reversed"} <= set(case.words):
        told.subtract(_TOLD["lost"])  # of the same money: told once
    if not kept:
        told.update(["refund_released", "refund_released_mentor", "refund_released_staff"])
    return dict(told)


_SEEN = ("refunded", "refund_seen_staff")
_TOLD: Mapping[str, tuple[str, ...]] = {
    "refund": _SEEN,
    "partial": _SEEN,
    "rest": _SEEN,
    "asked": ("refunded", "refunded_staff"),
    "again": ("refunded", "paid_twice_staff"),
    "won": ("dispute_won", "dispute_won_staff"),
    "lost": ("dispute_lost", "dispute_lost_staff"),
    "reversed": ("dispute_lost", "dispute_lost_staff"),
}


def passing_of(case: Case) -> frozenset[NoticeKind]:
    """Who is told that a dispute was won may hear so only if it was not heard first that it was lost after all."""
    return PASSING | ({NoticeKind.DISPUTE_WON, NoticeKind.DISPUTE_WON_STAFF} if "lost" in case.words else set())


def ends(found: Mapping[int, Outcome], lives: Sequence[Life]) -> dict[Outcome, list[Order]]:
    """What all of these came to, and by which orders."""
    by_end: dict[Outcome, list[Order]] = defaultdict(list)
    for life in lives:
        by_end[found[life.bought.order_id]].append(life.order)
    return by_end


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_in_whatever_order_the_news_comes_the_end_is_the_same(
    db: Database, case: Case, record_property: Callable[[str, object], None]
) -> None:
    lives = await lives_of(db, case)

    found = ends(await outcomes(db, passing_of(case)), lives)
    assert list(found) == [right_end(case)], {end: orders[:3] for end, orders in found.items()}
    before = await every_row(db)
    await told_again(db, lives)
    assert await every_row(db) == before, "what was told before changed something"
    assert await breaches(db) == {}
    assert await steps_back(db) == []
    assert await the_books_balance(db)

    tried = len({life.order for life in lives})
    log.info("%s distinct orders of %s tried on %s", tried, case, db.engine.dialect.name)
    record_property(f"distinct orders of news tried on {db.engine.dialect.name}", tried)
    assert tried == case.distinct


def test_those_are_orders_enough() -> None:
    assert sum(case.distinct for case in CASES) >= AT_LEAST
    assert len({(case.provider, case.first, tuple(sorted(case.words))) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", AT_ONCE, ids=str)
async def test_ten_of_each_at_once_come_to_the_same(db: Database, case: Case) -> None:
    world = await a_world(db, case.provider)
    lives = [Life(world, bought, case.words, world.happens(bought, case.all)) for bought in await world.purchases(2)]
    calls: list[Awaitable[object]] = []
    for n in range(TEN):
        for life in lives:
            calls += [life.hears(word, db) for word in case.words[n % 5 :] + case.words[: n % 5] if word != "reconcile"]
        if "reconcile" in case.words:
            calls.append(world.reconciles())

    await asyncio.gather(*calls)
    await world.jobs_run()

    found = ends(await outcomes(db, passing_of(case)), lives)
    assert list(found) == [right_end(case)]
    before = await every_row(db)
    await told_again(db, lives)
    assert await every_row(db) == before
    assert await breaches(db) == {}
    assert await the_books_balance(db)
