"""How PayPal's API is spoken to: tokens, bad days, and what is never said."""

import asyncio
import logging
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.payments.paypal import PayPalProvider
from core.ports import ProviderForbids, ProviderUnavailable, StillOpen
from tests.payments.fake_paypal import CLIENT_ID, CLIENT_SECRET, Asked, FakePayPal
from tests.payments.fake_stripe import BadDay
from tests.payments.tills import REQUEST


def asked(paypal: FakePayPal, ending: str) -> list[Asked]:
    return [each for each in paypal.requests if each.path.endswith(ending)]


async def test_one_token_serves_many_calls(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    ref = (await paypal_provider.open_checkout(REQUEST)).ref

    await asyncio.gather(*(paypal_provider.ask_checkout(ref) for _ in range(10)))

    assert len(paypal.tokens) == 1


async def test_a_token_is_replaced_shortly_before_its_end(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    paypal.token_for = 60
    ref = (await paypal_provider.open_checkout(REQUEST)).ref
    paypal.token_for = 3_600

    for _ in range(3):
        await paypal_provider.ask_checkout(ref)

    assert len(paypal.tokens) == 2


async def test_a_token_that_paypal_took_back_is_replaced_once(
    paypal_provider: PayPalProvider, paypal: FakePayPal
) -> None:
    ref = (await paypal_provider.open_checkout(REQUEST)).ref
    paypal.tokens.clear()

    answers = await asyncio.gather(*(paypal_provider.ask_checkout(ref) for _ in range(5)))

    assert answers == [StillOpen(ref, order_token="token-42")] * 5
    assert len(asked(paypal, "/v1/oauth2/token")) == 2


async def test_tokens_that_are_never_taken_are_a_refusal(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    paypal.token_for = -1

    with pytest.raises(ProviderForbids, match="401, invalid_token"):
        await paypal_provider.open_checkout(REQUEST)

    assert len(asked(paypal, "/v1/oauth2/token")) == 2


async def test_a_wrong_secret_is_refused_and_paypals_words_about_it_go_nowhere(
    paypal_url: str, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = PayPalProvider(CLIENT_ID, "wrong-secret", http, api_url=paypal_url)

    with pytest.raises(ProviderForbids) as refused:
        await provider.open_checkout(REQUEST)

    assert str(refused.value) == "401, invalid_client"
    assert "wrong-secret" not in caplog.text
    assert "secret words" not in caplog.text


async def test_a_refusal_is_told_by_its_names_alone(paypal_provider: PayPalProvider, paypal: FakePayPal) -> None:
    paypal.forbidden = {"/v2/checkout"}

    with pytest.raises(ProviderForbids) as refused:
        await paypal_provider.open_checkout(REQUEST)

    assert str(refused.value) == "403, NOT_AUTHORIZED, PERMISSION_DENIED, debug id f0a1b2c3d4e5f"


@pytest.mark.parametrize(
    "bad_day",
    [
        pytest.param(BadDay(409, b'{"name": "PREVIOUS_REQUEST_IN_PROGRESS"}'), id="the key is in use"),
        pytest.param(BadDay(404, b"<html>a proxy</html>"), id="an error of somebody else"),
        pytest.param(BadDay(200, b'{"id": "5O1"}'), id="not an order"),
        pytest.param(BadDay(200, b'{"id": "5O\\u0000", "status": "VOIDED"}'), id="poison in the id"),
        pytest.param(BadDay(200, b'{"id": "../5O1", "status": "VOIDED"}'), id="a path in the id"),
        pytest.param(BadDay(200, b'{"id": "\\ud800", "status": "VOIDED"}'), id="half a surrogate"),
        pytest.param(BadDay(200, b'{"id": ' + b"9" * 100_000 + b"}"), id="a number without end"),
        pytest.param(BadDay(200, b"[" * 100_000), id="nested too deep"),
        pytest.param(BadDay(200, b"[]"), id="a list"),
        pytest.param(BadDay(hangs=True), id="no answer"),
    ],
)
async def test_what_may_be_asked_again_is_unavailable(
    paypal_url: str, http: aiohttp.ClientSession, paypal: FakePayPal, bad_day: BadDay
) -> None:
    provider = PayPalProvider(
        CLIENT_ID, CLIENT_SECRET, http, api_url=paypal_url, retries=0, try_for=timedelta(seconds=0.3)
    )
    paypal.bad_days = [bad_day]

    with pytest.raises(ProviderUnavailable):
        await provider.ask_checkout("5O1")


async def test_a_whole_call_ends_in_time_whatever_its_tries_take(
    paypal_url: str, http: aiohttp.ClientSession, paypal: FakePayPal
) -> None:
    provider = PayPalProvider(
        CLIENT_ID, CLIENT_SECRET, http, api_url=paypal_url, retries=50, whole_call_for=timedelta(seconds=0.2)
    )
    paypal.bad_days = [BadDay() for _ in range(50)]

    with pytest.raises(ProviderUnavailable):
        await provider.ask_checkout("5O1")


async def test_a_paypal_that_is_not_there_is_unavailable(http: aiohttp.ClientSession) -> None:
    provider = PayPalProvider(CLIENT_ID, CLIENT_SECRET, http, api_url="http://127.0.0.1:1", retries=0)

    with pytest.raises(ProviderUnavailable):
        await provider.open_checkout(REQUEST)


async def test_nobody_takes_our_secret_elsewhere(http: aiohttp.ClientSession) -> None:
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        raise web.HTTPTemporaryRedirect("/stolen")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    async with TestServer(app) as server:
        provider = PayPalProvider(CLIENT_ID, CLIENT_SECRET, http, api_url=str(server.make_url("")), retries=0)
        with pytest.raises(ProviderUnavailable):
            await provider.open_checkout(REQUEST)

    assert len(seen) == 1
