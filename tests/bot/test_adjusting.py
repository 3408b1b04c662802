"""/adjust: looked at first, done by a button; what a mentor takes off needs the student's yes."""

from core.db import tables
from core.rules.refusals import Reason
from core.texts.refusals import SENTENCES
from tests.bot.world import World, custom_ids, labels, options_of, read, reply_to, stamp
from tests.builders import DAY, a_pack, a_pair, count_of, row_of, rows_of

WHY = "We met on the *phone*"


async def left(world: World) -> int:
    remaining: int = (await row_of(world.db, tables.packs, world.pair.pack_id))["remaining"]
    return remaining


async def a_question(world: World) -> str:
    """The row of the question that Mara asks Stu, as a button names it."""
    shown = await world.mara.actor.slash(world.public, "adjust", student="Stu", delta=-1, reason=WHY)
    await world.mara.actor.click(reply_to(shown), label="Ask Stu")
    return str((await rows_of(world.db, tables.adjustments))[-1]["id"])


async def test_staff_see_what_it_makes_of_the_pack_and_confirm(world: World) -> None:
    shown = await world.sam.slash(world.public, "adjust", student="Stu", delta=-1, reason=WHY)

    assert reply_to(shown).ephemeral
    assert "4 → 3" in read(shown)
    assert stamp(world.clock.now() + 60 * DAY, "f") in read(shown)
    assert "Stu is told, with your reason" in read(shown)
    assert reply_to(shown).embeds[0].footer.text == WHY
    assert await left(world) == 4

    done = await world.sam.click(reply_to(shown), label="Change it")

    assert "Stu has 3 of 4 sessions left" in read(done)
    assert labels(reply_to(done)) == []
    assert await left(world) == 3
    assert (await rows_of(world.db, tables.ledger))[-1]["reason"] == WHY


async def test_the_reason_and_the_balance_that_was_seen_survive_a_restart(world: World) -> None:
    await a_used_session(world)
    shown = await world.mara.actor.slash(world.public, "adjust", student="Stu", delta=1, reason=WHY)
    await world.restart()

    done = await world.mara.actor.click(reply_to(shown), label="Change it")

    assert "3 → 4" in read(done)
    assert (await rows_of(world.db, tables.history))[-1]["why"] == WHY


async def a_used_session(world: World) -> None:
    shown = await world.sam.slash(world.public, "adjust", student="Stu", delta=-1, reason="Before this test")
    await world.sam.click(reply_to(shown), label="Change it")


async def test_a_balance_that_changed_since_the_preview_is_not_adjusted(world: World) -> None:
    shown = await world.sam.slash(world.public, "adjust", student="Stu", delta=-2, reason=WHY)
    await a_used_session(world)

    done = await world.sam.click(reply_to(shown), label="Change it")

    assert "3 sessions are left now" in read(done)
    assert await left(world) == 3


async def test_a_mentor_asks_and_the_student_says_yes_in_the_dm(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "adjust", student="Stu", delta=-1, reason=WHY)
    assert "Stu is asked first" in read(shown)
    asked = await world.mara.actor.click(reply_to(shown), label="Ask Stu")
    assert "Nothing is changed yet: 4 of 4 are left" in read(asked)
    (question,) = await rows_of(world.db, tables.adjustments)
    button = f"adjust-yes:{question['id']}"
    message = world.forge(world.stu.actor.user.dm_channel.id, button)
    await world.restart()

    said = await world.stu.actor.user.click(message, custom_id=button)
    again = await world.stu.actor.user.click(message, custom_id=button)

    assert "Done: 4 → 3" in read(said)
    assert "answered before" in read(again)
    assert await left(world) == 3


async def test_a_no_and_an_outdated_yes_leave_everything(world: World) -> None:
    declined, outdated = await a_question(world), ""
    message = world.forge(world.public.id, f"adjust-no:{declined}")
    said = await world.stu.actor.click(message, custom_id=f"adjust-no:{declined}")
    outdated = await a_question(world)
    await a_used_session(world)
    message = world.forge(world.public.id, f"adjust-yes:{outdated}")

    late = await world.stu.actor.click(message, custom_id=f"adjust-yes:{outdated}")

    assert "You said no" in read(said)
    assert "Not any more" in read(late)
    assert await left(world) == 3


async def test_nobody_else_answers_and_a_stranger_learns_nothing(world: World) -> None:
    question = f"adjust-yes:{await a_question(world)}"
    in_guild, in_dm = world.forge(world.public.id, question), world.forge(world.eve.user.dm_channel.id, question)

    by_mentor = await world.mara.actor.click(in_guild, custom_id=question)
    by_stranger = await world.eve.user.click(in_dm, custom_id=question)

    assert read(by_mentor).endswith(SENTENCES[Reason.NOT_YOURS].without)
    assert read(by_stranger).endswith(SENTENCES[Reason.UNKNOWN_ADJUSTMENT].without)
    assert await left(world) == 4


async def test_of_several_packs_one_is_chosen(world: World) -> None:
    other = await a_pack(world.db, world.stu.person, world.pair.product_id, expires_at=world.clock.now() + DAY)

    shown = await world.sam.slash(world.public, "adjust", student="Stu", delta=-1, reason=WHY)
    (menu,) = custom_ids(shown)
    assert options_of(shown, menu) == [str(other), str(world.pair.pack_id)]
    shown = await world.sam.select(reply_to(shown), [str(other)], custom_id=menu)
    await world.sam.click(reply_to(shown), label="Change it")

    assert (await row_of(world.db, tables.packs, other))["remaining"] == 3
    assert await left(world) == 4


async def test_a_pack_that_takes_more_is_chosen_too(world: World) -> None:
    for _ in range(2):
        await a_pack(world.db, world.stu.person, world.pair.product_id, remaining=3)

    shown = await world.mara.actor.slash(world.public, "adjust", student="Stu", delta=1, reason=WHY)
    (menu,) = custom_ids(shown)
    shown = await world.mara.actor.select(reply_to(shown), [options_of(shown, menu)[1]], custom_id=menu)
    done = await world.mara.actor.click(reply_to(shown), label="Change it")

    assert "3 → 4" in read(done)


async def test_a_forged_choice_or_button_is_looked_at_again(world: World) -> None:
    elsewhere = await a_pair(world.db)
    menu = f"pick-adjust-take:{elsewhere.seat_id}:1"
    button = f"adjust-take:{world.pair.seat_id}:{world.pair.pack_id}:4:1"
    options = [str(elsewhere.pack_id), "none"]
    first, second = (world.forge_select(world.public.id, menu, *options) for _ in range(2))
    bare = world.forge(world.public.id, button)

    foreign = await world.sam.select(first, options[:1], custom_id=menu)
    unreadable = await world.sam.select(second, options[1:], custom_id=menu)
    without_reason = await world.sam.click(bare, custom_id=button)

    assert await count_of(world.db, tables.history) == 0
    assert "reason" in read(foreign)
    assert read(unreadable).endswith(SENTENCES[Reason.UNKNOWN_PACK].without)
    assert "A reason has 1 to 500 characters" in read(without_reason)


async def test_in_a_dm_of_somebody_unknown_the_buttons_lead_nowhere(world: World) -> None:
    button, menu = (
        f"adjust-add:{world.pair.seat_id}:{world.pair.pack_id}:4:1",
        f"pick-adjust-add:{world.pair.seat_id}:1",
    )
    room = world.eve.user.dm_channel.id

    pressed = await world.eve.user.click(world.forge(room, button), custom_id=button)
    chosen = await world.eve.user.select(world.forge_select(room, menu, "1"), ["1"], custom_id=menu)

    for shown in (pressed, chosen):
        assert read(shown).endswith(SENTENCES[Reason.NOT_SET_UP].without)


async def test_a_mentor_is_suggested_their_own_students_and_staff_all(world: World) -> None:
    await a_pair(world.db, mentor=world.max.person, student=world.stu.person)
    await a_pair(world.db)

    own = await world.mara.actor.autocomplete(world.public, "adjust", "student", "st")
    everybody = await world.sam.autocomplete(world.public, "adjust", "student", "")
    found = await world.olga.autocomplete(world.public, "adjust", "student", "max")

    assert [choice["name"] for choice in own] == ["Stu"]
    assert [choice["name"] for choice in everybody] == ["Stu – Mara", "Stu – Max"]
    assert [choice["name"] for choice in found] == ["Stu – Max"]
    assert await world.stu.actor.autocomplete(world.public, "adjust", "student", "") == []


async def test_a_name_that_is_not_one_pairs_is_unknown(world: World) -> None:
    await a_pair(world.db, mentor=world.max.person, student=world.stu.person)

    for typed in ("Stu", "Zed", "9" * 40):
        shown = await world.sam.slash(world.public, "adjust", student=typed, delta=1, reason=WHY)
        assert read(shown).endswith(SENTENCES[Reason.UNKNOWN_STUDENT].without)
    by_label = await world.sam.slash(world.public, "adjust", student="stu – mara", delta=-1, reason=WHY)
    assert "4 → 3" in read(by_label)


async def test_what_cannot_be_says_the_mend(world: World) -> None:
    over = await world.sam.slash(world.public, "adjust", student="Stu", delta=1, reason=WHY)
    nothing = await world.sam.slash(world.public, "adjust", student="Stu", delta=0, reason=WHY)
    foreign = await world.max.actor.slash(world.public, "adjust", student=str(world.pair.seat_id), delta=-1, reason=WHY)

    assert "`/staff grant`" in read(over)
    assert "goes from 1 to 100" in read(nothing)
    assert "not yours" in read(foreign)
