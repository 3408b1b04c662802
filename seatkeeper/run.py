"""`seatkeeper run`: the roles of one process, from a checked configuration to an orderly stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import discord

from bot.client import SeatkeeperBot
from bot.notifier import DiscordCourier
from core.clock import SystemClock
from core.config import Config, ConfigError
from core.db.migrate import is_current, upgrade
from core.errors import DatabaseOutdated
from core.payments.stripe import StripeProvider
from core.ports import PaymentProvider
from seatkeeper.wiring import STRIPE, House, open_database
from webhooks.server import serve as serve_web

log = logging.getLogger(__name__)


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
        house = House(
            db=db,
            bell=bell,
            clock=db.clock,
            public_url=config.public_url,
            providers=await stack.enter_async_context(_providers(config)),
            stripe_webhook_secret=config.stripe_webhook_secret.get_secret_value(),
        )
        connected: asyncio.Task[None] | None = None
        bot = house.bot()
        if roles & {"bot", "jobs"}:
            stack.push_async_callback(_leave_discord, bot)
            await _log_in(bot, config)
        if "bot" in roles:
            await bot.sync_commands(force=sync)
            connected = asyncio.create_task(bot.connect(reconnect=True))
        if "web" in roles:
            app = house.web(bot.is_ready if "bot" in roles else None)
            runner = await serve_web(app, config.web_host, config.web_port)
            stack.push_async_callback(runner.cleanup)
            log.info("listening on %s", runner.addresses)
        if "jobs" in roles:
            jobs = house.jobs(DiscordCourier(bot))
            await jobs.start()
            stack.push_async_callback(jobs.stop)
        log.info("running: %s", ", ".join(sorted(roles)))
        await _until(stopping, connected)
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
    config.require(*needed)


@asynccontextmanager
async def _providers(config: Config) -> AsyncIterator[dict[str, PaymentProvider]]:
    """The providers that are configured; without any, everything works but buying."""
    key = config.stripe_api_key.get_secret_value()
    if not key:
        log.warning("STRIPE_API_KEY is not set: nothing can be bought")
        yield {}
        return
    async with aiohttp.ClientSession() as http:
        yield {STRIPE: StripeProvider(key, http, api_url=config.stripe_api_url)}


async def _log_in(bot: SeatkeeperBot, config: Config) -> None:
    try:
        await bot.login(config.discord_token.get_secret_value())
    except discord.LoginFailure:
        raise ConfigError("DISCORD_TOKEN: Discord does not accept it — lets the bot log in to Discord") from None


async def _leave_discord(bot: SeatkeeperBot) -> None:
    if not bot.is_closed():
        await bot.close()


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.set)
    return stopping


async def _until(stopping: asyncio.Event, connected: asyncio.Task[None] | None) -> None:
    """Return when the process is to stop; raise what ended the connection to Discord, if that came first."""
    waiting = asyncio.create_task(stopping.wait())
    watched = {waiting} if connected is None else {waiting, connected}
    await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if connected is not None and connected.done():
        connected.result()
