"""`POST /webhooks/paypal`: PayPal tells us what became of orders, captures, refunds, disputes (rules 25 to 30)."""

import logging

from aiohttp import web

from core.payments.reading import BadSignature
from core.ports import ProviderUnavailable
from webhooks.deliveries import bad_signature, body_of, come_again, settle
from webhooks.parts import PARTS

log = logging.getLogger(__name__)
routes = web.RouteTableDef()


@routes.post("/webhooks/paypal")
async def told_by_paypal(request: web.Request) -> web.Response:
    """200 once the event is stored, or was before; everything else makes PayPal tell us again."""
    parts = request.app[PARTS]
    if parts.paypal_events is None or not parts.paypal_events.webhook_id:
        raise come_again()
    raw = await body_of(request)
    try:
        event = await parts.paypal_events.read_event(raw, request.headers, parts.signature_clock.now())
    except ProviderUnavailable as error:
        log.warning("a delivery of PayPal's cannot be proven now: %s", error)
        raise come_again() from None
    if isinstance(event, BadSignature):
        raise await bad_signature(request)
    return await settle(request, event)
