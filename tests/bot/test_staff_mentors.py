"""/staff mentor: who teaches, on which terms, and what staff read when they change that."""

import discord
import pytest

from core.db import tables
from core.rules.refusals import Reason
from core.texts.refusals import SENTENCES
from tests.bot.world import World, a_player, labels, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_pair, a_session, an_order, count_of, row_of


async def test_staff_make_a_mentor_and_put_up_what_they_sell(world: World) -> None:
    added = await world.sam.slash(
        world.staff_room,
        "staff mentor add",
        member=world.eve,
        hours="Mon-Fri 17:00-20:00, Sat 10-12",
        time_zone="Europe/Berlin",
        capacity=3,
    )
    sold = await world.sam.slash(
        world.staff_room, "staff product add", mentor="Eve", name="Two talks", price="49,90", sessions=2
    )
    listed = await world.stu.actor.slash(world.public, "mentors", search="Eve")

    assert "17:00–20:00" in read(added)
    assert "`/staff product add`" in read(added)
    assert "**Two talks** · €49.90 · 2 sessions · good for 60 days" in read(sold)
    assert "3 seats free" in read(listed)
    assert "€49.90" in read(listed)


@pytest.mark.parametrize("who", ["stu", "mara", "eve"])
async def test_students_mentors_and_strangers_are_no_staff(world: World, who: str) -> None:
    person = world.eve if who == "eve" else getattr(world, who).actor

    made = await person.slash(
        world.public, "staff mentor add", member=world.eve, hours="Mon 9-10", time_zone="Etc/UTC", capacity=1
    )
    sold = await person.slash(world.public, "staff product add", mentor="Mara", name="Free", price="0.01")

    assert "Only staff" in read(made)
    assert "Only staff" in read(sold)
    assert await count_of(world.db, tables.mentors) == 2
    assert await count_of(world.db, tables.products) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hours": "whenever"}, "“whenever” cannot be read as hours"),
        ({"time_zone": "Mars/Base"}, "“Mars/Base” is not known"),
        ({"capacity": -1}, "goes from 0 to 1000"),
        ({"session_minutes": 100_000}, "goes from 5 to 480"),
    ],
)
async def test_a_mentor_with_impossible_terms_is_refused_with_the_mend(
    world: World, change: dict[str, object], said: str
) -> None:
    terms: dict[str, object] = {"hours": "Mon 9-10", "time_zone": "Etc/UTC", "capacity": 1, **change}

    shown = await world.sam.slash(world.public, "staff mentor add", member=world.eve, **terms)

    assert said in read(shown)


async def test_a_mentor_is_made_once(world: World) -> None:
    shown = await world.sam.slash(
        world.public, "staff mentor add", member=world.max.actor, hours="Mon 9-10", time_zone="Etc/UTC", capacity=1
    )

    assert "a mentor already" in read(shown)


async def a_second_student(world: World) -> None:
    ann = await a_player(world.guild, world.env, world.db, world.community, "Ann")
    await a_pair(world.db, mentor=world.mara.person, student=ann.person)


async def test_a_break_says_what_stays_and_a_student_who_books_reads_of_it(world: World) -> None:
    await a_session(world.db, world.pair, world.clock.now() + 3 * DAY)
    began = world.clock.now()

    paused = await world.sam.slash(world.public, "staff mentor pause", mentor="Mara")
    again = await world.sam.slash(world.public, "staff mentor pause", mentor="Mara")
    refused = await world.stu.actor.slash(world.public, "book")
    world.clock.forward(days=2)
    resumed = await world.sam.slash(world.public, "staff mentor resume", mentor="Mara")
    booking = await world.stu.actor.slash(world.public, "book")
    not_paused = await world.sam.slash(world.public, "staff mentor resume", mentor="Mara")

    assert "1 booked session stays, and takes place" in read(paused)
    assert "1 student is told." in read(paused)
    assert "`/staff mentor resume` ends it." in read(paused)
    assert f"Mara is paused already, since {stamp(began)}" in read(again)
    assert read(refused).endswith(SENTENCES[Reason.MENTOR_PAUSED].without)
    assert f"Packs and seats last longer by the time since {stamp(began)}" in read(resumed)
    assert "Book a session" in read(booking)
    assert read(not_paused).endswith(SENTENCES[Reason.NOT_PAUSED].without)


async def test_new_terms_are_said_back_with_what_stays(world: World) -> None:
    shown = await world.sam.slash(
        world.public, "staff mentor edit", mentor="Mara", hours="Tue 10-12", session_minutes=45, horizon_days=30
    )
    nothing = await world.sam.slash(world.public, "staff mentor edit", mentor="Mara", session_minutes=45)

    assert "Tue 10:00–12:00 (UTC)" in read(shown)
    assert "45 minutes a session · booked from 24 hours ahead · up to 30 days ahead" in read(shown)
    assert "Packs that are sold keep the length" in read(shown)
    assert read(nothing).endswith(SENTENCES[Reason.NOTHING_TO_CHANGE].without)


async def test_the_students_role_is_set_and_taken_away_again(world: World) -> None:
    role, mentor = world.guild.create_role("Chess"), {"mentor": "Mara"}

    both = await world.sam.slash(world.public, "staff mentor edit", student_role=role, no_student_role=True, **mentor)
    given = await world.sam.slash(world.public, "staff mentor edit", student_role=role, **mentor)
    stands = (await row_of(world.db, tables.mentors, world.mara.id))["student_role_id"]
    due = (await row_of(world.db, tables.seats, world.pair.seat_id))["role_due_at"]
    taken = await world.sam.slash(world.public, "staff mentor edit", no_student_role=True, **mentor)

    assert read(both).endswith(SENTENCES[Reason.ROLE_OR_NONE].without)
    assert f"Whoever has a seat is given <@&{role.id}>" in read(given)
    assert "⚠️" not in read(given)
    assert (stands, due) == (role.id, world.clock.now())
    assert "The role is taken back from all students." in read(taken)
    assert (await row_of(world.db, tables.mentors, world.mara.id))["student_role_id"] is None


async def test_no_role_with_powers_becomes_a_students_and_one_that_cannot_be_given_is_pointed_out(world: World) -> None:
    powers = world.guild.create_role("Helpers", permissions=discord.Permissions(manage_messages=True))
    above = world.guild.create_role("Above")
    world.env.backend.edit_role(world.guild.id, above.id, {"position": 50})

    refused = [
        await world.sam.slash(world.public, "staff mentor edit", mentor="Mara", student_role=role)
        for role in (powers, world.staff_role, world.guild.default_role)
    ]
    warned = await world.sam.slash(world.public, "staff mentor edit", mentor="Mara", student_role=above)

    assert all(read(each).endswith(SENTENCES[Reason.ROLE_NOT_FOR_STUDENTS].without) for each in refused)
    assert f"⚠️ I cannot give <@&{above.id}>" in read(warned)


async def test_a_lowered_capacity_says_that_everybody_keeps_their_seat(world: World) -> None:
    await a_second_student(world)

    lowered = await world.sam.slash(world.public, "staff mentor capacity", mentor="Mara", capacity=1)
    raised = await world.sam.slash(world.public, "staff mentor capacity", mentor="Mara", capacity=3)

    assert "Capacity: 5 → 1\n2 seats are taken, and whoever has one keeps it.\nNobody new gets one" in read(lowered)
    assert "Capacity: 1 → 3\n2 seats are taken, and whoever has one keeps it.\n1 seat is free now." in read(raised)
    assert await count_of(world.db, tables.seats) == 2


class TestRemove:
    async def test_shows_first_what_follows_and_is_done_once_by_the_button(self, world: World) -> None:
        await a_second_student(world)
        await a_session(world.db, world.pair, world.clock.now() + HOUR)
        await a_session(world.db, world.pair, world.clock.now() + 3 * DAY)
        world.clock.forward(hours=1)

        shown = await world.sam.slash(world.public, "staff mentor remove", mentor="Mara", reason="*Moved* away")

        assert reply_to(shown).ephemeral
        for said in (
            "This is for good",
            "2 students are told.",
            "Mara is not told by me",
            "1 session is cancelled and given back.",
            "1 session has started and stays as it is",
            f"**Stu** (<@{world.stu.actor.id}>): 4 sessions",
            "They choose: money back, or another mentor.",
        ):
            assert said in read(shown)
        assert (await row_of(world.db, tables.mentors, world.mara.id))["removed_at"] is None
        await world.restart()
        message = reply_to(shown)
        done = await world.sam.click(message, label="Remove the mentor")
        assert "Removed: Mara" in read(done)
        assert "1 session is cancelled and given back." in read(done)
        assert labels(reply_to(done)) == []
        assert (await row_of(world.db, tables.mentors, world.mara.id))["removed_at"] == world.clock.now()
        again = world.forge(world.public.id, f"remove-mentor:{world.mara.id}", footer="Moved away")
        twice = await world.sam.click(again, custom_id=f"remove-mentor:{world.mara.id}")
        assert read(twice).endswith(SENTENCES[Reason.UNKNOWN_MENTOR].without)
        assert await count_of(world.db, tables.history, tables.history.c.verb == "remove") == 2

    async def test_waits_while_somebody_pays(self, world: World) -> None:
        await an_order(world.db, world.stu.person, world.pair.product_id)

        shown = await world.sam.slash(world.public, "staff mentor remove", mentor="Mara", reason="Moved away")

        assert "1 of this mentor's checkouts is open" in read(shown)
