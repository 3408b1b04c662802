"""A Discord of the test's own: the real discord.py and a real database; people act, and see what they then see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import simcord.env
from simcord import Env

from bot.client import SeatkeeperBot
from core.db.unit import Database
from tests.bot.discord_contract import faults_in
from tests.bot.world import World, a_world, parts
from tests.clocks import SettableClock
from tests.databases import SqliteDatabases
from tests.fixtures import clock, db
from tests.provider import LedgerProvider

__all__ = ["clock", "db", "env", "known", "provider", "world"]

# 52 ms → 4 ms a step: otherwise the settle loop sleeps once whenever only callbacks are left.
simcord.env.Env._settle_internal.__kwdefaults__["idle"] = 0.002  # type: ignore[index]


@pytest.fixture
def provider(clock: SettableClock) -> LedgerProvider:
    return LedgerProvider(clock)


@dataclass(frozen=True)
class Known:
    """Our commands as Discord has them once they are synced, and their ids as the bot is told them."""

    commands: dict[Any, Any]
    ids: dict[str, int]


@pytest.fixture(scope="session")
def known(sqlite_databases: SqliteDatabases) -> Known:
    """Synced once: the bots of the tests start as most do, at a Discord that has their commands."""

    async def synced() -> Known:
        clock = SettableClock()
        with sqlite_databases.migrated() as url:
            empty = Database(url, clock)
            bot = SeatkeeperBot(parts(empty, None, clock), shard_count=1)
            async with discord_of(bot) as env:
                assert await bot.sync_commands()
                found = Known(env.backend.commands[None], bot.command_ids)
            await empty.close()
            return found

    return asyncio.run(synced())


@pytest.fixture
async def env(db: Database, clock: SettableClock, provider: LedgerProvider, known: Known) -> AsyncIterator[Env]:
    """Discord at the clock's time, with the bot logged in and its commands known.

    Whatever a test is about, each request that the bot sent in it must be one that Discord takes.
    """
    bot = SeatkeeperBot(parts(db, provider, clock), shard_count=1)
    async with discord_of(bot) as env:
        env.backend.commands[None] = dict(known.commands)
        bot.command_ids = dict(known.ids)
        yield env


@asynccontextmanager
async def discord_of(bot: SeatkeeperBot) -> AsyncIterator[Env]:
    env = Env(bot, settle_timeout=30)
    now = bot.parts.clock.now()
    env.backend.advance_clock((now - env.now()).total_seconds())  # before the start: no timer runs through it
    await env.start()
    yield env
    await env.shutdown()
    assert faults_in(env) == []


@pytest.fixture
async def world(env: Env, db: Database, clock: SettableClock, provider: LedgerProvider) -> World:
    return await a_world(env, db, clock, provider)
