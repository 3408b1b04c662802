"""/remaining: what is left, until when, and what to press next."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.replies.remaining import dots
from core.rules.states import OrderState, PackState, SeatState
from tests.bot.world import World, a_mentor_player, labels, read, reply_to, stamp
from tests.builders import DAY, a_pack, a_pair, a_session, an_order


async def test_a_student_sees_balance_expiry_seat_and_next_session(world: World) -> None:
    at = world.clock.now() + 2 * DAY
    await a_session(world.db, world.pair, at)

    shown = await world.stu.actor.slash(world.public, "remaining")

    assert reply_to(shown).ephemeral
    assert "●●●● **4 of 4** left · 3 to book, 1 booked" in read(shown)
    assert stamp(world.clock.now() + timedelta(days=60), "D") in read(shown)
    assert stamp(at) in read(shown)
    assert labels(reply_to(shown)) == ["Book a session", "Renew"]


async def test_in_grace_the_deadline_and_renew_are_shown(world: World) -> None:
    late = await a_mentor_player(world.guild, world.env, world.db, world.community, "Lea")
    await a_pair(
        world.db,
        mentor=late.person,
        student=world.stu.person,
        seat=SeatState.GRACE,
        remaining=0,
        state=PackState.DEPLETED,
    )

    shown = await world.stu.actor.slash(world.public, "remaining", mentor="Lea")

    assert f"kept for you until {stamp(world.clock.now() + 3 * DAY)}" in read(shown)
    assert "○○○○ **0 of 4** left · used up" in read(shown)
    assert labels(reply_to(shown)) == ["Renew"]


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.PARKED])
async def test_whose_payment_is_on_its_way_or_with_staff_is_not_asked_to_pay(world: World, state: OrderState) -> None:
    late = await a_mentor_player(world.guild, world.env, world.db, world.community, "Lea")
    pair = await a_pair(world.db, mentor=late.person, student=world.stu.person, seat=SeatState.HELD, remaining=0)
    await an_order(world.db, world.stu.person, pair.product_id, state=state)

    shown = await world.stu.actor.slash(world.public, "remaining", mentor="Lea")

    assert "Do not pay again" in read(shown)
    assert "`/buy`" not in read(shown)
    assert labels(reply_to(shown)) == []
    assert "Do not pay again" not in read(await world.stu.actor.slash(world.public, "remaining", mentor="Mara"))


@pytest.mark.parametrize(("away", "says"), [("paused_at", "takes a break"), ("removed_at", "teaches here no more")])
@pytest.mark.parametrize("seat", [SeatState.ACTIVE, SeatState.RELEASED])
async def test_of_a_mentor_who_is_away_nothing_can_be_booked_or_bought(
    world: World, away: str, says: str, seat: SeatState
) -> None:
    late = await a_mentor_player(
        world.guild, world.env, world.db, world.community, "Lea", **{away: world.clock.now() - DAY}
    )
    await a_pair(world.db, mentor=late.person, student=world.stu.person, seat=seat)

    shown = read(await world.stu.actor.slash(world.public, "remaining"))
    of_lea = shown.partition("Lea")[2].partition("Mara")[0]

    assert "**4 of 4** left" in of_lea
    assert says in of_lea
    assert "`/buy`" not in of_lea
    assert labels(reply_to(await world.stu.actor.slash(world.public, "remaining"))) == [
        "Book with Mara",
        "Renew with Mara",
    ]


async def test_a_stranger_sees_nothing_of_others_and_where_to_begin(world: World) -> None:
    shown = await world.eve.slash(world.public, "remaining")

    assert "no sessions and no seat yet" in read(shown)
    assert labels(reply_to(shown)) == ["See the mentors"]
    listed = await world.eve.click(reply_to(shown), label="See the mentors")
    assert "Mara" in read(listed)


async def test_many_mentors_come_in_pages(world: World) -> None:
    for name in ("Ana", "Ben", "Cleo", "Dan"):
        mentor = await a_mentor_player(world.guild, world.env, world.db, world.community, name)
        await a_pair(world.db, mentor=mentor.person, student=world.stu.person)

    first = await world.stu.actor.slash(world.public, "remaining")
    before = read(first)
    second = await world.stu.actor.click(reply_to(first), label="Next")

    assert "Ana" in before
    assert "Mara" not in before
    assert "Mara" in read(second)
    assert labels(reply_to(second)) == ["Book with Mara", "Renew with Mara", "Back"]


async def test_the_buttons_lead_on_after_a_restart(world: World) -> None:
    shown = await world.stu.actor.slash(world.public, "remaining")
    await world.restart()

    assert "Book a session with Mara" in read(await world.stu.actor.click(reply_to(shown), label="Book a session"))
    assert "pay to confirm" in read(await world.stu.actor.click(reply_to(shown), label="Renew"))


async def test_sessions_whose_seat_is_gone_are_still_shown(world: World) -> None:
    gone = await a_mentor_player(world.guild, world.env, world.db, world.community, "Gus")
    await a_pair(world.db, mentor=gone.person, student=world.stu.person, seat=SeatState.RELEASED)

    shown = await world.stu.actor.slash(world.public, "remaining", mentor="Gus")

    assert "no seat here any more" in read(shown)
    assert labels(reply_to(shown)) == ["Buy"]


async def test_each_pack_stands_for_itself(world: World) -> None:
    await a_pack(world.db, world.stu.person, world.pair.product_id, total=12, remaining=7)

    shown = await world.stu.actor.slash(world.public, "remaining")

    assert "●●●●●●●○○○○○ **7 of 12** left" in read(shown)
    assert "●●●● **4 of 4** left" in read(shown)


@pytest.mark.parametrize(
    ("remaining", "total", "shown"),
    [(3, 4, "●●●○"), (0, 4, "○○○○"), (1, 1, "●"), (99, 100, "●" * 11 + "○"), (1, 100, "●" + "○" * 11)],
)
def test_dots_say_how_full_a_pack_is(remaining: int, total: int, shown: str) -> None:
    assert dots(remaining, total) == shown


@given(st.integers(1, 100).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_dots_are_all_full_or_all_empty_only_when_the_pack_is(pack: tuple[int, int]) -> None:
    remaining, total = pack
    assert ("○" not in dots(remaining, total)) == (remaining == total)
    if total > 1:
        assert ("●" not in dots(remaining, total)) == (remaining == 0)
