"""The steps of a purchase that many tests take."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from core.db import tables
from core.db.unit import Database
from core.ports import News, Paid, PaymentProvider, ProviderEvent
from core.rules.notices import NoticeKind
from core.usecases.asker import Asker
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.place import Wanted
from tests.builders import BESIDE_EXPIRY, Person, a_community, a_member, a_mentor, a_product, rows_of
from tests.provider import LedgerProvider

URL = "https://seats.example"


@dataclass(frozen=True, slots=True)
class Shop:
    """A mentor with one product, a student who has bought nothing, and the provider."""

    db: Database
    provider: LedgerProvider
    mentor: Person
    student: Person
    product_id: int

    @property
    def providers(self) -> Mapping[str, PaymentProvider]:
        return {self.provider.name: self.provider}

    async def buys(
        self, asker: Asker | None = None, product_id: int | None = None, *, code: str | None = None
    ) -> CheckoutReady:
        wanted = Wanted(product_id, code=code)
        ready = await buy(self.db, self.providers, URL, asker or self.student.asker, self.mentor.id, wanted)
        assert isinstance(ready, CheckoutReady), ready
        return ready

    async def ref_of(self, ready: CheckoutReady) -> str:
        async with self.db.look() as tx:
            ref = await tx.value(
                select(tables.checkouts.c.provider_ref).where(tables.checkouts.c.order_id == ready.order_id)
            )
        assert isinstance(ref, str)
        return ref

    async def paid(self, ready: CheckoutReady) -> Paid:
        return self.provider.pay(await self.ref_of(ready))


async def a_shop(db: Database, capacity: int = 5) -> Shop:
    community = await a_community(db)
    tutor = await a_mentor(db, community, capacity=capacity)
    student = await a_member(db, community)
    return Shop(db, LedgerProvider(db.clock), tutor, student, await a_product(db, tutor))


def event_of(news: News | None, event_id: str = "evt_1") -> ProviderEvent:
    """The event by which the provider tells this news."""
    kind = type(news).__name__
    return ProviderEvent("stripe", event_id, kind, b'{"as": "told"}', news, None if news else "unknown kind")


async def notice_kinds(db: Database) -> list[NoticeKind]:
    return [row["kind"] for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]
