"""How an installation is, in numbers."""

from sqlalchemy import update

from core.db.tables import communities
from core.db.unit import Database
from core.usecases.records.condition import condition
from tests.builders import a_community, a_pair
from tests.clocks import NOW
from tests.usecases.records.steps import a_dead_notice, a_failed_event


async def test_what_was_given_up_is_counted_and_guilds_that_are_served_are_named(db: Database) -> None:
    pair, left = await a_pair(db), await a_community(db)
    await a_dead_notice(db, pair)
    await a_failed_event(db, None)
    async with db.begin() as tx:
        await tx.run(update(communities).where(communities.c.id == left.id).values(left_at=NOW))

    found = await condition(db)

    assert (found.dead_notices, found.failed_events, found.waiting_refunds) == (1, 1, 0)
    assert [each["id"] for each in found.communities] == [pair.community.id]
    assert (found.database_at is not None) == db.url.startswith("postgresql")
