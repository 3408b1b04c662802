"""How a stand-in tells its news: signed, at once, and again if it was not taken."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

log = logging.getLogger(__name__)

Sign = Callable[[bytes], Mapping[str, str]]

_TRIES = (0.0, 0.5, 2.0)  # seconds before each further try of a webhook
_ANSWERS_WITHIN = aiohttp.ClientTimeout(total=10)


@dataclass(slots=True)
class Deliveries:
    """Webhooks of one provider. `sign` answers with the headers for a body, freshly for each try."""

    http: aiohttp.ClientSession
    sign: Sign
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def tell(self, told_at: str, event: Mapping[str, Any]) -> None:
        """Deliver the event; a delivery that fails is tried again later, as providers do."""
        body = json.dumps(event).encode()
        if not await self._deliver(told_at, body):
            self.later(self._insist(told_at, body))

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside what is being done: whoever asks the API has their answer first."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def stop(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _insist(self, told_at: str, body: bytes) -> None:
        for pause in _TRIES:
            await asyncio.sleep(pause)
            if await self._deliver(told_at, body):
                return
        log.warning("a webhook was not taken; the product will ask by itself")

    async def _deliver(self, told_at: str, body: bytes) -> bool:
        headers = {**self.sign(body), "Content-Type": "application/json"}
        try:
            async with self.http.post(told_at, data=body, headers=headers, timeout=_ANSWERS_WITHIN) as response:
                return response.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False
