"""The command line as a person meets it: a process of its own, its exit code, and what it printed."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from core.db.migrate import is_current, sync_url

COMMAND = Path(sys.executable).parent / "seatkeeper"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    code: int | None
    out: str
    err: str


def environment(**settings: str) -> dict[str, str]:
    """Nothing of this machine's own configuration; and this tree's code, whichever is installed."""
    kept = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START")
    }
    return kept | {"COLUMNS": "200", "PYTHONPATH": str(ROOT)} | settings


@asynccontextmanager
async def started(folder: Path, *args: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *args,
        cwd=folder,
        env=environment(**settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(folder: Path, *args: str, **settings: str) -> Ended:
    async with started(folder, *args, **settings) as process:
        out, err = await process.communicate()
        return Ended(process.returncode, out.decode(), err.decode())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def test_migrate_brings_an_empty_database_to_the_newest_version(tmp_path: Path, fresh_database_url: str) -> None:
    migrated = await ended(tmp_path, "migrate", DATABASE_URL=fresh_database_url)

    assert (migrated.code, migrated.err) == (0, "")
    assert "version 0001" in migrated.out
    assert is_current(fresh_database_url)


async def test_half_of_a_providers_settings_is_named_before_anything_starts(tmp_path: Path) -> None:
    settings = {"PUBLIC_URL": "https://seats.example", "DISCORD_TOKEN": "x", "PAYPAL_CLIENT_ID": "hunter2"}

    stopped = await ended(tmp_path, "run", **settings)

    assert stopped.code == 2
    assert "PAYPAL_CLIENT_SECRET: is missing" in stopped.err
    assert "hunter2" not in stopped.err


async def test_what_is_missing_is_named_with_its_meaning(tmp_path: Path) -> None:
    stopped = await ended(tmp_path, "run")

    assert stopped.code == 2
    assert "DISCORD_TOKEN: is missing — lets the bot log in to Discord" in stopped.err
    assert "Reset Token" in stopped.err, "where to get it"
    assert "PUBLIC_URL: is missing" in stopped.err
    assert "Traceback" not in stopped.err


async def test_a_malformed_setting_is_named_without_its_value(tmp_path: Path) -> None:
    stopped = await ended(
        tmp_path, "run", DATABASE_URL="mysql://root:hunter2@db/seats", PUBLIC_URL="https://seats.example"
    )

    assert stopped.code == 2
    assert "DATABASE_URL" in stopped.err
    assert "hunter2" not in stopped.err


async def test_an_unknown_role_is_misuse(tmp_path: Path) -> None:
    stopped = await ended(tmp_path, "run", "--roles", "bot,cook")

    assert stopped.code == 2
    assert "cook" in stopped.err


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_an_outdated_postgresql_schema_is_refused_with_the_command_to_type(
    tmp_path: Path, fresh_database_url: str
) -> None:
    stopped = await ended(
        tmp_path, "run", "--roles", "web", DATABASE_URL=fresh_database_url, PUBLIC_URL="https://seats.example"
    )

    assert stopped.code == 1
    assert "seatkeeper migrate" in stopped.err


async def test_the_web_role_serves_until_it_is_told_to_stop(tmp_path: Path, database_url: str) -> None:
    port = free_port()
    settings = {"DATABASE_URL": database_url, "PUBLIC_URL": "https://seats.example", "WEB_PORT": str(port)}

    async with started(tmp_path, "run", "--roles", "web", **settings) as process:
        status = await answer_of(f"http://127.0.0.1:{port}/readyz", process)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()

    assert status == 200
    assert process.returncode == 0, err.decode()
    assert "Traceback" not in err.decode()


async def test_sqlite_is_migrated_in_passing(tmp_path: Path) -> None:
    port = free_port()
    url = f"sqlite+aiosqlite:///{tmp_path / 'seats.db'}"

    settings = {"DATABASE_URL": url, "PUBLIC_URL": "https://seats.example", "WEB_PORT": str(port)}
    async with started(tmp_path, "run", "--roles", "web", **settings) as process:
        status = await answer_of(f"http://127.0.0.1:{port}/readyz", process)

    assert status == 200
    assert is_current(url), sync_url(url)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_while_discord_is_away_it_is_tried_again_and_web_and_jobs_are_up(
    tmp_path: Path, database_url: str
) -> None:
    port, nobody = free_port(), free_port()
    settings = {"DATABASE_URL": database_url, "PUBLIC_URL": "https://seats.example", "WEB_PORT": str(port)}
    settings |= {"DISCORD_TOKEN": "hunter2", "DISCORD_API_URL": f"http://127.0.0.1:{nobody}"}

    async with started(tmp_path, "run", **settings) as process:
        status = await answer_of(f"http://127.0.0.1:{port}/readyz", process)
        said = await lines_until(process, "running: bot, jobs, web", "trying again in 2 s")
        process.send_signal(signal.SIGTERM)
        _, rest = await process.communicate()

    assert status == 503, "alive, and Discord is not connected"
    assert process.returncode == 0, said + rest.decode()
    assert "cannot log in to Discord (ClientConnectorError)" in said
    assert "Traceback" not in said + rest.decode()
    assert "hunter2" not in said + rest.decode()


async def lines_until(process: asyncio.subprocess.Process, *words: str) -> str:
    """What the process says on stderr until all of these words are in it."""
    assert process.stderr
    said = ""
    while not all(word in said for word in words):
        line = await process.stderr.readline()
        assert line, said
        said += line.decode()
    return said


async def answer_of(url: str, process: asyncio.subprocess.Process) -> int:
    """The status of the first answer; the process's words if it ended instead."""
    async with aiohttp.ClientSession() as http:
        while process.returncode is None:
            try:
                async with http.get(url) as answer:
                    return answer.status
            except aiohttp.ClientConnectionError:
                await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.05)
    out, err = await process.communicate()
    raise AssertionError((out + err).decode())
