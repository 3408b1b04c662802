"""What a provider tells of disputes."""

from typing import Any

from core.db.unit import Database
from core.ports import REVERSED, DisputeNews
from core.rules.states import DisputeOutcome
from core.usecases.buying.settle import settle
from tests.answers import given
from tests.builders import DAY, Pair
from tests.clocks import NOW
from tests.usecases.refunds.steps import payment_of

WON, LOST = DisputeOutcome.WON, DisputeOutcome.LOST
ANSWER_BY = NOW + 9 * DAY


async def dispute_of(db: Database, pair: Pair, outcome: DisputeOutcome | None = None, **more: Any) -> DisputeNews:
    """A dispute of all that the pair's pack cost, as the provider tells it now."""
    values = {
        "dispute_ref": "dp_1",
        "disputed_minor": 20_000,
        "currency": "EUR",
        "at": db.clock.now(),
        "outcome": outcome,
        "reason": "fraudulent",
        "answer_by": ANSWER_BY if outcome is None else None,
        **more,
    }
    return DisputeNews((await payment_of(db, pair))["provider_ref"], **values)


async def tells(db: Database, pair: Pair, outcome: DisputeOutcome | None = None, **more: Any) -> None:
    given(await settle(db, "stripe", await dispute_of(db, pair, outcome, **more)))


async def reverses(db: Database, pair: Pair, amount_minor: int = 20_000) -> None:
    more = {"dispute_ref": "rev_1", "reason": REVERSED, "disputed_minor": amount_minor}
    await tells(db, pair, LOST, **more)
