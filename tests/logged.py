"""What the program wrote in its log, as operators read it with `LOG_FORMAT=json`."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seatkeeper.logs import formatter


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatter("json"))
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@contextmanager
def the_log() -> Iterator[list[dict[str, Any]]]:
    """Every line of the rooms of this program that is written within the block, INFO and above."""
    written, root = _Lines(), logging.getLogger()
    before = root.level
    root.addHandler(written)
    root.setLevel(logging.INFO)
    try:
        yield written.lines
    finally:
        root.setLevel(before)
        root.removeHandler(written)


def events_of(lines: list[dict[str, Any]], cause: str) -> list[str]:
    """What one search for the cause finds."""
    return [line["event"] for line in lines if line.get("cause") == cause]
