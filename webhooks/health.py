"""`/healthz`: the process is alive. `/readyz`: what it needs answers, too."""

import asyncio
import logging

from aiohttp import web

from core.usecases import Database
from core.usecases.buying.pay import order_by_token
from webhooks.parts import PARTS

log = logging.getLogger(__name__)
routes = web.RouteTableDef()

_ANSWERS_WITHIN = 1.0


@routes.get("/healthz")
async def healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    ready = {"database": await database_answers(parts.db)}
    if parts.gateway_ready is not None:
        ready["gateway"] = parts.gateway_ready()
    return web.json_response(ready, status=200 if all(ready.values()) else 503)


async def database_answers(db: Database) -> bool:
    """Whether the database reads a row's place now; asked as a pay page asks."""
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN):
            await order_by_token(db, "")
    except Exception as error:
        log.warning("the database does not answer: %s", type(error).__name__, exc_info=error)
        return False
    return True
