"""One performance: the house of production, around it the stage, the providers' stand-ins and the movable clock."""

import asyncio
import re
import secrets
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.client import SeatkeeperBot
from bot.notifier import DiscordCourier
from bot.roles import DiscordRoles
from core.db.migrate import upgrade
from core.jobs.jobs import Jobs
from core.payments.paypal import PayPalProvider
from core.payments.paypal_certificates import Certificates
from core.payments.paypal_events import PayPalEvents
from core.payments.stripe import StripeProvider
from core.payments.stripe_events import livemode_of
from core.ports import Courier, Roles
from core.usecases.reading.books import Ahead, ahead
from seatkeeper.demo.clock import MovableClock
from seatkeeper.demo.community import Guild, an_id, build, latest_instant, seed
from seatkeeper.demo.paypal_signing import PayPalSigner
from seatkeeper.demo.paypal_stand_in import PayPalStandIn
from seatkeeper.demo.stage import Stage
from seatkeeper.demo.stripe_stand_in import StripeStandIn
from seatkeeper.wiring import PAYPAL, STRIPE, House, open_database
from webhooks.server import serve

HOST = "127.0.0.1"

_TICKS_EVERY = timedelta(seconds=1)  # tabs show what the jobs did within two
_MOST_STEPS = 200  # of one move of the clock
_HAPPENED = 12
_TO_DISCORD = re.compile(r'href="https://discord\.com/[^"]*"')


@dataclass(slots=True)
class Play:
    """What is on stage. Moves of the clock stop at everything that falls due on the way, as time would."""

    house: House
    stage: Stage
    guild: Guild
    jobs: Jobs
    stripe: StripeStandIn
    paypal: PayPalStandIn
    clock: MovableClock
    http: aiohttp.ClientSession
    start_url: str
    happened: deque[Ahead] = field(default_factory=lambda: deque(maxlen=_HAPPENED))
    _moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def forward(self, by: timedelta) -> None:
        """So much time has passed, and what fell due in it is done."""
        async with self._moving:
            until = self.clock.now() + by
            for _ in range(_MOST_STEPS):
                due = await self.next_due()
                if due is None or due.at > until:
                    break
                await self._step(due)
            await self._at(until)

    async def to_next_due(self) -> Ahead | None:
        """It is the instant of the next thing that is due, and it is done; None if nothing is."""
        async with self._moving:
            due = await self.next_due()
            if due is not None:
                await self._step(due)
            return due

    async def next_due(self) -> Ahead | None:
        """The next thing that the jobs will see to."""
        now = self.clock.now()
        coming = await ahead(self.house.db, self.guild.id, limit=50)
        return next((due for due in coming if due.at > now), None)

    async def _step(self, due: Ahead) -> None:
        await self._at(due.at)
        self.happened.appendleft(due)

    async def _at(self, instant: datetime) -> None:
        left = instant - self.clock.now()
        if left > timedelta():
            await self.stage.forward(left)
        await self.jobs.run_due()


def jobs_of(house: House, courier: Courier, roles: Roles) -> Jobs:
    """Production's, which look a little more often."""
    return house.jobs(courier, roles, ticks_every=_TICKS_EVERY)


@asynccontextmanager
async def on_stage(
    database_url: str,
    port: int,
    front: Callable[["Play"], web.Application],
    *,
    fresh: bool,
    jobs_of: Callable[[House, Courier, Roles], Jobs] = jobs_of,
) -> AsyncIterator[Play]:
    """Everything runs, and is stopped in the reverse order. Raises ForeignDatabase before anything is changed.

    `front` makes the start page, with the providers' stand-ins behind it, on this port if it is free.
    `fresh`: the performance has a community of its own. `jobs_of` puts its jobs together.
    """
    await asyncio.to_thread(upgrade, database_url)
    clock = MovableClock()
    async with AsyncExitStack() as stack:
        db, bell = open_database(database_url, clock)
        stack.push_async_callback(db.close)
        latest = await latest_instant(db)
        if latest is not None:
            clock.forward_to(latest + timedelta(seconds=1))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        # A kept connection has a timer; one that began in a command would make SimCord wait for it.
        unkept = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        )
        api_key, secret = f"sk_test_{secrets.token_hex(12)}", f"whsec_{secrets.token_hex(12)}"
        stripe = StripeStandIn(clock, http, api_key, secret)
        stack.push_async_callback(stripe.stop)
        signer = await asyncio.to_thread(PayPalSigner.new, f"WH{secrets.token_hex(8)}".upper())
        paypal = PayPalStandIn(clock, http, f"AY{secrets.token_hex(8)}", secrets.token_hex(16), signer)
        stack.push_async_callback(paypal.stop)
        front_port = free_port(port)
        product_port = free_port(front_port + 1)
        stripe.at = f"http://{HOST}:{front_port}/stripe"
        paypal.at = f"http://{HOST}:{front_port}/paypal"
        house = House(
            db=db,
            bell=bell,
            clock=clock,
            public_url=f"http://{HOST}:{product_port}",
            providers={
                STRIPE: StripeProvider(api_key, unkept, api_url=stripe.at),
                PAYPAL: PayPalProvider(paypal.client_id, paypal.client_secret, unkept, api_url=paypal.at),
            },
            stripe_webhook_secret=secret,
            stripe_livemode=livemode_of(api_key),
            paypal_events=PayPalEvents(signer.webhook_id, Certificates(signer.fetch, roots=[signer.root]), False),
        )
        stripe.told_at = f"{house.public_url}/webhooks/stripe"
        paypal.told_at = f"{house.public_url}/webhooks/paypal"
        bot: SeatkeeperBot = house.bot()
        stage = Stage.around(bot, clock, name="Seatkeeper", ids_last=not fresh)
        guild = build(stage, an_id(fresh=fresh))
        stack.push_async_callback(stage.close)
        await stage.rise()
        await bot.sync_commands()
        start_url = f"http://{HOST}:{front_port}/"
        product = house.web(bot.is_ready)
        product.middlewares.append(_back_to(start_url))
        stack.push_async_callback((await serve(product, HOST, product_port)).cleanup)
        jobs = jobs_of(house, DiscordCourier(bot), DiscordRoles(bot))
        play = Play(house, stage, guild, jobs, stripe, paypal, clock, http, start_url)
        stack.push_async_callback((await serve(front(play), HOST, front_port)).cleanup)
        await jobs.start()
        stack.push_async_callback(jobs.stop)
        await seed(house, guild, stripe)
        await jobs.run_due()
        yield play


def _back_to(start_url: str) -> Middleware:
    """The product's pages lead back to Discord; here Discord is the demo."""

    @web.middleware
    async def lead_back(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if isinstance(response, web.Response) and response.content_type == "text/html" and response.text:
            response.text = _TO_DISCORD.sub(f'href="{start_url}"', response.text)
        return response

    return lead_back


def free_port(wanted: int) -> int:
    """The port that is wanted if it is free, else any that is."""
    for port in (wanted, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except (OSError, OverflowError):
                continue
            return int(trial.getsockname()[1])
    raise OSError("no port is free")
