"""The edge of the jobs: a fault of one row is logged under a reference, and the others go on."""

import logging
import secrets
from types import TracebackType
from typing import Self

log = logging.getLogger("seatkeeper.jobs")


class Edge:
    """A block whose faults end here. Where it may return, what follows the block is what to do after a fault.

    Only ids are logged, never texts or bodies.
    """

    def __init__(self, what: str, row: int | str = "") -> None:
        self._what = what
        self._row = row
        self.reference = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(fault, Exception):
            return False  # a stop is no fault
        self.reference = secrets.token_hex(4)
        log.error("fault %s: %s %s", self.reference, self._what, self._row, exc_info=fault)
        return True
