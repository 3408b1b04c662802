"""An engine for tests: handed over in the transaction as with the real one, run when a test waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import JSON, Column, MetaData, String, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.db.unit import Database, Transaction
from core.jobs.engine import GivenUp, Work

_handed = Table(
    "handed",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("workflow", String, nullable=False),
    Column("args", JSON, nullable=False),
    Column("state", String, nullable=False, default="waiting"),
)


@dataclass
class InlineEngine:
    """The port Engine. `poison` are workflow ids that cannot be handed over."""

    db: Database
    works: Mapping[str, Work] = field(default_factory=dict)
    poison: set[str] = field(default_factory=set)
    ran: list[str] = field(default_factory=list)
    stopped: bool = False

    async def start(self, workflows: Mapping[str, Work]) -> None:
        self.works = workflows

    async def prepare(self) -> None:
        """Make the table in which it keeps what was handed over."""
        async with self.db.begin() as tx:
            await tx.connection.run_sync(lambda connection: _handed.create(connection, checkfirst=True))

    async def enqueue(self, tx: Transaction, workflow: str, workflow_id: str, *args: int | str) -> None:
        if any(workflow_id.startswith(each) for each in self.poison):
            raise RuntimeError(f"{workflow_id} is poison")
        dialect = postgresql if tx.is_postgres else sqlite
        row = {"id": workflow_id, "workflow": workflow, "args": list(args), "state": "waiting"}
        await tx.run(dialect.insert(_handed).values(row).on_conflict_do_nothing())

    async def idle(self) -> None:
        while waiting := await self.waiting():
            for workflow_id, workflow, args in waiting:
                await self._run(workflow_id, workflow, args)

    async def waiting(self) -> list[tuple[str, str, list[int | str]]]:
        """What was handed over and has not run."""
        async with self.db.look() as tx:
            rows = await tx.all(select(_handed).where(_handed.c.state == "waiting").order_by(_handed.c.id))
        return [(row["id"], row["workflow"], row["args"]) for row in rows]

    async def _run(self, workflow_id: str, workflow: str, args: list[int | str]) -> None:
        self.ran.append(workflow_id)
        try:
            await self.works[workflow](*args)
            state = "done"
        except RuntimeError:
            state = "failed"
        await self._set(workflow_id, state)

    async def _set(self, workflow_id: str, state: str) -> None:
        async with self.db.begin() as tx:
            await tx.run(update(_handed).where(_handed.c.id == workflow_id).values(state=state))

    async def given_up(self) -> Sequence[GivenUp]:
        async with self.db.look() as tx:
            rows = await tx.all(select(_handed).where(_handed.c.state == "failed"))
        return [GivenUp(row["workflow"], row["id"]) for row in rows]

    async def give_up(self, workflow: str, workflow_id: str) -> None:
        """What the real engine does with a workflow that killed its process time and again."""
        async with self.db.begin() as tx:
            await tx.run(insert(_handed).values(id=workflow_id, workflow=workflow, args=[], state="failed"))

    async def forget(self, workflow_ids: Sequence[str]) -> None:
        async with self.db.begin() as tx:
            await tx.run(_handed.delete().where(_handed.c.id.in_(list(workflow_ids))))

    async def prune(self) -> None:
        async with self.db.begin() as tx:
            await tx.run(_handed.delete().where(_handed.c.state == "done"))

    async def stop(self) -> None:
        self.stopped = True
