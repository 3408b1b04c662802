"""`POST /webhooks/sessions/{community}`: another system says how a session went (rule 19).

Signed as in Standard Webhooks, with a secret that the community's staff made.
"""

import hashlib
import logging
import re
from collections.abc import Sequence
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from core.correlation import go_on_as
from core.ports import ProviderEvent
from core.rules.refusals import Reason, Refused
from core.usecases.buying.settle import settle_event
from core.usecases.community.secret import webhook_secrets_of
from core.usecases.completion.complete import complete_by_webhook
from core.usecases.completion.outcome import Completed
from webhooks.deadlines import DEADLINES
from webhooks.deliveries import bad_signature, body_of, come_again
from webhooks.parts import PARTS, Parts

log = logging.getLogger(__name__)
routes = web.RouteTableDef()

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_SENDER = "sessions"
_LONGEST_HEADER = 1024  # a signature is 47 characters, and there are two while a secret is rotated
_PLAIN_ID = re.compile(r"[!-~]{1,200}")
_MOST_ID = 2**63 - 1


class _Session(BaseModel):
    session_id: Annotated[int, Field(ge=1, le=_MOST_ID)]
    occurred_at: AwareDatetime


class _Word(BaseModel):
    """The body. What it holds beyond this is not read."""

    type: Literal["session.completed", "session.no_show"]
    timestamp: AwareDatetime
    data: _Session


_NAMES = {*_Word.model_fields, *_Session.model_fields}


@routes.post(r"/webhooks/sessions/{community:[0-9]{1,18}}")
async def told_by_partner(request: web.Request) -> web.Response:
    """200 once the session is decided, or was before; 202 for what is authentic and not understood: it is kept."""
    parts = request.app[PARTS]
    community_id = int(request.match_info["community"])
    try:
        secrets = await request.app[DEADLINES].within(parts.database_within, webhook_secrets_of(parts.db, community_id))
        if not secrets:
            raise come_again()
        raw = await body_of(request)
        if not _is_signed(raw, request, secrets):
            raise await bad_signature(request)
        event_id = _event_id(community_id, request.headers["webhook-id"])
        go_on_as(f"{_SENDER}:{event_id}")
        return await request.app[DEADLINES].within(parts.database_within, _take(parts, community_id, raw, event_id))
    except TimeoutError:
        log.warning("completion webhook of community %s: no answer of the database in time", community_id)
        raise come_again() from None


async def _take(parts: Parts, community_id: int, raw: bytes, event_id: str) -> web.Response:
    try:
        word = _Word.model_validate_json(raw)
    except ValidationError as error:
        return await _park(parts, raw, event_id, error)
    outcome = word.type.removeprefix("session.")
    event = ProviderEvent(_SENDER, event_id, word.type, raw, None)
    done = await complete_by_webhook(
        parts.db, event, community_id, word.data.session_id, outcome, word.data.occurred_at
    )
    what = done.reason if isinstance(done, Refused) else done.state
    log.info("completion of session %s: %s", word.data.session_id, what)
    return _answer(done)


def _answer(done: Completed | Refused) -> web.Response:
    if isinstance(done, Refused):
        status = 404 if done.reason is Reason.UNKNOWN_SESSION else 409
        return web.json_response({"error": done.reason.value}, status=status)
    return web.json_response({"session_id": done.session_id, "state": done.state.value, "repeated": done.repeated})


async def _park(parts: Parts, raw: bytes, event_id: str, error: ValidationError) -> web.Response:
    """Kept whole for staff to see (rule 30)."""
    wrong = error.errors(include_input=False, include_url=False, include_context=False)
    fields = {".".join(str(part) for part in each["loc"] if part in _NAMES) or "body" for each in wrong}
    why = f"unreadable: {', '.join(sorted(fields))}"
    kept = await settle_event(parts.db, ProviderEvent(_SENDER, event_id, "unreadable", raw, None, why))
    if isinstance(kept, Refused):
        raise come_again()
    return web.json_response({"received": True}, status=202)


def _event_id(community_id: int, webhook_id: str) -> str:
    """The sender's own id of the message, the same each time it is delivered; its digest where it is no plain text."""
    if not _PLAIN_ID.fullmatch(webhook_id):
        webhook_id = f"sha256:{hashlib.sha256(webhook_id.encode('utf-8', 'surrogateescape')).hexdigest()}"
    return f"{community_id}:{webhook_id}"


def _is_signed(raw: bytes, request: web.Request, secrets: Sequence[str]) -> bool:
    headers = {name: request.headers.get(name, "") for name in _HEADERS}
    if any(len(value) > _LONGEST_HEADER for value in headers.values()):
        return False
    return any(_is_signed_with(secret, raw, headers) for secret in secrets)


def _is_signed_with(secret: str, raw: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(raw, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False  # ValueError: the library lets those of malformed signatures and texts through
    return True
