"""The command `seatkeeper demo` at work in a process of its own, as a newcomer has it after `make demo`."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.seatkeeper.test_command_line import COMMAND, environment, free_port

STOPS_WITHIN = 30.0
PLACE = re.compile(r"^  (\S.*?) +(http://\S+)$")


@dataclass(frozen=True)
class Running:
    """`places` are the addresses that it printed, by title."""

    process: "subprocess.Popen[str]"
    start_url: str
    places: Mapping[str, str]
    database_url: str
    up_after: float
    complaints: Path

    def stop(self) -> int:
        """Tell it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPS_WITHIN)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Play on a database in this folder."""
    database_url = f"sqlite+aiosqlite:///{folder / 'demo.db'}"
    complaints = folder / "stderr"
    began = time.perf_counter()
    with (
        complaints.open("w") as stderr,
        subprocess.Popen(
            [COMMAND, "demo", "--port", str(free_port())],
            cwd=folder,
            env=environment(DATABASE_URL=database_url),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            start_url, places = _printed(process, complaints)
            yield Running(process, start_url, places, database_url, time.perf_counter() - began, complaints)
        finally:
            process.kill()


def _printed(process: "subprocess.Popen[str]", complaints: Path) -> tuple[str, dict[str, str]]:
    assert process.stdout is not None
    start_url, places = "", {}
    for line in process.stdout:
        if line.startswith("Start here:"):
            start_url = line.split()[-1]
        elif found := PLACE.match(line):
            places[found[1]] = found[2]
        elif line.startswith("Stop with"):
            return start_url, places
    raise AssertionError(complaints.read_text())
