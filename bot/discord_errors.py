"""What Discord's errors mean, whatever it was asked for: not now, or an answer for whoever asked to read."""

from typing import Final

import aiohttp
import discord

from core.ports import RetryAfter

EXPECTED: Final = (discord.RateLimited, discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError)
"""Everything with which a request to Discord may end."""

NOT_YET: Final = RetryAfter(None, "not logged in to Discord yet")

UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_GUILD: Final = 10004
UNKNOWN_MEMBER: Final = 10007
UNKNOWN_MESSAGE: Final = 10008
UNKNOWN_ROLE: Final = 10011
UNKNOWN_USER: Final = 10013
INVALID_ROLE: Final = 50028
NO_GUILD_IN_COMMON: Final = 50278

_OPENING_DMS_TOO_FAST = 40003


def not_now(error: Exception) -> RetryAfter | None:
    """When to ask again, where that may help: after a limit, a fault of Discord's own, or one of the network."""
    if isinstance(error, discord.RateLimited):
        return RetryAfter(error.retry_after, "rate limited")
    if not isinstance(error, discord.HTTPException):
        return RetryAfter(None, type(error).__name__)
    if error.status == 429 or error.status >= 500 or error.code == _OPENING_DMS_TOO_FAST:
        return RetryAfter(_seconds(error), f"{error.status} {error.code}")
    return None


def _seconds(error: discord.HTTPException) -> float | None:
    named = error.response.headers.get("Retry-After") if hasattr(error.response, "headers") else None
    try:
        return float(named) if named is not None else None
    except ValueError:
        return None
