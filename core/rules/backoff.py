"""How long we wait before we ask the outside again, and when we stop asking (rule 33)."""

from datetime import timedelta

MOST_ATTEMPTS = 12
"""Attempts after which something is a dead letter, which staff can see and try again."""

_FIRST_PAUSE_FOR = timedelta(seconds=30)
_LONGEST_PAUSE_FOR = timedelta(hours=1)


def pause_after(attempts: int, named_seconds: float | None = None) -> timedelta:
    """The pause after a failure that followed `attempts` others; never shorter than what the other side named."""
    doubled: timedelta = min(_FIRST_PAUSE_FOR * 2 ** min(max(attempts, 0), 10), _LONGEST_PAUSE_FOR)
    return max(doubled, timedelta(seconds=named_seconds or 0))


def is_exhausted(attempts: int) -> bool:
    """Whether the attempt that failed after `attempts` others was the last one."""
    return attempts + 1 >= MOST_ATTEMPTS
