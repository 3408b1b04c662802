"""The one place that reads the machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The port Clock, kept by this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)
