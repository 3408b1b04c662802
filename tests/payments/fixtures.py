"""A Stripe and a PayPal of the test's own, and the providers that speak to them. A conftest imports what it needs."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from core.payments.paypal import PayPalProvider
from core.payments.stripe import StripeProvider
from tests.clocks import SettableClock
from tests.payments.fake_paypal import CLIENT_ID, CLIENT_SECRET, FakePayPal
from tests.payments.fake_stripe import API_KEY, FakeStripe
from tests.payments.paypal_contract import CONTRACTS, faults_in
from tests.payments.tills import PayPalTill, StripeTill, Till


@pytest.fixture
def stripe(clock: SettableClock) -> FakeStripe:
    return FakeStripe(clock)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def api_url(stripe: FakeStripe) -> AsyncIterator[str]:
    async with TestServer(stripe.app()) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
def provider(api_url: str, http: aiohttp.ClientSession) -> StripeProvider:
    """Stripe as we speak to it; it gives up at once, where a test does not say otherwise."""
    return StripeProvider(API_KEY, http, api_url=api_url, retries=0, try_for=timedelta(seconds=5))


@pytest.fixture
async def paypal(clock: SettableClock) -> AsyncIterator[FakePayPal]:
    """Afterwards everything that was asked of it is held against PayPal's own description, where that is at hand."""
    made = FakePayPal(clock)
    yield made
    if all(contract.exists() for contract in CONTRACTS):
        assert faults_in(made) == []


@pytest.fixture
async def paypal_url(paypal: FakePayPal) -> AsyncIterator[str]:
    async with TestServer(paypal.app()) as server:
        paypal.address = str(server.make_url("")).rstrip("/")
        yield paypal.address


@pytest.fixture
def paypal_provider(paypal_url: str, http: aiohttp.ClientSession) -> PayPalProvider:
    """PayPal as we speak to it; it gives up at once, where a test does not say otherwise."""
    return PayPalProvider(CLIENT_ID, CLIENT_SECRET, http, api_url=paypal_url, retries=0, try_for=timedelta(seconds=5))


@pytest.fixture(params=["stripe", "paypal"])
def till(request: pytest.FixtureRequest) -> Till:
    """Each provider in turn: a test of the port is a test of both."""
    if request.param == "stripe":
        return StripeTill(request.getfixturevalue("provider"), request.getfixturevalue("stripe"))
    return PayPalTill(request.getfixturevalue("paypal_provider"), request.getfixturevalue("paypal"))
