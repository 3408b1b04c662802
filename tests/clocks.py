"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday, a month before Europe changes its clocks."""


class SettableClock:
    """The port Clock, kept by a test."""

    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def set(self, instant: datetime) -> None:
        self.instant = instant

    def forward(self, **by: float) -> None:
        """Let so much time pass: `clock.forward(hours=2)`."""
        self.instant += timedelta(**by)
