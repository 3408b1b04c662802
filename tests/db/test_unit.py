"""One transaction for one use case: all of it or nothing, told by a value."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from core.db import tables
from core.db.unit import Database, Transaction, transaction
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import EntryKind
from tests.builders import Pair, a_community, a_member, a_pair, a_session, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock


@transaction
async def rename(tx: Transaction, community_id: int, name: str) -> str | Refused:
    await tx.run(update(tables.communities).where(tables.communities.c.id == community_id).values(name=name))
    if name == "":
        return refuse(Reason.BAD_NAME)
    if name == "broken":
        raise LookupError(name)
    return name


async def name_of(db: Database) -> str:
    (community,) = await rows_of(db, tables.communities)
    return str(community["name"])


async def test_a_commit_pokes_the_jobs(database_url: str, clock: SettableClock) -> None:
    poked: list[None] = []
    db = Database(database_url, clock, lambda: poked.append(None))
    community = await a_community(db)

    await rename(db, community.id, "Go Club")
    await rename(db, community.id, "")

    assert poked == [None]
    assert await name_of(db) == "Go Club"
    await db.close()


async def test_a_refusal_leaves_nothing_behind(db: Database) -> None:
    community = await a_community(db)

    answer = await rename(db, community.id, "")

    assert answer == Refused(Reason.BAD_NAME)
    assert await name_of(db) == "Chess Club"


async def test_an_error_leaves_nothing_behind(db: Database) -> None:
    community = await a_community(db)

    with pytest.raises(LookupError):
        await rename(db, community.id, "broken")

    assert await name_of(db) == "Chess Club"


async def test_a_named_constraint_that_fires_is_the_refusal_that_it_means(db: Database) -> None:
    await a_community(db, guild_id=7)

    @transaction
    async def again(tx: Transaction) -> None:
        await tx.run(
            insert(tables.communities).values(
                guild_id=7, name="Twin", time_zone="UTC", currency="EUR", settings={}, created_at=tx.now
            )
        )

    assert await again(db) == Refused(Reason.ALREADY_SET_UP)


async def test_a_constraint_without_a_meaning_is_a_fault(db: Database) -> None:
    @transaction
    async def orphan(tx: Transaction) -> None:
        await tx.run(insert(tables.members).values(community_id=404, user_id=1, name="Nobody", created_at=tx.now))

    with pytest.raises(IntegrityError):
        await orphan(db)


async def test_an_instant_keeps_its_meaning_and_a_naive_one_is_refused(db: Database) -> None:
    community = await a_community(db)
    member = await a_member(db, community)

    assert (await row_of(db, tables.members, member.id))["created_at"] == NOW
    with pytest.raises(StatementError, match="aware"):
        async with db.begin() as tx:
            await tx.run(update(tables.members).values(dm_closed_at=NOW.replace(tzinfo=None)))


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_deadlock_is_run_again(db: Database) -> None:
    community = await a_community(db)
    people = [await a_member(db, community, name) for name in ("Ann", "Ben")]
    met = asyncio.Barrier(2)
    runs = 0

    @transaction
    async def touch_both(tx: Transaction, first: int, second: int) -> None:
        nonlocal runs
        runs += 1
        await tx.run(update(tables.members).where(tables.members.c.id == first).values(locale="en"))
        if runs <= 2:
            await met.wait()
        await tx.run(update(tables.members).where(tables.members.c.id == second).values(locale="en"))

    await asyncio.gather(touch_both(db, people[0].id, people[1].id), touch_both(db, people[1].id, people[0].id))

    assert runs >= 3  # the loser may meet the winner once more


async def test_writers_wait_for_each_other(db: Database) -> None:
    pair = await a_pair(db)

    @transaction
    async def count_up(tx: Transaction) -> None:
        seen = await tx.value(select(tables.members.c.user_id).where(tables.members.c.id == pair.student.id))
        # PostgreSQL's readers do not wait; a guarded write is what both databases keep.
        await tx.run(
            update(tables.members)
            .where(tables.members.c.id == pair.student.id)
            .values(user_id=(tables.members.c.user_id if tx.is_postgres else seen) + 1)
        )

    await asyncio.gather(*(count_up(db) for _ in range(20)))

    assert (await row_of(db, tables.members, pair.student.id))["user_id"] == pair.student.user_id + 20


class TestTheDatabaseItselfRefuses:
    async def refuses(self, db: Database, write: object, name: str) -> None:
        with pytest.raises(DBAPIError, match=name):
            async with db.begin() as tx:
                await tx.run(write)  # type: ignore[arg-type]  # each caller gives a statement

    async def test_to_rewrite_the_ledger(self, db: Database) -> None:
        await a_pair(db)

        others: dict[str, Any] = {"kind": EntryKind.GRANT, "at": NOW + timedelta(days=1), "reason": "another"}
        for column in [each.name for each in tables.ledger.c]:
            changed = {"reason": None, column: others.get(column, 77)}
            await self.refuses(db, update(tables.ledger).values(changed), "ledger_append_only")
        await self.refuses(db, tables.ledger.delete(), "ledger_append_only")

    async def test_not_that_the_words_of_an_entry_are_taken_away(self, db: Database) -> None:
        pair = await a_pair(db, remaining=3)

        async with db.begin() as tx:
            await tx.run(update(tables.ledger).values(reason=None))

        entries = await rows_of(db, tables.ledger, tables.ledger.c.pack_id == pair.pack_id)
        assert [(each["delta"], each["reason"]) for each in entries] == [(4, None), (-1, None)]

    async def test_a_second_live_seat_of_a_pair(self, db: Database) -> None:
        pair = await a_pair(db)
        seat = dict(await row_of(db, tables.seats, pair.seat_id)) | {"id": None}
        del seat["id"]

        await self.refuses(db, insert(tables.seats).values(seat), "uq_seats_one_live|seats.student_id")

    async def test_a_pack_that_serves_another_pairs_session(self, db: Database) -> None:
        first, second = await a_pair(db), await a_pair(db)
        session = dict(await row_of(db, tables.sessions, await a_session(db, first, NOW)))
        del session["id"]

        foreign = insert(tables.sessions).values(session | {"pack_id": second.pack_id})
        await self.refuses(db, foreign, "fk_sessions_pack_id|FOREIGN KEY")

    async def test_a_balance_below_nothing_or_below_the_holds(self, db: Database) -> None:
        pair = await a_pair(db)
        await self.refuses(db, update(tables.packs).values(remaining=5), "ck_packs_balance")
        await self.refuses(db, update(tables.packs).values(remaining=-1), "ck_packs_(balance|holds)")

        await a_session(db, pair, NOW)

        await self.refuses(db, update(tables.packs).values(remaining=0), "ck_packs_holds")

    async def test_a_second_consume_of_one_attempt(self, db: Database) -> None:
        pair = await a_pair(db)
        session_id = await a_session(db, pair, NOW)
        entry = insert(tables.ledger).values(
            pack_id=pair.pack_id,
            kind=EntryKind.CONSUME,
            delta=-1,
            balance=3,
            session_id=session_id,
            attempt=1,
            at=NOW,
        )
        async with db.begin() as tx:
            await tx.run(entry)

        await self.refuses(db, entry, "uq_ledger_session_id_attempt_kind|ledger.session_id")

    async def test_overlapping_sessions_of_one_member(self, db: Database) -> None:
        pair: Pair = await a_pair(db)
        await a_session(db, pair, NOW)

        with pytest.raises(IntegrityError, match="ex_calendar_blocks_overlap"):
            await a_session(db, pair, NOW)

        assert await count_of(db, tables.sessions) == 1

    async def test_a_grace_end_outside_grace(self, db: Database) -> None:
        await a_pair(db)

        await self.refuses(db, update(tables.seats).values(grace_ends_at=NOW), "ck_seats_grace_end")
