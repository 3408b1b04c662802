"""Cancel: the consequence is shown first, and the press after it is held to what was shown."""

from core.db import tables
from core.rules.states import SessionState
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_session, row_of, rows_of

LONG_AGO = -9


async def a_coming_session(world: World, in_hours: int) -> int:
    """Booked long ago."""
    at = world.clock.now() + in_hours * HOUR
    session_id = await a_session(world.db, world.pair, at)
    async with world.db.begin() as tx:
        await tx.run(tables.sessions.update().values(booked_at=world.clock.now() + LONG_AGO * DAY))
    return session_id


async def state_of(world: World, session_id: int) -> SessionState:
    state: SessionState = (await row_of(world.db, tables.sessions, session_id))["state"]
    return state


async def test_a_student_cancels_from_the_schedule_also_after_a_restart(world: World) -> None:
    session_id = await a_coming_session(world, 48)
    shown = await world.stu.actor.slash(world.public, "schedule")

    shown = await world.stu.actor.select(reply_to(shown), [str(session_id)], custom_id="pick-cancel")
    assert reply_to(shown).ephemeral
    assert "costs you nothing" in read(shown)
    assert await state_of(world, session_id) is SessionState.SCHEDULED
    await world.restart()
    done = await world.stu.actor.click(reply_to(shown), label="Cancel the session")

    assert "back in your pack" in read(done)
    assert await state_of(world, session_id) is SessionState.CANCELED


async def test_kept_it_is_on_the_schedule_as_before(world: World) -> None:
    session_id = await a_coming_session(world, 48)
    shown = await world.stu.actor.slash(world.public, "schedule")
    shown = await world.stu.actor.select(reply_to(shown), [str(session_id)], custom_id="pick-cancel")

    kept = await world.stu.actor.click(reply_to(shown), label="Keep it")

    assert "Your schedule" in read(kept)
    assert await state_of(world, session_id) is SessionState.SCHEDULED


async def test_what_became_worse_since_it_was_shown_is_asked_again(world: World) -> None:
    session_id = await a_coming_session(world, 24)
    free_until = world.clock.now()
    shown = await world.stu.actor.slash(world.public, "schedule")
    shown = await world.stu.actor.select(reply_to(shown), [str(session_id)], custom_id="pick-cancel")
    world.clock.forward(minutes=1)

    shown = await world.stu.actor.click(reply_to(shown), label="Cancel the session")
    assert stamp(free_until) in read(shown)
    assert await state_of(world, session_id) is SessionState.SCHEDULED
    done = await world.stu.actor.click(reply_to(shown), label="Cancel and use it")

    assert "It is used; Mara may give it back" in read(done)
    assert (await row_of(world.db, tables.packs, world.pair.pack_id))["remaining"] == 3


async def test_a_mentor_cancels_from_a_message_and_staff_by_command(world: World) -> None:
    first, second = await a_coming_session(world, 3), await a_coming_session(world, 5)
    message = world.forge(world.mara.actor.user.dm_channel.id, f"cancel:{first}")

    shown = await world.mara.actor.user.click(message, custom_id=f"cancel:{first}")
    assert "back in the pack of Stu" in read(shown)
    done = await world.mara.actor.user.click(reply_to(shown), label="Cancel the session")
    assert "Stu is told" in read(done)
    shown = await world.sam.slash(world.public, "staff cancel", session=str(second), reason="The *room* is closed")
    assert "Stu with Mara" in read(shown)
    assert "Nothing is cancelled until you press Cancel the session." in read(shown)
    await world.restart()
    done = await world.sam.click(reply_to(shown), label="Cancel the session")

    assert "Stu and Mara are told" in read(done)
    assert {await state_of(world, each) for each in (first, second)} == {SessionState.CANCELED}
    noted = await rows_of(world.db, tables.history, tables.history.c.verb == "cancel")
    assert [(row["entity_id"], row["why"]) for row in noted if row["entity"] == "session"] == [
        (first, None),
        (second, "The *room* is closed"),
    ]
    again = await world.mara.actor.user.click(message, custom_id=f"cancel:{first}")
    assert "Cancelled already" in read(again)


async def test_whoever_says_why_reads_it_again_where_it_became_worse_meanwhile(world: World) -> None:
    session_id = await a_coming_session(world, 24)
    typed = {"session": str(session_id), "reason": "I am ill"}
    shown = await world.stu.actor.slash(world.public, "staff cancel", **typed)
    world.clock.forward(minutes=1)

    worse = await world.stu.actor.click(reply_to(shown), label="Cancel the session")
    assert read(worse).endswith("I am ill")
    done = await world.stu.actor.click(reply_to(worse), label="Cancel and use it")

    assert "It is used" in read(done)
    (noted,) = await rows_of(world.db, tables.history, tables.history.c.entity == "session")
    assert noted["why"] == "I am ill"


async def test_a_late_cancellation_is_given_back_in_one_press(world: World) -> None:
    session_id = await a_coming_session(world, 3)
    message = world.forge(world.public.id, f"cancel:{session_id}", f"waive:{session_id}")
    shown = await world.stu.actor.click(message, custom_id=f"cancel:{session_id}")
    await world.stu.actor.click(reply_to(shown), label="Cancel the session")

    waived = await world.mara.actor.click(message, custom_id=f"waive:{session_id}")

    assert "Waived" in read(waived)


async def test_a_stranger_learns_nothing_of_a_session(world: World) -> None:
    session_id = await a_coming_session(world, 48)
    message = world.forge(world.public.id, f"cancel:{session_id}", f"cancel-yes:{session_id}:9", "cancel:999999")

    for custom_id in (f"cancel:{session_id}", "cancel:999999", f"cancel-yes:{session_id}:9"):
        assert "That did not work" in read(await world.eve.click(message, custom_id=custom_id))
    assert "That did not work" in read(
        await world.sam.slash(world.public, "staff cancel", session="nonsense", reason="Ill")
    )


async def test_a_german_reads_the_consequence_in_german(world: World) -> None:
    session_id = await a_coming_session(world, 3)
    speaks(world.env, world.stu.actor.id, "de")
    message = world.forge(world.public.id, f"cancel:{session_id}")

    shown = await world.stu.actor.click(message, custom_id=f"cancel:{session_id}")

    assert "Die Sitzung ist damit verbraucht" in read(shown)
    assert labels(reply_to(shown)) == ["Sitzung absagen", "Behalten"]
