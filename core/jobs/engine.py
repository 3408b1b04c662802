"""The durable engine: what is handed to it in a transaction is done, though the process dies meanwhile.

DBOS keeps its own tables in our database; nothing but this module knows it. Our rows are the record: a workflow is an
errand with a row's id, may run twice, and every one that is lost leaves a row that is due again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer

from core.clock import SystemClock
from core.db.unit import Transaction

Work = Callable[..., Awaitable[str]]
"""What a workflow does, and in a word what came of it. Its arguments are row ids, attempts and names: plain JSON."""

APPLICATION_VERSION = "seatkeeper-1"
"""Only the same version takes up unfinished workflows: change it when their arguments or steps change, never else."""

_NAME = "seatkeeper"
_QUEUE = "outside"
_UNFINISHED = ["ENQUEUED", "PENDING", "DELAYED"]
_GIVEN_UP = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"]
_MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A workflow that the engine will not run again."""

    workflow: str
    workflow_id: str


class Engine(Protocol):
    async def start(self, workflows: Mapping[str, Work]) -> None:
        """Run what is handed over from now on, and what an earlier process left."""
        ...

    async def enqueue(self, tx: Transaction, workflow: str, workflow_id: str, *args: int | str) -> None:
        """The workflow runs once the transaction is committed, and never if it is not. A known id changes nothing."""
        ...

    async def idle(self) -> None:
        """Return when nothing that was handed over is left to do."""
        ...

    async def given_up(self) -> Sequence[GivenUp]: ...

    async def forget(self, workflow_ids: Sequence[str]) -> None: ...

    async def prune(self) -> None:
        """Forget what was finished some days ago."""
        ...

    async def stop(self) -> None:
        """What is being done may end within some seconds; the rest is left for the next start. Nothing is lost."""
        ...


class DbosEngine:
    """The engine of this process, which can have one. `executor_id` stays after a restart, and is nobody else's."""

    def __init__(
        self,
        database_url: str,
        executor_id: str = "main",
        *,
        concurrency: int = 5,
        polls_every: timedelta = timedelta(milliseconds=100),
        drains_for: timedelta = timedelta(seconds=10),
        keeps_for: timedelta = timedelta(days=1),
        retries_after: timedelta = timedelta(seconds=1),
    ) -> None:
        self._url = _engine_url(database_url)
        self._executor_id = executor_id
        self._concurrency = concurrency
        self._poll_seconds = polls_every.total_seconds()
        self._drain_seconds = drains_for.total_seconds()
        self._keeps_for = keeps_for
        self._retry_seconds = retries_after.total_seconds()
        self._names: list[str] = []
        self._running: set[asyncio.Task[Any]] = set()
        self._parked: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._client: DBOSClient | None = None

    async def start(self, workflows: Mapping[str, Work]) -> None:
        """Launched on this loop, so that workflows run on it; the loop is blocked meanwhile."""
        _route_logs()
        self._stopping = False
        self._names = list(workflows)
        for name, work in workflows.items():
            self._register(name, work)
        DBOS(config=self._config())
        DBOS.launch()
        await DBOS.register_queue_async(
            _QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=self._poll_seconds
        )
        self._client = DBOSClient(
            system_database_url=self._url, serializer=DBOSPortableJSONSerializer(), application_name=_NAME, lazy=True
        )

    async def enqueue(self, tx: Transaction, workflow: str, workflow_id: str, *args: int | str) -> None:
        client = self._client
        if client is None:
            raise RuntimeError("the engine is not started")
        await tx.connection.run_sync(
            lambda connection: client.enqueue_in_transaction(
                connection,
                {"workflow_name": workflow, "queue_name": _QUEUE, "workflow_id": workflow_id},
                *args,
            )
        )

    async def idle(self) -> None:
        # DBOS tells nobody when a workflow of another task ends.
        while await self._list(_UNFINISHED, limit=1):  # noqa: ASYNC110
            await asyncio.sleep(self._poll_seconds / 2)

    async def given_up(self) -> Sequence[GivenUp]:
        return [GivenUp(each.name, each.workflow_id) for each in await self._list(_GIVEN_UP)]

    async def forget(self, workflow_ids: Sequence[str]) -> None:
        if workflow_ids:
            await DBOS.delete_workflows_async(list(workflow_ids))

    async def prune(self) -> None:
        # The machine's time, as the engine itself writes down when something was finished.
        before = (SystemClock().now() - self._keeps_for).isoformat()
        await self.forget([each.workflow_id for each in await self._list(["SUCCESS"], completed_before=before)])

    async def stop(self) -> None:
        self._stopping = True
        if self._running:
            await asyncio.wait(set(self._running), timeout=self._drain_seconds)
        # Cancelled, a workflow stays unfinished in the engine's table, and the next start takes it up.
        await _cancel(self._running | self._parked)
        if self._client is not None:
            self._client.destroy()
            self._client = None
        loop = asyncio.get_running_loop()
        # DBOS made the loop's default executor its own, and shuts it down here: DNS and files need a new one.
        with ThreadPoolExecutor(1, thread_name_prefix="engine-stop") as own:
            await loop.run_in_executor(own, lambda: DBOS.destroy(destroy_registry=True))
        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        await _cancel(self._parked)

    def _register(self, name: str, work: Work) -> None:
        # Rows carry these names, so they never change. The retries are for a database that is away for a moment.
        @DBOS.step(
            name=f"{name}_step",
            retries_allowed=True,
            interval_seconds=self._retry_seconds,
            max_attempts=4,
            backoff_rate=2,
        )
        async def step(*args: Any) -> str:
            return await work(*args)

        @DBOS.workflow(name=name, max_recovery_attempts=10)
        async def workflow(*args: Any) -> str:
            return await self._run(step, *args)

    async def _run(self, step: Work, *args: Any) -> str:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a workflow runs in a task")
        tasks = self._parked if self._stopping else self._running
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        if self._stopping:
            await asyncio.Event().wait()  # until it is cancelled: too late to begin anything
        return await step(*args)

    async def _list(
        self, statuses: list[str], *, limit: int = _MOST_LISTED, completed_before: str | None = None
    ) -> Any:
        return await DBOS.list_workflows_async(
            status=statuses,
            name=self._names,
            limit=limit,
            completed_before=completed_before,
            load_input=False,
            load_output=False,
        )

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=_NAME,
            system_database_url=self._url,
            application_version=APPLICATION_VERSION,
            executor_id=self._executor_id,
            serializer=DBOSPortableJSONSerializer(),
            log_level="WARNING",
            enable_otlp=False,
            sys_db_pool_size=5,
            scheduler_polling_interval_sec=3600.0,  # the clock is APScheduler's
        )


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _route_logs() -> None:
    """Its logs go where ours go: it brings a handler of its own only where there is none."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _engine_url(database_url: str) -> str:
    """The same database as the engine names it: it chooses its drivers itself."""
    scheme, _, rest = database_url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"
