"""How often one may ask: counted in this process's memory, or in Redis for several processes together.

A limit protects providers and ourselves from being asked without end; nothing true depends on it. So where Redis does
not answer nobody is kept waiting, and the log says so.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from core.clock import SystemClock
from core.rules.refusals import Reason, Refused, refuse

log = logging.getLogger(__name__)


class Limit(Enum):
    """What is limited, and to how often a minute for one of them."""

    CHECKOUTS = ("checkouts", 10)  # that a member asks for: each may open one at the provider
    ORDER_PAGES = ("order pages", 20)  # of one order that ask its provider
    UNKNOWN_PAGES = ("unknown pages", 30)  # of an address that guesses at pay links
    BAD_SIGNATURES = ("bad signatures", 20)  # of an address

    @property
    def a_minute(self) -> int:
        return self.value[1]

    @property
    def item(self) -> RateLimitItem:
        return RateLimitItemPerMinute(self.a_minute, namespace=f"seatkeeper {self.value[0]}")


@dataclass(frozen=True, slots=True)
class TooOften:
    """How long until one may ask again."""

    wait_for: timedelta

    def refused(self, now: datetime) -> Refused:
        """The same as a refusal, for whoever is answered in words."""
        return refuse(Reason.TOO_OFTEN, until=now + self.wait_for)


class Limits:
    """Counts who asks. `redis_url` is empty for this process's memory."""

    def __init__(self, redis_url: str = "") -> None:
        self._redis = (
            RedisStorage(f"async+{redis_url}", wrap_exceptions=True, implementation="redispy") if redis_url else None
        )
        self._limiter = FixedWindowRateLimiter(self._redis or MemoryStorage())

    async def close(self) -> None:
        """Leave Redis, if it was asked."""
        if self._redis is not None:
            bridge: Any = self._redis.bridge  # the library has no way of its own to close it
            await bridge.get_connection().aclose()

    async def note(self, limit: Limit, who: str) -> TooOften | None:
        """Count this time; how long they have to wait if it was one too many."""
        try:
            if await self._limiter.hit(limit.item, who):
                return None
            until, _left = await self._limiter.get_window_stats(limit.item, who)
        except StorageError as error:
            log.warning("limits cannot be counted, Redis does not answer (%s)", type(error).__name__)
            return None
        return TooOften(timedelta(seconds=max(1, round(until - SystemClock().now().timestamp()))))
