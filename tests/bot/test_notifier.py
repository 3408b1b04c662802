"""The courier: what is delivered, to whom, and what Discord's no means."""

from collections.abc import Sequence

import discord
import pytest
from simcord import Env

from bot.notifier import DiscordCourier
from core.ports import Address, Answer, Button, ChannelClosed, Delivered, Gone, Message, OpenedThread, RetryAfter
from core.rules.states import Channel
from tests.bot.world import World, labels, parts_of, words_of

HELLO = Message(
    "A title", "Some **text**", [Button("Renew", "renew", 7, style="success"), Button("Schedule", "schedule")]
)


async def send(world: World, user_id: int, message: Message = HELLO, nonce: str = "notice-1") -> Answer:
    return await DiscordCourier(world.env.bot).send(Address(Channel.DM, user_id), message, nonce)


def closed(env: Env, channel_id: int, status: int, code: int) -> None:
    env.inject_error("POST", f"/channels/{channel_id}/messages", status=status, code=code, times=None)


async def test_a_notice_arrives_as_a_dm_with_its_buttons(world: World) -> None:
    answer = await send(world, world.stu.actor.id)

    (message,) = world.stu.dms
    assert answer == Delivered(message.id)
    assert words_of(message) == "A title\nSome **text**"
    assert labels(message) == ["Renew", "Schedule"]
    assert [part["custom_id"] for part in parts_of(message)] == ["renew:7", "schedule"]


async def test_a_link_is_a_link(world: World) -> None:
    await send(world, world.stu.actor.id, Message("Pay", "now", [Button("Pay", url="https://seats.example/pay/x")]))

    (part,) = parts_of(world.stu.dms[0])
    assert part["url"] == "https://seats.example/pay/x"


async def test_staff_hear_in_their_channel(world: World) -> None:
    answer = await DiscordCourier(world.env.bot).send(Address(Channel.STAFF, world.staff_room.id), HELLO, "notice-2")

    assert isinstance(answer, Delivered)
    assert [words_of(message) for message in world.staff_room.history()] == ["A title\nSome **text**"]


async def test_discord_is_told_to_deliver_a_nonce_once(world: World) -> None:
    long = "final_warning:12345678901234567890:3:dm"
    await send(world, world.stu.actor.id, nonce="notice-1")
    await send(world, world.stu.actor.id, nonce=long)
    await send(world, world.stu.actor.id, nonce=long)

    sent = [entry.json for entry in world.env.http_requests if entry.path.endswith("/messages") and entry.json]
    assert [body["enforce_nonce"] for body in sent] == [True, True, True]
    assert sent[0]["nonce"] == "notice-1"
    assert sent[1]["nonce"] == sent[2]["nonce"]
    assert len(sent[1]["nonce"]) <= 25


async def test_nobody_is_pinged(world: World) -> None:
    await send(world, world.stu.actor.id, Message("Hi", "<@1> @everyone"))

    (body,) = [entry.json for entry in world.env.http_requests if entry.path.endswith("/messages") and entry.json]
    assert body["allowed_mentions"]["parse"] == []
    assert not body.get("content")


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (403, 50007, ChannelClosed("403 50007")),
        (403, 50278, Gone("403 50278")),
        (404, 10013, Gone("404 10013")),
        (404, 10003, ChannelClosed("404 10003", is_gone=True)),
        (403, 50001, ChannelClosed("403 50001")),
        (403, 50013, ChannelClosed("403 50013")),
    ],
)
async def test_a_closed_road_is_told_at_once(world: World, status: int, code: int, answer: Answer) -> None:
    closed(world.env, world.stu.actor.user.dm_channel.id, status, code)

    assert await send(world, world.stu.actor.id) == answer


@pytest.mark.parametrize(("status", "code"), [(403, 50278), (404, 10013)])
async def test_who_is_gone_is_known_before_the_dm_is_open(world: World, status: int, code: int) -> None:
    world.env.inject_error("POST", "/users/@me/channels", status=status, code=code)

    assert await send(world, world.stu.actor.id) == Gone(f"{status} {code}")


async def test_a_deleted_staff_channel_closes_the_road(world: World) -> None:
    world.env.backend.delete_channel(world.staff_room.id)

    answer = await DiscordCourier(world.env.bot).send(Address(Channel.STAFF, world.staff_room.id), HELLO, "notice-3")

    assert isinstance(answer, ChannelClosed)


@pytest.mark.parametrize(("status", "code"), [(429, 0), (500, 0), (503, 0), (403, 40003)])
async def test_not_now_is_tried_again(world: World, status: int, code: int) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=status, code=code)

    assert isinstance(await send(world, world.stu.actor.id), RetryAfter)
    assert isinstance(await send(world, world.stu.actor.id), Delivered)


async def test_a_malformed_message_is_a_fault_of_ours(world: World) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=400, code=50035)

    with pytest.raises(discord.HTTPException):
        await send(world, world.stu.actor.id)


class Unplugged:
    """A client whose network is gone."""

    user = "logged in, before"

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def create_dm(self, user: discord.abc.Snowflake) -> discord.DMChannel:
        raise self.error


@pytest.mark.parametrize("error", [ConnectionResetError(), TimeoutError(), discord.RateLimited(42.0)])
async def test_a_network_that_is_gone_is_tried_again(error: Exception) -> None:
    courier = DiscordCourier(Unplugged(error))  # type: ignore[arg-type]

    answer = await courier.send(Address(Channel.DM, 1), HELLO, "notice-4")

    assert isinstance(answer, RetryAfter)
    assert answer.seconds == (42.0 if isinstance(error, discord.RateLimited) else None)


async def test_many_buttons_stand_in_rows_of_five(world: World) -> None:
    buttons: Sequence[Button] = [Button(str(number), "complete", number) for number in range(1, 8)]

    await send(world, world.stu.actor.id, Message("Many", "", buttons))

    assert labels(world.stu.dms[0]) == [str(number) for number in range(1, 8)]


async def a_thread(world: World) -> int:
    opened = await DiscordCourier(world.env.bot).open_thread(world.public.id, "Stu – Mara")
    assert isinstance(opened, OpenedThread)
    return opened.thread_id


def in_thread(world: World, thread_id: int) -> Address:
    return Address(Channel.THREAD, thread_id, to=world.stu.actor.id, beside=world.mara.actor.id)


async def test_a_pairs_thread_is_private_and_lets_in_nobody_but_the_two(world: World) -> None:
    thread_id = await a_thread(world)

    answer = await DiscordCourier(world.env.bot).send(in_thread(world, thread_id), HELLO, "notice-5")

    thread = world.env.backend.get_thread(thread_id)
    assert isinstance(answer, Delivered)
    assert thread.type == discord.ChannelType.private_thread.value
    assert set(thread.thread_members) == {world.env.backend.bot_user.id, world.stu.actor.id, world.mara.actor.id}
    (opening,) = [entry.json for entry in world.env.http_requests if entry.path.endswith("/threads")]
    (opening,) = [entry.json for entry in world.env.http_requests if entry.path.endswith("/threads") and entry.json]
    assert opening["invitable"] is False


async def test_in_a_thread_whom_it_is_for_alone_is_pinged(world: World) -> None:
    thread_id = await a_thread(world)

    await DiscordCourier(world.env.bot).send(in_thread(world, thread_id), HELLO, "notice-6")

    (body,) = [e.json for e in world.env.http_requests if e.path == f"/channels/{thread_id}/messages"]
    (body,) = [e.json for e in world.env.http_requests if e.path == f"/channels/{thread_id}/messages" and e.json]
    assert body["content"] == f"<@{world.stu.actor.id}>"
    assert body["allowed_mentions"]["parse"] == []
    assert [int(each) for each in body["allowed_mentions"]["users"]] == [world.stu.actor.id]


async def test_a_thread_is_closed_to_whom_it_is_for_if_they_cannot_be_let_in(world: World) -> None:
    thread_id = await a_thread(world)
    world.env.inject_error("PUT", f"/channels/*/thread-members/{world.stu.actor.id}", status=404, code=10007)

    answer = await DiscordCourier(world.env.bot).send(in_thread(world, thread_id), HELLO, "notice-7")

    assert answer == Gone("404 10007")


async def test_the_other_one_of_the_pair_may_be_away(world: World, caplog: pytest.LogCaptureFixture) -> None:
    thread_id = await a_thread(world)
    world.env.inject_error("PUT", f"/channels/*/thread-members/{world.mara.actor.id}", status=403, code=50001)

    answer = await DiscordCourier(world.env.bot).send(in_thread(world, thread_id), HELLO, "notice-8")

    assert isinstance(answer, Delivered)
    assert "could not be let in" in caplog.text


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (400, 50083), (400, 160005)])
async def test_a_thread_that_takes_no_messages_is_gone(world: World, status: int, code: int) -> None:
    thread_id = await a_thread(world)
    closed(world.env, thread_id, status, code)

    answer = await DiscordCourier(world.env.bot).send(in_thread(world, thread_id), HELLO, "notice-9")

    assert answer == ChannelClosed(f"{status} {code}", is_gone=True)


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (403, 50013, ChannelClosed("403 50013")),
        (400, 160006, ChannelClosed("400 160006")),
        (503, 0, RetryAfter(None, "503 0")),
    ],
)
async def test_a_thread_that_cannot_be_opened_is_told(world: World, status: int, code: int, answer: Answer) -> None:
    world.env.inject_error("POST", "/channels/*/threads", status=status, code=code)

    assert await DiscordCourier(world.env.bot).open_thread(world.public.id, "Stu – Mara") == answer
