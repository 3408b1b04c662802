"""One name leads from what somebody did in Discord to the message that somebody else gets of it, later."""

from simcord import assert_error

from core.db import tables
from core.rules.notices import NoticeKind
from tests.bot.test_booking import to_confirm
from tests.bot.test_errors import break_the_database, mend_the_database, reference_in
from tests.bot.working import errands_of
from tests.bot.world import World, read, reply_to, words_of
from tests.builders import rows_of
from tests.logged import events_of, the_log


async def test_a_press_is_followed_to_the_notice_that_is_delivered_a_day_later(world: World) -> None:
    with the_log() as lines:
        asked, _ = await to_confirm(world)
        await world.stu.actor.click(reply_to(asked), label="Book it")
        (booked,) = await rows_of(world.db, tables.history, tables.history.c.entity == "session")
        owed = await rows_of(world.db, tables.notices, tables.notices.c.cause == booked["cause"])
        (told,) = [each for each in owed if each["kind"] is NoticeKind.SESSION_BOOKED]
        world.clock.forward(minutes=10)
        work = errands_of(world).by_name()
        await work["deliver_notice"](told["id"], 0)

    assert "Stu" in words_of(world.mara.dms[-1])
    assert booked["cause"].startswith("discord:")
    begun, delivered = events_of(lines, booked["cause"])
    assert begun.startswith("begun: the button confirm:")
    assert delivered == f"notice {told['id']} (session_booked): delivered"
    causes = [line["cause"] for line in lines if line["event"].startswith("begun: ")]
    assert len(causes) == len(set(causes)) == 4, "command, day, time and yes are four interactions"


async def test_the_reference_of_a_fault_leads_to_its_interaction(world: World) -> None:
    await break_the_database(world)
    with the_log() as lines:
        shown = await world.stu.actor.slash(world.public, "remaining")
    await mend_the_database(world)

    (failed,) = [line for line in lines if line.get("reference") == reference_in(read(shown))]
    assert events_of(lines, failed["cause"]) == ["begun: /remaining", failed["event"]]
    assert_error(world.env, Exception)
