"""The four outcomes in Discord, and the ways back: prompts, /noshow, /undo, /waive, and the menu on a member."""

import pytest

from core.db import tables
from core.rules.states import SeatState, SessionState
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from tests.answers import given
from tests.bot.test_mentoring import a_started_session, state_of
from tests.bot.world import World, a_player, custom_ids, labels, options_of, read, reply_to
from tests.builders import DAY, HOUR, a_pair, a_session, count_of, row_of


@pytest.mark.parametrize(
    ("pressed", "state", "said"),
    [
        ("complete", SessionState.COMPLETED, "Complete"),
        ("noshow", SessionState.NO_SHOW, "Noted: Stu did not come"),
        ("not-held", SessionState.CANCELED, "Noted: not held"),
    ],
)
async def test_the_three_buttons_of_the_question_work_after_a_restart_once(
    world: World, pressed: str, state: SessionState, said: str
) -> None:
    session_id = await a_started_session(world)
    answers = [f"{name}:{session_id}" for name in ("complete", "noshow", "not-held")]
    prompt = world.forge(world.mara.actor.user.dm_channel.id, *answers)
    await world.restart()

    first = await world.mara.actor.user.click(prompt, custom_id=f"{pressed}:{session_id}")
    again = [await world.mara.actor.user.click(prompt, custom_id=each) for each in answers]

    assert said in read(first)
    assert labels(reply_to(first)) == ["Schedule", "Undo"]
    assert all("Nothing was changed" in read(each) for each in again)
    assert await state_of(world, session_id) is state


@pytest.mark.parametrize(
    ("who", "state", "said"),
    [
        (None, SessionState.NO_SHOW, "3 sessions are left"),
        ("student", SessionState.NO_SHOW, "3 sessions are left"),
        ("mentor", SessionState.CANCELED, "4 sessions are left"),
        ("nobody", SessionState.CANCELED, "4 sessions are left"),
    ],
)
async def test_who_did_not_come_is_said_by_choosing_the_session(
    world: World, who: str | None, state: SessionState, said: str
) -> None:
    session_id = await a_started_session(world)
    options = {} if who is None else {"who": who}

    shown = await world.mara.actor.slash(world.public, "noshow", **options)
    (pick,) = custom_ids(shown)
    assert options_of(shown, pick) == [str(session_id)]
    shown = await world.mara.actor.select(reply_to(shown), [str(session_id)], custom_id=pick)

    assert said in read(shown)
    assert await state_of(world, session_id) is state


async def test_a_no_show_is_not_said_before_the_student_had_time_to_come(world: World) -> None:
    session_id = await a_session(world.db, world.pair, world.clock.now())

    shown = await world.mara.actor.slash(world.public, "noshow", session=str(session_id))

    assert "has not started" in read(shown)
    assert await state_of(world, session_id) is SessionState.SCHEDULED


async def test_undo_under_the_answer_opens_the_session_and_asks_again(world: World) -> None:
    session_id = await a_started_session(world)
    shown = await world.mara.actor.slash(world.public, "complete", session=str(session_id))
    await world.restart()

    undone = await world.mara.actor.click(reply_to(shown), label="Undo")
    twice = await world.mara.actor.click(reply_to(shown), label="Undo")

    assert "is open again" in read(undone)
    assert labels(reply_to(undone)) == ["Complete", "No-show", "Not held", "Schedule"]
    assert "Open already" in read(twice)
    assert await state_of(world, session_id) is SessionState.SCHEDULED
    again = await world.mara.actor.click(reply_to(undone), label="No-show")
    assert "Noted: Stu did not come" in read(again)
    late = await world.mara.actor.click(reply_to(shown), label="Undo")
    assert "Undone before" in read(late)
    assert await state_of(world, session_id) is SessionState.NO_SHOW


async def test_undo_offers_what_may_be_undone_and_ends_grace(world: World) -> None:
    student = await a_player(world.guild, world.env, world.db, world.community, "Ann")
    pair = await a_pair(world.db, mentor=world.mara.person, student=student.person, total=1)
    session_id = await a_session(world.db, pair, world.clock.now())
    world.clock.forward(hours=2)
    given(await complete(world.db, world.mara.person.asker, session_id))
    assert (await row_of(world.db, tables.seats, pair.seat_id))["state"] is SeatState.GRACE

    shown = await world.mara.actor.slash(world.public, "undo")
    shown = await world.mara.actor.select(reply_to(shown), [str(session_id)], custom_id="pick-undo")

    assert "Session 1 of 1 with Ann" in read(shown)
    assert (await row_of(world.db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_waive_gives_a_missed_session_back(world: World) -> None:
    session_id = await a_started_session(world)
    given(await no_show(world.db, world.mara.person.asker, session_id))

    shown = await world.mara.actor.slash(world.public, "waive")
    shown = await world.mara.actor.select(reply_to(shown), [str(session_id)], custom_id="pick-waive")
    again = await world.sam.slash(world.public, "waive", session=str(session_id))

    assert "Stu can book that session again" in read(shown)
    assert "4 sessions are left" in read(shown)
    assert "Waived already" in read(again)
    assert (await row_of(world.db, tables.packs, world.pair.pack_id))["remaining"] == 4


async def test_while_typing_only_what_can_be_taken_back_is_suggested(world: World) -> None:
    session_id = await a_started_session(world)
    await a_session(world.db, world.pair, world.clock.now() + DAY)
    given(await no_show(world.db, world.mara.person.asker, session_id))

    for command in ("undo", "waive"):
        suggested = await world.mara.actor.autocomplete(world.public, command, "session", "stu")
        assert [each["value"] for each in suggested] == [str(session_id)]
        assert await world.stu.actor.autocomplete(world.public, command, "session", "") == []


async def test_nobody_else_takes_anything_back(world: World) -> None:
    session_id = await a_started_session(world)
    given(await no_show(world.db, world.mara.person.asker, session_id))
    message = world.forge(world.public.id, f"undo:{session_id}:1")

    for actor in (world.stu.actor, world.max.actor):
        for command in ("undo", "waive", "noshow"):
            shown = await actor.slash(world.public, command, session=str(session_id))
            assert reply_to(shown).ephemeral
            assert "not yours" in read(shown)
        assert "not yours" in read(await actor.click(message, custom_id=f"undo:{session_id}:1"))
    assert await state_of(world, session_id) is SessionState.NO_SHOW
    assert await count_of(world.db, tables.history, tables.history.c.verb.in_(["undo", "waive"])) == 0


async def test_a_session_of_another_community_is_unknown(world: World) -> None:
    elsewhere = await a_pair(world.db)
    session_id = await a_session(world.db, elsewhere, world.clock.now())
    world.clock.forward(hours=1)
    given(await no_show(world.db, elsewhere.staff, session_id))
    in_dm = world.forge(world.olga.user.dm_channel.id, f"undo:{session_id}:1")

    for command in ("noshow", "undo", "waive"):
        shown = await world.olga.slash(world.public, command, session=str(session_id))
        assert "no such session" in read(shown)
    assert "no such session" in read(await world.olga.user.click(in_dm, custom_id=f"undo:{session_id}:1"))


async def test_who_has_nothing_to_take_back_is_told_so(world: World) -> None:
    for command, said in (
        ("undo", "Nothing to undo"),
        ("waive", "Nothing to waive"),
        ("noshow", "Nothing to complete"),
    ):
        assert said in read(await world.eve.slash(world.public, command))


async def test_what_is_typed_instead_of_a_session_is_unknown(world: World) -> None:
    for command in ("noshow", "undo", "waive"):
        assert "no such session" in read(await world.mara.actor.slash(world.public, command, session="yesterday's"))


async def test_the_menu_on_a_member_completes_the_one_open_session_with_them(world: World) -> None:
    session_id = await a_started_session(world)

    shown = await world.mara.actor.context_menu(world.public, "Complete session", world.stu.actor)

    assert reply_to(shown).ephemeral
    assert "Session 1 of 4 with Stu" in read(shown)
    assert await state_of(world, session_id) is SessionState.COMPLETED


async def test_of_several_open_sessions_with_them_the_mentor_chooses(world: World) -> None:
    first = await a_session(world.db, world.pair, world.clock.now())
    second = await a_session(world.db, world.pair, world.clock.now() + HOUR)
    other = await a_player(world.guild, world.env, world.db, world.community, "Ann")
    pair = await a_pair(world.db, mentor=world.mara.person, student=other.person)
    await a_session(world.db, pair, world.clock.now() + 2 * HOUR)
    world.clock.forward(hours=3)

    shown = await world.mara.actor.context_menu(world.public, "Complete session", world.stu.actor)
    assert options_of(shown, "pick-complete") == [str(second), str(first)]
    await world.mara.actor.select(reply_to(shown), [str(second)], custom_id="pick-complete")

    assert await state_of(world, second) is SessionState.COMPLETED
    assert await state_of(world, first) is SessionState.SCHEDULED


async def test_with_nothing_open_the_menu_says_so_and_a_stranger_completes_nothing(world: World) -> None:
    none = await world.mara.actor.context_menu(world.public, "Complete session", world.stu.actor)
    session_id = await a_started_session(world)

    strangers = [
        await player.context_menu(world.public, "Complete session", world.stu.actor)
        for player in (world.max.actor, world.eve, world.stu.actor)
    ]

    for shown in (none, *strangers):
        assert "Nothing to complete" in read(shown)
        assert "Stu" in read(shown)
    assert await state_of(world, session_id) is SessionState.SCHEDULED
