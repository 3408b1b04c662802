"""The start page: what to try, where to look, the clock and its buttons, and what the tables say meanwhile."""

import re
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.typedefs import Handler

from core.rules.accounts import MoneyKind
from core.rules.notices import NoticeKind
from core.rules.states import DisputeOutcome
from core.texts.notices import WHAT
from core.texts.prices import price
from core.texts.providers import provider_name
from core.usecases.reading.accounts import accounts
from core.usecases.reading.books import Ahead, books
from seatkeeper.demo.community import MENTORS, STUDENTS, ZONE
from seatkeeper.demo.play import Play
from seatkeeper.demo.rendering import page
from seatkeeper.demo.seen import far
from seatkeeper.demo.standing import Standing
from seatkeeper.wiring import PAYPAL, STRIPE

PLAY = web.AppKey("play", Play)

_STEPS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "12h": timedelta(hours=12),
    "1d": timedelta(days=1),
}
_LEDGER_LINES = 12
_PAYMENTS = 8
_NEAR = timedelta(days=7)
_HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?", re.IGNORECASE | re.ASCII)
_TEMPLATES = files("seatkeeper.demo") / "templates"

_IN_WORDS: Mapping[str, str] = {
    "seat": "grace ends: the seat is released",
    "pack": "the pack expires",
    "checkout": "the payment provider is asked about a checkout",
    NoticeKind.SESSION_TOMORROW: "reminder of a session, the day before",
    NoticeKind.SESSION_SOON: "reminder of a session, shortly before",
    NoticeKind.OUTCOME_PROMPT: "the session is over: how was it?",
    NoticeKind.PACK_EXPIRES: "sessions are left that expire soon",
    NoticeKind.PACK_EXPIRES_SOON: "sessions are left that are about to expire",
    NoticeKind.RENEWAL_REMINDER: "one session left: renewal reminder",
    NoticeKind.GRACE_BEGAN: "no session left: grace begins",
    NoticeKind.FINAL_WARNING: "final warning before the seat is released",
}


def make_app(play: Play) -> web.Application:
    app = web.Application(middlewares=[_from_here])
    app[PLAY] = play
    app.router.add_get("/", _start)
    app.router.add_get("/live", _live)
    app.router.add_post("/clock", _clock)
    for name, kind in (("demo.css", "text/css"), ("demo.js", "text/javascript"), ("demo.svg", "image/svg+xml")):
        app.router.add_get(f"/{name}", _asset(name, kind))
    app.add_subapp("/stripe", play.stripe.app())
    app.add_subapp("/paypal", play.paypal.app())
    return app


@web.middleware
async def _from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only pages of this machine's own may look or press: another site open in the same browser may not."""
    if _HERE.fullmatch(request.host) is None or request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
        raise web.HTTPForbidden
    return await handler(request)


async def _start(request: web.Request) -> web.Response:
    play = request.app[PLAY]
    tabs = [
        {"title": place.title, "url": place.url, "key": place.key, "who": _who(place.title)}
        for place in play.stage.places
    ]
    return page("start.html", tabs=tabs, live=await _now(play))


async def _live(request: web.Request) -> web.Response:
    return page("live.html", live=await _now(request.app[PLAY]))


async def _clock(request: web.Request) -> web.StreamResponse:
    play = request.app[PLAY]
    by = str((await request.post()).get("by"))
    if by == "next":
        await play.to_next_due()
    elif by in _STEPS:
        await play.forward(_STEPS[by])
    else:
        raise web.HTTPBadRequest
    raise web.HTTPSeeOther("/")


async def _now(play: Play) -> dict[str, Any]:
    seen = await books(play.house.db, play.guild.id)
    now, zone = play.clock.now(), ZoneInfo(ZONE)
    due = await play.next_due()
    return {
        "now": now.astimezone(zone),
        "zone": ZONE.replace("_", " "),
        "ahead": play.clock.ahead > timedelta(minutes=1),
        "next": due and _due(due, zone),
        "next_in": due and far(due.at - now),
        "next_is_near": due is not None and due.at - now < _NEAR,
        "happened": [_due(each, zone) for each in play.happened],
        "waiting": [*play.stripe.waiting(), *play.paypal.waiting()],
        "payments": await _payments(play),
        "sessions": [
            {
                "student": each.student,
                "mentor": each.mentor,
                "at": each.starts_at.astimezone(zone),
                "over": each.ends_at <= now,
            }
            for each in seen.sessions
        ],
        "seats": [
            {
                "student": seat.student,
                "mentor": seat.mentor,
                "state": str(seat.state),
                "left": seat.remaining,
                "booked": seat.held,
                "until": seat.grace_ends_at and seat.grace_ends_at.astimezone(zone),
            }
            for seat in seen.seats
        ],
        "ledger": [
            {
                "at": entry.at.astimezone(zone),
                "student": entry.student,
                "mentor": entry.mentor,
                "kind": str(entry.kind),
                "delta": entry.delta,
                "balance": entry.balance,
            }
            for entry in reversed(seen.ledger[-_LEDGER_LINES:])
        ],
    }


async def _payments(play: Play) -> list[dict[str, Any]]:
    """The latest payments of this run, and where at the provider they are given back or disputed."""
    known = {
        ref: (provider_name(provider), standing)
        for provider, account in ((STRIPE, play.stripe), (PAYPAL, play.paypal))
        for ref, standing in account.standings().items()
    }
    paid = [
        (each, *known[each.reference])
        for each in (await accounts(play.house.db)).movements
        if each.kind == MoneyKind.PAYMENT and each.reference in known
    ]
    return [
        {
            "student": each.student,
            "mentor": each.mentor,
            "amount": price(each.amount_minor or 0, standing.currency),
            "state": _state_of(standing, each.amount_minor or 0),
            "provider": provider,
            "page": standing.page,
        }
        for each, provider, standing in paid[: -_PAYMENTS - 1 : -1]
    ]


def _state_of(standing: Standing, paid_minor: int) -> tuple[str, str]:
    """How a payment stands in words, and the look of a seat in as good a state."""
    if standing.disputed:
        return "disputed", "grace"
    if standing.left_minor == paid_minor:
        return "kept", "active"
    if standing.left_minor:
        return f"{standing.left} kept", "active"
    return ("lost" if standing.ended is DisputeOutcome.LOST else "given back"), "held"


def _due(due: Ahead, zone: ZoneInfo) -> dict[str, Any]:
    return {"at": due.at.astimezone(zone), "what": in_words(due.what), "whom": due.whom or "staff"}


def in_words(what: str) -> str:
    """What is due, for somebody who does not know our names for it."""
    known = _IN_WORDS.get(what) or WHAT[NoticeKind(what)]
    return known[:1].lower() + known[1:]


def _who(title: str) -> str:
    for mentor in MENTORS:
        if mentor.name == title:
            return f"mentor · {mentor.zone.replace('_', ' ')}"
    if title in STUDENTS:
        return "student"
    return "everybody; say at its top who you are" if title == "#mentoring" else "what staff are told"


def _asset(name: str, kind: str) -> Handler:
    body = (_TEMPLATES / name).read_bytes()

    async def asset(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind, headers={"Cache-Control": "no-cache"})

    return asset
