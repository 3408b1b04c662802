"""What signed deliveries share: their bytes, how a provider's event is kept, and the answers."""

import asyncio
import logging
import secrets

from aiohttp import web

from core.correlation import go_on_as
from core.limits import Limit, TooOften
from core.ports import ProviderEvent
from core.rules.refusals import Refused
from core.usecases.buying.settle import keep_failed_event, settle_event
from webhooks.deadlines import DEADLINES
from webhooks.parts import PARTS, Parts

log = logging.getLogger(__name__)

LONGEST_BODY = 256 * 1024


async def body_of(request: web.Request) -> bytes:
    """The raw bytes, just as they were signed, all of them in time and not too many."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise web.HTTPBadRequest  # unpacked they would be other bytes than those that were sent
    if (request.content_length or 0) > LONGEST_BODY:
        raise web.HTTPRequestEntityTooLarge(LONGEST_BODY)
    try:
        async with asyncio.timeout(request.app[PARTS].body_within.total_seconds()):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest from None


async def bad_signature(request: web.Request) -> web.HTTPException:
    """The answer to raise, which tells nothing of what was wrong."""
    # Counted after the signature was looked at, so that a good one is taken whoever shares its address: behind a proxy
    # all the world has one.
    too_often = await request.app[PARTS].limits.note(Limit.BAD_SIGNATURES, request.remote or "")
    return web.HTTPBadRequest() if too_often is None else too_many(too_often)


def too_many(too_often: TooOften) -> web.HTTPTooManyRequests:
    return web.HTTPTooManyRequests(headers={"Retry-After": f"{too_often.wait_for.total_seconds():.0f}"})


async def settle(request: web.Request, event: ProviderEvent) -> web.Response:
    """200 once the event is stored, or was before; everything else makes its provider tell us again."""
    parts = request.app[PARTS]
    go_on_as(f"{event.provider}:{event.event_id}")
    try:
        await request.app[DEADLINES].within(parts.database_within, _settle_or_keep(parts, event))
    except TimeoutError:
        log.warning("%s event %s: no answer of the database in time", event.provider, event.event_id)
        raise come_again() from None
    return web.json_response({"received": True})


async def _settle_or_keep(parts: Parts, event: ProviderEvent) -> None:
    """The event is settled; or kept for the jobs, if settling it met a fault; or else it is to come again."""
    try:
        settled = await settle_event(parts.db, event)
        if not isinstance(settled, Refused):
            what = (event.provider, event.event_id, settled.order_id, settled.what)
            log.info("%s event %s (order %s): %s", *what)
            return
        why = f"lost a race: {settled.reason}"
    except TimeoutError:
        raise
    except Exception as error:
        reference = secrets.token_hex(3)
        why = f"{type(error).__name__} [{reference}]"
        log.exception(
            "%s event %s failed [%s]", event.provider, event.event_id, reference, extra={"reference": reference}
        )
    try:
        kept = await keep_failed_event(parts.db, event, why)
    except TimeoutError:
        raise
    except Exception:
        log.exception("%s event %s could not be kept", event.provider, event.event_id)
        raise come_again() from None
    if isinstance(kept, Refused):
        raise come_again()


def come_again() -> web.HTTPException:
    """Nothing is stored: the sender keeps the delivery and tries again."""
    return web.HTTPServiceUnavailable(headers={"Retry-After": "30"})
