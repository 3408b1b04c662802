"""How the demo makes a page of a template."""

from typing import Any

import jinja2
from aiohttp import web

_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("seatkeeper.demo"), autoescape=True, undefined=jinja2.StrictUndefined
)


def page(name: str, **values: Any) -> web.Response:
    """The page, with its own style and scripts allowed and nothing from elsewhere."""
    return web.Response(
        text=_environment.get_template(name).render(**values),
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
        },
    )
