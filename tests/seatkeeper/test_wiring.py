"""What wiring decides: who reads again what a provider once told us."""

import json

import pytest

from core.db.unit import Database
from core.jobs.clock import Bell
from core.payments.paypal_certificates import Certificates
from core.payments.paypal_events import PayPalEvents
from core.ports import Approved, ClosedUnpaid, ProviderUnavailable
from seatkeeper.wiring import House
from tests.clocks import NOW, SettableClock

APPROVED = {
    "id": "WH-1",
    "event_type": "CHECKOUT.ORDER.APPROVED",
    "create_time": "2026-03-02T12:00:00Z",
    "resource": {"id": "5O1", "status": "APPROVED", "purchase_units": [{"custom_id": "token-42"}]},
}
EXPIRED = {
    "id": "evt_1",
    "type": "checkout.session.expired",
    "created": 1_772_452_800,
    "data": {"object": {"id": "cs_1"}},
}


async def nowhere(_: str) -> bytes:
    raise ProviderUnavailable


async def test_each_provider_is_read_in_its_own_words_also_without_a_webhook() -> None:
    clock = SettableClock()
    house = House(
        db=Database("sqlite+aiosqlite:///unused.db", clock),
        bell=Bell(),
        clock=clock,
        public_url="https://seats.example",
        providers={},
        paypal_events=PayPalEvents("", Certificates(nowhere), livemode=False),
    )

    assert house.reread("paypal", json.dumps(APPROVED).encode()) == Approved("5O1", NOW, order_token="token-42")
    assert house.reread("stripe", json.dumps(EXPIRED).encode()) == ClosedUnpaid("cs_1")
    with pytest.raises(LookupError):
        house.reread("sessions", b"{}")
