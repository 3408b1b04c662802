"""In whatever order news of one purchase comes, however often and by whatever road, the end is the same (rule 25)."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.db import tables
from core.db.unit import Database
from core.ports import News
from core.rules.states import OrderState
from core.usecases.buying.settle import settle
from tests.answers import given
from tests.builders import rows_of
from tests.machines.invariants import breaches
from tests.proofs.world import PARTIAL, PRICE, REST, Outcome, Purchase, World, a_world, every_row, outcomes

log = logging.getLogger(__name__)

STRIPE: Sequence[tuple[str, ...]] = (
    ("pending", "paid", "return", "expired", "partial"),
    ("paid", "return", "listed", "expired", "refund"),
    ("paid", "paid", "expired", "expired", "refund", "refund"),
    ("paid", "partial", "rest", "changed"),
)
PAYPAL: Sequence[tuple[str, ...]] = (
    ("approved", "capture", "paid", "expired", "partial"),
    ("approved", "approved", "capture", "capture", "expired", "expired"),
    ("approved", "capture", "paid", "expired"),
)
TOLD_THRICE = (STRIPE[-1], PAYPAL[-1])
"""Of these each word comes three times in a row."""

NOT_YET_TOLD = ("dispute opened", "dispute won", "dispute lost")
"""What a provider may tell and these orders leave out: nothing is done about a dispute yet."""

AT_LEAST = 500
Order = tuple[str, ...]


def orders_of(words: Sequence[str]) -> Iterator[Order]:
    """Every order in which the words can come; those of the same words are one."""
    if not words:
        yield ()
    for word in sorted(set(words)):
        left = list(words)
        left.remove(word)
        for rest in orders_of(left):
            yield (word, *rest)


@dataclass(frozen=True)
class Life:
    """A purchase, in which order its news was told, and what the provider said of it."""

    world: World
    bought: Purchase
    order: Order
    said: Mapping[str, News]

    async def told_again(self) -> None:
        """The same events once more, and what they say by another road, without an event."""
        for word in self.order:
            await self.world.hears(self.bought, word, self.said)
        for word in set(self.order) & set(self.said) - {"changed"}:  # that one asks us to ask, whenever it is heard
            given(await settle(self.world.db, self.world.provider.name, self.said[word]))


async def lives_of(world: World, words: Sequence[str], times: int) -> list[Life]:
    """One purchase for each order of the words, with each word told so often."""
    orders = list(orders_of(words))
    lives: list[Life] = []
    for bought, order in zip(await world.purchases(len(orders)), orders, strict=True):
        life = Life(world, bought, order, world.happens(bought, order))
        for word in order:
            for _ in range(times):
                await world.hears(bought, word, life.said)
        await world.jobs_run(bought)
        lives.append(life)
    return lives


def the_one_end(ends: Mapping[int, Outcome], lives: Sequence[Life]) -> Outcome:
    """What all of them came to, whatever the order was."""
    by_end: dict[Outcome, list[Order]] = defaultdict(list)
    for life in lives:
        by_end[ends[life.bought.order_id]].append(life.order)
    assert len(by_end) == 1, {end: orders[:3] for end, orders in by_end.items()}
    return next(iter(by_end))


def given_back(words: Sequence[str]) -> list[int]:
    return [amount for word, amount in (("refund", PRICE), ("partial", PARTIAL), ("rest", REST)) if word in words]


def right_end(words: Sequence[str]) -> tuple[object, ...]:
    """One payment, one pack, one seat; with all of the money go the sessions and the seat (rules 25 and 28)."""
    back = sum(given_back(words))
    if back == PRICE:
        return "refunded", ((PRICE, PRICE, None),), (("refunded", 4, 0, 0),), (), 0
    return "fulfilled", ((PRICE, back, None),), (("active", 4, 4, 0),), (("active",),), 0


def right_notices(words: Sequence[str]) -> dict[str, int]:
    told = {"purchase_confirmed": 1, "student_joined": 1, "pack_expires": 1, "pack_expires_soon": 1}
    back = given_back(words)
    if back:
        told |= {"refunded": len(back), "refund_seen_staff": len(back)}
    if sum(back) == PRICE:
        told |= {"refund_released": 1, "refund_released_mentor": 1, "refund_released_staff": 1}
    return told


async def test_in_whatever_order_the_news_comes_the_end_is_the_same(
    db: Database, record_property: Callable[[str, object], None]
) -> None:
    tried: set[tuple[str, Order]] = set()
    lives: list[Life] = []
    for provider, cases in (("stripe", STRIPE), ("paypal", PAYPAL)):
        world = await a_world(db, provider)
        for words in cases:
            told = await lives_of(world, words, 3 if words in TOLD_THRICE else 1)
            end = the_one_end(await outcomes(db), told)
            assert (end.order, end.money, end.packs, end.seats, end.to_settle) == right_end(words)
            assert dict(end.notices) == right_notices(words)
            tried |= {(provider, life.order) for life in told}
            lives += told

    before = await every_row(db)
    for life in lives:
        await life.told_again()

    log.info("%s distinct orders tried on %s", len(tried), db.engine.dialect.name)
    record_property("distinct orders", len(tried))
    assert len(tried) >= AT_LEAST
    assert await every_row(db) == before, "what was told before changed something"
    assert await breaches(db) == {}
    assert await steps_back(db) == []


async def steps_back(db: Database) -> list[int]:
    """Every order that went from paid back to unpaid."""
    unpaid = (OrderState.OPEN, OrderState.PENDING, OrderState.CLOSED)
    paid = (OrderState.FULFILLED, OrderState.REFUNDED, OrderState.PARKED)
    changes = tables.history.c
    back = await rows_of(
        db, tables.history, changes.entity == "order", changes.before.in_(paid), changes.after.in_(unpaid)
    )
    return [row["entity_id"] for row in back]
