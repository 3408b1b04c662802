"""The web server's routes, put together."""

from importlib.resources import files

import aiohttp_jinja2
import jinja2
from aiohttp import web

from webhooks import completions, health, pay, paypal, stripe
from webhooks.deadlines import DEADLINES, Deadlines
from webhooks.deliveries import LONGEST_BODY
from webhooks.middleware import fault_edge, guard
from webhooks.parts import PARTS, Parts

_STYLE = (files("webhooks") / "assets" / "pay.css").read_bytes()


def make_app(parts: Parts) -> web.Application:
    """The application, ready to be served (`webhooks.server`)."""
    app = web.Application(middlewares=[fault_edge], client_max_size=LONGEST_BODY)
    app[PARTS] = parts
    app[DEADLINES] = deadlines = Deadlines()
    app.on_cleanup.append(deadlines.end)
    aiohttp_jinja2.setup(app, loader=jinja2.PackageLoader("webhooks"), undefined=jinja2.StrictUndefined)
    app.on_response_prepare.append(guard)
    for routes in (stripe.routes, paypal.routes, completions.routes, pay.routes, health.routes):
        app.add_routes(routes)
    app.router.add_get("/assets/pay.css", _style)
    return app


async def _style(_: web.Request) -> web.Response:
    return web.Response(body=_STYLE, content_type="text/css", headers={"Cache-Control": "public, max-age=3600"})
