"""Find what is due, and see to it: seats and packs by their use case, all that talks to the outside by the engine.

Two processes may sweep at once: the claim in the table decides, and nobody needs to be elected.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.correlation import caused_by
from core.db import due
from core.db.due import Row
from core.db.notices import claim_due_notices
from core.db.roles import claim_roles
from core.db.unit import Database, Transaction, reading
from core.jobs.engine import Engine
from core.jobs.faults import Edge
from core.jobs.work import (
    ASK_REFUNDS,
    BRING_ROLE,
    DELIVER_NOTICE,
    MAKE_REFUND,
    RECONCILE,
    RETRY_EVENT,
    SETTLE_CHECKOUT,
)
from core.rules.backoff import pause_after
from core.rules.refusals import Refused
from core.usecases.packs.expire import due_expiries, expire
from core.usecases.seats.release import due_releases, release

BATCH = 100

Key = tuple[datetime, int]
Claim = Callable[[Transaction, Key | None, int], Awaitable[Sequence[Row]]]


@dataclass(frozen=True, slots=True)
class Errand:
    """A piece of work as the engine takes it. The id is that of this row at this attempt: claimed twice, it is one."""

    workflow: str
    workflow_id: str
    args: tuple[int | str, ...]
    key: Key


@reading
async def next_due_at(tx: Transaction, after: datetime | None = None) -> datetime | None:
    """When the jobs next have something to do, later than `after`; in the past, if something waits already."""
    return await due.earliest_due(tx, after)


class Sweeps:
    """The sweeps of one process. It remembers in memory alone which rows failed of late, so as not to hurry them."""

    def __init__(self, db: Database, engine: Engine, *, batch: int = BATCH) -> None:
        self._db = db
        self._engine = engine
        self._batch = batch
        self._pauses: dict[tuple[str, int], tuple[int, datetime]] = {}

    async def sweep(self) -> int:
        """See to all that is due now; how much there was. What fails is left for a later sweep, the rest is done."""
        first = await next_due_at(self._db)
        if first is None or first > self._db.clock.now():
            return 0
        return (
            await self._each("pack", self._expire_packs)
            + await self._each("seat", self._release_seats)
            + await self._hand_over("notice", claim_due_notices, _notice)
            + await self._hand_over("checkout", due.claim_checkouts, _checkout)
            + await self._hand_over("refund", due.claim_refunds, _refund)
            + await self._hand_over("payment", due.claim_payments, _payment)
            + await self._hand_over("event", due.claim_failed_events, _event)
            + await self._hand_over("role", claim_roles, _role)
            + await self._hand_over("comparison", due.claim_comparisons, _comparison)
        )

    async def _each(self, what: str, sweep: Callable[[], Awaitable[int]]) -> int:
        with Edge(f"sweeping every {what}"):
            return await sweep()
        return 0

    async def _hand_over(self, what: str, claim: Claim, errand_of: Callable[[Row], Errand]) -> int:
        """Hand every due row to the engine, each batch in the transaction that claims it."""
        handed, after, size = 0, None, self._batch
        while True:
            errands: list[Errand] = []
            with Edge("handing over", what) as edge:
                async with self._db.begin() as tx:
                    errands = [errand_of(row) for row in await claim(tx, after, size)]
                    for errand in errands:
                        await self._engine.enqueue(tx, errand.workflow, errand.workflow_id, *errand.args)
                handed += len(errands)
            if edge.reference and len(errands) > 1:
                size = 1  # one row is at fault: the others go one by one
                continue
            if len(errands) < size:
                return handed
            after = errands[-1].key

    async def _expire_packs(self) -> int:
        done, after = 0, 0
        while pack_ids := await due_expiries(self._db, after, self._batch):
            for pack_id in pack_ids:
                done += await self._one("pack", pack_id, expire)
            after = pack_ids[-1]
        return done

    async def _release_seats(self) -> int:
        """Release each seat whose grace is over; where money may be moving, ask its provider first (rule 11)."""
        done, after = 0, 0
        while seats := await due_releases(self._db, after, self._batch):
            for seat in seats:
                if seat.unsettled_order_id is None:
                    done += await self._one("seat", seat.seat_id, release)
                else:
                    await self._ask_first(seat.unsettled_order_id)
            after = seats[-1].seat_id
        return done

    async def _ask_first(self, order_id: int) -> None:
        """The order's checkout is due now: the sweep for checkouts, which comes later, takes it up."""
        if self._is_paused("order", order_id):
            return
        self._pause("order", order_id)
        async with self._db.begin() as tx:
            await due.make_checkout_due(tx, order_id)

    async def _one(self, what: str, row_id: int, use_case: Callable[[Database, int], Awaitable[object]]) -> int:
        """Do it for one row; 1 if it is done. A fault or a refusal gives the row a pause, and the next one its turn."""
        if self._is_paused(what, row_id):
            return 0
        with caused_by(f"due_{what}:{row_id}"), Edge(f"the due {what}", row_id):
            if not isinstance(await use_case(self._db, row_id), Refused):
                self._pauses.pop((what, row_id), None)
                return 1
        self._pause(what, row_id)
        return 0

    def _is_paused(self, what: str, row_id: int) -> bool:
        _, until = self._pauses.get((what, row_id), (0, None))
        return until is not None and self._db.clock.now() < until

    def _pause(self, what: str, row_id: int) -> None:
        now = self._db.clock.now()
        failures, _ = self._pauses.get((what, row_id), (0, now))
        self._pauses[what, row_id] = (failures + 1, now + pause_after(failures))


def _due(key: Key) -> str:
    """The instant that makes an attempt's id its own, to the microsecond."""
    return f"{key[0]:%Y%m%dT%H%M%S.%f}"


def _notice(row: Row) -> Errand:
    key = (row["next_attempt_at"], row["id"])
    name = f"notice:{row['id']}:{row['attempts']}:{_due(key)}"
    return Errand(DELIVER_NOTICE, name, (row["id"], row["attempts"]), key)


def _checkout(row: Row) -> Errand:
    key = (row["at"], row["id"])
    return Errand(SETTLE_CHECKOUT, f"checkout:{row['id']}:{_due(key)}", (row["order_id"], row["provider"]), key)


def _refund(row: Row) -> Errand:
    key = (row["at"], row["id"])
    return Errand(MAKE_REFUND, f"refund:{row['id']}:{_due(key)}", (row["id"],), key)


def _payment(row: Row) -> Errand:
    key = (row["at"], row["id"])
    return Errand(ASK_REFUNDS, f"payment:{row['id']}:{_due(key)}", (row["id"],), key)


def _event(row: Row) -> Errand:
    key = (row["at"], row["id"])
    return Errand(RETRY_EVENT, f"event:{row['id']}:{_due(key)}", (row["id"],), key)


def _role(row: Row) -> Errand:
    key = (row["at"], row["id"])
    return Errand(BRING_ROLE, f"role:{row['id']}:{_due(key)}", (row["id"],), key)


def _comparison(row: Row) -> Errand:
    key = (row["at"], row["id"])
    return Errand(RECONCILE, f"reconcile:{row['day']}:{_due(key)}", (row["id"],), key)
