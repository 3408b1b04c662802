"""What set off all that is done now, by a name of its own: an interaction, a webhook's event, an errand of the jobs.

The name stands in every line of the log, and as `cause` in each history row and notice that came of it. A notice is
delivered under the name that it was owed under: one search finds the whole way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LONGEST_CAUSE = 300  # a provider's name and its longest event id

_cause: ContextVar[str | None] = ContextVar("cause", default=None)


def cause() -> str | None:
    """The name of what set off the current task's work; None where nobody gave it one."""
    return _cause.get()


@contextmanager
def caused_by(name: str) -> Iterator[None]:
    """Within this block all that is done is the work of this cause. Tasks that begin in it inherit it."""
    token = _cause.set(name[:LONGEST_CAUSE])
    try:
        yield
    finally:
        _cause.reset(token)


def go_on_as(name: str | None) -> None:
    """The same for the rest of the block, or of the task: the cause is known now. None changes nothing."""
    if name is not None:
        _cause.set(name[:LONGEST_CAUSE])
