"""All parts put together; the only place where a part is chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.client import Parts as BotParts
from bot.client import SeatkeeperBot
from core.clock import SystemClock
from core.db.unit import Database
from core.jobs.clock import Bell
from core.jobs.engine import DbosEngine
from core.jobs.jobs import Jobs
from core.limits import Limits
from core.payments import stripe_events
from core.payments.paypal_events import PayPalEvents
from core.ports import Clock, Courier, News, PaymentProvider, Roles
from webhooks.app import make_app
from webhooks.parts import Parts as WebParts

STRIPE, PAYPAL = "stripe", "paypal"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every role of a process shares. `clock` is the business's; signatures are judged by the wall's."""

    db: Database
    bell: Bell
    clock: Clock
    public_url: str
    providers: Mapping[str, PaymentProvider]
    stripe_webhook_secret: str = field(default="", repr=False)
    paypal_events: PayPalEvents | None = None
    limits: Limits = field(default_factory=Limits)
    stripe_livemode: bool | None = None

    def bot(self, **options: Any) -> SeatkeeperBot:
        """A bot that has not logged in; the options go to discord.py."""
        parts = BotParts(
            db=self.db, providers=self.providers, public_url=self.public_url, clock=self.clock, limits=self.limits
        )
        return SeatkeeperBot(parts, **options)

    def web(self, gateway_ready: Callable[[], bool] | None = None) -> web.Application:
        return make_app(
            WebParts(
                db=self.db,
                providers=self.providers,
                public_url=self.public_url,
                clock=self.clock,
                signature_clock=SystemClock(),
                limits=self.limits,
                stripe_webhook_secret=self.stripe_webhook_secret,
                paypal_events=self.paypal_events,
                stripe_livemode=self.stripe_livemode,
                gateway_ready=gateway_ready,
            )
        )

    def jobs(self, courier: Courier, roles: Roles, *, ticks_every: timedelta = timedelta(seconds=5)) -> Jobs:
        return Jobs(
            self.db,
            courier,
            roles,
            self.providers,
            DbosEngine(self.db.url),
            self.bell,
            public_url=self.public_url,
            reread=self.reread,
            ticks_every=ticks_every,
        )

    def reread(self, provider: str, body: bytes) -> News | None:
        """The news in an authentic event that was kept."""
        if provider == STRIPE:
            return stripe_events.read_authentic(body, self.stripe_livemode).news
        if provider == PAYPAL and self.paypal_events is not None:
            return self.paypal_events.read_authentic(body).news
        raise LookupError(f"nobody here reads what {provider} says")


def open_database(url: str, clock: Clock) -> tuple[Database, Bell]:
    """The database, and the bell that its commits ring for the jobs."""
    bell = Bell()
    return Database(url, clock, bell), bell
