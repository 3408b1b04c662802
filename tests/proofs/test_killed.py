"""Killed after any statement: nothing of it stays or everything, and done again it ends right (rule 25)."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.states import RefundCause
from core.usecases.buying.fulfil import intend_refund
from core.usecases.refunds.make_refund import make_refund
from tests.builders import rows_of
from tests.killing import Killed, killed_at
from tests.machines.invariants import breaches
from tests.proofs.outcomes import every_row, outcomes
from tests.proofs.world import PARTIAL, PRICE, Purchase, World, a_world

MOST_STATEMENTS = 40


Step = Callable[[World, Purchase], Awaitable[None]]


async def a_webhook_says_paid(world: World, bought: Purchase) -> None:
    await world.hears(bought, "paid", {"paid": world.paid(bought)})


async def the_approved_is_captured(world: World, bought: Purchase) -> None:
    if bought.ref not in {ref for ref, _ in world.provider.captures}:
        world.provider.approve(bought.ref)
    await world.hears(bought, "capture", {})


async def the_provider_refunds_all(world: World, bought: Purchase) -> None:
    await world.hears(bought, "refund", {"refund": world.refund(bought, "all", PRICE)})


async def we_refund_a_part(world: World, bought: Purchase) -> None:
    (payment,) = await rows_of(world.db, tables.payments, tables.payments.c.order_id == bought.order_id)
    (owed,) = await rows_of(world.db, tables.refunds, tables.refunds.c.payment_id == payment["id"])
    await make_refund(world.db, {world.provider.name: world.provider}, owed["id"])


async def nothing_before(_world: World, _bought: Purchase) -> None:
    """The order is open."""


async def a_part_is_owed(world: World, bought: Purchase) -> None:
    await a_webhook_says_paid(world, bought)
    (payment,) = await rows_of(world.db, tables.payments, tables.payments.c.order_id == bought.order_id)
    async with world.db.begin() as tx:
        await intend_refund(tx, payment["id"], PARTIAL, RefundCause.STAFF)


STEPS: Sequence[tuple[str, Step, Step]] = (
    ("stripe", nothing_before, a_webhook_says_paid),
    ("paypal", nothing_before, the_approved_is_captured),
    ("stripe", a_webhook_says_paid, the_provider_refunds_all),
    ("stripe", a_part_is_owed, we_refund_a_part),
)
IN_TWO_TRANSACTIONS = (the_approved_is_captured,)
"""The first one notes that the money may be taken; all else is written in one."""


@pytest.mark.parametrize(("provider", "before", "step"), STEPS, ids=lambda each: getattr(each, "__name__", each))
async def test_killed_at_any_statement_nothing_has_come_of_it_and_done_again_it_ends_right(
    db: Database, provider: str, before: Step, step: Step
) -> None:
    world = await a_world(db, provider)
    whole, *others = await world.purchases(MOST_STATEMENTS)
    await before(world, whole)
    await step(world, whole)
    right = (await outcomes(db))[whole.order_id]
    kills = 0

    for number, bought in enumerate(others, start=1):
        await before(world, bought)
        stood, rows_stood = (await outcomes(db))[bought.order_id], await every_row(db)
        with killed_at(db, number) as sent:
            try:
                await step(world, bought)
                break
            except Killed:
                kills += 1
        assert (await outcomes(db))[bought.order_id] == stood, sent
        assert step in IN_TWO_TRANSACTIONS or await every_row(db) == rows_stood, sent
        await step(world, bought)
        assert (await outcomes(db))[bought.order_id] == right, sent

    assert 3 <= kills < len(others)
    assert await breaches(db) == {}
