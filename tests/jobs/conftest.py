"""Jobs whose engine runs in the test itself, so that nothing happens but what the test asks for."""

import pytest

from core.db.unit import Database
from core.jobs.clock import Bell
from core.jobs.jobs import Jobs
from core.jobs.work import Errands, Reread
from core.ports import News
from tests.clocks import SettableClock
from tests.fixtures import clock, db
from tests.jobs.inline import InlineEngine
from tests.notices.courier import KeepingCourier
from tests.provider import LedgerProvider
from tests.roles import KeepingRoles

__all__ = ["clock", "courier", "db", "engine", "jobs", "provider", "reread", "roles"]

PUBLIC_URL = "https://seats.example"


@pytest.fixture
def courier() -> KeepingCourier:
    return KeepingCourier()


@pytest.fixture
def roles() -> KeepingRoles:
    return KeepingRoles()


@pytest.fixture
def provider(clock: SettableClock) -> LedgerProvider:
    return LedgerProvider(clock)


@pytest.fixture
def reread(provider: LedgerProvider) -> Reread:
    """Events of the tests say which checkout or refund they are about, and no more."""

    def read(_provider: str, body: bytes) -> News | None:
        refund = next((each for each in provider.refund_news if each.refund_ref == body.decode()), None)
        return provider.news.get(body.decode(), refund)

    return read


@pytest.fixture
async def engine(
    db: Database, courier: KeepingCourier, roles: KeepingRoles, provider: LedgerProvider, reread: Reread
) -> InlineEngine:
    made = InlineEngine(db)
    await made.prepare()
    await made.start(Errands(db, courier, roles, {"stripe": provider}, PUBLIC_URL, reread).by_name())
    return made


@pytest.fixture
async def jobs(
    db: Database,
    courier: KeepingCourier,
    roles: KeepingRoles,
    provider: LedgerProvider,
    engine: InlineEngine,
    reread: Reread,
) -> Jobs:
    """Not started: `run_due` is the one thing that makes them work."""
    return Jobs(
        db,
        courier,
        roles,
        {"stripe": provider},
        engine,
        Bell(),
        public_url=PUBLIC_URL,
        reread=reread,
    )
