"""/staff refund: what it takes is shown first, and done by a press that outlives the process; and its /staff tasks."""

from dataclasses import replace

import pytest
from simcord import MemberActor
from sqlalchemy import update

from core.db import tables
from core.rules.refusals import Reason
from core.rules.states import OrderState, PackState, RefundState, SeatState, SessionState
from core.texts.refusals import SENTENCES
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, custom_ids, labels, read, reply_to, stamp
from tests.builders import DAY, a_pack, a_session, an_order, row_of, rows_of
from tests.usecases.disputes.steps import tells
from tests.usecases.records.tasks import a_parked_order
from tests.usecases.refunds.steps import hears, news_of, refunds_in, standing

WHY = "They move *away*"


async def order_of(world: World) -> str:
    return str((await row_of(world.db, tables.packs, world.pair.pack_id))["order_id"])


async def suggested(world: World, actor: MemberActor, typed: str = "") -> list[str]:
    found = await actor.autocomplete(world.public, "staff refund", "order", typed)
    return [choice["name"] for choice in found]


async def test_it_shows_first_what_goes_back_and_what_that_takes(world: World) -> None:
    await a_session(world.db, world.pair, world.clock.now() + 3 * DAY)

    shown = await world.sam.slash(world.staff_room, "staff refund", order=await order_of(world), reason=WHY)

    assert reply_to(shown).ephemeral
    said = read(shown)
    assert "Give €200.00 back to Stu?" in said
    assert "“Four sessions” with Mara: 4 of 4 sessions are unused. Stu reads your reason." in said
    assert "€200.00 of €200.00 that are left go back to where they came from." in said
    assert "4 sessions are taken off. All of the money goes, so all that is unused goes." in said
    assert f"Cancelled: {stamp(world.clock.now() + 3 * DAY, 'f')}" in said
    assert "With the last session it is released at once; student, mentor and staff are told." in said
    assert labels(reply_to(shown)) == ["Confirm, release the seat", "Confirm, keep the seat"]
    assert await refunds_in(world.db) == []


async def test_it_is_done_by_the_button_after_a_restart_and_once(world: World) -> None:
    session = await a_session(world.db, world.pair, world.clock.now() + 3 * DAY)
    shown = await world.sam.slash(world.staff_room, "staff refund", order=await order_of(world), reason=WHY)
    button = custom_ids(shown)[0]
    await world.restart()

    done = await world.sam.click(reply_to(shown), label="Confirm, release the seat")
    again = await world.sam.click(world.forge(world.public.id, button, footer=WHY), custom_id=button)

    said = read(done)
    assert "Goes back: €200.00 to Stu" in said
    assert "4 sessions with Mara are off the pack." in said
    assert "1 session is cancelled." in said
    assert "The seat with Mara is free. All three are told." in said
    assert labels(reply_to(done)) == []
    assert read(again).endswith(SENTENCES[Reason.STALE_REFUND].without)
    assert await refunds_in(world.db) == [(RefundState.INTENDED, 20_000, 4)]
    assert (await row_of(world.db, tables.sessions, session))["state"] is SessionState.CANCELED
    assert (await standing(world.db, world.pair)).seat is SeatState.RELEASED
    assert {row["why"] for row in await rows_of(world.db, tables.history)} == {WHY}
    assert "Refunded, of your pack with Mara." in read(await world.stu.actor.slash(world.public, "history"))


@pytest.mark.parametrize(
    ("options", "label", "seat"),
    [
        ({}, "Confirm, keep the seat", SeatState.GRACE),
        ({"keep_seat": True}, "Confirm, keep the seat", SeatState.GRACE),
        ({"keep_seat": False}, "Confirm, release the seat", SeatState.RELEASED),
        ({"sessions": 1, "amount": "12,50"}, "Confirm", SeatState.ACTIVE),
    ],
)
async def test_sessions_amount_and_seat_are_as_staff_choose(
    world: World, options: dict[str, object], label: str, seat: SeatState
) -> None:
    shown = await world.sam.slash(world.public, "staff refund", order="Stu", reason=WHY, **options)
    assert len(labels(reply_to(shown))) == (1 if options else 2)

    done = await world.sam.click(reply_to(shown), label=label)

    assert (await standing(world.db, world.pair)).seat is seat
    assert await refunds_in(world.db) == [(RefundState.INTENDED, *((1_250, 1) if "amount" in options else (20_000, 4)))]
    assert ("is kept for a while" in read(done)) is (seat is SeatState.GRACE)


async def test_the_seat_of_whoever_disputes_another_payment_is_kept_and_nobody_is_asked(world: World) -> None:
    person, product = world.stu.person, world.pair.product_id
    disputed = await a_pack(world.db, person, product, remaining=0, state=PackState.DEPLETED)
    await tells(world.db, replace(world.pair, pack_id=disputed))

    shown = await world.sam.slash(world.public, "staff refund", order=await order_of(world), reason=WHY)
    assert "A payment of theirs is disputed, so it is kept until that is decided" in read(shown)
    done = await world.sam.click(reply_to(shown), label="Confirm")

    assert "The seat with Mara is kept until the dispute is decided." in read(done)
    assert (await standing(world.db, world.pair)).seat is SeatState.ACTIVE


async def test_bookings_that_another_pack_covers_stay(world: World) -> None:
    await a_pack(world.db, world.stu.person, world.pair.product_id)
    await a_session(world.db, world.pair, world.clock.now() + 3 * DAY)

    shown = await world.sam.slash(world.public, "staff refund", order=await order_of(world), reason=WHY)

    at = stamp(world.clock.now() + 3 * DAY, "f")
    assert f"Stays, and counts against another pack: {at}" in read(shown)
    assert "Stays as it is." in read(shown)
    assert labels(reply_to(shown)) == ["Confirm"]


async def test_while_they_pay_for_more_the_seat_is_kept_until_that_is_settled(world: World) -> None:
    await an_order(world.db, world.stu.person, world.pair.product_id, OrderState.PENDING)

    shown = await world.sam.slash(world.public, "staff refund", order=await order_of(world), reason=WHY)

    assert "A payment of theirs is open, so it is kept until that is settled, as in a grace." in read(shown)
    assert labels(reply_to(shown)) == ["Confirm"]


async def test_of_a_purchase_for_nothing_sessions_are_taken(world: World) -> None:
    async with world.db.begin() as tx:
        await tx.run(update(tables.payments).values(amount_minor=0))

    shown = await world.sam.slash(world.public, "staff refund", order="Stu", reason=WHY, sessions=1)
    assert "Take sessions off the pack of Stu?" in read(shown)
    assert "None goes back." in read(shown)
    done = await world.sam.click(reply_to(shown), label="Confirm")

    assert "Taken off: Stu" in read(done)
    assert (await standing(world.db, world.pair)).remaining == 3


async def test_staff_alone_are_offered_purchases_of_which_something_is_left(world: World) -> None:
    await a_parked_order(world.db, world.pair)
    empty = await a_pack(world.db, world.stu.person, world.pair.product_id, remaining=0, state=PackState.DEPLETED)
    async with world.db.begin() as tx:
        order = (await row_of(world.db, tables.packs, empty))["order_id"]
        of_it = tables.payments.c.order_id == order
        await tx.run(update(tables.payments).where(of_it).values(refunded_minor=20_000))

    (label,) = await suggested(world, world.sam)

    assert label == "Stu – Mara · Four sessions · Mar 2, 2026 · €200.00"
    assert await suggested(world, world.sam, "four") == [label]
    assert await suggested(world, world.sam, "Nobody") == []
    for somebody in (world.eve, world.stu.actor, world.mara.actor):
        assert await suggested(world, somebody) == []


async def test_words_that_several_purchases_have_are_refused(world: World) -> None:
    await a_pack(world.db, world.stu.person, world.pair.product_id)

    shown = await world.sam.slash(world.public, "staff refund", order="Stu", reason=WHY)

    assert read(shown).endswith(SENTENCES[Reason.UNKNOWN_ORDER].without)


@pytest.mark.parametrize(("sessions", "seat"), [("0", SeatState.ACTIVE), ("4", SeatState.RELEASED)])
async def test_a_refund_on_the_providers_pages_is_a_task_until_staff_say_how_many_sessions_it_takes(
    world: World, sessions: str, seat: SeatState
) -> None:
    await hears(world.db, await news_of(world.db, world.pair, 5_000))
    shown = await world.sam.slash(world.staff_room, "staff tasks")
    assert "A refund on the provider's pages" in read(shown)
    assert "got €50.00 back, of an order with **Mara**" in read(shown)
    await world.restart()

    form = await world.sam.click(reply_to(shown), label="Sessions for 1")
    looked = await world.sam.submit_modal(form, {"sessions": sessions, "why": WHY})
    seen = read(looked)
    taking = "Take none off" if sessions == "0" else "Take them off, release the seat"
    await world.restart()
    done = await world.sam.click(reply_to(looked), label=taking)

    assert "€50.00 went back on the provider's pages already." in seen
    assert ("Your reason stays in the history." if sessions == "0" else "Stu reads your reason.") in seen
    assert "Noted: Stu" in read(done)
    assert ("None is taken off." if sessions == "0" else "4 sessions with Mara are off the pack.") in read(done)
    now = await standing(world.db, world.pair)
    assert (now.remaining, now.seat) == (4 - int(sessions), seat)
    assert "Nothing waits for staff now." in read(await world.sam.slash(world.public, "staff tasks"))


async def test_what_is_no_number_of_sessions_is_refused(world: World) -> None:
    await hears(world.db, await news_of(world.db, world.pair, 5_000))
    (refund,) = await rows_of(world.db, tables.refunds)

    said = await world.send_form(world.sam, f"take-for-refund:{refund['id']}", {"sessions": "half of them", "why": WHY})

    assert "“half of them” is not possible here." in read(said)


async def test_it_is_said_in_german_too(world: World) -> None:
    speaks(world.env, world.sam.id, "de")

    shown = await world.sam.slash(world.public, "staff refund", order="Stu", reason=WHY)

    assert "zurückgeben?" in read(shown)
    assert labels(reply_to(shown)) == ["Bestätigen, Platz freigeben", "Bestätigen, Platz behalten"]
