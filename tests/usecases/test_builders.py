from core.db import tables
from core.db.unit import Database
from tests.builders import DAY, a_pair, a_session, row_of, rows_of
from tests.clocks import NOW


async def test_a_pair_from_the_builders_is_whole(db: Database) -> None:
    pair = await a_pair(db, remaining=3)

    await a_session(db, pair, NOW + DAY)

    pack = await row_of(db, tables.packs, pair.pack_id)
    entries = await rows_of(db, tables.ledger, tables.ledger.c.pack_id == pair.pack_id)
    assert (pack["remaining"], pack["held"]) == (3, 1)
    assert sum(entry["delta"] for entry in entries) == 3
    assert len(await rows_of(db, tables.calendar_blocks)) == 2
