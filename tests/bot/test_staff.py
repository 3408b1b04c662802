"""/staff mentor and /staff product: who teaches, and what they sell."""

import pytest

from core.db import tables
from tests.bot.world import World, read
from tests.builders import count_of


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


async def test_who_may_manage_the_server_is_staff(world: World) -> None:
    shown = await world.olga.slash(world.public, "staff product add", mentor="Max", name="Talk", price="10")

    assert "For sale with Max" in read(shown)


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


async def test_a_product_for_an_unknown_mentor_is_refused(world: World) -> None:
    shown = await world.sam.slash(world.public, "staff product add", mentor="Zed", name="Talk", price="10")

    assert "no such mentor" in read(shown)
