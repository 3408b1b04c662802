"""The jobs of one process, as the front door wires them."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from core.db.due import begin_comparison
from core.db.unit import Database
from core.jobs.clock import Bell, Ticks
from core.jobs.engine import Engine
from core.jobs.faults import Edge
from core.jobs.sweeps import Sweeps
from core.jobs.work import DELIVER_NOTICE, Errands, Reread
from core.notices.deliver import put_off
from core.ports import Courier, PaymentProvider, Roles
from core.usecases.buying.given_back import wake_news_of_known_payments

RECONCILES_AT = timedelta(hours=3)


class Jobs:
    """Clock, sweeps and engine. `bell` is the poke that the database was given: a commit is followed by a sweep."""

    def __init__(
        self,
        db: Database,
        courier: Courier,
        roles: Roles,
        providers: Mapping[str, PaymentProvider],
        engine: Engine,
        bell: Bell,
        *,
        public_url: str,
        reread: Reread,
        ticks_every: timedelta = timedelta(seconds=5),
        tends_every: timedelta = timedelta(minutes=5),
    ) -> None:
        self._db = db
        self._engine = engine
        self._bell = bell
        self._errands = Errands(db, courier, roles, providers, public_url, reread)
        self._sweeps = Sweeps(db, engine)
        self._ticks = Ticks()
        self._ticks.every(ticks_every, self._sweep)
        self._ticks.every(tends_every, self.tend)
        self._ticks.every(tends_every, self.reconcile_today)
        self._one_at_a_time = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._stopping = False
        self._found = 0  # by all sweeps so far

    async def start(self) -> None:
        """From now on what is due is seen to, first of all what an earlier process left.

        Call it when the courier can send: what was left is sent at once.
        """
        # The engine's launch writes, and blocks the loop. On SQLite whoever was writing then could not end, and the
        # launch would wait for them in vain: so it has the one connection that writes to itself.
        async with self._db.engine.connect():
            await self._engine.start(self._errands.by_name())
        self._ticks.start()
        self._listening = asyncio.create_task(self._listen())
        self._bell()

    async def stop(self) -> None:
        """Nothing new begins, what is under way ends, the rest stays in the tables. Before courier and database."""
        self._stopping = True
        self._ticks.pause()
        async with self._one_at_a_time:
            pass
        self._ticks.stop()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._engine.stop()

    async def run_due(self) -> None:
        """See to all that is due now and to what follows from it, and return when it is done.

        Done: no sweep, this one's or the listener's, found anything since the engine was last at work.
        """
        while True:
            found = self._found
            await self._engine.idle()
            await self._sweep()
            if self._found == found:
                return

    async def tend(self) -> None:
        """Take back what the engine gave up, so that its row is tried again or says that it is dead; tidy up.

        News that waits for a payment which is known is woken, too.
        """
        async with self._one_at_a_time:
            with Edge("tending the engine"):
                await self._tend()

    async def reconcile_today(self) -> None:
        """Today's comparison with the providers is due. Who comes second, in whatever process, makes none.

        A day begins at three in the morning, UTC: few buy then. Whoever was down at that hour does it when they are up.
        """
        async with self._one_at_a_time:
            if self._stopping:
                return
            with Edge("beginning the day's comparison"):
                async with self._db.begin() as tx:
                    await begin_comparison(tx, (tx.now - RECONCILES_AT).date().toordinal())

    async def _tend(self) -> None:
        given_up = await self._engine.given_up()
        for each in given_up:
            if each.workflow == DELIVER_NOTICE:
                _, notice_id, attempt, *_ = each.workflow_id.split(":")
                await put_off(self._db, int(notice_id), int(attempt), "the engine gave it up")
        await self._engine.forget([each.workflow_id for each in given_up])
        await wake_news_of_known_payments(self._db)
        await self._engine.prune()

    async def _listen(self) -> None:
        await self.tend()
        while True:
            await self._bell.heard()
            await self._sweep()

    async def _sweep(self) -> None:
        async with self._one_at_a_time:
            if self._stopping:
                return
            with Edge("sweeping"):
                self._found += await self._sweeps.sweep()
