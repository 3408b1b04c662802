"""/students: who needs somebody, seen by their mentor and by staff alone."""

from dataclasses import replace

import pytest

from bot.replies.students import students
from core.rules.attention import Attention
from core.rules.refusals import Reason
from core.rules.states import PackState, SeatState
from core.texts.refusals import SENTENCES
from core.usecases.reading.students import StudentCard, Students
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_member, a_pair, a_session
from tests.clocks import NOW


async def many(world: World, number: int) -> None:
    for each in range(number):
        student = await a_member(world.db, world.community, f"Student {each:02}")
        await a_pair(world.db, mentor=world.mara.person, student=student)


async def test_a_mentor_sees_deadlines_balance_and_what_comes_next(world: World) -> None:
    await a_session(world.db, world.pair, NOW + DAY)
    kim, lou = [await a_member(world.db, world.community, name) for name in ("Kim", "*Lou*")]
    grace, spent = SeatState.GRACE, PackState.DEPLETED
    await a_pair(world.db, mentor=world.mara.person, student=kim, seat=grace, remaining=0, state=spent)
    over = await a_pair(world.db, mentor=world.mara.person, student=lou)
    await a_session(world.db, over, NOW - 2 * HOUR)

    shown = await world.mara.actor.slash(world.public, "students")

    assert reply_to(shown).ephemeral
    fields = {field.name: field.value or "" for field in reply_to(shown).embeds[0].fields}
    assert list(fields) == ["Kim", r"\*Lou\*", "Stu"]
    assert f"kept until {stamp(NOW + 3 * DAY)}" in fields["Kim"]
    assert f"it ended {stamp(NOW - HOUR)}" in fields[r"\*Lou\*"]
    assert fields["Stu"].splitlines() == [
        "Has a seat.",
        f"●●●● **4 of 4** left, 1 booked · good until {stamp(NOW + 60 * DAY, 'D')}",
        f"Next session: {stamp(NOW + DAY)} ({stamp(NOW + DAY, 'R')})",
    ]


async def test_a_long_list_has_pages_that_survive_a_restart(world: World) -> None:
    await many(world, 19)

    first = await world.sam.slash(world.public, "students")
    assert "20 seats are taken" in read(first)
    assert "Page 1 of 3" in read(first)
    assert "Student 00 – Mara" in read(first)
    await world.restart()
    second = await world.sam.click(reply_to(first), label="Next")
    third = await world.sam.click(reply_to(second), label="Next")

    assert "Page 3 of 3" in read(third)
    assert "Student 18 – Mara" in read(third)
    assert labels(reply_to(third)) == ["Back"]


async def test_staff_name_a_mentor_and_stay_with_them_from_page_to_page(world: World) -> None:
    await many(world, 9)
    await a_pair(world.db, mentor=world.max.person, student=await a_member(world.db, world.community, "Kim"))

    of_max = await world.olga.slash(world.public, "students", mentor="Max")
    of_mara = await world.sam.slash(world.public, "students", mentor="Mara")
    next_page = await world.sam.click(reply_to(of_mara), label="Next")

    assert [field.name for field in reply_to(of_max).embeds[0].fields] == ["Kim"]
    assert "Kim" not in read(of_mara) + read(next_page)
    assert "10 seats are taken" in read(next_page)


async def test_others_see_nobody_by_command_or_by_a_button_that_is_not_theirs(world: World) -> None:
    of_mara = f"students-page:{world.mara.id}:0"
    messages = [world.forge(world.public.id, of_mara, "students-page:0:0") for _ in range(3)]

    by_student = await world.stu.actor.slash(world.public, "students")
    of_another = await world.max.actor.slash(world.public, "students", mentor="Mara")
    pressed = await world.eve.click(messages[0], custom_id=of_mara)
    by_mentor = await world.max.actor.click(messages[1], custom_id=of_mara)
    own = await world.max.actor.click(messages[2], custom_id="students-page:0:0")

    assert read(by_student).endswith(SENTENCES[Reason.NOT_A_MENTOR].without)
    assert read(of_another).endswith(SENTENCES[Reason.NOT_YOURS].without)
    assert read(pressed).endswith(SENTENCES[Reason.NOT_A_MENTOR].without)
    assert read(by_mentor).endswith(SENTENCES[Reason.NOT_YOURS].without)
    assert "No students yet" in read(own)


async def test_in_a_dm_of_somebody_unknown_the_button_leads_nowhere(world: World) -> None:
    button = f"students-page:{world.mara.id}:0"

    pressed = await world.eve.user.click(world.forge(world.eve.user.dm_channel.id, button), custom_id=button)

    assert read(pressed).endswith(SENTENCES[Reason.NOT_SET_UP].without)


CARD = StudentCard(
    seat_id=1,
    student_name="Stu",
    mentor_name="Mara",
    seat_state=SeatState.ACTIVE,
    grace_ends_at=None,
    paused=False,
    left=2,
    total=4,
    booked=2,
    expires_at=None,
    frozen=False,
    next_session_at=NOW,
    unanswered_since=None,
    attention=Attention.NONE,
)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (replace(CARD, attention=Attention.LAST_SESSION), "The last session."),
        (replace(CARD, attention=Attention.SOON_OVER), "A pack is soon over."),
        (replace(CARD, seat_state=SeatState.HELD, total=0), "Paying now"),
        (replace(CARD, seat_state=SeatState.OFFERED, total=0), "A seat is offered to them"),
        (replace(CARD, seat_state=SeatState.GRACE, grace_ends_at=NOW, paused=True), "stands still during the break"),
        (replace(CARD, frozen=True), "●●○○ **2 of 4** left, 2 booked · its time stands still"),
        (CARD, "●●○○ **2 of 4** left, 2 booked\nNext session"),
    ],
)
def test_each_position_has_its_words(card: StudentCard, said: str) -> None:
    ((_, text),) = students(Students(1, (card,))).fields

    assert said in text


async def test_a_german_reads_german(world: World) -> None:
    speaks(world.env, world.mara.actor.id, "de")

    shown = await world.mara.actor.slash(world.public, "students")

    assert "1 Platz ist vergeben" in read(shown)
    assert "Hat einen Platz" in read(shown)
