"""/staff tasks: what waits for a person, and what to do about it."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from bot.replies.tasks import tasks
from core.db import tables
from core.rules.refusals import Reason
from core.rules.states import OrderState, RefundState
from core.texts.refusals import SENTENCES
from core.usecases.reading.tasks import Payment, Somebody, Task, TaskKind
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import DAY, a_session, row_of, rows_of
from tests.clocks import NOW
from tests.usecases.records.tasks import a_failed_refund, a_parked_order

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
        "→ If you mended what was in the way, try it again below. Else refund it on the provider's pages, or pay "
        "the student otherwise, and say so below; or say that it is not owed.",
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


async def test_staff_grant_a_payment_that_does_not_agree_with_a_reason_after_a_restart(world: World) -> None:
    order = await a_parked_order(world.db, world.pair)
    shown = await world.sam.slash(world.public, "staff tasks")
    assert labels(reply_to(shown)) == ["Grant 1", "Give 1 back"]
    await world.restart()

    form = await world.sam.click(reply_to(shown), label="Grant 1")
    done = await world.sam.submit_modal(form, {"why": "a rounding of the bank"})

    assert reply_to(done).ephemeral
    assert "Stu has what was ordered with Mara, “Four sessions”, and is told. €190.00 stay with you." in read(done)
    assert (await row_of(world.db, tables.orders, order))["state"] is OrderState.FULFILLED
    assert "Nothing waits for staff now." in read(await world.sam.slash(world.public, "staff tasks"))
    assert "Why: a rounding of the bank" in read(await world.sam.slash(world.public, "staff audit"))


async def test_staff_give_it_back_and_say_what_they_paid_back_by_hand(world: World) -> None:
    order = await a_parked_order(world.db, world.pair)
    refund = await a_failed_refund(world.db, world.pair)
    shown = await world.sam.slash(world.public, "staff tasks")
    assert labels(reply_to(shown)) == ["Grant 2", "Give 2 back", "Try 1 again", "1 is paid back", "1 is not owed"]

    form = await world.sam.click(reply_to(shown), label="Give 2 back")
    back = await world.sam.submit_modal(form, {"why": "they want it"})
    form = await world.sam.click(reply_to(shown), label="1 is paid back")
    by_hand = await world.sam.submit_modal(form, {"why": "by bank transfer"})
    form = await world.sam.click(reply_to(shown), label="1 is paid back")
    again = await world.sam.submit_modal(form, {"why": "by bank transfer"})
    form = await world.sam.click(reply_to(shown), label="1 is not owed")
    not_owed = await world.sam.submit_modal(form, {"why": "they kept the sessions"})

    assert "Stu gets €190.00 back by itself, for the order with Mara" in read(back)
    assert "€50.00 to Stu count as paid back." in read(by_hand)
    for late in (again, not_owed):
        assert read(late).endswith(SENTENCES[Reason.ALREADY_DECIDED].without)
    assert (await row_of(world.db, tables.orders, order))["state"] is OrderState.REFUNDED
    assert (await row_of(world.db, tables.refunds, refund))["state"] is RefundState.DONE


async def test_staff_say_that_a_refund_is_not_owed(world: World) -> None:
    refund = await a_failed_refund(world.db, world.pair)
    shown = await world.sam.slash(world.public, "staff tasks")

    form = await world.sam.click(reply_to(shown), label="1 is not owed")
    done = await world.sam.submit_modal(form, {"why": "they kept the sessions"})

    assert "Nobody gives €50.00 back to Stu: they count as kept." in read(done)
    assert (await row_of(world.db, tables.refunds, refund))["state"] is RefundState.NOT_OWED
    assert "Nothing waits for staff now." in read(await world.sam.slash(world.public, "staff tasks"))


async def test_staff_try_a_failed_refund_again(world: World) -> None:
    refund = await a_failed_refund(world.db, world.pair)
    shown = await world.sam.slash(world.public, "staff tasks")

    form = await world.sam.click(reply_to(shown), label="Try 1 again")
    done = await world.sam.submit_modal(form, {"why": "the key is mended"})

    assert "The provider is asked again by itself for €50.00 to Stu" in read(done)
    old, new = await rows_of(world.db, tables.refunds)
    assert (old["id"], old["state"], new["state"]) == (refund, RefundState.REPLACED, RefundState.INTENDED)
    assert "Nothing waits for staff now." in read(await world.sam.slash(world.public, "staff tasks"))
    assert "is tried again" in read(await world.sam.slash(world.public, "staff audit"))


async def test_a_forged_decision_decides_nothing(world: World) -> None:
    order = await a_parked_order(world.db, world.pair)
    refund = await a_failed_refund(world.db, world.pair)

    for forged in (
        f"grant-parked:{order}",
        f"refund-parked:{order}",
        f"refund-by-hand:{refund}",
        f"refund-not-owed:{refund}",
    ):
        form = await world.stu.actor.click(world.forge(world.public.id, forged), custom_id=forged)
        assert read(await world.stu.actor.submit_modal(form, {"why": "mine"})).endswith(REFUSED)
    assert (await row_of(world.db, tables.orders, order))["state"] is OrderState.PARKED
    assert (await row_of(world.db, tables.refunds, refund))["state"] is RefundState.FAILED


async def test_nothing_to_do_is_said_also_in_german(world: World) -> None:
    assert "Nothing waits for staff now." in read(await world.olga.slash(world.public, "staff tasks"))
    speaks(world.env, world.sam.id, "de")

    assert "Nichts zu tun" in read(await world.sam.slash(world.public, "staff tasks"))


async def test_a_stranger_a_mentor_and_a_student_see_no_tasks(world: World) -> None:
    for somebody in (world.eve, world.mara.actor, world.stu.actor):
        assert read(await somebody.slash(world.public, "staff tasks")).endswith(REFUSED)
        pressed = await somebody.click(world.forge(world.public.id, "tasks-page:0"), custom_id="tasks-page:0")
        assert read(pressed).endswith(REFUSED)


@pytest.mark.parametrize("kind", [TaskKind.REFUND_FAILED, TaskKind.PAYMENT_PARKED, TaskKind.REFUND_SEEN])
def test_of_a_disputed_payment_there_is_nothing_to_decide_before_the_bank_does(kind: TaskKind) -> None:
    payment = Payment(order_id=1, amount_minor=1, currency="EUR", due_minor=2, ref="pi_1", provider="stripe")
    task = Task(kind=kind, subject_id=1, since=NOW, payment=payment)
    disputed = replace(task, payment=replace(payment, disputed=True))

    assert any(tasks([task]).rows)
    assert not any(tasks([disputed]).rows)
    assert "pay and decide nothing until that is over" in tasks([disputed]).fields[0][1]


@pytest.mark.parametrize("kind", TaskKind)
def test_every_kind_of_task_says_what_it_is_and_what_to_do(kind: TaskKind) -> None:
    money = {TaskKind.REFUND_FAILED, TaskKind.PAYMENT_PARKED, TaskKind.REFUND_SEEN, TaskKind.DISPUTED}
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
