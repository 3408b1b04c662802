"""Every request that the bot sends is one that Discord's published API takes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.notifier import DiscordCourier
from core.ports import Address, Button, Message
from core.rules.states import Channel
from tests.bot.world import World, options_of, reply_to
from tests.builders import HOUR, a_pair, a_session

CONTRACT = Path(__file__).parents[3] / "shared" / "contracts" / "discord-openapi.json"
_MOST_EXACT = 2**53


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    if not CONTRACT.exists():
        pytest.skip(f"Discord's API description is not beside this checkout ({CONTRACT.name})")
    loaded: dict[str, Any] = json.loads(CONTRACT.read_text())
    return loaded


def on_the_wire(value: Any) -> Any:
    """The body as JSON would carry it: the simulation keeps ids as integers where discord.py writes strings."""
    if isinstance(value, dict):
        return {name: on_the_wire(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [on_the_wire(part) for part in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > _MOST_EXACT else value


def bodies_of(world: World) -> Iterator[tuple[str, str, Any]]:
    for entry in world.env.http_requests:
        if entry.json is not None:
            yield entry.method, entry.path, on_the_wire(entry.json)


def operation_of(contract: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """The operation whose template the path fits, the one with the fewest placeholders."""
    fitting = [
        (template.count("{"), template)
        for template, operations in contract["paths"].items()
        if method.lower() in operations and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
    ]
    assert fitting, f"Discord has no {method} {path}"
    operation: dict[str, Any] = contract["paths"][min(fitting)[1]][method.lower()]
    return operation


def faults_of(contract: dict[str, Any], method: str, path: str, body: Any) -> list[str]:
    content = operation_of(contract, method, path)["requestBody"]["content"]
    schema = {**content["application/json"]["schema"], "components": contract["components"]}
    return [f"{method} {path}: {error.message[:300]}" for error in Draft202012Validator(schema).iter_errors(body)]


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


async def test_every_body_is_one_that_discord_takes(world: World, contract: dict[str, Any]) -> None:
    await walk_through(world)

    sent = [(method, path, body) for method, path, body in bodies_of(world)]
    assert len(sent) >= 28
    assert [fault for method, path, body in sent for fault in faults_of(contract, method, path, body)] == []


async def test_a_body_that_discord_would_refuse_is_found(world: World, contract: dict[str, Any]) -> None:
    await world.stu.actor.slash(world.public, "remaining")
    method, path, body = next(each for each in bodies_of(world) if each[1].endswith("@original"))

    body["embeds"][0]["title"] = "x" * 300

    assert faults_of(contract, method, path, body)


async def test_whatever_is_said_pings_nobody_and_is_for_one_person(world: World) -> None:
    await walk_through(world)

    for method, path, body in bodies_of(world):
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
