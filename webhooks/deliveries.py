"""What signed deliveries share: their bytes, and the answer to those whose signature is bad."""

import asyncio

from aiohttp import web
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from webhooks.parts import PARTS

LONGEST_BODY = 256 * 1024

_BAD_A_MINUTE = RateLimitItemPerMinute(20)


class BadSignatures:
    """How often each address brought a bad signature lately.

    Counted after the signature was looked at, so that a good one is taken whoever shares its address: behind a proxy
    all the world has one.
    """

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def are_too_many(self, address: str) -> bool:
        """Count one more of this address; whether it was one too many."""
        return not await self._limiter.hit(_BAD_A_MINUTE, address)


BAD_SIGNATURES = web.AppKey("bad_signatures", BadSignatures)


async def body_of(request: web.Request) -> bytes:
    """The raw bytes, just as they were signed, all of them in time and not too many."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise web.HTTPBadRequest  # unpacked they would be other bytes than those that were sent
    if (request.content_length or 0) > LONGEST_BODY:
        raise web.HTTPRequestEntityTooLarge(LONGEST_BODY)
    try:
        async with asyncio.timeout(request.app[PARTS].body_within.total_seconds()):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest from None


async def bad_signature(request: web.Request) -> web.HTTPException:
    """The answer to raise, which tells nothing of what was wrong."""
    if await request.app[BAD_SIGNATURES].are_too_many(request.remote or ""):
        return web.HTTPTooManyRequests(headers={"Retry-After": "60"})
    return web.HTTPBadRequest()


def come_again() -> web.HTTPException:
    """Nothing is stored: the sender keeps the delivery and tries again."""
    return web.HTTPServiceUnavailable(headers={"Retry-After": "30"})
