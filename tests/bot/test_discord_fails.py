"""Discord fails while the bot works: what was done is kept, who is concerned is told another way, staff see more."""

import logging
from typing import Any

import aiohttp
import pytest
from simcord import ChannelHandle

from bot.errors import tell
from core.db import tables
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.notices import NoticeKind
from core.rules.states import Channel, NoticeState, SessionState
from tests.bot.test_booking import to_confirm
from tests.bot.test_roles import told_to_staff
from tests.bot.test_servers import invite, kick, unheard
from tests.bot.working import work
from tests.bot.world import World, labels, read, reply_to, words_of
from tests.builders import DAY, HOUR, a_session, row_of, rows_of

ANSWER = ("PATCH", "/webhooks/*")


async def states(world: World) -> list[SessionState]:
    rows = await rows_of(world.db, tables.sessions)
    return [row["state"] for row in sorted(rows, key=lambda row: int(row["id"]))]


async def completes(world: World) -> int:
    """Mara says how an hour ago went."""
    session_id = await a_session(world.db, world.pair, world.clock.now() - HOUR)
    shown = await world.mara.actor.slash(world.public, "complete")
    await world.mara.actor.select(reply_to(shown), [str(session_id)], custom_id="pick-complete")
    return session_id


# ---------------------------------------------------------------- the answer


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, 0),
        (404, 10015),  # the webhook of the interaction is gone
        (401, 50027),  # its fifteen minutes are over
    ],
)
async def test_what_was_done_is_kept_though_it_could_not_be_answered(world: World, status: int, code: int) -> None:
    coming = await a_session(world.db, world.pair, world.clock.now() + 9 * DAY)
    over = await a_session(world.db, world.pair, world.clock.now() - HOUR)
    cancels = await world.stu.actor.slash(world.public, "schedule")
    cancels = await world.stu.actor.select(reply_to(cancels), [str(coming)], custom_id="pick-cancel")
    books, _ = await to_confirm(world)
    says = await world.mara.actor.slash(world.public, "complete")
    world.env.inject_error(*ANSWER, status=status, code=code, times=None)

    for _ in range(2):  # a second press, as nothing seemed to happen, does nothing more
        await world.stu.actor.click(reply_to(cancels), label="Cancel the session")
        await world.stu.actor.click(reply_to(books), label="Book it")
        await world.mara.actor.select(reply_to(says), [str(over)], custom_id="pick-complete")

    assert await states(world) == [SessionState.CANCELED, SessionState.COMPLETED, SessionState.SCHEDULED]
    world.env.backend.faults.clear()
    assert "**3 of 4** left · 2 to book, 1 booked" in read(await world.stu.actor.slash(world.public, "remaining"))
    await work(world)
    assert len(world.mara.dms) == 2, "booked and cancelled"
    assert len(world.stu.dms) == 1, "completed"


async def test_whoever_dismissed_the_message_before_its_answer_gets_another(world: World) -> None:
    asked, _ = await to_confirm(world)
    world.env.inject_error(*ANSWER, status=404, code=10008)

    done = await world.stu.actor.click(reply_to(asked), label="Book it")

    (said,) = done.followups
    assert "session 1 of 4" in words_of(said)
    assert await states(world) == [SessionState.SCHEDULED]


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060), (500, 0)])
async def test_a_press_that_could_not_be_acknowledged_did_nothing_and_may_be_made_again(
    world: World, status: int, code: int
) -> None:
    asked, _ = await to_confirm(world)
    world.env.inject_error("POST", "/interactions/*/*/callback", status=status, code=code)

    await world.stu.actor.click(reply_to(asked), label="Book it")
    assert await states(world) == []
    again = await world.stu.actor.click(reply_to(asked), label="Book it")

    assert "session 1 of 4" in read(again)
    assert await states(world) == [SessionState.SCHEDULED]


class Cut:
    """An interaction whose connection breaks at every word."""

    class Response:
        type = None

        def is_done(self) -> bool:
            return False

        async def defer(self, **_options: Any) -> None:
            raise aiohttp.ServerDisconnectedError

    response = Response()
    guild_id = None


async def test_a_network_that_breaks_even_at_the_apology_ends_at_the_edge(caplog: pytest.LogCaptureFixture) -> None:
    await tell(Cut(), RuntimeError("a fault"), "/book")  # type: ignore[arg-type]

    assert "/book: the person could not be told" in caplog.text


# ---------------------------------------------------------------- the message to somebody else

DM, THREADS, STAFF = "dm", "threads", "staff"


@pytest.fixture
async def sessions_room(world: World) -> ChannelHandle:
    room = world.guild.create_text_channel("sessions")
    await world.olga.slash(world.public, "setup", sessions_channel=room)
    return room


def close(world: World, room: ChannelHandle, what: str, status: int, code: int, times: int | None = None) -> None:
    paths = {
        DM: f"/channels/{world.stu.actor.user.dm_channel.id}/messages",
        THREADS: f"/channels/{room.id}/threads",
        STAFF: f"/channels/{world.staff_room.id}/messages",
    }
    world.env.inject_error("POST", paths[what], status=status, code=code, times=times)


@pytest.mark.parametrize(
    ("closed", "told", "how"),
    [
        ([(DM, 403, 50007)], Channel.THREAD, "Done: your session with Mara"),
        ([(DM, 403, 50007), (THREADS, 403, 50013)], Channel.STAFF, "their direct messages are closed"),
        ([(DM, 403, 50007), (THREADS, 403, 50001)], Channel.STAFF, "their direct messages are closed"),
        ([(DM, 403, 50007), (THREADS, 404, 10003)], Channel.STAFF, "their direct messages are closed"),
        ([(DM, 403, 50278)], Channel.STAFF, "they are not on the server any more"),
        ([(DM, 404, 10013)], Channel.STAFF, "they are not on the server any more"),
    ],
)
async def test_who_cannot_be_written_to_is_told_another_way(
    world: World, sessions_room: ChannelHandle, closed: list[tuple[str, int, int]], told: Channel, how: str
) -> None:
    for what, status, code in closed:
        close(world, sessions_room, what, status, code)

    session_id = await completes(world)
    await work(world)

    assert (await row_of(world.db, tables.sessions, session_id))["state"] is SessionState.COMPLETED
    (notice,) = await rows_of(world.db, tables.notices, tables.notices.c.kind == NoticeKind.SESSION_COMPLETED)
    assert (notice["state"], notice["channel"]) == (NoticeState.DELIVERED, told)
    in_threads = [words_of(said) for thread in sessions_room.threads for said in thread.history() if said.embeds]
    assert how in "\n".join(in_threads if told is Channel.THREAD else told_to_staff(world))


@pytest.mark.parametrize(("status", "code"), [(503, 0), (429, 0), (403, 40003)])
async def test_what_discord_does_not_take_now_comes_later(
    world: World, sessions_room: ChannelHandle, status: int, code: int
) -> None:
    close(world, sessions_room, DM, status, code, times=1)

    await completes(world)
    await work(world)
    assert world.stu.dms == []
    world.clock.forward(minutes=1)
    await work(world)

    assert len(world.stu.dms) == 1
    assert told_to_staff(world) == []


async def test_what_reaches_nobody_is_given_up_and_staff_see_it_and_have_it_tried_again(
    world: World, sessions_room: ChannelHandle, caplog: pytest.LogCaptureFixture
) -> None:
    for what, code in ((DM, 50007), (THREADS, 50013), (STAFF, 50013)):
        close(world, sessions_room, what, 403, code)
    await completes(world)
    for _ in range(MOST_ATTEMPTS):
        await work(world)
        world.clock.forward(hours=1)

    shown = await world.sam.slash(world.public, "staff failures")

    assert "Why: the staff channel is closed to us\\: 403 50013" in read(shown)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
    world.env.backend.faults.clear()
    world.clock.forward(days=1)
    await world.sam.click(reply_to(shown), label="Try 1 again")
    await work(world)
    assert len(world.stu.dms) == 1
    assert labels(reply_to(await world.sam.slash(world.public, "staff failures"))) == []


async def test_taken_off_the_server_unheard_the_bot_owes_what_it_could_not_say_until_it_is_back(world: World) -> None:
    asked, _ = await to_confirm(world)
    await world.stu.actor.click(reply_to(asked), label="Book it")
    with unheard(world):
        kept = await kick(world)
    world.env.inject_error("POST", "/channels/*/messages", status=403, code=50278, times=None)

    await work(world)
    await world.restart()
    world.clock.forward(hours=3)
    await work(world)
    world.env.backend.faults.clear()
    await invite(world, kept)
    await work(world)

    assert [words_of(said).split("\n")[0] for said in world.mara.dms] == ["Booked: Stu"]
    assert not [said for said in told_to_staff(world) if "left the server" in said]
    assert await states(world) == [SessionState.SCHEDULED]
