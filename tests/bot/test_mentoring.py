"""/complete and the prompt's button: a mentor's word about a session, once."""

from core.db import tables
from core.rules.notices import NoticeKind
from core.rules.states import SessionState
from tests.bot.world import World, a_mentor_player, labels, options_of, read, reply_to
from tests.builders import DAY, HOUR, a_pair, a_session, count_of, row_of


async def a_started_session(world: World) -> int:
    session_id = await a_session(world.db, world.pair, world.clock.now() + HOUR)
    world.clock.forward(hours=2)
    return session_id


async def state_of(world: World, session_id: int) -> SessionState:
    state: SessionState = (await row_of(world.db, tables.sessions, session_id))["state"]
    return state


async def test_a_mentor_completes_a_session_that_they_choose(world: World) -> None:
    session_id = await a_started_session(world)

    shown = await world.mara.actor.slash(world.public, "complete")
    assert options_of(shown, "pick-complete") == [str(session_id)]
    shown = await world.mara.actor.select(reply_to(shown), [str(session_id)], custom_id="pick-complete")

    assert "Session 1 of 4 with Stu" in read(shown)
    assert "3 sessions are left" in read(shown)
    assert await state_of(world, session_id) is SessionState.COMPLETED


async def test_while_typing_a_mentor_is_suggested_what_is_open(world: World) -> None:
    session_id = await a_started_session(world)

    suggested = await world.mara.actor.autocomplete(world.public, "complete", "session", "stu")
    await world.mara.actor.slash(world.public, "complete", session=suggested[0]["value"])

    assert await state_of(world, session_id) is SessionState.COMPLETED
    assert await world.stu.actor.autocomplete(world.public, "complete", "session", "") == []


async def test_the_prompts_button_works_in_the_dm_after_a_restart_and_twice_changes_nothing(world: World) -> None:
    session_id = await a_started_session(world)
    prompt = world.forge(world.mara.actor.user.dm_channel.id, f"complete:{session_id}")
    await world.restart()

    first = await world.mara.actor.user.click(prompt, custom_id=f"complete:{session_id}")
    again = await world.mara.actor.user.click(prompt, custom_id=f"complete:{session_id}")

    assert "Stu is told" in read(first)
    assert "Complete already" in read(again)
    assert "Nothing was changed" in read(again)
    assert await count_of(world.db, tables.ledger, tables.ledger.c.session_id == session_id) == 1


async def test_another_mentor_cannot_complete_it_and_learns_nothing(world: World) -> None:
    session_id = await a_started_session(world)

    shown = await world.max.actor.slash(world.public, "complete", session=str(session_id))

    assert "not yours" in read(shown)
    assert "Stu" not in read(shown)
    assert await state_of(world, session_id) is SessionState.SCHEDULED


async def test_the_student_cannot_complete_it_by_a_mentors_button(world: World) -> None:
    session_id = await a_started_session(world)
    message = world.forge(world.public.id, f"complete:{session_id}")

    shown = await world.stu.actor.click(message, custom_id=f"complete:{session_id}")

    assert reply_to(shown).ephemeral
    assert "not yours" in read(shown)
    assert await state_of(world, session_id) is SessionState.SCHEDULED


async def test_staff_may_complete_in_the_guild(world: World) -> None:
    session_id = await a_started_session(world)

    await world.sam.slash(world.public, "complete", session=str(session_id))

    assert await state_of(world, session_id) is SessionState.COMPLETED


async def test_a_session_of_another_community_is_unknown_in_guild_and_dm(world: World) -> None:
    elsewhere = await a_pair(world.db)
    session_id = await a_session(world.db, elsewhere, world.clock.now() + HOUR)
    world.clock.forward(hours=2)
    custom_id = f"complete:{session_id}"
    in_guild, in_dm = world.forge(world.public.id, custom_id), world.forge(world.olga.user.dm_channel.id, custom_id)

    for shown in (
        await world.olga.click(in_guild, custom_id=custom_id),
        await world.olga.user.click(in_dm, custom_id=custom_id),
    ):
        assert "no such session" in read(shown)
    assert await state_of(world, session_id) is SessionState.SCHEDULED


async def test_a_session_that_has_not_started_is_not_complete(world: World) -> None:
    session_id = await a_session(world.db, world.pair, world.clock.now() + DAY)

    shown = await world.mara.actor.slash(world.public, "complete", session=str(session_id))

    assert "has not started" in read(shown)


async def test_who_has_nothing_open_is_told_so(world: World) -> None:
    shown = await world.eve.slash(world.public, "complete")

    assert "Nothing to complete" in read(shown)
    assert labels(reply_to(shown)) == ["Schedule"]


async def test_what_is_typed_instead_of_a_session_is_unknown(world: World) -> None:
    for typed in ("yesterday's", "9" * 40, "-3"):
        shown = await world.mara.actor.slash(world.public, "complete", session=typed)
        assert "no such session" in read(shown)


async def test_the_last_session_of_a_pack_begins_grace_and_owes_the_notice(world: World) -> None:
    last = await a_mentor_player(world.guild, world.env, world.db, world.community, "Lou")
    pair = await a_pair(world.db, mentor=last.person, student=world.stu.person, total=1)
    session_id = await a_session(world.db, pair, world.clock.now() + HOUR)
    world.clock.forward(hours=2)

    shown = await last.actor.slash(world.public, "complete", session=str(session_id))

    assert "used up" in read(shown)
    assert await count_of(world.db, tables.notices, tables.notices.c.kind == NoticeKind.GRACE_BEGAN) == 1
