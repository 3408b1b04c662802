"""`seatkeeper run`: the roles of one process, from a checked configuration to an orderly stop."""

import asyncio
import itertools
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import discord

from bot.client import SeatkeeperBot
from bot.notifier import DiscordCourier
from bot.roles import DiscordRoles
from core.clock import SystemClock
from core.config import WHERE_TO_GET, Config, ConfigError
from core.db.migrate import is_current, upgrade
from core.errors import DatabaseOutdated
from core.limits import Limits
from core.payments.paypal_api import is_live
from core.payments.paypal_certificates import Certificates, fetching
from core.payments.paypal_events import PayPalEvents
from core.payments.stripe_events import livemode_of
from seatkeeper.providers import providers_of
from seatkeeper.wiring import House, open_database
from webhooks.server import serve as serve_web

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60  # seconds between two tries to reach Discord


async def serve(config: Config, roles: frozenset[str], *, sync: bool = False) -> None:
    """Run these roles until SIGTERM or SIGINT.

    Stopping goes against the stream: no new work for the jobs, no new requests, interactions are answered to their
    end, then Discord, HTTP and the database are left. What is unsent stays in the tables.
    """
    _require(config, roles)
    url = config.database_url.get_secret_value()
    await asyncio.to_thread(prepare_schema, url)
    stopping = _stop_signal()
    async with AsyncExitStack() as stack:
        db, bell = open_database(url, SystemClock())
        stack.push_async_callback(db.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        limits = Limits(config.redis_url.get_secret_value())
        stack.push_async_callback(limits.close)
        house = House(
            db=db,
            bell=bell,
            clock=db.clock,
            public_url=config.public_url,
            providers=providers_of(config, http),
            stripe_webhook_secret=config.stripe_webhook_secret.get_secret_value(),
            paypal_events=_paypal_events(config, http),
            limits=limits,
            stripe_livemode=livemode_of(config.stripe_api_key.get_secret_value()),
        )
        on_discord: asyncio.Task[None] | None = None
        bot = house.bot()
        if roles & {"bot", "jobs"}:
            discord.http.Route.BASE = config.discord_api_url
            on_discord = asyncio.create_task(_stay_on_discord(bot, config, connect="bot" in roles, sync=sync))
            stack.push_async_callback(_leave_discord, bot, on_discord)
        if "web" in roles:
            app = house.web(bot.is_ready if "bot" in roles else None)
            runner = await serve_web(app, config.web_host, config.web_port)
            stack.push_async_callback(runner.cleanup)
            log.info("listening on %s", runner.addresses)
        if "jobs" in roles:
            jobs = house.jobs(DiscordCourier(bot), DiscordRoles(bot))
            await jobs.start()
            stack.push_async_callback(jobs.stop)
        log.info("running: %s", ", ".join(sorted(roles)))
        await _until(stopping, on_discord)
        log.info("stopping")


def prepare_schema(url: str) -> None:
    """SQLite is migrated in passing; an outdated PostgreSQL schema is refused, since others may be using it."""
    if url.startswith("sqlite"):
        upgrade(url)
    elif not is_current(url):
        raise DatabaseOutdated("The database's schema is not this program's. Type: seatkeeper migrate")


def _require(config: Config, roles: frozenset[str]) -> None:
    needed = ["public_url"]
    if roles & {"bot", "jobs"}:
        needed.append("discord_token")
    if config.paypal_client_id or config.paypal_client_secret.get_secret_value():
        needed += ["paypal_client_id", "paypal_client_secret"]
    config.require(*needed)


def _paypal_events(config: Config, http: aiohttp.ClientSession) -> PayPalEvents:
    """Also without a webhook id: what was kept before is still read."""
    return PayPalEvents(config.paypal_webhook_id, Certificates(fetching(http)), is_live(config.paypal_api_url))


async def _stay_on_discord(bot: SeatkeeperBot, config: Config, *, connect: bool, sync: bool) -> None:
    """Log in and, for the role bot, stay connected. While Discord is away it is tried again, for ever."""
    await _insist("log in to", lambda: _log_in(bot, config))
    if not connect:
        await asyncio.Event().wait()  # until it is cancelled: who is logged in can send
    await _insist("tell our commands to", lambda: bot.sync_commands(force=sync))
    await _insist("connect to", lambda: bot.connect(reconnect=True))


async def _insist(what: str, do: Callable[[], Awaitable[object]]) -> None:
    for failures in itertools.count():
        try:
            await do()
        except (aiohttp.ClientError, OSError, discord.HTTPException, discord.GatewayNotFound) as error:
            if isinstance(error, discord.HTTPException) and error.status != 429 and error.status < 500:
                raise
            pause = min(2 ** min(failures, 6), _LONGEST_PAUSE)
            log.warning("cannot %s Discord (%s), trying again in %s s", what, type(error).__name__, pause)
            await asyncio.sleep(pause)
        else:
            return


async def _log_in(bot: SeatkeeperBot, config: Config) -> None:
    try:
        await bot.login(config.discord_token.get_secret_value())
    except discord.LoginFailure:
        raise ConfigError(f"DISCORD_TOKEN: Discord does not accept it. {WHERE_TO_GET['discord_token']}") from None
    except (aiohttp.ClientError, OSError, discord.HTTPException):
        await bot.http.close()
        bot.http.connector = discord.utils.MISSING  # closed with its session: the next try needs another
        raise


async def _leave_discord(bot: SeatkeeperBot, on_discord: asyncio.Task[None]) -> None:
    if bot.user is None:
        on_discord.cancel()  # it still tries to log in
        await asyncio.wait({on_discord})
    if not bot.is_closed():
        await bot.close()
    on_discord.cancel()
    await asyncio.gather(on_discord, return_exceptions=True)


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.set)
    return stopping


async def _until(stopping: asyncio.Event, on_discord: asyncio.Task[None] | None) -> None:
    """Return when the process is to stop; raise what ended the connection to Discord, if that came first."""
    waiting = asyncio.create_task(stopping.wait())
    watched = {waiting} if on_discord is None else {waiting, on_discord}
    await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if on_discord is not None and on_discord.done():
        on_discord.result()
