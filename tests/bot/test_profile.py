"""/mentor: what somebody wants to know of a mentor before they buy or book."""

from sqlalchemy import update

from core.db import tables
from core.rules.states import PackState, SeatState
from tests.bot.world import World, a_mentor_player, labels, options_of, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_pair, a_product
from tests.clocks import NOW


async def test_a_stranger_sees_hours_prices_seats_and_the_next_free_times(world: World) -> None:
    shown = await world.eve.slash(world.public, "mentor", name="Mara")

    assert reply_to(shown).ephemeral
    assert f"<@{world.mara.actor.id}>" in read(shown)
    assert "Mon–Sun 09:00–17:00 (UTC)" in read(shown)
    assert "60 minutes" in read(shown)
    assert "4 of 5 free" in read(shown)
    assert "**Four sessions** · €200.00 · 4 sessions · good for 60 days" in read(shown)
    times = [NOW + DAY + half * HOUR / 2 for half in range(5)]
    assert [stamp(at) in read(shown) for at in times] == [True] * 5
    assert stamp(times[-1] + HOUR / 2) not in read(shown)
    assert labels(reply_to(shown)) == ["See free times", "Buy"]


async def test_free_times_tell_a_stranger_what_they_need_and_buy_gives_it(world: World) -> None:
    shown = await world.eve.slash(world.public, "mentor", name="Mara")
    await world.restart()

    told = await world.eve.click(reply_to(shown), label="See free times")
    assert "You have no seat with this mentor. Get one with `/buy`." in read(told)
    ready = await world.eve.click(reply_to(shown), label="Buy")
    assert labels(reply_to(ready)) == ["Pay €200.00"]


async def test_a_students_button_opens_the_picker(world: World) -> None:
    shown = await world.stu.actor.slash(world.public, "mentor", name="Mara")

    picker = await world.stu.actor.click(reply_to(shown), label="See free times")

    assert "Book a session with Mara" in read(picker)
    assert options_of(picker, f"pick-day:{world.mara.id}")


async def test_in_grace_the_picker_says_to_renew(world: World) -> None:
    late = await a_mentor_player(world.guild, world.env, world.db, world.community, "Lea")
    await a_pair(
        world.db,
        mentor=late.person,
        student=world.stu.person,
        seat=SeatState.GRACE,
        remaining=0,
        state=PackState.DEPLETED,
    )

    shown = await world.stu.actor.slash(world.public, "mentor", name="Lea")

    assert "`/renew`" in read(await world.stu.actor.click(reply_to(shown), label="See free times"))


async def test_a_suggestion_leads_to_that_mentor(world: World) -> None:
    (choice, *_) = await world.eve.autocomplete(world.public, "mentor", "name", "max")

    shown = await world.eve.slash(world.public, "mentor", name=choice["value"])

    assert "Max" in read(shown)
    assert "Nothing for sale yet" in read(shown)
    assert labels(reply_to(shown)) == ["See free times"]


async def test_a_paused_mentor_is_said_to_be_and_a_removed_one_is_gone(world: World) -> None:
    mentor = tables.mentors.c.member_id == world.mara.id
    async with world.db.begin() as tx:
        await tx.run(update(tables.mentors).where(mentor).values(paused_at=NOW))
    paused = await world.stu.actor.slash(world.public, "mentor", name="Mara")
    async with world.db.begin() as tx:
        await tx.run(update(tables.mentors).where(mentor).values(removed_at=NOW))

    assert "Mara is taking a break" in read(paused)
    assert labels(reply_to(paused)) == []
    for name in ("Mara", str(world.mara.id), "999"):
        assert "no such mentor" in read(await world.stu.actor.slash(world.public, "mentor", name=name))


async def test_without_a_free_seat_only_who_has_one_may_buy(world: World) -> None:
    async with world.db.begin() as tx:
        await tx.run(update(tables.mentors).values(capacity=1))

    stranger = await world.eve.slash(world.public, "mentor", name="Mara")
    student = await world.stu.actor.slash(world.public, "mentor", name="Mara")

    assert "0 of 1 free" in read(stranger)
    assert labels(reply_to(stranger)) == ["See free times"]
    assert labels(reply_to(student)) == ["See free times", "Buy"]


async def test_a_mentor_sees_themselves_as_others_do_but_for_the_buttons(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "mentor", name="Mara")

    assert "4 of 5 free" in read(shown)
    assert labels(reply_to(shown)) == []


async def test_many_products_are_counted_and_no_hours_are_said(world: World) -> None:
    idle = await a_mentor_player(world.guild, world.env, world.db, world.community, "**Ida** @everyone", hours=())
    for number in range(7):
        await a_product(world.db, idle.person, name=f"Pack {number}")

    shown = await world.eve.slash(world.public, "mentor", name=str(idle.id))

    assert "and 2 more" in read(shown)
    assert "no hours yet (UTC)" in read(shown)
    assert "None at the moment" in read(shown)
    assert r"\*\*Ida\*\* \@everyone" in read(shown)


async def test_hostile_names_find_nobody_and_ping_nobody(world: World) -> None:
    for name in ("@everyone", "\u202e\u200b", "x" * 4000):
        shown = await world.eve.slash(world.public, "mentor", name=name)
        assert "no such mentor" in read(shown)
