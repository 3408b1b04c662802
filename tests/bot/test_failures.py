"""/staff failures: what was given up, and trying it again."""

from sqlalchemy import update

from core.db import tables
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import NoticeState
from core.texts.refusals import SENTENCES
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import a_pair, an_order, row_of
from tests.clocks import NOW
from tests.usecases.records.steps import a_dead_notice, a_failed_event

REFUSED = SENTENCES[Reason.NOT_STAFF].without


async def state_of(world: World, notice_id: int) -> NoticeState:
    state: NoticeState = (await row_of(world.db, tables.notices, notice_id))["state"]
    return state


async def test_staff_read_what_it_was_to_whom_why_and_since_when(world: World) -> None:
    await a_dead_notice(world.db, world.pair, NoticeKind.RENEWAL_REMINDER)
    order = await an_order(world.db, world.stu.person, world.pair.product_id)
    await a_failed_event(world.db, order)
    await a_dead_notice(world.db, await a_pair(world.db))

    shown = await world.sam.slash(world.public, "staff failures")

    assert reply_to(shown).ephemeral
    assert read(shown).splitlines()[2:] == [
        "1. One session is left",
        f"To **Stu**, due {stamp(NOW, 'f')}; given up {stamp(NOW, 'R')}.",
        "Why: 503 0",
        "2. Stripe: checkout.session.completed",
        f"Came {stamp(NOW, 'f')}. Given up.",
        f"Order {order}.",
        "Why: fault 12ab",
    ]
    assert labels(reply_to(shown)) == ["Try 1 again", "Try 2 again", "Try all again"]


async def test_one_is_tried_again_after_a_restart_and_the_rest_stays_in_the_list(world: World) -> None:
    first = await a_dead_notice(world.db, world.pair, NoticeKind.OUTCOME_OVERDUE_STAFF)
    second = await a_dead_notice(world.db, world.pair)
    shown = await world.sam.slash(world.public, "staff failures")
    assert "To the staff channel" in read(shown)
    await world.restart()

    done = await world.sam.click(reply_to(shown), label="Try 2 again")

    assert "1 is tried again now." in read(done)
    assert labels(reply_to(done)) == ["Try 1 again", "Try all again"]
    states = [await state_of(world, each) for each in (first, second)]
    assert states == [NoticeState.PENDING, NoticeState.DEAD]


async def test_all_are_tried_again_at_once_and_events_that_are_tried_anyway_have_no_button(world: World) -> None:
    for kind in (NoticeKind.STUDENT_JOINED, NoticeKind.RENEWAL_REMINDER):
        await a_dead_notice(world.db, world.pair, kind)
    await a_failed_event(world.db, await an_order(world.db, world.stu.person, world.pair.product_id))
    shown = await world.sam.slash(world.public, "staff failures")

    done = await world.sam.click(reply_to(shown), label="Try all again")

    assert "3 are tried again now." in read(done)
    assert f"It is tried again by itself {stamp(world.clock.now(), 'R')}." in read(done)
    assert labels(reply_to(done)) == ["Try all again"]
    async with world.db.begin() as tx:
        await tx.run(update(tables.provider_events).values(state="applied"))
    assert "There was nothing to try again" in read(await world.sam.click(reply_to(done), label="Try all again"))


async def test_one_event_is_tried_again(world: World) -> None:
    order = await an_order(world.db, world.stu.person, world.pair.product_id)
    event = await a_failed_event(world.db, order)
    shown = await world.sam.slash(world.public, "staff failures")

    await world.sam.click(reply_to(shown), label="Try 1 again")

    assert (await row_of(world.db, tables.provider_events, event))["next_attempt_at"] == world.clock.now()


async def test_a_long_list_has_pages_and_keeps_the_page_that_was_pressed_on(world: World) -> None:
    kinds = list(NoticeKind)[:7]
    for kind in kinds:
        await a_dead_notice(world.db, world.pair, kind)
    first = await world.sam.slash(world.public, "staff failures")
    assert "Page 1 of 2" in read(first)

    second = await world.sam.click(reply_to(first), label="Next")
    assert labels(reply_to(second)) == ["Try 6 again", "Try 7 again", "Try all again", "Back"]
    after = await world.sam.click(reply_to(second), label="Try 7 again")

    assert labels(reply_to(after)) == ["Try 6 again", "Try all again", "Back"]


async def test_an_empty_list_says_so_also_in_german(world: World) -> None:
    assert "Nothing failed" in read(await world.olga.slash(world.public, "staff failures"))
    speaks(world.env, world.sam.id, "de")

    german = read(await world.sam.slash(world.public, "staff failures"))

    assert "Nichts ist fehlgeschlagen" in german


async def test_a_stranger_a_mentor_and_a_student_see_and_try_nothing(world: World) -> None:
    dead = await a_dead_notice(world.db, world.pair)

    for somebody in (world.eve, world.mara.actor, world.stu.actor):
        assert read(await somebody.slash(world.public, "staff failures")).endswith(REFUSED)
        for forged in (f"retry-notice:{dead}:0", "retry-all", "failures-page:0"):
            pressed = await somebody.click(world.forge(world.public.id, forged), custom_id=forged)
            assert read(pressed).endswith(REFUSED)
    assert await state_of(world, dead) is NoticeState.DEAD
