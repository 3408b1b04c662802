"""`seatkeeper demo`: the pages until Ctrl-C, or the story by itself."""

import asyncio
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from core.errors import DatabaseOutdated
from seatkeeper.demo.community import STAFF, ForeignDatabase
from seatkeeper.demo.pages import make_app
from seatkeeper.demo.play import HOST, Play, free_port, on_stage
from seatkeeper.demo.story import tell

_WELCOME = "Welcome! Type `/mentors` to see who teaches here, and `/buy` to get a seat."
_STOPPED = 130  # as shells say of Ctrl-C
_FIRST_TAB = 2  # ports after the start page's: the product's web server, then the tabs


async def run_demo(port: int, *, check: bool, database_url: str | None) -> int:
    """Play until SIGTERM or Ctrl-C, or walk the story; the exit code. Without a database a temporary folder serves."""
    performing = asyncio.create_task(_perform(port, check, database_url))
    loop = asyncio.get_running_loop()
    stops = (signal.SIGTERM, signal.SIGINT)
    for each in stops:
        loop.add_signal_handler(each, _cancel_once(performing))
    try:
        return await performing
    except asyncio.CancelledError:
        return _STOPPED if check else 0
    finally:
        for each in stops:
            loop.remove_signal_handler(each)


def _cancel_once(task: asyncio.Task[int]) -> Callable[[], None]:
    """The second Ctrl-C must not cut the orderly stop that the first began."""

    def cancel() -> None:
        if not task.cancelling():
            task.cancel()

    return cancel


async def _perform(port: int, check: bool, database_url: str | None) -> int:
    out = Console(highlight=False, soft_wrap=True)
    try:
        with _database(database_url) as url:
            # A walk needs no port that people know.
            async with on_stage(url, 0 if check else port, make_app, fresh=check) as play:
                if check:
                    return await tell(play, out)
                await _pages(play, port, out)
                return 0
    except (ForeignDatabase, DatabaseOutdated) as error:
        Console(stderr=True, style="red", highlight=False, soft_wrap=True).print(str(error), markup=False)
        return 1


async def _pages(play: Play, port: int, out: Console) -> None:
    """Until cancelled."""
    await play.guild.people[STAFF].send(play.guild.public, _WELCOME)
    ports = iter(range(port + _FIRST_TAB, port + _FIRST_TAB + 100))
    await play.stage.open_tabs(lambda: free_port(next(ports)))
    out.print(f"\n[bold]Start here:[/] {play.start_url}\n")
    for place in play.stage.places:
        out.print(f"  {place.title:<14} {place.url}")
    out.print(f"  {'web server':<14} {play.house.public_url}/healthz")
    if play.start_url != f"http://{HOST}:{port}/":
        out.print(f"\nPort {port} is taken, so another was chosen.")
    out.print("\nStop with Ctrl-C.")
    await asyncio.Event().wait()


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="seatkeeper-demo-", ignore_cleanup_errors=True) as folder:
        yield f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}"
