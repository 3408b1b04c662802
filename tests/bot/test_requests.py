"""Every request that the bot sends is one that Discord's published API takes: `env` asks that after each test here."""

import pytest

from bot.notifier import DiscordCourier
from core.ports import Address, Button, Message
from core.rules.states import Channel
from tests.bot.discord_contract import CONTRACT, bodies_of, faults_of
from tests.bot.world import World, options_of, reply_to
from tests.builders import HOUR, a_pair, a_session


@pytest.fixture(autouse=True)
def _needs_the_contract() -> None:
    if not CONTRACT.exists():
        pytest.skip(f"Discord's API description is not beside this checkout ({CONTRACT.name})")


async def walk_through(world: World) -> None:
    """One of everything that the bot says."""
    mara, stu, room = world.mara, world.stu.actor, world.public
    await a_session(world.db, world.pair, world.clock.now() + HOUR)
    await a_pair(world.db, mentor=world.max.person, student=world.stu.person)
    await stu.slash(room, "mentors")
    await stu.autocomplete(room, "book", "mentor", "m")
    await stu.slash(room, "remaining")
    await stu.slash(room, "schedule")
    await stu.slash(room, "book")
    shown = await stu.slash(room, "book", mentor=str(mara.id))
    for pick in (f"pick-day:{mara.id}", f"pick-time:{mara.id}:0"):
        shown = await stu.select(reply_to(shown), options_of(shown, pick)[:1], custom_id=pick)
    await stu.click(reply_to(shown), label="Book it")
    await stu.slash(room, "renew", mentor="Mara")
    await world.sam.slash(room, "setup", time_zone="Etc/UTC", currency="EUR")
    world.clock.forward(hours=2)
    shown = await mara.actor.slash(room, "complete")
    await mara.actor.select(reply_to(shown), options_of(shown, "pick-complete"), custom_id="pick-complete")
    buttons = [Button("Renew", "renew", mara.id, style="success"), Button("Pay", url="https://seats.example/pay/x")]
    courier = DiscordCourier(world.env.bot)
    await courier.send(Address(Channel.DM, stu.id), Message("Hi", "You", buttons), "notice-1")
    await courier.open_thread(room.id, "Stu – Mara")


async def test_every_body_is_one_that_discord_takes(world: World) -> None:
    await walk_through(world)

    sent = [(method, path, body) for method, path, body in bodies_of(world.env)]
    assert len(sent) >= 28
    assert [fault for method, path, body in sent for fault in faults_of(method, path, body)] == []


async def test_a_body_that_discord_would_refuse_is_found(world: World) -> None:
    await world.stu.actor.slash(world.public, "remaining")
    method, path, body = next(each for each in bodies_of(world.env) if each[1].endswith("@original"))

    body["embeds"][0]["title"] = "x" * 300

    assert faults_of(method, path, body)


async def test_whatever_is_said_pings_nobody_and_is_for_one_person(world: World) -> None:
    await walk_through(world)

    for method, path, body in bodies_of(world.env):
        if path.endswith("/callback") and body["type"] == 5:
            assert body["data"]["flags"] & 64, f"{method} {path} is not ephemeral"
        if "/messages" in path or path.startswith("/webhooks/"):
            assert body["allowed_mentions"] == {"parse": []}, f"{method} {path} could ping"
            assert not body.get("content")


async def test_every_command_is_acknowledged_before_anything_else(world: World) -> None:
    await world.stu.actor.slash(world.public, "remaining")

    first, second = [entry for entry in world.env.http_requests if "simcord_interaction" in entry.path]
    assert (first.method, first.json) == ("POST", {"type": 5, "data": {"flags": 64}})
    assert second.method == "PATCH"
