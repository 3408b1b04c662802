"""The real web server on a port of its own, and a student with an open checkout at a Stripe of the test's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.payments.stripe import StripeProvider
from core.usecases import Database
from core.usecases.buying.buy import CheckoutReady, buy
from tests.builders import Person, a_community, a_member, a_mentor, a_product
from tests.clocks import SettableClock
from tests.payments.fake_stripe import FakeStripe, Json, body_of
from tests.payments.signing import SECRET, signed
from webhooks.app import make_app
from webhooks.parts import Parts

PUBLIC_URL = "https://seats.example"


@dataclass(frozen=True, slots=True)
class House:
    mentor: Person
    student: Person
    product_id: int


@dataclass(frozen=True, slots=True)
class Bought:
    """An order with its checkout: open at Stripe, not paid."""

    order: CheckoutReady
    checkout: str  # Stripe's id of it

    @property
    def page(self) -> str:
        return self.order.pay_url.removeprefix(PUBLIC_URL)


class Web:
    """What comes in from outside: people with a browser, and Stripe."""

    def __init__(self, client: TestClient, stripe: FakeStripe, clock: SettableClock) -> None:  # type: ignore[type-arg]  # of what app it asks
        self.client = client
        self.stripe = stripe
        self.clock = clock

    async def deliver(self, raw: bytes | Json, signature: str | None = None, **headers: str) -> int:
        """The status that Stripe gets for this event, signed now unless a signature is given."""
        raw = raw if isinstance(raw, bytes) else body_of(raw)
        header = signed(raw, self.clock.now()) if signature is None else signature
        async with self.client.post(
            "/webhooks/stripe", data=raw, headers={"Stripe-Signature": header, **headers}
        ) as response:
            return response.status

    async def see(self, path: str) -> tuple[int, str]:
        """The status and the text of a page."""
        async with self.client.get(path) as response:
            return response.status, await response.text()


@pytest.fixture
async def house(db: Database) -> House:
    community = await a_community(db)
    mentor = await a_mentor(db, community)
    return House(mentor, await a_member(db, community), await a_product(db, mentor))


@pytest.fixture
async def bought(db: Database, provider: StripeProvider, house: House, stripe: FakeStripe) -> Bought:
    order = await buy(db, {provider.name: provider}, PUBLIC_URL, house.student.asker, house.mentor.id)
    assert isinstance(order, CheckoutReady)
    (checkout,) = stripe.checkouts
    return Bought(order, checkout)


@pytest.fixture
def parts(db: Database, provider: StripeProvider, clock: SettableClock) -> Parts:
    return Parts(
        db=db,
        providers={provider.name: provider},
        public_url=PUBLIC_URL,
        clock=clock,
        signature_clock=clock,
        stripe_webhook_secret=SECRET,
        gateway_ready=lambda: True,
        database_within=timedelta(seconds=30),  # a slow machine is not what most tests are about
    )


@pytest.fixture
async def web(parts: Parts, stripe: FakeStripe, clock: SettableClock) -> AsyncIterator[Web]:
    async with TestClient(TestServer(make_app(parts))) as client:
        yield Web(client, stripe, clock)
