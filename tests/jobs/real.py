"""Jobs with the real engine, for the few tests that are about it."""

from datetime import timedelta

from core.db.unit import Database
from core.jobs.clock import Bell
from core.jobs.engine import DbosEngine
from core.jobs.jobs import Jobs
from core.ports import Address, Answer, Courier, Delivered, Message, News, OpenedThread
from tests.roles import KeepingRoles


class SilentCourier:
    """The port Courier: it delivers and keeps nothing."""

    async def send(self, address: Address, message: Message, nonce: str) -> Answer:
        return Delivered(1)

    async def open_thread(self, channel_id: int, name: str) -> OpenedThread:
        return OpenedThread(1)


def never_read(_provider: str, _body: bytes) -> News | None:
    return None


def a_real_engine(db: Database, *, drains_for: timedelta = timedelta(seconds=10)) -> DbosEngine:
    return DbosEngine(
        db.url,
        executor_id="test",
        polls_every=timedelta(milliseconds=20),
        drains_for=drains_for,
        keeps_for=timedelta(0),
        retries_after=timedelta(milliseconds=1),
    )


def real_jobs(db: Database, courier: Courier, engine: DbosEngine) -> Jobs:
    """Jobs that do nothing but what `run_due` asks for: their ticks come hourly, and nobody rings the bell."""
    return Jobs(
        db,
        courier,
        KeepingRoles(),
        {},
        engine,
        Bell(),
        public_url="https://seats.example",
        reread=never_read,
        ticks_every=timedelta(hours=1),
        tends_every=timedelta(hours=1),
    )
