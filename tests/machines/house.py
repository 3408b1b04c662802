"""A community in a database of its own, with jobs that run when asked, a provider and a courier that keep books."""

from contextlib import ExitStack
from dataclasses import dataclass

from core.db.unit import Database
from core.jobs.clock import Bell
from core.jobs.jobs import Jobs
from core.jobs.work import Errands
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


@dataclass
class House:
    """Two mentors, one with a single seat, and three students."""

    db: Database
    clock: SettableClock
    provider: LedgerProvider
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


async def a_house(databases: Databases, stack: ExitStack) -> House:
    clock = SettableClock()
    db = database_at(stack.enter_context(databases.migrated("life")), clock)
    provider, courier, roles, engine = LedgerProvider(clock), KeepingCourier(), KeepingRoles(), InlineEngine(db)

    def reread(_provider: str, body: bytes) -> News | None:
        return provider.news.get(body.decode())

    await engine.prepare()
    await engine.start(Errands(db, courier, roles, {"stripe": provider}, PUBLIC_URL, reread).by_name())
    jobs = Jobs(db, courier, roles, {"stripe": provider}, engine, Bell(), public_url=PUBLIC_URL, reread=reread)
    community = await a_community(db)
    mentors = [
        await a_mentor(db, community, f"Mentor {number}", capacity=capacity, buffer_minutes=15)
        for number, capacity in enumerate(CAPACITIES)
    ]
    students = [await a_member(db, community, f"Student {number}") for number in range(3)]
    products = {
        mentor.id: [
            await a_product(db, mentor, name=f"{sessions} sessions", sessions=sessions, validity_days=days)
            for sessions, days in ((1, 20), (3, 10))
        ]
        for mentor in mentors
    }
    return House(db, clock, provider, courier, jobs, mentors, students, products)
