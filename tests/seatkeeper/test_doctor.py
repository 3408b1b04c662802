"""`seatkeeper doctor` on an installation with nothing set, half of it, and all; and what operators' docs show of it."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from core.clock import SystemClock
from core.config import Config
from core.db.unit import Database
from seatkeeper.demo.stripe_stand_in import StripeStandIn
from seatkeeper.doctor import examine, is_well
from tests.builders import STAFF_CHANNEL, STAFF_ROLE, a_community, a_pair
from tests.fixtures import clock, db
from tests.seatkeeper.test_command_line import ended
from tests.usecases.records.steps import a_dead_notice, a_failed_event

__all__ = ["clock", "db"]

TOKEN, KEY = "token-of-the-bot", "sk_test_doctor"
DOCS = Path(__file__).parents[2] / "docs" / "operators.md"


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def discord(role: int = STAFF_ROLE, channel: int = STAFF_CHANNEL) -> web.Application:
    """Discord's answers over HTTP to a bot with this token; one role and one channel on every server."""

    @web.middleware
    async def known(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            raise web.HTTPUnauthorized
        return await handler(request)

    async def me(_: web.Request) -> web.Response:
        return web.json_response({"id": "4711"})

    async def roles(_: web.Request) -> web.Response:
        return web.json_response([{"id": str(role)}])

    async def seen(request: web.Request) -> web.Response:
        return web.json_response({}, status=200 if request.match_info["id"] == str(channel) else 403)

    app = web.Application(middlewares=[known])
    app.add_routes([web.get("/users/@me", me), web.get("/guilds/{id}/roles", roles), web.get("/channels/{id}", seen)])
    return app


async def told(monkeypatch: pytest.MonkeyPatch, app: web.Application, **settings: str) -> list[str]:
    """The lines on an installation with these settings, a Stripe, and this Discord."""
    async with (
        aiohttp.ClientSession() as http,
        served(app) as there,
        served(StripeStandIn(SystemClock(), http, KEY, "whsec_x").app()) as stripe,
    ):
        for name, value in {"STRIPE_API_URL": stripe, **settings}.items():
            monkeypatch.setenv(name, value)
        findings = await examine(Config.load(), there)
        lines = [str(finding) for finding in findings]
        assert is_well(findings) == (not any(line.startswith("missing") for line in lines))
        return lines


def shown(title: str) -> list[str]:
    """The block of operators' docs under this title."""
    found = re.search(rf"{title}\n+```\n(.*?)\n```", DOCS.read_text(), re.DOTALL)
    assert found, title
    return found[1].splitlines()


async def test_on_an_installation_with_nothing_set_everything_is_named(tmp_path: Path) -> None:
    examined = await ended(tmp_path, "doctor")

    assert (examined.code, examined.err) == (1, "")
    assert examined.out.splitlines() == shown("With nothing set:")
    assert not os.listdir(tmp_path), "looking makes no database"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_with_half_of_it_what_fails_is_told_apart(monkeypatch: pytest.MonkeyPatch, db: Database) -> None:
    settings = {"DATABASE_URL": db.url, "DISCORD_TOKEN": "hunter2", "PUBLIC_URL": "http://localhost:8080"}

    lines = await told(monkeypatch, discord(), STRIPE_API_KEY="sk_test_hunter2", **settings)

    assert lines == shown("With a fresh database, and keys that are wrong:")
    assert "hunter2" not in "".join(lines)


async def test_with_all_of_it_every_line_is_well(monkeypatch: pytest.MonkeyPatch, db: Database) -> None:
    await a_community(db, guild_id=1234)
    settings = {"DATABASE_URL": db.url, "DISCORD_TOKEN": TOKEN, "PUBLIC_URL": "https://seats.example"}
    settings |= {"STRIPE_API_KEY": KEY, "STRIPE_WEBHOOK_SECRET": "whsec_x"}

    lines = await told(monkeypatch, discord(), **settings)

    assert [line.replace("SQLite", "PostgreSQL") for line in lines if not line.startswith("ok       Clock")] == [
        line for line in shown("With all of it:") if not line.startswith("ok       Clock")
    ]
    assert (db.url.startswith("postgresql")) == any(line.startswith("ok       Clock") for line in lines)


async def test_what_was_given_up_and_what_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, db: Database) -> None:
    await a_dead_notice(db, await a_pair(db))
    await a_failed_event(db, None)

    settings = {"DATABASE_URL": db.url, "DISCORD_TOKEN": TOKEN}
    without_role = "\n".join(await told(monkeypatch, discord(role=1), **settings))
    without_channel = "\n".join(await told(monkeypatch, discord(channel=1), **settings))

    assert "warn     Dead notices           1 → Type: seatkeeper notices" in without_role
    assert "warn     Failed events          1 → Type: seatkeeper events" in without_role
    assert "its staff role is gone" in without_role
    assert "its staff channel is gone or closed to the bot" in without_channel


async def test_a_channel_for_sessions_that_is_gone_is_named_too(monkeypatch: pytest.MonkeyPatch, db: Database) -> None:
    await a_community(db, guild_id=1234, sessions_channel_id=4711)

    lines = await told(monkeypatch, discord(), DATABASE_URL=db.url, DISCORD_TOKEN=TOKEN)

    assert "its sessions channel is gone or closed to the bot" in "\n".join(lines)


async def test_a_network_that_is_away_is_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://seats:hunter2@127.0.0.1:1/seats")
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("STRIPE_API_KEY", KEY)
    monkeypatch.setenv("STRIPE_API_URL", "http://127.0.0.1:1")

    lines = "\n".join(str(each) for each in await examine(Config.load(), "http://127.0.0.1:1"))

    assert "Discord does not answer (ClientConnectorError)" in lines
    assert "Stripe does not answer (ClientConnectorError)" in lines
    assert "The database does not answer" in lines
    assert "hunter2" not in lines
