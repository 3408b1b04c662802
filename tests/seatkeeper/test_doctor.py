"""`seatkeeper doctor` on an installation with nothing set, half of it, and all; and what operators' docs show of it."""

import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from core.clock import SystemClock
from core.config import WHERE_TO_GET, Config
from core.db.unit import Database
from core.payments.paypal_events import KINDS as PAYPAL_KINDS
from core.payments.stripe_events import KINDS as STRIPE_KINDS
from seatkeeper.demo.stripe_stand_in import StripeStandIn
from seatkeeper.doctor import examine, is_well
from tests.builders import STAFF_CHANNEL, STAFF_ROLE, a_community, a_pair
from tests.fixtures import clock, db
from tests.payments.fake_paypal import CLIENT_ID, CLIENT_SECRET, FakePayPal
from tests.seatkeeper.test_command_line import ended
from tests.usecases.records.steps import a_dead_notice, a_failed_event

__all__ = ["clock", "db"]

TOKEN, KEY, WEBHOOK_ID = "token-of-the-bot", "sk_test_doctor", "8PT597110X687430L"
HERE = "https://seats.example"
PAYPAL = {"PAYPAL_CLIENT_ID": CLIENT_ID, "PAYPAL_CLIENT_SECRET": CLIENT_SECRET, "PAYPAL_WEBHOOK_ID": WEBHOOK_ID}
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


def stripe_with(http: aiohttp.ClientSession, *endpoints: dict[str, Any], hours_late: int = 0) -> web.Application:
    """A Stripe that knows these webhook endpoints, and what its clock says."""
    app = StripeStandIn(SystemClock(), http, KEY, "whsec_x").app()

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": endpoints})

    async def late(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(SystemClock().now() - timedelta(hours=hours_late), usegmt=True)

    app.router.add_get("/v1/webhook_endpoints", listed)
    app.on_response_prepare.append(late)
    return app


def an_endpoint(**changes: Any) -> dict[str, Any]:
    return {"url": f"{HERE}/webhooks/stripe", "status": "enabled", "enabled_events": list(STRIPE_KINDS), **changes}


def paypal_with(**changes: Any) -> FakePayPal:
    """A PayPal that knows one webhook."""
    kinds = [{"name": kind} for kind in PAYPAL_KINDS]
    paypal = FakePayPal(SystemClock())
    paypal.webhooks[WEBHOOK_ID] = {"id": WEBHOOK_ID, "url": f"{HERE}/webhooks/paypal", "event_types": kinds, **changes}
    return paypal


@dataclass(frozen=True)
class Providers:
    """Stripe's webhook endpoints and by how much its clock is behind; and the PayPal that is there."""

    endpoints: Sequence[dict[str, Any]] = ()
    hours_late: int = 0
    paypal: FakePayPal = field(default_factory=paypal_with)


async def told(
    monkeypatch: pytest.MonkeyPatch, app: web.Application, there: Providers | None = None, /, **settings: str
) -> list[str]:
    """The lines on an installation with these settings, these providers, and this Discord."""
    there = there or Providers()
    async with (
        aiohttp.ClientSession() as http,
        served(app) as at_discord,
        served(stripe_with(http, *there.endpoints, hours_late=there.hours_late)) as stripe,
        served(there.paypal.app()) as at_paypal,
    ):
        for name, value in {"STRIPE_API_URL": stripe, "PAYPAL_API_URL": at_paypal, **settings}.items():
            monkeypatch.setenv(name, value)
        findings = await examine(Config.load(), at_discord)
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

    settings |= {"PAYPAL_CLIENT_ID": "hunter2", "PAYPAL_CLIENT_SECRET": "hunter2"}

    lines = await told(monkeypatch, discord(), STRIPE_API_KEY="sk_test_hunter2", **settings)

    assert lines == shown("With a fresh database, and keys that are wrong:")
    assert "hunter2" not in "".join(lines)


async def test_with_all_of_it_every_line_is_well(monkeypatch: pytest.MonkeyPatch, db: Database) -> None:
    await a_community(db, guild_id=1234)
    settings = {"DATABASE_URL": db.url, "DISCORD_TOKEN": TOKEN, "PUBLIC_URL": HERE}
    settings |= {"STRIPE_API_KEY": KEY, "STRIPE_WEBHOOK_SECRET": "whsec_x", **PAYPAL}

    lines = await told(monkeypatch, discord(), Providers(endpoints=[an_endpoint()]), **settings)

    expected = shown("With all of it:")
    if db.url.startswith("sqlite"):
        expected.remove("ok       Clock                  this machine's agrees with the database's")
    assert [line.replace("SQLite", "PostgreSQL") for line in lines] == expected


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
    for name, value in {**PAYPAL, "PAYPAL_API_URL": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)

    lines = "\n".join(str(each) for each in await examine(Config.load(), "http://127.0.0.1:1"))

    assert "Discord does not answer (ClientConnectorError)" in lines
    assert "Stripe does not answer (ClientConnectorError)" in lines
    assert "PayPal does not answer (ClientConnectorError)" in lines
    assert "The database does not answer" in lines
    assert "hunter2" not in lines


async def test_who_sells_with_one_provider_is_not_asked_for_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with_paypal = "\n".join(await told(monkeypatch, discord(), PUBLIC_URL=HERE, **PAYPAL))
    for name in PAYPAL:
        monkeypatch.delenv(name)
    with_stripe = "\n".join(await told(monkeypatch, discord(), PUBLIC_URL=HERE, STRIPE_API_KEY=KEY))

    assert "ok       Stripe                 is not used" in with_paypal
    assert "STRIPE_" not in with_paypal
    assert "ok       PayPal                 is not used" in with_stripe
    assert "PAYPAL_" not in with_stripe


@pytest.mark.parametrize(
    ("endpoints", "says"),
    [
        ([], f"Stripe has none for {HERE}/webhooks/stripe"),
        ([an_endpoint(url="https://elsewhere.example/webhooks/stripe")], "Stripe has none for"),
        ([an_endpoint(status="disabled")], "is disabled"),
        ([an_endpoint(enabled_events=["checkout.session.completed"])], "is not told of checkout.session.async_"),
        ([an_endpoint(enabled_events=["*"])], "leads here and is told of all that matters"),
        ([an_endpoint(status="disabled"), an_endpoint()], "leads here and is told of all that matters"),
    ],
)
async def test_what_stripes_webhook_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, endpoints: list[dict[str, Any]], says: str
) -> None:
    lines = await told(monkeypatch, discord(), Providers(endpoints=endpoints), PUBLIC_URL=HERE, STRIPE_API_KEY=KEY)

    assert any("Stripe's webhook" in line and says in line for line in lines)


@pytest.mark.parametrize(
    ("webhook", "settings", "says"),
    [
        ({"url": "https://elsewhere.example/webhooks/paypal"}, {}, f"is of another address → Let it lead to {HERE}/"),
        ({"event_types": [{"name": "CHECKOUT.ORDER.APPROVED"}]}, {}, "is not told of PAYMENT.CAPTURE.COMPLETED, PAY"),
        ({"event_types": [{"name": "*"}]}, {}, "leads here and is told of all that matters"),
        ({}, {"PAYPAL_WEBHOOK_ID": "9XX"}, "PayPal does not know it"),
        ({}, {"PAYPAL_WEBHOOK_ID": "../9XX?"}, "PayPal does not know it"),
        ({}, {"PAYPAL_WEBHOOK_ID": ""}, "is not set"),
    ],
)
async def test_what_paypals_webhook_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, webhook: dict[str, Any], settings: dict[str, str], says: str
) -> None:
    paypal = paypal_with(**webhook)

    lines = await told(monkeypatch, discord(), Providers(paypal=paypal), PUBLIC_URL=HERE, **{**PAYPAL, **settings})

    assert any("PAYPAL_WEBHOOK_ID" in line and says in line for line in lines)


async def test_half_of_paypals_settings_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = await told(monkeypatch, discord(), PUBLIC_URL=HERE, PAYPAL_CLIENT_ID=CLIENT_ID)

    assert [line for line in lines if "PAYPAL" in line] == [
        "ok       PAYPAL_CLIENT_ID       is set",
        f"missing  PAYPAL_CLIENT_SECRET   is not set → {WHERE_TO_GET['paypal_client_secret']}",
        f"missing  PAYPAL_WEBHOOK_ID      is not set → {WHERE_TO_GET['paypal_webhook_id']}",
    ]


async def test_what_paypal_cannot_do_for_a_community_is_named(monkeypatch: pytest.MonkeyPatch, db: Database) -> None:
    await a_community(db, guild_id=1234, currency="KWD")
    paypal = paypal_with()
    paypal.scope = "openid"

    lines = await told(
        monkeypatch,
        discord(),
        Providers(paypal=paypal),
        DATABASE_URL=db.url,
        DISCORD_TOKEN=TOKEN,
        PUBLIC_URL=HERE,
        **PAYPAL,
    )

    assert "warn     Server 1234            PayPal takes no KWD → Sell with Stripe there." in lines
    assert any("may not be read: Transaction search, Customer disputes" in line for line in lines)


async def test_a_clock_that_is_wrong_is_noticed_by_what_providers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = await told(monkeypatch, discord(), Providers(hours_late=1), STRIPE_API_KEY=KEY, PUBLIC_URL=HERE)

    (clock_line,) = [line for line in lines if line.startswith("warn     Clock")]
    assert "this machine's and Stripe's are 36" in clock_line
    assert clock_line.endswith("→ Let both follow NTP.")
