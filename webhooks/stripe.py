"""`POST /webhooks/stripe`: Stripe tells us what became of checkouts (rules 25, 26, 30)."""

from aiohttp import web

from core.payments.reading import BadSignature
from core.payments.stripe_events import read_event
from webhooks.deliveries import bad_signature, body_of, come_again, settle
from webhooks.parts import PARTS

routes = web.RouteTableDef()


@routes.post("/webhooks/stripe")
async def told_by_stripe(request: web.Request) -> web.Response:
    """200 once the event is stored, or was before; everything else makes Stripe tell us again."""
    parts = request.app[PARTS]
    if not parts.stripe_webhook_secret:
        raise come_again()
    raw = await body_of(request)
    event = read_event(
        raw,
        request.headers.get("Stripe-Signature"),
        parts.stripe_webhook_secret,
        parts.signature_clock.now(),
        parts.stripe_livemode,
    )
    if isinstance(event, BadSignature):
        raise await bad_signature(request)
    return await settle(request, event)
