"""What the web server works with, made by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web

from core.limits import Limits
from core.payments.paypal_events import PayPalEvents
from core.ports import Clock, PaymentProvider
from core.usecases import Database

DATABASE_WITHIN = timedelta(seconds=1.8)
"""A database that takes longer is away: within 2 s a provider is told to come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Without `stripe_webhook_secret`, or a webhook id in `paypal_events`, webhooks of that provider are answered with
    503: there is no unsigned mode.

    `clock` is the business's. `signature_clock` is the wall's: a signature is fresh or stale in real time.
    `stripe_livemode`: whether our API key moves real money, where it says so; events of the other mode are parked.
    `gateway_ready` is None in a process without the bot.
    """

    db: Database
    providers: Mapping[str, PaymentProvider]
    public_url: str
    clock: Clock
    signature_clock: Clock
    limits: Limits = field(default_factory=Limits)
    stripe_webhook_secret: str = field(default="", repr=False)
    paypal_events: PayPalEvents | None = None
    stripe_livemode: bool | None = None
    gateway_ready: Callable[[], bool] | None = None
    body_within: timedelta = timedelta(seconds=10)  # from the headers to the body's last byte
    database_within: timedelta = DATABASE_WITHIN


PARTS = web.AppKey("parts", Parts)
