"""A Redis of the tests' own, on a free loopback port, gone with the block."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """The URL of a server that keeps nothing."""
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("Limits are tested with a real Redis, and there is none: apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None or not any("Ready to accept" in line for line in server.stdout):
                raise RuntimeError("redis-server did not start")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.communicate()
