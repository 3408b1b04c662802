"""The edge of every request: what answers carry, and what nobody expected, logged with a reference that is told.

Nothing of a request's path, headers or body is logged: paths hold tokens.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from core.correlation import caused_by
from core.texts.language import say
from webhooks.health import database_answers

log = logging.getLogger(__name__)

_WHOLE_REQUEST_FOR = 60.0  # the return page waits for the provider, twice at most

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


async def guard(_: web.Request, response: web.StreamResponse) -> None:
    """Every answer: not to be kept, framed, guessed at, indexed, nor named to the page that is visited next."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "Seatkeeper"


@web.middleware
async def fault_edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals of HTTP and faults become a short answer in the form that the asker reads: JSON or a page.

    What a request does stands under a name of its own, until it is known which event it brought.
    """
    with caused_by(f"web:{secrets.token_hex(4)}"):
        return await _answer(request, handler)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        async with asyncio.timeout(_WHOLE_REQUEST_FOR):
            return await handler(request)
    except web.HTTPException as answer:
        return _told(request, answer.status, answer.headers)
    except Exception as error:
        reference = secrets.token_hex(3)
        where = request.match_info.route.resource
        log.error(
            "%s %s failed [%s]",
            request.method,
            where.canonical if where else "?",
            reference,
            exc_info=error,
            extra={"reference": reference},
        )
    status = 500 if await database_answers(request.app) else 503
    return _told(request, status, {"Retry-After": "30"} if status == 503 else {}, reference)


def _told(
    request: web.Request, status: int, headers: Mapping[str, str], reference: str | None = None
) -> web.StreamResponse:
    kept = {name: headers[name] for name in ("Allow", "Retry-After") if name in headers}
    if request.path.startswith("/webhooks/"):
        body = {"error": HTTPStatus(status).phrase} | ({"reference": reference} if reference else {})
        response = web.json_response(body, status=status, headers=kept)
    else:
        facts = {"title": _title(status), "text": _text(status), "reference": reference}
        response = aiohttp_jinja2.render_template("error.html", request, facts, status=status)
        response.headers.update(kept)
    if status in (408, 413):
        response.force_close()  # the rest of the body is not read
    return response


def _title(status: int) -> str:
    match status:
        case 404 | 405:
            return say("There is no such page")
        case 429:
            return say("A little slower, please")
        case 503:
            return say("Back in a moment")
    return say("Something went wrong")


def _text(status: int) -> str:
    match status:
        case 404 | 405:
            return say("The link may be incomplete. Ask for it again in Discord.")
        case 429:
            return say("This page was asked for very often. Wait a minute and load it again; nothing is lost.")
        case 503:
            return say("We cannot look this up right now. Please try again in a minute; nothing is lost.")
    return say("This is our fault, and it has been noted. Please try again, or ask staff in Discord.")
