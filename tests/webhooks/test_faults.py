"""What nobody expected, at the web's edge; and whether the server is alive and ready."""

import asyncio
import logging
import re
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.ports import CheckoutNews
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.webhooks.fixtures import Bought, Web
from webhooks.app import make_app
from webhooks.parts import Parts
from webhooks.server import serve


class BrokenProvider(LedgerProvider):
    """It breaks its promise to raise nothing but the port's errors."""

    async def ask_checkout(self, ref: str) -> CheckoutNews:
        raise ZeroDivisionError("inner words")


async def test_a_fault_is_told_by_its_reference_alone(
    parts: Parts, bought: Bought, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(replace(parts, providers={"stripe": BrokenProvider(clock)}))

    async with TestClient(TestServer(app)) as client:
        async with client.get(f"{bought.page}/return") as response:
            page = await response.text()
        async with client.get(bought.page) as after:
            assert after.status == 200

    assert (response.status, response.content_type) == (500, "text/html")
    (reference,) = re.findall(r"<code>([0-9a-f]{6})</code>", page)
    assert "inner words" not in page
    assert "Traceback" not in page
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert reference in record.getMessage()
    assert bought.page.rpartition("/")[2] not in caplog.text


async def test_alive_and_ready_are_two_things(parts: Parts) -> None:
    for gateway, status in ((True, 200), (False, 503)):
        app = make_app(replace(parts, gateway_ready=lambda up=gateway: up))  # type: ignore[misc]  # the default binds it

        async with TestClient(TestServer(app)) as client:
            async with client.get("/healthz") as alive:
                assert alive.status == 200
            async with client.get("/readyz") as ready:
                assert (ready.status, await ready.json()) == (status, {"database": True, "gateway": gateway})


async def test_a_process_without_the_bot_waits_for_no_gateway(parts: Parts) -> None:
    app = make_app(replace(parts, gateway_ready=None))

    async with TestClient(TestServer(app)) as client, client.get("/readyz") as ready:
        assert (ready.status, await ready.json()) == (200, {"database": True})


async def test_an_unknown_webhook_is_answered_to_a_machine(web: Web) -> None:
    async with web.client.post("/webhooks/nobody", data=b"{}") as response:
        assert (response.status, await response.json()) == (404, {"error": "Not Found"})


async def test_the_secret_is_not_shown_with_the_parts(parts: Parts) -> None:
    assert parts.stripe_webhook_secret not in repr(parts)


async def test_half_a_request_is_not_waited_for(parts: Parts) -> None:
    runner = await serve(make_app(parts), "127.0.0.1", 0, idle_for=0.1)
    host, port = runner.addresses[0][:2]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Sig")

    assert await reader.read() == b""  # the server hangs up

    writer.close()
    await runner.cleanup()


async def test_a_port_that_is_taken_is_said_and_nothing_stays_behind(parts: Parts) -> None:
    runner = await serve(make_app(parts), "127.0.0.1", 0)
    port = runner.addresses[0][1]

    with pytest.raises(OSError, match="address already in use"):
        await serve(make_app(parts), "127.0.0.1", port)

    await runner.cleanup()


async def test_paths_are_not_logged(parts: Parts, bought: Bought, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    runner = await serve(make_app(parts), "127.0.0.1", 0)
    host, port = runner.addresses[0][:2]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {bought.page} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    answer = await reader.read()

    writer.close()
    await runner.cleanup()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert bought.page not in caplog.text
