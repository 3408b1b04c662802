"""`seatkeeper reconcile`, typed by an operator, against a Stripe on loopback."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from core.clock import SystemClock
from core.db import tables
from core.db.unit import Database
from core.payments.stripe import StripeProvider
from core.rules.states import OrderState
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.place import Wanted
from tests.builders import a_community, a_member, a_mentor, a_product, row_of, rows_of
from tests.payments.fake_stripe import API_KEY, BadDay, FakeStripe
from tests.payments.fixtures import http, provider
from tests.seatkeeper.test_command_line import ended

__all__ = ["http", "provider"]


@pytest.fixture
def stripe() -> FakeStripe:
    """By the machine's clock, as the command's."""
    return FakeStripe(SystemClock())


@pytest.fixture
async def api_url(stripe: FakeStripe) -> AsyncIterator[str]:
    async with TestServer(stripe.app()) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, SystemClock())
    yield database
    await database.close()


async def _paid_order(db: Database, provider: StripeProvider, stripe: FakeStripe) -> int:
    """An order that was paid at Stripe, of which no webhook came."""
    mentor = await a_mentor(db, await a_community(db))
    student = await a_member(db, mentor.community)
    wanted = Wanted(await a_product(db, mentor))
    made = await buy(db, {"stripe": provider}, "https://seats.example", student.asker, mentor.id, wanted)
    assert isinstance(made, CheckoutReady), made
    (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == made.order_id)
    stripe.pay(checkout["provider_ref"])
    return made.order_id


async def test_what_was_paid_and_not_granted_is_repaired_and_said_once(
    tmp_path: Path, db: Database, provider: StripeProvider, stripe: FakeStripe, api_url: str
) -> None:
    order_id = await _paid_order(db, provider, stripe)
    settings = {"DATABASE_URL": db.url, "STRIPE_API_KEY": API_KEY, "STRIPE_API_URL": api_url}

    first = await ended(tmp_path, "reconcile", **settings)
    second = await ended(tmp_path, "reconcile", "--since", "2026-01-01", "--json", **settings)

    assert first.code == 0, first.err
    assert "1 repaired, 0 need a person" in first.out
    assert "it was paid, and nothing had been granted" in first.out
    assert "Stu" in first.out
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.FULFILLED
    assert second.code == 0, second.err
    told = json.loads(second.out)
    assert (told["agreed"], told["repaired"], told["needs_a_person"], told["not_asked"]) == (1, [], [], [])


async def test_a_stripe_that_is_away_is_one_line_and_changes_nothing(
    tmp_path: Path, db: Database, provider: StripeProvider, stripe: FakeStripe, api_url: str
) -> None:
    order_id = await _paid_order(db, provider, stripe)
    stripe.bad_days = [BadDay(503)] * 9
    settings = {"DATABASE_URL": db.url, "STRIPE_API_KEY": API_KEY, "STRIPE_API_URL": api_url}

    away = await ended(tmp_path, "reconcile", **settings)
    nobody = await ended(tmp_path, "reconcile", DATABASE_URL=db.url)

    assert away.code == 1
    assert "Stripe gives no answer" in away.err
    assert "Traceback" not in away.err
    assert len(away.err.strip().splitlines()) == 1, away.err
    assert (await row_of(db, tables.orders, order_id))["state"] is OrderState.OPEN
    assert (nobody.code, "STRIPE_API_KEY" in nobody.err) == (1, True)
