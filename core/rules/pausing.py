"""What a pause of a mentor, or a dispute, leaves as it was: clocks stand still meanwhile (rules 29 and 39)."""

from datetime import datetime, timedelta


def stopped_since(*stops: datetime | None) -> datetime | None:
    """Since when a clock stands still that each of these stops; None if it runs."""
    return min((at for at in stops if at is not None), default=None)


def stood_still(paused_at: datetime, now: datetime, frozen_at: datetime | None = None) -> timedelta:
    """How long the pause alone stopped a clock. From its freezing on, a frozen pack waits for its thaw instead.

    The other way round, too: of a thaw in a pause, the resume counts what comes after the pause began.
    """
    until = now if frozen_at is None else min(max(frozen_at, paused_at), now)
    return until - paused_at
