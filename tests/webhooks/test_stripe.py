"""Stripe's webhooks, delivered to the real server: what is stored, settled, answered."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text

from core.db.tables import history, ledger, notices, orders, packs, payments, provider_events, seats
from core.db.unit import Database
from core.jobs.work import Errands
from core.rules.notices import NoticeKind
from core.rules.states import EventState, OrderState, PackState, SeatState
from tests.builders import count_of, rows_of
from tests.clocks import SettableClock
from tests.jobs.real import never_read
from tests.logged import events_of, the_log
from tests.notices.courier import KeepingCourier
from tests.payments.fake_stripe import FakeStripe, body_of
from tests.payments.signing import signed
from tests.roles import KeepingRoles
from tests.webhooks.fixtures import Bought, Web
from webhooks.app import make_app
from webhooks.parts import DATABASE_WITHIN, Parts

COMPLETED = "checkout.session.completed"
LONGEST = 256 * 1024


async def test_a_paid_checkout_gives_its_pack(web: Web, bought: Bought, stripe: FakeStripe, db: Database) -> None:
    stripe.pay(bought.checkout)

    status = await web.deliver(stripe.event(COMPLETED, bought.checkout))

    assert status == 200
    ((order,), (pack,), (seat,)) = [await rows_of(db, table) for table in (orders, packs, seats)]
    assert (order["state"], pack["remaining"], seat["state"]) == (OrderState.FULFILLED, 4, SeatState.ACTIVE)
    (event,) = await rows_of(db, provider_events)
    assert event["state"] is EventState.APPLIED


async def test_an_event_is_followed_to_the_notice_that_is_delivered_later(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay(bought.checkout)
    event = stripe.event(COMPLETED, bought.checkout)
    name = f"stripe:{event['id']}"
    work = Errands(db, KeepingCourier(), KeepingRoles(), {}, "https://seats.example", never_read).by_name()

    with the_log() as lines:
        assert await web.deliver(event) == 200
        assert await web.deliver(stripe.event("checkout.session.expired", bought.checkout)) == 200
        (told,) = await rows_of(db, notices, notices.c.kind == NoticeKind.PURCHASE_CONFIRMED)
        await work["deliver_notice"](told["id"], 0)

    settled, delivered = events_of(lines, name)
    assert settled == f"stripe event {event['id']} (order {told['subject_id']}): fulfilled"
    assert delivered == f"notice {told['id']} (purchase_confirmed): delivered"
    paid_for = await rows_of(db, history, history.c.verb == "fulfil")
    assert {change["cause"] for change in paid_for} == {name}


async def test_the_same_event_again_changes_nothing(web: Web, bought: Bought, stripe: FakeStripe, db: Database) -> None:
    stripe.pay(bought.checkout)
    event = stripe.event(COMPLETED, bought.checkout)

    statuses = [await web.deliver(event) for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert await money_of(db) == (1, 1, 1, 1)


async def test_an_unpaid_completion_waits_for_its_money(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay_later(bought.checkout)
    assert await web.deliver(stripe.event(COMPLETED, bought.checkout)) == 200
    ((waiting,), seats_held) = [await rows_of(db, table) for table in (orders, seats)]

    stripe.arrive(bought.checkout)
    assert await web.deliver(stripe.event("checkout.session.async_payment_succeeded", bought.checkout)) == 200

    assert (waiting["state"], seats_held[0]["state"]) == (OrderState.PENDING, SeatState.HELD)
    assert await money_of(db) == (2, 1, 1, 1)


async def test_a_checkout_that_ran_out_frees_its_seat(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.run_out(bought.checkout)

    assert await web.deliver(stripe.event("checkout.session.expired", bought.checkout)) == 200

    ((order,), (seat,)) = [await rows_of(db, table) for table in (orders, seats)]
    assert (order["state"], seat["state"]) == (OrderState.CLOSED, SeatState.RELEASED)


async def test_a_refund_on_stripes_pages_takes_what_it_paid_for_and_its_charge_is_asked_about(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay(bought.checkout)
    await web.deliver(stripe.event(COMPLETED, bought.checkout))
    refund = stripe.give_back(bought.checkout, 20_000)

    told = [stripe.event("refund.created", refund["id"]), stripe.event("charge.refunded", bought.checkout)]
    statuses = [await web.deliver(event) for event in [*told, *told]]

    assert statuses == [200] * 4
    ((order,), (pack,), (payment,)) = [await rows_of(db, table) for table in (orders, packs, payments)]
    assert (order["state"], pack["state"], pack["remaining"]) == (OrderState.REFUNDED, PackState.REFUNDED, 0)
    assert (payment["refunded_minor"], payment["next_attempt_at"]) == (20_000, db.clock.now())
    assert {event["state"] for event in await rows_of(db, provider_events)} == {EventState.APPLIED}


async def test_play_money_buys_nothing_where_the_key_moves_real_money(
    parts: Parts, bought: Bought, stripe: FakeStripe, clock: SettableClock, db: Database
) -> None:
    stripe.pay(bought.checkout)
    async with TestClient(TestServer(make_app(replace(parts, stripe_livemode=True)))) as client:
        status = await Web(client, stripe, clock).deliver(stripe.event(COMPLETED, bought.checkout))

    assert status == 200
    (event,) = await rows_of(db, provider_events)
    assert (event["state"], event["why"]) == (EventState.PARKED, "unreadable: livemode: not that of the API key")
    assert await count_of(db, packs) == 0


async def test_ten_deliveries_at_once_with_the_return_page_between_them_are_one_payment(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay(bought.checkout)
    event = stripe.event(COMPLETED, bought.checkout)

    deliveries = [web.deliver(event) for _ in range(10)]
    returns = [web.see(f"{bought.page}/return") for _ in range(3)]
    answers = await asyncio.gather(*deliveries, *returns)

    assert answers[:10] == [200] * 10
    assert all(page[0] == 200 and "Paid, thank you!" in page[1] for page in answers[10:])  # type: ignore[index]  # of two kinds
    assert await money_of(db) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("", id="unsigned"),
        pytest.param("t=1,v1=00", id="truncated"),
        pytest.param("t=soon,v1=" + "0" * 64, id="a time that is no number"),
        pytest.param("t=1772452800,v1=" + "0" * 64, id="wrong"),
        pytest.param("t=99999999999999999999,v1=" + "0" * 64, id="huge"),
    ],
)
async def test_what_stripe_did_not_sign_is_turned_away_and_leaves_no_trace(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database, caplog: pytest.LogCaptureFixture, signature: str
) -> None:
    caplog.set_level(logging.DEBUG)
    stripe.pay(bought.checkout)
    event = stripe.event(COMPLETED, bought.checkout, secret="body-words")

    async with web.client.post(
        "/webhooks/stripe", data=body_of(event), headers={"Stripe-Signature": signature}
    ) as response:
        answer = await response.json()

    assert (response.status, answer) == (400, {"error": "Bad Request"})
    assert await money_of(db) == (0, 0, 0, 0)
    assert "body-words" not in caplog.text


@pytest.mark.parametrize(("seconds", "status"), [(-301, 400), (-299, 200), (299, 200), (301, 400)])
async def test_a_signature_is_taken_while_it_is_fresh(
    web: Web, bought: Bought, stripe: FakeStripe, clock: SettableClock, seconds: int, status: int
) -> None:
    raw = body_of(stripe.event("invoice.paid", bought.checkout))

    assert await web.deliver(raw, signed(raw, clock.now() + timedelta(seconds=seconds))) == status


async def test_ten_thousand_candidates_are_turned_away(web: Web) -> None:
    raw = b"{}"
    header = "t=1772452800," + "v1=00," * 10_000 + signed(raw, web.clock.now())

    assert await web.deliver(raw, header) == 400


async def test_packed_bytes_are_not_unpacked(web: Web) -> None:
    assert await web.deliver(b"{}", **{"Content-Encoding": "deflate"}) == 400


async def test_repeated_bad_signatures_of_one_address_are_too_many_and_good_ones_still_come_through(
    web: Web, bought: Bought, stripe: FakeStripe
) -> None:
    bad = [await web.deliver(b"{}", "t=1,v1=00") for _ in range(21)]

    good = await web.deliver(stripe.event("invoice.paid", bought.checkout))

    assert bad == [400] * 20 + [429]
    assert good == 200


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="not JSON"),
        pytest.param(b"\xff\x00", id="not text"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(b'{"id": ' + b"9" * 100_000 + b"}", id="a number without end"),
        pytest.param(b'{"id": "evt_\\u0000\\ud800", "type": "checkout.session.completed"}', id="poison"),
        pytest.param(b'{"id": "evt_1", "type": "charge.dispute.created"}', id="a kind for later"),
        pytest.param(b'{"id": "evt_1", "type": "no.such.kind"}', id="an unknown kind"),
        pytest.param(b'{"id": "evt_1", "type": "checkout.session.completed", "data": null}', id="without its checkout"),
    ],
)
async def test_what_is_authentic_and_not_understood_is_stored_whole(web: Web, db: Database, raw: bytes) -> None:
    statuses = [await web.deliver(raw), await web.deliver(raw)]

    assert statuses == [200, 200]
    (event,) = await rows_of(db, provider_events)
    assert (event["state"], event["body"]) == (EventState.PARKED, raw)


async def test_money_with_our_mark_for_a_checkout_that_is_not_ours_is_kept_for_a_person(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay(bought.checkout)
    stripe.checkouts[bought.checkout].update(id="cs_test_other")

    assert await web.deliver(stripe.event(COMPLETED, bought.checkout)) == 200

    (event,) = await rows_of(db, provider_events)
    assert (event["state"], event["order_id"], event["next_attempt_at"]) == (EventState.FAILED, None, None)
    assert await count_of(db, packs) == 0


async def test_a_body_of_256_kib_is_taken_and_not_one_byte_more(web: Web, db: Database) -> None:
    assert await web.deliver(b" " * LONGEST) == 200
    assert await web.deliver(b" " * (LONGEST + 1)) == 413
    assert await count_of(db, provider_events) == 1


async def test_a_body_without_a_known_end_is_cut_off(web: Web, db: Database) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65_536

    async with web.client.post("/webhooks/stripe", data=endless()) as response:
        status = response.status

    assert status == 413
    assert await count_of(db, provider_events) == 0


async def test_a_body_that_does_not_come_is_not_waited_for(parts: Parts) -> None:
    server = TestServer(make_app(replace(parts, body_within=timedelta(seconds=0.1))))
    await server.start_server(lingering_time=0.1)
    async with server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")

        answer = await reader.read()  # to the end: the server hangs up

        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_breaks_off_stores_nothing(web: Web, db: Database) -> None:
    url = web.client.make_url("")
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    await writer.drain()

    writer.close()
    await writer.wait_closed()

    assert await web.deliver(b"{}") == 200
    assert await count_of(db, provider_events) == 1


async def test_without_a_secret_there_is_no_unsigned_mode(parts: Parts, db: Database, clock: SettableClock) -> None:
    app = make_app(replace(parts, stripe_webhook_secret=""))

    async with TestClient(TestServer(app)) as client, client.post("/webhooks/stripe", data=b"{}") as response:
        status = response.status

    assert status == 503
    assert await count_of(db, provider_events) == 0


async def test_only_post_is_known(web: Web) -> None:
    async with web.client.get("/webhooks/stripe") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert await response.json() == {"error": "Method Not Allowed"}


async def test_while_the_database_does_not_answer_stripe_is_told_to_come_again(
    parts: Parts, bought: Bought, stripe: FakeStripe, clock: SettableClock, db: Database
) -> None:
    stripe.pay(bought.checkout)
    event = stripe.event(COMPLETED, bought.checkout)

    async with TestClient(TestServer(make_app(replace(parts, database_within=DATABASE_WITHIN)))) as client:
        web = Web(client, stripe, clock)
        began = asyncio.get_running_loop().time()
        async with stuck(db):
            status = await web.deliver(event)
        took = asyncio.get_running_loop().time() - began
        again = await web.deliver(event)

    assert (status, again) == (503, 200)
    assert took < 2
    assert await money_of(db) == (1, 1, 1, 1)


async def test_while_the_database_is_gone_stripe_is_told_to_come_again(
    parts: Parts, clock: SettableClock, stripe: FakeStripe, db: Database
) -> None:
    gone = Database(
        "sqlite+aiosqlite:////nonexistent/seats.db"
        if db.url.startswith("sqlite")
        else "postgresql+asyncpg://nobody@127.0.0.1:1/seats",
        clock,
    )

    async with TestClient(TestServer(make_app(replace(parts, db=gone)))) as client:
        status = await Web(client, stripe, clock).deliver(b"{}")
        async with client.get("/pay/abcdefghijklmnop") as page:
            assert (page.status, page.content_type) == (503, "text/html")
            assert "Back in a moment" in await page.text()
        async with client.get("/readyz") as ready:
            assert (ready.status, await ready.json()) == (503, {"database": False, "gateway": True})
        async with client.get("/healthz") as alive:
            assert alive.status == 200
    await gone.close()

    assert status == 503


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("disk on fire", id="a fault"),
        pytest.param("UNIQUE constraint failed: seats.student_id, seats.mentor_id", id="a race lost again and again"),
    ],
)
async def test_an_event_that_cannot_be_settled_is_kept_for_the_jobs(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    stripe.pay(bought.checkout)
    event = stripe.event(COMPLETED, bought.checkout, api_version="body-words")

    async with packs_cannot_be_written(db, words):
        status = await web.deliver(event)

    (kept,) = await rows_of(db, provider_events)
    assert status == 200
    assert (kept["state"], kept["body"]) == (EventState.FAILED, body_of(event))
    assert await count_of(db, payments) == 0
    assert "body-words" not in caplog.text
    assert await web.deliver(event) == 200
    assert await money_of(db) == (1, 1, 1, 1)


async def money_of(db: Database) -> tuple[int, ...]:
    """How many events, payments, packs and ledger entries there are."""
    return tuple([await count_of(db, table) for table in (provider_events, payments, packs, ledger)])


@asynccontextmanager
async def stuck(db: Database) -> AsyncIterator[None]:
    """Somebody else keeps all writers waiting."""
    other = Database(db.url, db.clock)
    async with other.begin() as tx:
        if tx.is_postgres:
            await tx.run(text("LOCK TABLE provider_events IN ACCESS EXCLUSIVE MODE"))
        yield
    await other.close()


@asynccontextmanager
async def packs_cannot_be_written(db: Database, words: str) -> AsyncIterator[None]:
    """In the middle of a fulfilment the database says these words."""
    async with db.begin() as tx:
        if tx.is_postgres:
            raised = f"RAISE unique_violation USING MESSAGE = '{words}'"
            await tx.run(text(f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {raised}; END $$"))
            await tx.run(text("CREATE TRIGGER fault BEFORE INSERT ON packs FOR EACH ROW EXECUTE FUNCTION fault()"))
        else:
            await tx.run(text(f"CREATE TRIGGER fault BEFORE INSERT ON packs BEGIN SELECT RAISE(ABORT, '{words}'); END"))
    yield
    async with db.begin() as tx:
        await tx.run(text("DROP TRIGGER fault ON packs" if tx.is_postgres else "DROP TRIGGER fault"))
