"""A community in a database of its own, with jobs that run when asked, providers and a courier that keep books."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from core.db.unit import Database
from core.jobs.clock import Bell
from core.jobs.jobs import Jobs
from core.jobs.work import Errands, Reread
from core.ports import News
from core.usecases.asker import Asker
from tests.builders import Person, a_community, a_member, a_mentor, a_product, staff_of
from tests.clocks import SettableClock
from tests.databases import Databases
from tests.fixtures import database_at
from tests.jobs.inline import InlineEngine
from tests.notices.courier import KeepingCourier
from tests.provider import LedgerProvider
from tests.roles import KeepingRoles

PUBLIC_URL = "https://seats.example"
CAPACITIES = (1, 2)


@dataclass(frozen=True)
class Ware:
    """What a mentor sells."""

    sessions: int
    days: int
    price_minor: int = 20_000
    currency: str = "EUR"


EUROS = (Ware(1, 20), Ware(3, 10))


@dataclass
class House:
    """Two mentors, one with a single seat, and three students."""

    db: Database
    clock: SettableClock
    providers: dict[str, LedgerProvider]
    courier: KeepingCourier
    jobs: Jobs
    mentors: list[Person]
    students: list[Person]
    products: dict[int, list[int]]

    @property
    def people(self) -> list[Person]:
        return [*self.mentors, *self.students]

    @property
    def staff(self) -> Asker:
        return staff_of(self.mentors[0].community)


def nothing_was_told(_provider: str, _body: bytes) -> News | None:
    """Of a house that no webhook reaches."""
    return None


async def a_house(
    databases: Databases,
    stack: ExitStack,
    clock: SettableClock,
    *providers: LedgerProvider,
    wares: Sequence[Sequence[Ware]] = (EUROS, EUROS),
    reread: Reread = nothing_was_told,
) -> House:
    """With these providers, which have the same clock; each mentor sells their own wares."""
    db = database_at(stack.enter_context(databases.migrated("life")), clock)
    courier, roles, engine = KeepingCourier(), KeepingRoles(), InlineEngine(db)
    by_name = {each.name: each for each in providers}
    await engine.prepare()
    await engine.start(Errands(db, courier, roles, by_name, PUBLIC_URL, reread).by_name())
    jobs = Jobs(db, courier, roles, by_name, engine, Bell(), public_url=PUBLIC_URL, reread=reread)
    community = await a_community(db)
    mentors = [
        await a_mentor(db, community, f"Mentor {number}", capacity=capacity, buffer_minutes=15)
        for number, capacity in enumerate(CAPACITIES)
    ]
    students = [await a_member(db, community, f"Student {number}") for number in range(3)]
    products = {
        mentor.id: [
            await a_product(
                db,
                mentor,
                name=f"{ware.sessions} sessions",
                sessions=ware.sessions,
                validity_days=ware.days,
                price_minor=ware.price_minor,
                currency=ware.currency,
            )
            for ware in sold
        ]
        for mentor, sold in zip(mentors, wares, strict=True)
    }
    return House(db, clock, by_name, courier, jobs, mentors, students, products)
