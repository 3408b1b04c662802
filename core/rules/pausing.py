"""What a pause of a mentor leaves as it was: clocks stand still meanwhile (rule 39)."""

from datetime import datetime, timedelta


def stood_still(paused_at: datetime, now: datetime, frozen_at: datetime | None = None) -> timedelta:
    """How long the pause alone stopped a clock. From its freezing on, a frozen pack waits for its thaw instead."""
    until = now if frozen_at is None else min(max(frozen_at, paused_at), now)
    return until - paused_at
