"""The jobs beside the bot, as one process has them: what the bot wrote goes out through the same Discord."""

from bot.notifier import DiscordCourier
from bot.roles import DiscordRoles
from core.jobs.clock import Bell
from core.jobs.jobs import Jobs
from core.jobs.work import Errands
from core.ports import CheckoutNews
from tests.bot.world import World
from tests.jobs.inline import InlineEngine

_URL = "https://seats.example"


def errands_of(world: World) -> Errands:
    def reread(_provider: str, body: bytes) -> CheckoutNews | None:
        return world.provider.news.get(body.decode())

    bot, providers = world.env.bot, {"stripe": world.provider}
    return Errands(world.db, DiscordCourier(bot), DiscordRoles(bot), providers, _URL, reread)


async def jobs_of(world: World) -> Jobs:
    """Not started: `run_due` is the one thing that makes them work."""
    errands, engine = errands_of(world), InlineEngine(world.db)
    await engine.prepare()
    await engine.start(errands.by_name())
    return Jobs(
        world.db,
        errands.courier,
        errands.roles,
        errands.providers,
        engine,
        Bell(),
        public_url=_URL,
        reread=errands.reread,
    )


async def work(world: World) -> None:
    """All that is due now is done, and what follows from it."""
    await (await jobs_of(world)).run_due()
    await world.env.settle()
