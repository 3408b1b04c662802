"""The demo's clock: this machine's, moved forward by whoever plays. Production has no such thing."""

from datetime import datetime, timedelta

from core.clock import SystemClock
from core.ports import Clock


class MovableClock:
    """The port Clock. It flows with the machine's and can be moved forward, never back: what happened stays before."""

    def __init__(self, machine: Clock | None = None) -> None:
        self._machine = machine or SystemClock()
        self._ahead = timedelta()
        self._latest = self._machine.now()

    def now(self) -> datetime:
        # The machine's own clock may be set back while the demo runs.
        self._latest = max(self._latest, self._machine.now() + self._ahead)
        return self._latest

    @property
    def ahead(self) -> timedelta:
        """How far this clock was moved."""
        return self._ahead

    def forward(self, by: timedelta) -> None:
        if by < timedelta():
            raise ValueError("time goes forward")
        self._ahead += by

    def forward_to(self, instant: datetime) -> None:
        """It is at least this late; nothing happens if it is later already."""
        self.forward(max(instant - self.now(), timedelta()))
