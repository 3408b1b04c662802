"""`seatkeeper doctor`: what is set up, what is not, and how to mend it; one line a check, and never a secret."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.config import WHERE_TO_GET, Config
from core.db.unit import Database
from core.errors import DatabaseAway, DatabaseOutdated
from core.usecases.records.condition import Condition, condition
from seatkeeper.doctor_payments import at_paypal, at_stripe
from seatkeeper.findings import MISSING, OK, TRY_AGAIN, WARN, Finding, ask, clock_beside, is_set
from seatkeeper.terminal import database_of

_DATABASE_WITHIN = 15.0
_LATE = timedelta(minutes=5)


async def examine(config: Config, discord_api: str) -> list[Finding]:
    """Every finding, in the order in which one sets things up. Discord, Stripe and the database are asked at once."""
    (in_database, found), on_discord, stripe = await asyncio.gather(
        _database(config), _discord(config, discord_api), at_stripe(config)
    )
    paypal = await at_paypal(config, found.communities if found else ())
    rooms = await _communities(config, discord_api, found) if found and on_discord.level == OK else []
    return [
        *in_database,
        on_discord,
        *rooms,
        _public_url(config),
        *stripe,
        *paypal,
    ]


def _public_url(config: Config) -> Finding:
    if config.public_url.startswith("http://"):
        return Finding(WARN, "PUBLIC_URL", "begins with http://", "Webhooks of real money come to https:// only.")
    return is_set("PUBLIC_URL", bool(config.public_url))


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
        *([clock_beside("the database's", found.database_at, now)] if found.database_at else []),
        _jobs(found.oldest_due_at, now),
        _none(found.dead_notices, "Dead notices", "seatkeeper notices"),
        _none(found.failed_events, "Failed events", "seatkeeper events"),
        Finding(OK, "Refunds", f"{found.waiting_refunds} waiting for their turn"),
    ]


def _jobs(oldest_due_at: datetime | None, now: datetime) -> Finding:
    if oldest_due_at is None or now - oldest_due_at < _LATE:
        return Finding(OK, "Jobs", "nothing waits that should be done")
    waits = int((now - oldest_due_at).total_seconds() // 60)
    return Finding(WARN, "Jobs", f"something has been due for {waits} min", "Run a process with the role jobs.")


def _none(number: int, about: str, command: str) -> Finding:
    return Finding(OK, about, "none") if not number else Finding(WARN, about, str(number), f"Type: {command}")


async def _discord(config: Config, api: str) -> Finding:
    if not config.discord_token.get_secret_value():
        return is_set("DISCORD_TOKEN", there=False)
    me = await ask(f"{api}/users/@me", _bot(config))
    if me.status == 200 and isinstance(me.body, dict):
        return Finding(OK, "DISCORD_TOKEN", f"logs in as application {me.body.get('id')}")
    if me.status == 401:
        return Finding(MISSING, "DISCORD_TOKEN", "Discord does not accept it", WHERE_TO_GET["discord_token"])
    return Finding(MISSING, "DISCORD_TOKEN", f"Discord does not answer ({me.body})", TRY_AGAIN)


async def _communities(config: Config, api: str, found: Condition) -> list[Finding]:
    if not found.communities:
        return [Finding(WARN, "Communities", "none is set up", "Type /setup on your Discord server.")]
    return list(await asyncio.gather(*(_community(config, api, each) for each in found.communities)))


async def _community(config: Config, api: str, row: Any) -> Finding:
    """The staff role and the channels are there, and ours to see."""
    about = f"Server {row['guild_id']}"
    named = {"staff": row["staff_channel_id"], "sessions": row["sessions_channel_id"]}
    chosen = {name: channel_id for name, channel_id in named.items() if channel_id is not None}
    roles, *channels = await asyncio.gather(
        ask(f"{api}/guilds/{row['guild_id']}/roles", _bot(config)),
        *(ask(f"{api}/channels/{channel_id}", _bot(config)) for channel_id in chosen.values()),
    )
    if roles.status in (403, 404):
        return Finding(MISSING, about, "the bot is not on it", "Open the application's install link.")
    if roles.status != 200:
        return Finding(MISSING, about, f"Discord does not answer ({roles.body})", TRY_AGAIN)
    if row["staff_role_id"] and str(row["staff_role_id"]) not in {role["id"] for role in roles.body}:
        return Finding(MISSING, about, "its staff role is gone", "Type /setup and choose another.")
    for name, channel in zip(chosen, channels, strict=True):
        if channel.status != 200:
            mend = "Give the bot View Channel there, or choose another with /setup."
            return Finding(MISSING, about, f"its {name} channel is gone or closed to the bot", mend)
    if "staff" not in chosen:
        return Finding(WARN, about, "has no staff channel", "Type /setup and choose one.")
    return Finding(OK, about, "staff role and staff channel are there")


def _bot(config: Config) -> dict[str, str]:
    return {"Authorization": f"Bot {config.discord_token.get_secret_value()}"}


def is_well(findings: list[Finding]) -> bool:
    return all(finding.level != MISSING for finding in findings)
