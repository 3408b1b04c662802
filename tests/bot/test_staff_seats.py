"""/staff grant, release and extend: what staff do by hand, with a reason that lasts."""

import pytest

from core.db import tables
from core.ports import Pending
from core.rules.refusals import Reason
from core.rules.states import OrderState, PackState, SeatState, SessionState
from core.texts.refusals import SENTENCES
from tests.bot.world import World, a_mentor_player, custom_ids, labels, options_of, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_pack, a_pair, a_session, an_order, count_of, row_of, rows_of

WHY = "Did not come *four* times"


async def seat_state(world: World) -> SeatState:
    state: SeatState = (await row_of(world.db, tables.seats, world.pair.seat_id))["state"]
    return state


class TestGrant:
    async def test_gives_a_student_sessions_that_they_can_use(self, world: World) -> None:
        shown = await world.sam.slash(
            world.staff_room, "staff grant", student=world.stu.actor, mentor="Mara", sessions=2, reason=WHY, days=10
        )

        assert reply_to(shown).ephemeral
        assert "Stu has 2 sessions more with Mara" in read(shown)
        assert stamp(world.clock.now() + 70 * DAY) in read(shown)
        assert "seat" not in read(shown)
        assert (await rows_of(world.db, tables.ledger))[-1]["reason"] == WHY
        assert [row["remaining"] for row in await rows_of(world.db, tables.packs)] == [4, 2]

    async def test_gives_somebody_new_a_seat_with_it(self, world: World) -> None:
        shown = await world.olga.slash(
            world.public, "staff grant", student=world.eve, mentor="Max", sessions=1, reason="A prize"
        )

        assert "They have a seat now, and Max is told" in read(shown)
        assert await count_of(world.db, tables.seats) == 2

    async def test_at_a_full_mentor_needs_the_explicit_word(self, world: World) -> None:
        full = await a_mentor_player(world.guild, world.env, world.db, world.community, "Lou", capacity=1)
        await a_pair(world.db, mentor=full.person)
        wanted = {"student": world.eve, "mentor": "Lou", "sessions": 1, "reason": "Promised"}

        refused = await world.sam.slash(world.public, "staff grant", **wanted)
        shown = await world.sam.slash(world.public, "staff grant", above_capacity=True, **wanted)

        assert "This mentor has 1 seat, and it is taken. Set `above_capacity`" in read(refused)
        assert "above capacity: all seats of Lou were taken" in read(shown)

    async def test_by_an_unknown_mentors_name_is_refused(self, world: World) -> None:
        shown = await world.sam.slash(
            world.public, "staff grant", student=world.eve, mentor="Zed", sessions=1, reason="A prize"
        )

        assert "no such mentor" in read(shown)


class TestRelease:
    async def test_shows_first_what_it_would_do(self, world: World) -> None:
        await a_session(world.db, world.pair, world.clock.now() + HOUR)
        await a_session(world.db, world.pair, world.clock.now() + 3 * DAY)
        world.clock.forward(hours=1)

        shown = await world.sam.slash(world.staff_room, "staff release", student="Stu", reason=WHY)

        assert reply_to(shown).ephemeral
        assert "Release Stu's seat with Mara?" in read(shown)
        assert "1 session is cancelled." in read(shown)
        assert "3 sessions are kept for the student" in read(shown)
        assert "No money is given back by this" in read(shown)
        assert "1 session has started and stays as it is" in read(shown)
        assert labels(reply_to(shown)) == ["Release the seat"]
        assert await seat_state(world) is SeatState.ACTIVE

    async def test_happens_by_the_button_after_a_restart_with_the_reason_typed_before(self, world: World) -> None:
        session = await a_session(world.db, world.pair, world.clock.now() + 3 * DAY)
        shown = await world.sam.slash(world.staff_room, "staff release", student="Stu", reason=WHY)
        await world.restart()

        done = await world.sam.click(reply_to(shown), label="Release the seat")

        assert "Released: Stu" in read(done)
        assert "1 session is cancelled." in read(done)
        assert "4 sessions are kept for the student." in read(done)
        assert labels(reply_to(done)) == []
        assert await seat_state(world) is SeatState.RELEASED
        assert (await row_of(world.db, tables.sessions, session))["state"] is SessionState.CANCELED
        assert {row["why"] for row in await rows_of(world.db, tables.history)} == {WHY}

    async def test_leaves_the_student_what_is_kept_to_see(self, world: World) -> None:
        shown = await world.sam.slash(world.staff_room, "staff release", student="Stu", reason=WHY)
        await world.sam.click(reply_to(shown), label="Release the seat")
        world.clock.forward(days=90)

        left = await world.stu.actor.slash(world.public, "remaining")

        assert "You have no seat here any more" in read(left)
        assert "**4 of 4** left · 0 booked · its time stands still" in read(left)
        assert labels(reply_to(left)) == ["Buy"]

    async def test_of_a_seat_without_sessions_says_so(self, world: World) -> None:
        async with world.db.begin() as tx:
            await tx.run(tables.packs.update().values(remaining=0, state=PackState.DEPLETED))

        shown = await world.sam.slash(world.staff_room, "staff release", student="Stu", reason=WHY)
        assert "Nothing." in read(shown)
        assert "No sessions." in read(shown)
        done = await world.sam.click(reply_to(shown), label="Release the seat")

        assert "All three are told" in read(done)
        assert "kept" not in read(done)

    async def test_waits_while_money_moves(self, world: World) -> None:
        shown = await world.sam.slash(world.staff_room, "staff release", student="Stu", reason=WHY)
        order_id = await an_order(world.db, world.stu.person, world.pair.product_id, OrderState.PENDING)
        ref = f"cs_test_{order_id}"
        world.provider.news[ref] = Pending(ref, world.clock.now())  # so it is still when the provider is asked

        at_once = await world.sam.slash(world.staff_room, "staff release", student="Stu", reason=WHY)
        later = await world.sam.click(reply_to(shown), label="Release the seat")

        for answer in (at_once, later):
            assert read(answer).endswith(SENTENCES[Reason.ORDER_UNSETTLED].without)
        assert await seat_state(world) is SeatState.ACTIVE

    async def test_by_a_forged_button_has_no_reason_and_no_right(self, world: World) -> None:
        button = f"release-seat:{world.pair.seat_id}"
        for_staff, for_mentor = (world.forge(world.public.id, button) for _ in range(2))
        for_stranger = world.forge(world.eve.user.dm_channel.id, button)

        by_staff = await world.sam.click(for_staff, custom_id=button)
        by_mentor = await world.mara.actor.click(for_mentor, custom_id=button)
        by_stranger = await world.eve.user.click(for_stranger, custom_id=button)

        assert "A reason has 1 to 500 characters" in read(by_staff)
        assert "Only staff" in read(by_mentor)
        assert read(by_stranger).endswith(SENTENCES[Reason.NOT_SET_UP].without)
        assert await seat_state(world) is SeatState.ACTIVE


class TestExtend:
    async def test_gives_what_is_left_more_time(self, world: World) -> None:
        shown = await world.sam.slash(world.staff_room, "staff extend", student="Stu", days=10, reason="They were ill")

        assert "What is left of their pack with Mara, 4 of 4" in read(shown)
        assert stamp(world.clock.now() + 70 * DAY) in read(shown)

    async def test_keeps_a_seat_in_grace_longer(self, world: World) -> None:
        lou = await a_mentor_player(world.guild, world.env, world.db, world.community, "Lou")
        await a_pair(
            world.db,
            mentor=lou.person,
            student=world.stu.person,
            seat=SeatState.GRACE,
            remaining=0,
            state=PackState.DEPLETED,
        )

        shown = await world.sam.slash(world.staff_room, "staff extend", student="Stu – Lou", days=2, reason="Ill")

        assert "Their seat with Lou is kept until" in read(shown)
        assert stamp(world.clock.now() + 5 * DAY) in read(shown)

    async def test_of_several_packs_lets_choose(self, world: World) -> None:
        sooner = await a_pack(
            world.db, world.stu.person, world.pair.product_id, expires_at=world.clock.now() + DAY, held=1
        )

        shown = await world.sam.slash(world.staff_room, "staff extend", student="Stu", days=10, reason="Ill")
        (menu,) = custom_ids(shown)
        assert options_of(shown, menu) == [str(sooner), str(world.pair.pack_id)]
        done = await world.sam.select(reply_to(shown), [str(sooner)], custom_id=menu)

        assert stamp(world.clock.now() + 11 * DAY) in read(done)
        assert (await rows_of(world.db, tables.history))[-1]["why"] == "Ill"

    async def test_by_a_forged_choice_changes_nothing(self, world: World) -> None:
        menu = f"pick-extend:{world.pair.seat_id}:10"
        unreadable = world.forge_select(world.public.id, menu, "none")
        in_dm = world.forge_select(world.eve.user.dm_channel.id, menu, "1")

        by_staff = await world.sam.select(unreadable, ["none"], custom_id=menu)
        by_stranger = await world.eve.user.select(in_dm, ["1"], custom_id=menu)

        assert read(by_staff).endswith(SENTENCES[Reason.UNKNOWN_PACK].without)
        assert read(by_stranger).endswith(SENTENCES[Reason.NOT_SET_UP].without)

    async def test_of_nothing_says_the_mend(self, world: World) -> None:
        async with world.db.begin() as tx:
            await tx.run(tables.packs.update().values(remaining=0, state=PackState.EXPIRED))

        shown = await world.sam.slash(world.staff_room, "staff extend", student="Stu", days=10, reason="Ill")

        assert read(shown).endswith(SENTENCES[Reason.NOTHING_TO_EXTEND].without)


@pytest.mark.parametrize("who", ["stu", "mara"])
async def test_students_and_mentors_are_no_staff(world: World, who: str) -> None:
    person, seat = getattr(world, who).actor, str(world.pair.seat_id)

    answers = [
        await person.slash(world.public, "staff grant", student=world.eve, mentor="Mara", sessions=1, reason=WHY),
        await person.slash(world.public, "staff release", student=seat, reason=WHY),
        await person.slash(world.public, "staff extend", student=seat, days=1, reason=WHY),
    ]

    assert all("Only staff" in read(answer) for answer in answers)
    assert await count_of(world.db, tables.history) == 0


@pytest.mark.parametrize("command", ["staff release", "staff extend"])
async def test_another_communitys_seat_is_unknown(world: World, command: str) -> None:
    elsewhere = await a_pair(world.db)
    more = {"days": 1} if command == "staff extend" else {}

    for typed in (str(elsewhere.seat_id), "Zed"):
        shown = await world.sam.slash(world.public, command, student=typed, reason=WHY, **more)
        assert read(shown).endswith(SENTENCES[Reason.UNKNOWN_STUDENT].without)
