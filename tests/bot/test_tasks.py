"""/staff tasks: what waits for a person, and what to do about it."""

import pytest
from sqlalchemy import update

from bot.replies.tasks import tasks
from core.db import tables
from core.rules.refusals import Reason
from core.texts.refusals import SENTENCES
from core.usecases.reading.tasks import Payment, Somebody, Task, TaskKind
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import DAY, a_session
from tests.clocks import NOW
from tests.usecases.records.tasks import a_failed_refund

REFUSED = SENTENCES[Reason.NOT_STAFF].without


async def test_staff_read_what_waits_and_what_to_do_next(world: World) -> None:
    await a_session(world.db, world.pair, NOW - 2 * DAY)
    await a_failed_refund(world.db, world.pair)

    shown = await world.sam.slash(world.public, "staff tasks")

    assert reply_to(shown).ephemeral
    stu, mara = f"**Stu** (<@{world.stu.actor.id}>)", f"**Mara** (<@{world.mara.actor.id}>)"
    said = read(shown).splitlines()
    assert said[0] == "2 tasks for staff"
    assert said[2:4] == [
        "1. A refund to make by hand",
        f"{stu} is owed €50.00 for an order with {mara}, which the provider did not give back: the card is gone.",
    ]
    assert said[4].startswith("Order ")
    assert said[5:] == [
        "→ Refund it on the provider's pages, or pay the student otherwise.",
        "2. A session without an outcome",
        f"{mara} does not say how the session with {stu} went, {stamp(NOW - 2 * DAY, 'f')}.",
        "→ Ask the mentor. `/complete` or `/noshow` says it for them.",
    ]


async def test_many_tasks_have_pages_that_survive_a_restart(world: World) -> None:
    for days in range(2, 5):
        await a_session(world.db, world.pair, NOW - days * DAY)
    for _ in range(3):
        async with world.db.begin() as tx:
            await tx.run(update(tables.refunds).values(cause="staff"))  # one of itself a payment
        await a_failed_refund(world.db, world.pair)
    first = await world.sam.slash(world.public, "staff tasks")
    assert "Page 1 of 2" in read(first)
    await world.restart()

    second = await world.sam.click(reply_to(first), label="Next")

    assert "6. A session without an outcome" in read(second)
    assert labels(reply_to(second)) == ["Back"]


async def test_nothing_to_do_is_said_also_in_german(world: World) -> None:
    assert "Nothing waits for staff now." in read(await world.olga.slash(world.public, "staff tasks"))
    speaks(world.env, world.sam.id, "de")

    assert "Nichts zu tun" in read(await world.sam.slash(world.public, "staff tasks"))


async def test_a_stranger_a_mentor_and_a_student_see_no_tasks(world: World) -> None:
    for somebody in (world.eve, world.mara.actor, world.stu.actor):
        assert read(await somebody.slash(world.public, "staff tasks")).endswith(REFUSED)
        pressed = await somebody.click(world.forge(world.public.id, "tasks-page:0"), custom_id="tasks-page:0")
        assert read(pressed).endswith(REFUSED)


@pytest.mark.parametrize("kind", TaskKind)
def test_every_kind_of_task_says_what_it_is_and_what_to_do(kind: TaskKind) -> None:
    money = {TaskKind.REFUND_FAILED, TaskKind.PAYMENT_PARKED, TaskKind.DISPUTED}
    payment = Payment(order_id=1, amount_minor=1, currency="EUR", due_minor=2, ref="pi_*", provider="stripe")
    task = Task(
        kind=kind,
        subject_id=1,
        since=NOW,
        payment=payment if kind in money else None,
        count=2,
        student=Somebody("*Stu*", 1),
        mentor=Somebody("@everyone", 2),
    )

    ((title, text),) = tasks([task]).fields

    assert title.startswith("1. ")
    assert "\n→ " in text
    assert "*Stu*" not in text.replace(r"\*Stu\*", "")
    assert "@everyone" not in text.replace(r"\@everyone", "")
