"""The stage: a simulated Discord around the real bot, and a browser tab for each place in it.

Every touch of SimCord's private names is in this module; a test plays on each of them. SimCord shows one channel at a
time and only what was published last, so the tabs are kept fresh from here.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import simcord
from discord.ext import commands
from simcord._clock import Clock as SimcordClock
from simcord.preview import Preview, _markdown, _messages
from simcord.preview._pages import _Page

from seatkeeper.demo.clock import MovableClock

log = logging.getLogger(__name__)

_BORN_AT = datetime(2026, 1, 1, tzinfo=UTC)
_PAUSE = 0.01  # between two looks at whether SimCord is free
_EMBED_PARTS = ("embed_description", "embed_field_value")
_BURST_FOR = 0.05  # messages that come together are published together
_SETTLES_WITHIN = 30.0

_Act = Callable[[str | None, Mapping[str, Any]], Coroutine[Any, Any, dict[str, Any]]]


class StageClock(SimcordClock):
    """SimCord's clock, read from the demo's: one move moves both.

    Until the curtain rises it stands at a fixed instant. Discord's ids are made of time: whoever is made before then
    has the same id in every run, and is found again in a database that was kept.
    """

    def __init__(self, clock: MovableClock) -> None:
        super().__init__()
        self._clock: MovableClock | None = None
        self._after = clock

    def rise(self) -> None:
        self._clock = self._after

    @property
    def elapsed(self) -> float:
        if self._clock is None:
            return (_BORN_AT - self._epoch).total_seconds()
        return (self._clock.now() - self._epoch).total_seconds()

    @elapsed.setter
    def elapsed(self, value: float) -> None:
        """SimCord's own constructor sets it."""

    def now(self) -> datetime:
        return self._epoch + timedelta(seconds=self.elapsed)

    def advance(self, seconds: float) -> None:
        self._after.forward(timedelta(seconds=seconds))


@dataclass(slots=True)
class Place:
    """Somewhere that messages appear: a channel of the guild or one person's DMs."""

    key: str
    title: str
    channel: simcord.ChannelHandle
    viewers: Sequence[simcord.MemberActor | simcord.UserHandle]
    time_zone: str
    url: str = ""


class Tabs:
    """Several previews of one stage. They update by themselves, and no press is refused because they did.

    SimCord allows one preview and publishes only to the page that acted. So this object takes its place as 'the'
    preview, listens to every event of the simulated gateway, and publishes between SimCord's operations.
    """

    _closed = True  # for `env.preview`, which asks this of the preview that is there

    def __init__(self, env: simcord.Env) -> None:
        self._env = env
        self._open: list[Preview] = []
        self._stale: set[str | None] = set()
        self._woken = asyncio.Event()
        # SimCord shows mentions and commands in embeds as numbers, and people's in DMs everywhere; Discord shows names.
        self._strict = _messages._user_allowed
        _messages._user_allowed = self._knows
        self._name_in_embeds(named=True)
        env.backend.subscribers.append(self._hear)

    def _mark_action_dispatched(self) -> None:
        for preview in self._open:
            preview._mark_action_dispatched()

    async def open(self, place: Place, port: int) -> None:
        preview = self._env.preview(
            place.channel, viewers=place.viewers, layout="channel", timezone=place.time_zone, port=port
        )
        await preview.__aenter__()
        self._env._preview = self  # type: ignore[assignment]
        preview._action = self._between_operations(preview)  # type: ignore[method-assign, assignment]
        self._open.append(preview)
        place.url = preview.url

    def freshen(self) -> None:
        """Publish everything anew: the time has moved."""
        self._stale.add(None)
        self._woken.set()

    async def keep_fresh(self) -> None:
        """Publish what has changed, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await asyncio.sleep(_BURST_FOR)
            await _turn(self._env)
            stale, self._stale = self._stale, set()
            for preview in self._open:
                if None in stale or str(preview.channel.id) in stale:
                    self._publish(preview)

    async def close(self) -> None:
        for preview in self._open:
            with suppress(Exception):
                await preview.close()
        self._open.clear()
        _messages._user_allowed = self._strict
        self._name_in_embeds(named=False)

    @staticmethod
    def _name_in_embeds(*, named: bool) -> None:
        for part in _EMBED_PARTS:
            _markdown._FIELD_POLICIES[part].update(mentions=named, commands=named)

    def _knows(self, preview: Preview, page: _Page, user_id: int) -> bool:
        """Whether this page's viewer sees that user's name in a mention: in DMs, too, if they share a guild."""
        guilds = self._env.backend.guilds.values()
        return self._strict(preview, page, user_id) or any(
            {user_id, page.viewer.id} <= set(guild.members) for guild in guilds
        )

    def _hear(self, _event: str, payload: Mapping[str, Any]) -> None:
        self._stale.add(payload.get("channel_id"))
        self._woken.set()

    def _publish(self, preview: Preview) -> None:
        # An action publishes at its end by itself.
        if not preview._active or preview._active_action is not None:
            return
        preview._advance_presentation_time()
        for page in tuple(preview._pages.values()):
            if page.id in preview._pages:
                preview._publish(page, reason="refresh")

    def _between_operations(self, preview: Preview) -> _Act:
        """The preview's action, which waits its turn and takes the page as it was published meanwhile."""
        act = preview._action

        async def action(context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
            await _turn(self._env)
            page = preview._get_page(context_id)
            if "published_revision" in body:
                body = {**body, "published_revision": page.revision}
            try:
                return await act(context_id, body)
            finally:
                self.freshen()

        return action


@dataclass(slots=True)
class Stage:
    """A guild with the bot in it. Build the guild, `rise`, play; `close` at the end."""

    env: simcord.Env
    bot: commands.AutoShardedBot
    clock: MovableClock
    places: list[Place] = field(default_factory=list)
    _tabs: Tabs | None = None
    _keeping: asyncio.Task[None] | None = None

    @classmethod
    def around(cls, bot: commands.AutoShardedBot, clock: MovableClock, *, name: str, ids_last: bool) -> "Stage":
        """A stage on which nothing has happened. `ids_last`: who is made now has the same id in every run."""
        env = simcord.Env(bot, shard_count=1, settle_timeout=_SETTLES_WITHIN, check_errors=False)
        stage_clock = StageClock(clock)
        if not ids_last:
            stage_clock.rise()
        env.backend.clock = stage_clock
        env.backend.edit_bot_profile(name)
        return cls(env, bot, clock)

    @property
    def bot_user(self) -> simcord.UserHandle:
        return simcord.UserHandle(self.env, self.env.backend.bot_user)

    def close_dms(self, user: simcord.UserHandle) -> None:
        """Whatever is sent to them directly is refused, as Discord does where somebody takes no direct messages."""
        path = f"/channels/{user.dm_channel.id}/messages"
        self.env.inject_error(
            "POST", path, status=403, code=50007, message="Cannot send messages to this user", times=None
        )

    def members_of(self, thread: simcord.ChannelHandle) -> frozenset[int]:
        """Who is in this thread."""
        return frozenset(self.env.backend.get_thread(thread.id).thread_members)

    async def rise(self) -> None:
        """The bot logs in and finds the guild as it was built; from now on time flows."""
        clock = self.env.backend.clock
        if isinstance(clock, StageClock):
            clock.rise()
        await self.env.start()

    async def open_tabs(self, ports: Callable[[], int]) -> None:
        """A browser tab for each place, served on loopback. `ports` names the next port to use."""
        self._tabs = Tabs(self.env)
        for place in self.places:
            await self._tabs.open(place, ports())
        self._keeping = asyncio.create_task(self._tabs.keep_fresh(), name="tabs")

    async def forward(self, by: timedelta) -> None:
        """The demo's time and the bot's timers move on together, after whatever SimCord is at."""
        await self.turn()
        await self.env.advance_time(by.total_seconds())
        self.freshen()

    async def turn(self) -> None:
        """SimCord does one thing at a time: wait until it is free. What follows must begin without another await."""
        await _turn(self.env)

    def freshen(self) -> None:
        if self._tabs is not None:
            self._tabs.freshen()

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        if self._tabs is not None:
            await self._tabs.close()
        await self.turn()
        await self.env.shutdown()
        for error in self.env.errors:
            log.warning("the bot met an error: %s", type(error).__name__, exc_info=error)


async def _turn(env: simcord.Env) -> None:
    # SimCord tells nobody when an operation ends.
    while env._operation_task is not None:  # noqa: ASYNC110
        await asyncio.sleep(_PAUSE)
