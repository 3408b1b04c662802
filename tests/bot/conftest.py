"""A Discord of the test's own: the real discord.py and a real database; people act, and see what they then see."""

from collections.abc import AsyncIterator

import pytest
import simcord.env
from simcord import Env

from bot.client import SeatkeeperBot
from core.db.unit import Database
from tests.bot.discord_contract import faults_in
from tests.bot.world import World, a_world, parts
from tests.clocks import SettableClock
from tests.fixtures import clock, db
from tests.provider import LedgerProvider

__all__ = ["clock", "db", "env", "provider", "world"]

# 52 ms → 4 ms a step: otherwise the settle loop sleeps once whenever only callbacks are left.
simcord.env.Env._settle_internal.__kwdefaults__["idle"] = 0.002  # type: ignore[index]


@pytest.fixture
def provider(clock: SettableClock) -> LedgerProvider:
    return LedgerProvider(clock)


@pytest.fixture
async def env(db: Database, clock: SettableClock, provider: LedgerProvider) -> AsyncIterator[Env]:
    """Discord at the clock's time, with the bot logged in and its commands synced.

    Whatever a test is about, each request that the bot sent in it must be one that Discord takes.
    """
    env = Env(SeatkeeperBot(parts(db, provider, clock), shard_count=1), settle_timeout=30)
    env.backend.advance_clock((clock.now() - env.now()).total_seconds())  # before the start: no timer runs through it
    await env.start()
    assert isinstance(env.bot, SeatkeeperBot)
    await env.bot.sync_commands()
    yield env
    await env.shutdown()
    assert faults_in(env) == []


@pytest.fixture
async def world(env: Env, db: Database, clock: SettableClock, provider: LedgerProvider) -> World:
    return await a_world(env, db, clock, provider)
