"""A tab of the demo as its own script speaks to SimCord, without a browser around it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from seatkeeper.demo.stage import Place

State = dict[str, Any]

COMES_WITHIN = 20.0  # seconds; what takes longer never comes


@dataclass
class Tab:
    """One page of one place. `state` is what its reader saw last."""

    http: aiohttp.ClientSession = field(repr=False)
    state: State = field(repr=False)
    _sequence: int = 0

    @property
    def viewer_id(self) -> int:
        return int(self.state["viewerId"])

    @property
    def viewers(self) -> list[str]:
        """Whom its reader may be, by name."""
        return [each["name"] for each in self.state["viewers"]]

    async def look(self) -> State:
        async with self.http.get("/api/state", headers=self._context) as response:
            assert response.status == 200, await response.text()
            self.state = await response.json()
        return self.state

    async def until(self, fits: Callable[[State], bool]) -> State:
        """Look again and again, as a tab does, until what it shows fits."""
        async with asyncio.timeout(COMES_WITHIN):
            while not fits(await self.look()):
                pass
        return self.state

    async def act(self, kind: str, *, seen: State | None = None, **what: Any) -> State:
        """Do something as it is done with what was `seen`, by default the last look; the receipt."""
        seen = seen or self.state
        self._sequence += 1
        body = {
            "protocol_version": seen["protocolVersion"],
            "sequence": self._sequence,
            "request_id": f"r{self._sequence}",
            "generation": seen["context"]["generation"],
            "bot_generation": seen["botGeneration"],
            "published_revision": seen["publishedRevision"],
            "kind": kind,
            **what,
        }
        async with self.http.post("/api/action", json=body, headers=self._context) as response:
            assert response.status == 200, await response.text()
            receipt: State = await response.json()
        return receipt

    async def command(self, name: str) -> State:
        """Run a command without options."""
        async with self.http.get("/api/commands", headers=self._context) as response:
            entries = (await response.json())["entries"]
        (entry,) = [each for each in entries if each["path"] == [name]]
        return await self.act(
            "run_command",
            command_id=entry["commandId"],
            path=entry["path"],
            schema_fingerprint=entry["schemaFingerprint"],
            options={},
        )

    @property
    def _context(self) -> dict[str, str]:
        return {"X-Simcord-Context": self.state["context"]["id"]}


@asynccontextmanager
async def opened(place: Place, viewer_id: int | None = None) -> AsyncIterator[Tab]:
    """The tab as its link opens it, or as this viewer."""
    base, _, capability = place.url.partition("#")
    async with aiohttp.ClientSession(base, headers={"X-Simcord-Capability": capability}) as http:
        wanted = {} if viewer_id is None else {"viewer_id": str(viewer_id)}
        async with http.post("/api/pages", json=wanted) as response:
            response.raise_for_status()
            yield Tab(http, await response.json())


def texts(state: State) -> list[str]:
    """What its messages say, in order, each with its embeds."""
    said = []
    for message in state["messages"].values():
        parts = [message["content"]]
        for embed in message["embeds"]:
            parts += [embed.get("title", ""), _words(embed.get("description_tokens", []))]
        said.append(" ".join(part for part in parts if part))
    return said


def _words(tokens: list[State]) -> str:
    """Text and the labels of mentions; a mention without a label is shown as its number."""
    return "".join(each.get("label") or each.get("content") or _words(each.get("children", [])) for each in tokens)
