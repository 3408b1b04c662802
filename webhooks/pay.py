"""`/pay/{token}`: the page of one order, and where the hosted checkout sends its student back to.

Return and cancel ask the provider and settle its answer: what they show is true whether a webhook came or not.
"""

import logging

import aiohttp_jinja2
from aiohttp import web

from core.limits import Limit
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import OrderState
from core.usecases.buying.checkout import ask_provider, leave
from core.usecases.buying.pay import PayPage, order_by_token
from webhooks.deliveries import too_many
from webhooks.parts import PARTS, Parts
from webhooks.pay_words import Shown, shown

log = logging.getLogger(__name__)
routes = web.RouteTableDef()

_PAGE = "/pay/{token:[A-Za-z0-9_-]{16,128}}"
# One that closed unpaid may have been approved since, or paid at the last instant.
_MAY_CHANGE = (OrderState.OPEN, OrderState.PENDING, OrderState.CLOSED)


@routes.get(_PAGE)
async def order_page(request: web.Request) -> web.Response:
    return _page(request, await _order(request))


# Not for HEAD: these two change things.
@routes.get(f"{_PAGE}/return", allow_head=False)
async def return_page(request: web.Request) -> web.Response:
    """After the hosted checkout: whatever it says is settled here and now, if the webhook has not done so (rule 25)."""
    order = await _order(request)
    if order.state not in _MAY_CHANGE:
        return _page(request, order)
    return await _settled(request, order, leaving=False)


@routes.get(f"{_PAGE}/cancel", allow_head=False)
async def cancel_page(request: web.Request) -> web.Response:
    """The student gave up on the hosted checkout: it is closed, and a seat held for it is free again (rule 8)."""
    order = await _order(request)
    if order.state is not OrderState.OPEN:
        return _page(request, order)
    return await _settled(request, order, leaving=True)


async def _settled(request: web.Request, order: PayPage, *, leaving: bool) -> web.Response:
    parts = request.app[PARTS]
    if too_often := await parts.limits.note(Limit.ORDER_PAGES, str(order.order_id)):
        raise too_many(too_often)
    refused = await _ask(parts, order, leaving=leaving)
    return _page(request, await _order(request), came_back=True, refused=refused)


async def _ask(parts: Parts, order: PayPage, *, leaving: bool) -> Refused | None:
    provider = parts.providers.get(order.provider)
    if provider is None:
        return refuse(Reason.PROVIDER_NOT_CONFIGURED)
    ask = leave if leaving else ask_provider
    settled = await ask(parts.db, provider, parts.public_url, order.order_id)
    if isinstance(settled, Refused):
        log.info("order %s: %s", order.order_id, settled.reason)
        return settled
    log.info("order %s: %s", order.order_id, settled.what)
    return None


async def _order(request: web.Request) -> PayPage:
    order = await order_by_token(request.app[PARTS].db, request.match_info["token"])
    if order is None:
        # Only who guesses is counted: behind a proxy all the world has one address.
        too_often = await request.app[PARTS].limits.note(Limit.UNKNOWN_PAGES, request.remote or "")
        raise web.HTTPNotFound if too_often is None else too_many(too_often)
    return order


def _page(
    request: web.Request, order: PayPage, *, came_back: bool = False, refused: Refused | None = None
) -> web.Response:
    now = request.app[PARTS].clock.now()
    page: Shown = shown(order, now, came_back=came_back, refused=refused)
    return aiohttp_jinja2.render_template("order.html", request, {"page": page})
