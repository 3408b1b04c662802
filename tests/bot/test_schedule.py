"""/schedule: what comes, for students and for mentors."""

from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_member, a_pair, a_session


async def test_a_student_sees_their_sessions_in_order(world: World) -> None:
    later, sooner = world.clock.now() + 3 * DAY, world.clock.now() + 2 * DAY
    await a_session(world.db, world.pair, later)
    await a_session(world.db, world.pair, sooner)

    shown = await world.stu.actor.slash(world.public, "schedule")

    assert reply_to(shown).ephemeral
    assert read(shown).index(stamp(sooner)) < read(shown).index(stamp(later))
    assert "session 1 of 4" in read(shown)


async def test_a_mentor_completes_from_the_schedule_what_has_started(world: World) -> None:
    await a_session(world.db, world.pair, world.clock.now() + HOUR)
    world.clock.forward(hours=2)

    shown = await world.mara.actor.slash(world.public, "schedule")
    assert f"<@{world.stu.actor.id}>" in read(shown)
    shown = await world.mara.actor.click(reply_to(shown), label="Complete: Stu")

    assert "Session 1 of 4 with Stu" in read(shown)


async def test_a_student_is_offered_no_complete(world: World) -> None:
    await a_session(world.db, world.pair, world.clock.now() + HOUR)
    world.clock.forward(hours=2)

    shown = await world.stu.actor.slash(world.public, "schedule")

    assert "has started" in read(shown)
    assert labels(reply_to(shown)) == []


async def test_nobody_sees_the_sessions_of_others(world: World) -> None:
    await a_session(world.db, world.pair, world.clock.now() + DAY)

    assert "Nothing scheduled" in read(await world.eve.slash(world.public, "schedule"))
    assert "Nothing scheduled" in read(await world.max.actor.slash(world.public, "schedule"))


async def test_a_long_schedule_has_pages_that_survive_a_restart(world: World) -> None:
    for number in range(3):
        student = await a_member(world.db, world.community, f"S{number}")
        pair = await a_pair(world.db, mentor=world.mara.person, student=student)
        for hour in range(4):
            await a_session(world.db, pair, world.clock.now() + (number + 1) * DAY + hour * HOUR)

    first = await world.mara.actor.slash(world.public, "schedule")
    assert "Page 1 of 2" in read(first)
    await world.restart()
    second = await world.mara.actor.click(reply_to(first), label="Next")

    assert "Page 2 of 2" in read(second)
    assert stamp(world.clock.now() + 3 * DAY + 3 * HOUR) in read(second)


async def test_the_schedule_button_of_a_dm_shows_the_community_of_the_next_session(world: World) -> None:
    at = world.clock.now() + DAY
    await a_session(world.db, world.pair, at)
    # A community that Stu joined later, with nothing scheduled.
    await a_pair(world.db, student=None)
    message = world.forge(world.stu.actor.user.dm_channel.id, "schedule")

    shown = await world.stu.actor.user.click(message, custom_id="schedule")

    assert stamp(at) in read(shown)


async def test_a_stranger_to_every_community_has_no_schedule(world: World) -> None:
    message = world.forge(world.eve.user.dm_channel.id, "schedule", "schedule-page:0")

    for custom_id in ("schedule", "schedule-page:0"):
        shown = await world.eve.user.click(message, custom_id=custom_id)
        assert "That did not work" in read(shown)
