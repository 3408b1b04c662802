"""Completion by another system, delivered to the real server with signatures of the Standard Webhooks library."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from core.clock import SystemClock
from core.db.tables import history, ledger, packs, provider_events, sessions
from core.db.unit import Database
from core.rules.states import EntryKind, EventState, SessionState
from core.usecases.community.secret import new_webhook_secret
from core.usecases.completion.complete import complete
from core.usecases.completion.not_held import not_held
from core.usecases.completion.outcome import Completed
from core.usecases.completion.undo import Reopened, undo
from tests.answers import given
from tests.builders import HOUR, Pair, a_pair, a_session, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.logged import events_of, the_log
from tests.webhooks.fixtures import Web


class Partner:
    """The other system: it holds one community's secret, and says how sessions went."""

    def __init__(self, web: Web, community_id: int, secret: str) -> None:
        self.web = web
        self.community_id = community_id
        self.secret = secret

    async def say(
        self, session_id: int, kind: str = "session.completed", *, message_id: str = "msg_1", **changes: Any
    ) -> tuple[int, Any]:
        word = {
            "type": kind,
            "timestamp": NOW.isoformat(),
            "data": {"session_id": session_id, "occurred_at": NOW.isoformat()},
            **changes,
        }
        raw = json.dumps(word).encode()
        return await self.send(raw, **self.sign(raw, message_id=message_id))

    async def send(self, raw: bytes, **headers: str) -> tuple[int, Any]:
        """Status and answer. Signed now, in real time: the library reads the wall's clock."""
        url = f"/webhooks/sessions/{self.community_id}"
        async with self.web.client.post(url, data=raw, headers={**self.sign(raw), **headers}) as response:
            return response.status, await response.json()

    def sign(self, raw: bytes, at: datetime | None = None, message_id: str = "msg_1") -> dict[str, str]:
        at = at or SystemClock().now()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, at, raw.decode()),
        }


@pytest.fixture
async def pair(db: Database) -> Pair:
    return await a_pair(db)


@pytest.fixture
async def partner(web: Web, db: Database, pair: Pair) -> Partner:
    secret = given(await new_webhook_secret(db, pair.staff, 0))
    return Partner(web, secret.community_id, secret.secret)


@pytest.fixture
async def session_id(db: Database, pair: Pair, clock: SettableClock) -> int:
    """A session that began an hour ago."""
    made = await a_session(db, pair, NOW + HOUR)
    clock.forward(hours=2)
    return made


async def test_a_signed_word_completes_the_session(partner: Partner, session_id: int, pair: Pair, db: Database) -> None:
    with the_log() as lines:
        answer = await partner.say(session_id)

    assert answer == (200, {"session_id": session_id, "state": "completed", "repeated": False})
    cause = f"sessions:{pair.community.id}:msg_1"
    assert events_of(lines, cause) == [f"completion of session {session_id}: completed"]
    assert {row["cause"] for row in await rows_of(db, history, history.c.verb == "complete")} == {cause}
    assert (await row_of(db, sessions, session_id))["state"] is SessionState.COMPLETED
    assert (await row_of(db, packs, pair.pack_id))["remaining"] == 3


async def test_a_no_show_is_a_word_too(partner: Partner, session_id: int, db: Database) -> None:
    status, answer = await partner.say(session_id, "session.no_show")

    assert (status, answer["state"]) == (200, "no_show")
    assert (await row_of(db, sessions, session_id))["state"] is SessionState.NO_SHOW


async def test_ten_words_at_once_complete_it_once(partner: Partner, session_id: int, db: Database) -> None:
    answers = await asyncio.gather(*(partner.say(session_id) for _ in range(10)))

    assert {status for status, _ in answers} == {200}
    assert sorted(answer["repeated"] for _, answer in answers) == [False] + [True] * 9
    assert await count_of(db, ledger, ledger.c.kind == EntryKind.CONSUME) == 1


async def test_a_word_delivered_again_after_its_undo_completes_nothing(
    partner: Partner, session_id: int, pair: Pair, db: Database
) -> None:
    await partner.say(session_id)
    assert isinstance(await undo(db, pair.mentor.asker, session_id), Reopened)

    again = await partner.say(session_id)

    assert again == (200, {"session_id": session_id, "state": "scheduled", "repeated": True})
    assert (await row_of(db, packs, pair.pack_id))["remaining"] == 4
    (event,) = await rows_of(db, provider_events)
    assert (event["event_id"], event["kind"]) == (f"{partner.community_id}:msg_1", "session.completed")
    assert (event["state"], event["provider"]) == (EventState.APPLIED, "sessions")
    assert await partner.say(session_id, message_id="msg_2") == (
        200,
        {"session_id": session_id, "state": "completed", "repeated": False},
    )


async def test_a_word_that_came_too_late_to_be_first_is_known_again_too(
    partner: Partner, session_id: int, pair: Pair, db: Database
) -> None:
    assert isinstance(await complete(db, pair.mentor.asker, session_id), Completed)
    assert (await partner.say(session_id))[1]["repeated"]
    assert isinstance(await undo(db, pair.mentor.asker, session_id), Reopened)

    assert (await partner.say(session_id))[1]["state"] == "scheduled"


async def test_a_word_that_was_refused_is_taken_when_it_comes_again(
    partner: Partner, pair: Pair, db: Database, clock: SettableClock
) -> None:
    later = await a_session(db, pair, NOW + HOUR)
    assert (await partner.say(later))[0] == 409
    assert await count_of(db, provider_events) == 0
    clock.forward(hours=1)

    assert (await partner.say(later))[1] == {"session_id": later, "state": "completed", "repeated": False}


async def test_a_session_that_was_not_held_answers_so(
    partner: Partner, session_id: int, pair: Pair, db: Database
) -> None:
    assert isinstance(await not_held(db, pair.mentor.asker, session_id), Completed)

    assert await partner.say(session_id) == (200, {"session_id": session_id, "state": "canceled", "repeated": True})


async def test_what_was_kept_unread_and_comes_again_readable_is_taken(
    partner: Partner, session_id: int, db: Database
) -> None:
    assert (await partner.send(b"not json"))[0] == 202

    assert (await partner.say(session_id))[1]["state"] == "completed"

    (event,) = await rows_of(db, provider_events)
    assert (event["state"], event["why"]) == (EventState.APPLIED, None)
    assert event["body"].startswith(b'{"type"')


async def test_a_session_that_has_not_begun_is_not_completed(partner: Partner, pair: Pair, db: Database) -> None:
    later = await a_session(db, pair, NOW + HOUR)

    assert await partner.say(later) == (409, {"error": "not_started"})


async def test_nobody_speaks_of_another_communitys_session(
    partner: Partner, db: Database, clock: SettableClock, session_id: int
) -> None:
    elsewhere = await a_pair(db)
    theirs = await a_session(db, elsewhere, clock.now() - HOUR)

    answers = [await partner.say(theirs), await partner.say(999_999)]

    assert answers == [(404, {"error": "unknown_session"})] * 2
    assert (await row_of(db, sessions, theirs))["state"] is SessionState.SCHEDULED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"webhook-signature": ""}, id="unsigned"),
        pytest.param({"webhook-signature": "v1,AAAA"}, id="wrong"),
        pytest.param({"webhook-signature": "nonsense"}, id="nonsense"),
        pytest.param({"webhook-signature": "v1,not base64!"}, id="not base64"),
        pytest.param({"webhook-signature": "v1,AAAA " * 900}, id="many candidates"),
        pytest.param({"webhook-id": "msg_2"}, id="another id"),
        pytest.param({"webhook-id": ""}, id="no id"),
        pytest.param({"webhook-timestamp": "soon"}, id="a time that is no number"),
        pytest.param({"webhook-timestamp": "9" * 400}, id="a time without end"),
        pytest.param({"webhook-timestamp": "nan"}, id="no time at all"),
    ],
)
async def test_what_the_partner_did_not_sign_changes_nothing(
    partner: Partner, session_id: int, db: Database, changes: dict[str, str]
) -> None:
    raw = json.dumps({"type": "session.completed"}).encode()

    assert await partner.send(raw, **changes) == (400, {"error": "Bad Request"})

    assert await count_of(db, provider_events) == 0
    assert (await row_of(db, sessions, session_id))["state"] is SessionState.SCHEDULED


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_word_signed_at_another_time_is_not_taken(partner: Partner, session_id: int, hours: int) -> None:
    at = SystemClock().now() + timedelta(hours=hours)

    assert (await partner.send(b"{}", **partner.sign(b"{}", at)))[0] == 400


async def test_another_communitys_secret_signs_nothing_here(
    partner: Partner, session_id: int, db: Database, web: Web
) -> None:
    other = await a_pair(db)
    secret = given(await new_webhook_secret(db, other.staff, 0))
    stranger = Partner(web, partner.community_id, secret.secret)

    assert (await stranger.say(session_id))[0] == 400


async def test_a_secret_that_was_replaced_is_good_for_a_day_more_beside_the_new_one(
    partner: Partner, session_id: int, pair: Pair, db: Database, clock: SettableClock
) -> None:
    new = given(await new_webhook_secret(db, pair.staff, 1))
    renewed = Partner(partner.web, partner.community_id, new.secret)
    clock.forward(hours=23, minutes=59)

    assert (await partner.say(session_id))[0] == 200
    assert (await renewed.say(session_id))[0] == 200

    clock.forward(minutes=1)
    assert (await partner.say(session_id))[0] == 400
    assert (await renewed.say(session_id))[0] == 200


async def test_a_secret_that_others_know_can_end_at_once(
    partner: Partner, session_id: int, pair: Pair, db: Database
) -> None:
    new = given(await new_webhook_secret(db, pair.staff, 1, at_once=True))

    assert (await partner.say(session_id))[0] == 400
    assert (await Partner(partner.web, partner.community_id, new.secret).say(session_id))[0] == 200


async def test_a_community_without_a_secret_takes_no_word(web: Web, db: Database, pair: Pair) -> None:
    for community_id in (pair.community.id, 999_999):
        async with web.client.post(f"/webhooks/sessions/{community_id}", data=b"{}") as response:
            assert response.status == 503


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="not JSON"),
        pytest.param(b'{"type": "session.moved"}', id="an unknown kind"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(b'{"data": {"session_id": ' + b"9" * 100_000 + b"}}", id="a number without end"),
        pytest.param(b'{"type": "\\u0000\\ud800"}', id="poison"),
    ],
)
async def test_what_is_signed_and_not_understood_is_kept_whole(partner: Partner, db: Database, raw: bytes) -> None:
    answers = [await partner.send(raw), await partner.send(raw)]

    assert answers == [(202, {"received": True})] * 2
    (event,) = await rows_of(db, provider_events)
    assert (event["provider"], event["event_id"]) == ("sessions", f"{partner.community_id}:msg_1")
    assert (event["state"], event["body"]) == (EventState.PARKED, raw)


@pytest.mark.parametrize(
    "data",
    [
        {"session_id": 0},
        {"session_id": 2**63},
        {"session_id": "one"},
        {"session_id": 1.5},
        {"occurred_at": "2026-03-02T12:00:00"},
        {"occurred_at": None},
    ],
)
async def test_a_session_that_is_not_named_is_not_guessed(
    partner: Partner, session_id: int, db: Database, data: dict[str, Any]
) -> None:
    word = {"session_id": session_id, "occurred_at": NOW.isoformat(), **data}

    assert (await partner.say(session_id, data=word))[0] == 202

    (event,) = await rows_of(db, provider_events)
    assert event["why"] == f"unreadable: data.{next(iter(data))}"


async def test_an_id_that_is_no_plain_text_is_kept_under_a_digest(partner: Partner, db: Database) -> None:
    headers = partner.sign(b"{}", message_id="msg" + " msg" * 100)

    assert (await partner.send(b"{}", **headers))[0] == 202

    (event,) = await rows_of(db, provider_events)
    assert event["event_id"].startswith(f"{partner.community_id}:sha256:")
