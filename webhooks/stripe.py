"""`POST /webhooks/stripe`: Stripe tells us what became of checkouts (rules 25, 26, 30)."""

import logging
import secrets

from aiohttp import web

from core.correlation import go_on_as
from core.payments.stripe_events import BadSignature, read_event
from core.ports import ProviderEvent
from core.rules.refusals import Refused
from core.usecases.buying.settle import keep_failed_event, settle_event
from webhooks.deadlines import DEADLINES
from webhooks.deliveries import bad_signature, body_of, come_again
from webhooks.parts import PARTS, Parts

log = logging.getLogger(__name__)
routes = web.RouteTableDef()


@routes.post("/webhooks/stripe")
async def told_by_stripe(request: web.Request) -> web.Response:
    """200 once the event is stored, or was before; everything else makes Stripe tell us again."""
    parts = request.app[PARTS]
    if not parts.stripe_webhook_secret:
        raise come_again()
    raw = await body_of(request)
    event = read_event(
        raw, request.headers.get("Stripe-Signature"), parts.stripe_webhook_secret, parts.signature_clock.now()
    )
    if isinstance(event, BadSignature):
        raise await bad_signature(request)
    go_on_as(f"{event.provider}:{event.event_id}")
    try:
        await request.app[DEADLINES].within(parts.database_within, _settle_or_keep(parts, event))
    except TimeoutError:
        log.warning("stripe event %s: no answer of the database in time", event.event_id)
        raise come_again() from None
    return web.json_response({"received": True})


async def _settle_or_keep(parts: Parts, event: ProviderEvent) -> None:
    """The event is settled; or kept for the jobs, if settling it met a fault; or else Stripe is to come again."""
    try:
        settled = await settle_event(parts.db, event)
        if not isinstance(settled, Refused):
            log.info("stripe event %s (order %s): %s", event.event_id, settled.order_id, settled.what)
            return
        why = f"lost a race: {settled.reason}"
    except TimeoutError:
        raise
    except Exception as error:
        reference = secrets.token_hex(3)
        why = f"{type(error).__name__} [{reference}]"
        log.exception("stripe event %s failed [%s]", event.event_id, reference, extra={"reference": reference})
    try:
        kept = await keep_failed_event(parts.db, event, why)
    except TimeoutError:
        raise
    except Exception:
        log.exception("stripe event %s could not be kept", event.event_id)
        raise come_again() from None
    if isinstance(kept, Refused):
        raise come_again()
