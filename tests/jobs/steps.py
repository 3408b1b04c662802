"""What several tests of the jobs begin with."""

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.states import PackState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.place import Wanted
from tests.builders import DAY, HOUR, Pair, a_pair, rows_of
from tests.clocks import NOW
from tests.jobs.conftest import PUBLIC_URL
from tests.notices.owing import a_notice
from tests.provider import LedgerProvider


async def a_grace(db: Database) -> Pair:
    """Grace of three days that begins now, with its two notices owed."""
    pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
    await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id, due_at=NOW + 3 * DAY - 12 * HOUR)
    return pair


async def an_open_order(db: Database, pair: Pair, provider: LedgerProvider) -> tuple[int, str]:
    """An order of the pair, open at the provider, and its checkout's reference."""
    wanted = Wanted(pair.product_id)
    made = await buy(db, {provider.name: provider}, PUBLIC_URL, pair.student.asker, pair.mentor.id, wanted)
    assert isinstance(made, CheckoutReady), made
    (checkout,) = await rows_of(db, tables.checkouts, tables.checkouts.c.order_id == made.order_id)
    return checkout["order_id"], checkout["provider_ref"]
