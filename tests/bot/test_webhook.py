"""/staff webhook: what staff read there is what another system needs, and works over real HTTP."""

import json
import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from simcord import InteractionResult
from standardwebhooks import Webhook

from core.clock import SystemClock
from core.db import tables
from core.rules.refusals import Reason
from core.rules.states import SessionState
from core.texts.refusals import SENTENCES
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, custom_ids, labels, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_session, row_of
from tests.clocks import NOW
from webhooks.app import make_app
from webhooks.parts import Parts

REFUSED = SENTENCES[Reason.NOT_STAFF].without


@pytest.fixture
async def web(world: World) -> AsyncIterator[Any]:
    parts = Parts(
        db=world.db,
        providers={},
        public_url="https://seats.example",
        clock=world.clock,
        signature_clock=world.clock,
        gateway_ready=lambda: True,
        database_within=timedelta(seconds=30),
    )
    async with TestClient(TestServer(make_app(parts))) as client:
        yield client


async def deliver(web: Any, shown: InteractionResult, session_id: int) -> int:
    """The other system does with what staff read: posts there, signed with that secret."""
    (address,) = re.findall(r"https://seats\.example(/\S+)", read(shown))
    (secret,) = re.findall(r"whsec_\S+", read(shown))
    told = {"session_id": session_id, "occurred_at": NOW.isoformat()}
    raw = json.dumps({"type": "session.completed", "timestamp": NOW.isoformat(), "data": told})
    at = SystemClock().now()  # the library reads the wall's clock
    signed = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, raw),
    }
    async with web.post(address, data=raw, headers=signed) as response:
        status: int = response.status
        return status


async def test_what_is_signed_with_the_secret_shown_completes_a_session(world: World, web: Any) -> None:
    session = await a_session(world.db, world.pair, NOW - HOUR)
    shown = await world.sam.slash(world.public, "staff webhook")
    assert "None yet, so nothing is taken" in read(shown)
    await world.restart()

    made = await world.sam.click(reply_to(shown), label="Make a secret")

    assert reply_to(shown).ephemeral
    assert reply_to(made).ephemeral
    told = read(await world.sam.slash(world.public, "staff webhook"))
    assert "Nothing yet." in told
    assert f"`{session}` · Stu – Mara" in told
    assert await deliver(web, made, session) == 200
    assert f"{stamp(NOW, 'f')}: `session.completed`" in read(await world.sam.slash(world.public, "staff webhook"))
    assert (await row_of(world.db, tables.sessions, session))["state"] is SessionState.COMPLETED


async def test_what_was_not_understood_is_shown_with_what_was_wrong(world: World, web: Any) -> None:
    shown = await world.sam.slash(world.public, "staff webhook")
    made = await world.sam.click(reply_to(shown), label="Make a secret")

    assert await deliver(web, made, 0) == 202

    shown = await world.sam.slash(world.public, "staff webhook")
    assert f"{stamp(NOW, 'f')}: not understood, `unreadable: data.session_id`" in read(shown)


async def test_the_old_secret_is_good_until_the_new_one_had_a_day(world: World, web: Any) -> None:
    session = await a_session(world.db, world.pair, NOW - HOUR)
    first = await world.sam.click(reply_to(await world.sam.slash(world.public, "staff webhook")), label="Make a secret")
    shown = await world.sam.slash(world.public, "staff webhook")
    assert "There is one. It is not shown again" in read(shown)
    assert "whsec_" not in read(shown)

    second = await world.sam.click(reply_to(shown), label="New secret, the old one ends tomorrow")

    assert f"is good until {stamp(NOW + DAY)}" in read(second)
    assert [await deliver(web, each, session) for each in (first, second)] == [200, 200]
    assert stamp(NOW + DAY) in read(await world.olga.slash(world.public, "staff webhook"))
    world.clock.forward(days=1)
    assert [await deliver(web, each, session) for each in (first, second)] == [400, 200]


async def test_a_secret_that_others_know_ends_at_once(world: World, web: Any) -> None:
    session = await a_session(world.db, world.pair, NOW - HOUR)
    shown = await world.sam.slash(world.public, "staff webhook")
    first = await world.sam.click(reply_to(shown), label="Make a secret")
    shown = await world.sam.slash(world.public, "staff webhook")

    second = await world.sam.click(reply_to(shown), label="New secret, the old one ends now")

    assert "signs nothing any more" in read(second)
    assert [await deliver(web, each, session) for each in (first, second)] == [400, 200]


async def test_a_button_of_before_the_last_change_changes_nothing(world: World) -> None:
    shown = await world.sam.slash(world.public, "staff webhook")
    made = await world.sam.click(reply_to(shown), label="Make a secret")

    again = await world.sam.click(reply_to(shown), label="Make a secret")

    assert "whsec_" in read(made)
    assert read(again).endswith(SENTENCES[Reason.SECRET_HAS_CHANGED].without)


async def test_the_secret_is_in_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = await world.sam.slash(world.public, "staff webhook")

    made = await world.sam.click(reply_to(shown), label="Make a secret")

    (secret,) = re.findall(r"whsec_\S+", read(made))
    ours = [each for each in caplog.records if each.name.startswith(("bot", "core", "webhooks", "sqlalchemy"))]
    assert not [each for each in ours if secret in each.getMessage()]
    assert all(secret not in each for each in custom_ids(shown))


async def test_staff_read_it_in_german(world: World) -> None:
    speaks(world.env, world.sam.id, "de")

    shown = await world.sam.slash(world.public, "staff webhook")

    assert "Geheimnis anlegen" in labels(reply_to(shown))


async def test_a_stranger_a_mentor_and_a_student_get_nothing(world: World) -> None:
    for somebody in (world.eve, world.mara.actor, world.stu.actor):
        assert read(await somebody.slash(world.public, "staff webhook")).endswith(REFUSED)
        for forged in ("new-secret:0", "new-secret-now:0"):
            pressed = await somebody.click(world.forge(world.public.id, forged), custom_id=forged)
            assert read(pressed).endswith(REFUSED)
    assert (await row_of(world.db, tables.communities, world.community.id))["webhook_secret"] is None
