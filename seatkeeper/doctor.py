"""`seatkeeper doctor`: what is set up, what is not, and how to mend it; one line a check, and never a secret."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from core.config import WHERE_TO_GET, Config
from core.db.unit import Database
from core.errors import DatabaseAway, DatabaseOutdated
from core.usecases.records.condition import Condition, condition
from seatkeeper.terminal import database_of

OK, WARN, MISSING = "ok", "warn", "missing"

_ANSWERS_WITHIN = aiohttp.ClientTimeout(total=10)
_DATABASE_WITHIN = 15.0
_SKEW = timedelta(seconds=30)
_LATE = timedelta(minutes=5)
_AWAY = (aiohttp.ClientError, OSError)  # TimeoutError is an OSError


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is empty where nothing is to be done."""

    level: str
    about: str
    says: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.level:<8} {self.about:<22} {self.says}" + (f" → {self.mend}" if self.mend else "")


async def examine(config: Config, discord_api: str) -> list[Finding]:
    """Every finding, in the order in which one sets things up. Discord, Stripe and the database are asked at once."""
    (in_database, found), on_discord, at_stripe = await asyncio.gather(
        _database(config), _discord(config, discord_api), _stripe(config)
    )
    rooms = await _communities(config, discord_api, found) if found and on_discord.level == OK else []
    return [
        *in_database,
        on_discord,
        *rooms,
        _public_url(config),
        at_stripe,
        _set("STRIPE_WEBHOOK_SECRET", bool(config.stripe_webhook_secret.get_secret_value())),
    ]


def _set(name: str, there: bool) -> Finding:
    return Finding(OK, name, "is set") if there else Finding(MISSING, name, "is not set", WHERE_TO_GET[name.lower()])


def _public_url(config: Config) -> Finding:
    if config.public_url.startswith("http://"):
        return Finding(
            WARN, "PUBLIC_URL", "begins with http://", "Stripe sends webhooks in live mode to https:// only."
        )
    return _set("PUBLIC_URL", bool(config.public_url))


async def _database(config: Config) -> tuple[list[Finding], Condition | None]:
    url = config.database_url.get_secret_value()
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    file = url.removeprefix("sqlite+aiosqlite:///").partition("?")[0]
    if kind == "SQLite" and not await asyncio.to_thread(Path(file).exists):
        return [Finding(MISSING, "Database", "the SQLite file is not there yet", "Type: seatkeeper migrate")], None
    try:
        async with asyncio.timeout(_DATABASE_WITHIN), database_of(config) as db:
            found = await condition(db)
            return [
                Finding(OK, "Database", f"{kind} answers, its schema is this program's"),
                *_records(found, db),
            ], found
    except DatabaseOutdated:
        return [Finding(MISSING, "Database", f"{kind} has another schema", "Type: seatkeeper migrate")], None
    except DatabaseAway as error:
        return [Finding(MISSING, "Database", str(error), "Look at DATABASE_URL, and whether the server runs.")], None
    except OSError as error:
        says = f"does not answer ({type(error).__name__})"
        return [Finding(MISSING, "Database", says, "Look at DATABASE_URL, and whether the server runs.")], None


def _records(found: Condition, db: Database) -> list[Finding]:
    now = db.clock.now()
    return [
        *([_clock(found.database_at, now)] if found.database_at else []),
        _jobs(found.oldest_due_at, now),
        _none(found.dead_notices, "Dead notices", "seatkeeper notices"),
        _none(found.failed_events, "Failed events", "seatkeeper events"),
        Finding(OK, "Refunds", f"{found.waiting_refunds} waiting for their turn"),
    ]


def _clock(theirs: datetime, ours: datetime) -> Finding:
    if abs(theirs - ours) <= _SKEW:
        return Finding(OK, "Clock", "this machine's agrees with the database's")
    apart = int(abs(theirs - ours).total_seconds())
    return Finding(WARN, "Clock", f"this machine's and the database's are {apart} s apart", "Let both follow NTP.")


def _jobs(oldest_due_at: datetime | None, now: datetime) -> Finding:
    if oldest_due_at is None or now - oldest_due_at < _LATE:
        return Finding(OK, "Jobs", "nothing waits that should be done")
    waits = int((now - oldest_due_at).total_seconds() // 60)
    return Finding(WARN, "Jobs", f"something has been due for {waits} min", "Run a process with the role jobs.")


def _none(number: int, about: str, command: str) -> Finding:
    return Finding(OK, about, "none") if not number else Finding(WARN, about, str(number), f"Type: {command}")


async def _discord(config: Config, api: str) -> Finding:
    if not config.discord_token.get_secret_value():
        return _set("DISCORD_TOKEN", there=False)
    status, me = await _ask(f"{api}/users/@me", _bot(config))
    if status == 200 and isinstance(me, dict):
        return Finding(OK, "DISCORD_TOKEN", f"logs in as application {me.get('id')}")
    if status == 401:
        return Finding(MISSING, "DISCORD_TOKEN", "Discord does not accept it", WHERE_TO_GET["discord_token"])
    return Finding(MISSING, "DISCORD_TOKEN", f"Discord does not answer ({me})", "Look at the network; try again.")


async def _communities(config: Config, api: str, found: Condition) -> list[Finding]:
    if not found.communities:
        return [Finding(WARN, "Communities", "none is set up", "Type /setup on your Discord server.")]
    return list(await asyncio.gather(*(_community(config, api, each) for each in found.communities)))


async def _community(config: Config, api: str, row: Any) -> Finding:
    """The staff role and the channels are there, and ours to see."""
    about = f"Server {row['guild_id']}"
    named = {"staff": row["staff_channel_id"], "sessions": row["sessions_channel_id"]}
    chosen = {name: channel_id for name, channel_id in named.items() if channel_id is not None}
    (status, roles), *channels = await asyncio.gather(
        _ask(f"{api}/guilds/{row['guild_id']}/roles", _bot(config)),
        *(_ask(f"{api}/channels/{channel_id}", _bot(config)) for channel_id in chosen.values()),
    )
    if status in (403, 404):
        return Finding(MISSING, about, "the bot is not on it", "Open the application's install link.")
    if status != 200:
        return Finding(MISSING, about, f"Discord does not answer ({roles})", "Look at the network; try again.")
    if row["staff_role_id"] and str(row["staff_role_id"]) not in {role["id"] for role in roles}:
        return Finding(MISSING, about, "its staff role is gone", "Type /setup and choose another.")
    for name, (seen, _body) in zip(chosen, channels, strict=True):
        if seen != 200:
            mend = "Give the bot View Channel there, or choose another with /setup."
            return Finding(MISSING, about, f"its {name} channel is gone or closed to the bot", mend)
    if "staff" not in chosen:
        return Finding(WARN, about, "has no staff channel", "Type /setup and choose one.")
    return Finding(OK, about, "staff role and staff channel are there")


async def _stripe(config: Config) -> Finding:
    """Ask for a checkout that cannot be: whoever may read checkouts is told that there is none."""
    key = config.stripe_api_key.get_secret_value()
    if not key:
        return _set("STRIPE_API_KEY", there=False)
    headers = {"Authorization": f"Bearer {key}"}
    status, why = await _ask(f"{config.stripe_api_url}/v1/checkout/sessions/cs_test_doctor", headers)
    mode = "live" if "_live_" in key else "test"
    if status in (200, 404):
        return Finding(OK, "STRIPE_API_KEY", f"Stripe accepts it, in {mode} mode")
    if status == 401:
        return Finding(MISSING, "STRIPE_API_KEY", "Stripe does not accept it", WHERE_TO_GET["stripe_api_key"])
    if status == 403:
        mend = "Give the key Checkout Sessions: write, and the others of docs/operators.md."
        return Finding(MISSING, "STRIPE_API_KEY", "it may not read checkouts", mend)
    return Finding(MISSING, "STRIPE_API_KEY", f"Stripe does not answer ({why})", "Look at the network; try again.")


def _bot(config: Config) -> dict[str, str]:
    return {"Authorization": f"Bot {config.discord_token.get_secret_value()}"}


async def _ask(url: str, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and body; 0 and the fault's name if no answer came. Of another status than 200 the body is its number."""
    try:
        async with aiohttp.ClientSession(timeout=_ANSWERS_WITHIN) as http, http.get(url, headers=headers) as answer:
            body = await answer.json(content_type=None) if answer.status == 200 else str(answer.status)
            return answer.status, body
    except _AWAY as error:
        return 0, type(error).__name__
    except ValueError:
        return 0, "not JSON"


def is_well(findings: list[Finding]) -> bool:
    return all(finding.level != MISSING for finding in findings)
