"""`/healthz`: the process is alive. `/readyz`: what it needs answers, too."""

import logging
from datetime import timedelta

from aiohttp import web

from core.usecases import Database
from core.usecases.buying.pay import order_by_token
from webhooks.deadlines import DEADLINES
from webhooks.parts import PARTS

log = logging.getLogger(__name__)
routes = web.RouteTableDef()

_ANSWERS_WITHIN = timedelta(seconds=1)


@routes.get("/healthz")
async def healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    ready = {"database": await database_answers(request.app)}
    if parts.gateway_ready is not None:
        ready["gateway"] = parts.gateway_ready()
    return web.json_response(ready, status=200 if all(ready.values()) else 503)


async def database_answers(app: web.Application) -> bool:
    """Whether the database can be read now; asked as a pay page asks."""
    try:
        await app[DEADLINES].within(_ANSWERS_WITHIN, _look(app[PARTS].db))
    except Exception as error:
        log.warning("the database does not answer: %s", type(error).__name__, exc_info=error)
        return False
    return True


async def _look(db: Database) -> None:
    await order_by_token(db, "")
