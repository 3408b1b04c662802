"""PayPal's webhooks, delivered to the real server: what is stored, settled, answered, and what is never asked for."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.db.tables import checkouts, ledger, orders, packs, payments, provider_events, seats
from core.db.unit import Database
from core.payments.paypal import PayPalProvider
from core.payments.paypal_certificates import Certificates, fetching
from core.payments.paypal_events import PayPalEvents
from core.rules.states import EventState, OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy
from tests.builders import count_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.payments.fake_paypal import FakePayPal
from tests.payments.fake_stripe import Json, body_of
from tests.payments.fixtures import paypal, paypal_provider, paypal_url
from tests.payments.paypal_signing import (
    CERT_URL,
    PATH,
    WEBHOOK_ID,
    CertificateHost,
    Identity,
    an_authority,
    an_identity,
    certificate_host,
)
from tests.webhooks.fixtures import PUBLIC_URL, House
from webhooks.app import make_app
from webhooks.parts import Parts

__all__ = ["paypal", "paypal_provider", "paypal_url"]

APPROVED, COMPLETED = "CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"
ROOT = an_authority()
SIGNER = an_identity(an_authority("Issuing Authority of the Test", ROOT, key=1))


@dataclass
class Front:
    """The server's public side, and the host where certificates are fetched."""

    client: TestClient  # type: ignore[type-arg]  # of what app it asks
    host: CertificateHost
    clock: SettableClock

    async def deliver(
        self, event: bytes | Json, signer: Identity = SIGNER, headers: dict[str, str] | None = None
    ) -> int:
        """The status that PayPal gets for this event, signed now unless headers are given."""
        raw = event if isinstance(event, bytes) else body_of(event)
        signed = signer.sign(raw, self.clock.now()) if headers is None else headers
        async with self.client.post("/webhooks/paypal", data=raw, headers=signed) as response:
            return response.status

    async def see(self, path: str) -> str:
        async with self.client.get(path) as response:
            return await response.text()


@pytest.fixture
async def own_parts(
    parts: Parts, paypal_provider: PayPalProvider, tmp_path: Path
) -> AsyncIterator[tuple[Parts, CertificateHost]]:
    async with certificate_host(tmp_path) as (host, http):
        host.served[PATH] = SIGNER.pem
        events = PayPalEvents(WEBHOOK_ID, Certificates(fetching(http), roots=[ROOT.certificate]), livemode=False)
        providers = {paypal_provider.name: paypal_provider}
        yield replace(parts, providers=providers, paypal_events=events), host


@pytest.fixture
async def front(own_parts: tuple[Parts, CertificateHost], clock: SettableClock) -> AsyncIterator[Front]:
    made, host = own_parts
    async with TestClient(TestServer(make_app(made))) as client:
        yield Front(client, host, clock)


@pytest.fixture
async def order(db: Database, paypal_provider: PayPalProvider, house: House) -> CheckoutReady:
    ready = await buy(db, {paypal_provider.name: paypal_provider}, PUBLIC_URL, house.student.asker, house.mentor.id)
    assert isinstance(ready, CheckoutReady)
    return ready


def page_of(order: CheckoutReady) -> str:
    return order.pay_url.removeprefix(PUBLIC_URL)


def ref_in(paypal: FakePayPal) -> str:
    (ref,) = paypal.orders
    return ref


async def money_of(db: Database) -> tuple[int, ...]:
    """How many events, payments, packs and ledger entries there are."""
    return tuple([await count_of(db, table) for table in (provider_events, payments, packs, ledger)])


async def test_an_approval_is_kept_and_the_return_page_takes_the_money(
    front: Front, order: CheckoutReady, paypal: FakePayPal, db: Database
) -> None:
    ref = ref_in(paypal)
    approved = paypal.event(APPROVED, paypal.approve(ref))
    assert await front.deliver(approved) == 200
    ((waiting,), (checkout,)) = [await rows_of(db, table) for table in (orders, checkouts)]

    page = await front.see(f"{page_of(order)}/return?token={ref}&PayerID=P1")
    completed = paypal.event(COMPLETED, paypal.capture_of(ref))
    statuses = [await front.deliver(completed), await front.deliver(completed), await front.deliver(approved)]

    assert (waiting["state"], checkout["approved_at"]) == (OrderState.OPEN, NOW)
    assert "Paid, thank you!" in page
    assert statuses == [200, 200, 200]
    assert await money_of(db) == (2, 1, 1, 1)
    ((payment,), (seat,)) = [await rows_of(db, table) for table in (payments, seats)]
    assert (payment["provider"], payment["provider_ref"]) == ("paypal", paypal.capture_of(ref)["id"])
    assert (payment["fee_minor"], payment["livemode"]) == (123, False)
    assert seat["state"] is SeatState.ACTIVE


async def test_giving_up_after_having_agreed_waits_for_the_money(
    front: Front, order: CheckoutReady, paypal: FakePayPal, db: Database
) -> None:
    ref = ref_in(paypal)
    assert await front.deliver(paypal.event(APPROVED, paypal.approve(ref))) == 200

    page = await front.see(f"{page_of(order)}/cancel")

    assert "Your payment is on its way" in page
    assert (await rows_of(db, orders))[0]["state"] is OrderState.OPEN
    assert "Paid, thank you!" in await front.see(f"{page_of(order)}/return")


async def test_ten_deliveries_at_once_with_the_return_page_between_them_are_one_payment(
    front: Front, order: CheckoutReady, paypal: FakePayPal, paypal_provider: PayPalProvider, db: Database
) -> None:
    ref = ref_in(paypal)
    paypal.approve(ref)
    await paypal_provider.capture(ref, "by another process")
    event = paypal.event(COMPLETED, paypal.capture_of(ref))

    deliveries = [front.deliver(event) for _ in range(10)]
    returns = [front.see(f"{page_of(order)}/return") for _ in range(3)]
    statuses, pages = await asyncio.gather(asyncio.gather(*deliveries), asyncio.gather(*returns))

    assert statuses == [200] * 10
    assert all("Paid, thank you!" in page for page in pages)
    assert await money_of(db) == (1, 1, 1, 1)
    assert len(front.host.requests) <= 4, "they wait for one certificate"


async def test_money_on_its_way_waits_and_may_fail(
    front: Front, order: CheckoutReady, paypal: FakePayPal, db: Database
) -> None:
    ref = ref_in(paypal)
    paypal.means = "PENDING"
    paypal.approve(ref)
    assert "on its way" in await front.see(f"{page_of(order)}/return")
    assert await front.deliver(paypal.event("PAYMENT.CAPTURE.PENDING", paypal.capture_of(ref))) == 200

    assert await front.deliver(paypal.event("PAYMENT.CAPTURE.DENIED", paypal.bounce(ref))) == 200

    ((closed,), (seat,)) = [await rows_of(db, table) for table in (orders, seats)]
    assert (closed["state"], seat["state"]) == (OrderState.CLOSED, SeatState.RELEASED)
    assert await count_of(db, payments) == 0


async def test_forgeries_are_turned_away_and_make_us_ask_nobody_else(
    own_parts: tuple[Parts, CertificateHost],
    order: CheckoutReady,
    paypal: FakePayPal,
    paypal_provider: PayPalProvider,
    clock: SettableClock,
    db: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    made, host = own_parts
    ref = ref_in(paypal)
    paypal.approve(ref)
    await paypal_provider.capture(ref, "by another process")
    raw = body_of(paypal.event(COMPLETED, paypal.capture_of(ref), note="body-words"))
    now = clock.now()
    forger = an_identity(None)
    host.served[f"{PATH}9"] = forger.pem
    elsewhere = [
        f"https://evil.example{PATH}",
        f"https://api.paypal.com.evil.example{PATH}",
        f"https://api.paypal.com@evil.example{PATH}",
        f"https://api.paypal.com:444{PATH}",
        f"http://api.paypal.com{PATH}",
    ]
    signed = SIGNER.sign(raw, now)
    forgeries = [
        *(SIGNER.sign(raw, now, **{"PAYPAL-CERT-URL": address}) for address in elsewhere),
        forger.sign(raw, now, **{"PAYPAL-CERT-URL": f"{CERT_URL}9"}),
        SIGNER.sign(raw.replace(b"200.00", b"200.01"), now),
        SIGNER.sign(raw, now, webhook_id="WEBHOOK_ID"),
        {**signed, "PAYPAL-TRANSMISSION-ID": "51730200-5106-11ef-9a30-157053fd3e44"},
        {**signed, "PAYPAL-AUTH-ALGO": "SHA1withRSA"},
        {**signed, "PAYPAL-TRANSMISSION-SIG": ""},
        {},
    ]

    async with TestClient(TestServer(make_app(made))) as client:
        front = Front(client, host, clock)
        statuses = [await front.deliver(raw, headers=headers) for headers in forgeries]
        before = await money_of(db)
        good = await front.deliver(raw)

    assert statuses == [400] * len(forgeries)
    assert before == (0, 0, 0, 0)
    assert set(host.resolver.asked) == {"api.paypal.com:443"}
    assert "body-words" not in caplog.text
    assert (good, await money_of(db)) == (200, (1, 1, 1, 1))


async def test_without_a_webhook_id_there_is_no_unsigned_mode(
    own_parts: tuple[Parts, CertificateHost], clock: SettableClock, db: Database
) -> None:
    made, host = own_parts
    assert made.paypal_events is not None

    for events in (None, replace(made.paypal_events, webhook_id="")):
        async with TestClient(TestServer(make_app(replace(made, paypal_events=events)))) as client:
            assert await Front(client, host, clock).deliver(b"{}") == 503

    assert (host.requests, await count_of(db, provider_events)) == ([], 0)


async def test_while_the_certificate_cannot_be_had_paypal_is_told_to_come_again(
    front: Front, order: CheckoutReady, paypal: FakePayPal, db: Database
) -> None:
    event = paypal.event(APPROVED, paypal.approve(ref_in(paypal)))
    front.host.status = 500
    away = await front.deliver(event)
    stored = await count_of(db, provider_events)

    front.host.status = 200

    assert (away, stored) == (503, 0)
    assert await front.deliver(event) == 200
    assert await count_of(db, provider_events) == 1


async def test_what_is_authentic_and_not_settled_is_stored_whole(
    front: Front, paypal: FakePayPal, db: Database
) -> None:
    refund: dict[str, Any] = {
        "id": "1R1",
        "status": "COMPLETED",
        "amount": {"currency_code": "EUR", "value": "1.00"},
        "create_time": "2026-03-02T11:00:00Z",
        "links": [{"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/3C9"}],
    }
    told = [
        b"",
        b"[" * 100_000,
        b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": null}',
        b'{"id": "WH-2", "event_type": "BILLING.PLAN.CREATED"}',
        body_of(paypal.event("PAYMENT.CAPTURE.REFUNDED", refund)),
    ]

    statuses = [await front.deliver(raw) for raw in (*told, *told)]

    assert statuses == [200] * 10
    rows = await rows_of(db, provider_events)
    assert [(row["provider"], row["state"], row["body"]) for row in rows] == [
        ("paypal", EventState.PARKED, raw) for raw in told
    ]
    assert rows[-1]["about"] == "3C9"


async def test_repeated_bad_signatures_are_too_many_and_good_ones_still_come_through(
    front: Front, order: CheckoutReady, paypal: FakePayPal
) -> None:
    bad = [await front.deliver(b"{}", headers={}) for _ in range(21)]

    good = await front.deliver(paypal.event(APPROVED, paypal.approve(ref_in(paypal))))

    assert bad == [400] * 20 + [429]
    assert good == 200
