"""`seatkeeper demo`: the pages until Ctrl-C, or the story by itself."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from core.errors import DatabaseOutdated
from seatkeeper.demo.community import ForeignDatabase
from seatkeeper.demo.pages import make_app
from seatkeeper.demo.play import HOST, Play, free_port, on_stage
from seatkeeper.demo.story import tell

_FIRST_TAB = 2  # ports after the start page's: the product's web server, then the tabs


async def run_demo(port: int, *, check: bool, database_url: str | None) -> int:
    """Play until SIGTERM or Ctrl-C, or walk the story; the exit code. Without a database a temporary folder serves."""
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
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.set)
    ports = iter(range(port + _FIRST_TAB, port + _FIRST_TAB + 100))
    await play.stage.open_tabs(lambda: free_port(next(ports)))
    out.print(f"\n[bold]Start here:[/] {play.start_url}\n")
    for place in play.stage.places:
        out.print(f"  {place.title:<14} {place.url}")
    out.print(f"  {'web server':<14} {play.house.public_url}/healthz")
    if play.start_url != f"http://{HOST}:{port}/":
        out.print(f"\nPort {port} is taken, so another was chosen.")
    out.print("\nStop with Ctrl-C.")
    await stopping.wait()
    out.print("Stopping …")


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="seatkeeper-demo-", ignore_cleanup_errors=True) as folder:
        yield f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}"
