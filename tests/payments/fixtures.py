"""A Stripe of the test's own, and the provider that speaks to it. A folder's conftest imports those that it needs."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from core.payments.stripe import StripeProvider
from tests.clocks import SettableClock
from tests.payments.fake_stripe import API_KEY, FakeStripe


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
