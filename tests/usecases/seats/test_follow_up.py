import pytest

from core.db import tables
from core.db.unit import Database, Transaction
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState, PackState, SeatState
from core.usecases.seats.follow_up import follow_up, load_pair
from tests.builders import DAY, Pair, a_pack, a_pair, a_seat, count_of, row_of, rows_of
from tests.clocks import NOW


async def follow(db: Database, pair: Pair, remaining_before: int) -> None:
    async def work(tx: Transaction) -> None:
        await follow_up(tx, pair.student.id, pair.mentor.id, remaining_before)

    await db.write(work)


async def test_a_session_that_came_back_ends_grace(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=1)

    await follow(db, pair, 0)

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"], seat["grace_number"]) == (SeatState.ACTIVE, None, 1)
    (row,) = await rows_of(db, tables.history)
    assert (row["entity"], row["before"], row["after"]) == ("seat", "grace", "active")


async def test_a_second_grace_has_its_own_notices(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=1)
    await follow(db, pair, 0)
    async with db.begin() as tx:
        await tx.run(tables.packs.update().values(remaining=0, state=PackState.DEPLETED))

    await follow(db, pair, 1)

    assert (await row_of(db, tables.seats, pair.seat_id))["grace_number"] == 2
    notices = await rows_of(db, tables.notices)
    assert {(row["kind"], row["cycle"]) for row in notices} == {
        (NoticeKind.GRACE_BEGAN, 2),
        (NoticeKind.FINAL_WARNING, 2),
    }


async def test_the_reminder_is_armed_again_by_a_second_pack(db: Database) -> None:
    pair = await a_pair(db, remaining=1)
    await follow(db, pair, 2)
    await follow(db, pair, 2)
    assert await count_of(db, tables.notices) == 1
    async with db.begin() as tx:
        await tx.run(tables.packs.update().values(remaining=0, state=PackState.DEPLETED))
    await a_pack(db, pair.student, pair.product_id, remaining=1)

    await follow(db, pair, 2)

    assert [row["cycle"] for row in await rows_of(db, tables.notices)] == [1, 2]


async def test_while_a_mentor_is_paused_no_grace_begins(db: Database) -> None:
    pair = await a_pair(db, remaining=0, state=PackState.DEPLETED)
    async with db.begin() as tx:
        await tx.run(tables.mentors.update().values(paused_at=NOW))

    await follow(db, pair, 1)

    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_staffs_own_length_of_grace_is_kept(db: Database) -> None:
    pair = await a_pair(db, remaining=0, state=PackState.DEPLETED)
    async with db.begin() as tx:
        await tx.run(tables.communities.update().values(settings={"grace_hours": 48}))

    await follow(db, pair, 1)

    assert (await row_of(db, tables.seats, pair.seat_id))["grace_ends_at"] == NOW + 2 * DAY


async def test_a_pair_that_lost_its_seat_is_left_alone_and_the_live_seat_counts(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.RELEASED, remaining=0, state=PackState.DEPLETED)

    await follow(db, pair, 1)
    assert await count_of(db, tables.history) == 0
    live = await a_seat(db, pair.student, pair.mentor)

    async with db.begin() as tx:
        assert (await load_pair(tx, pair.student.id, pair.mentor.id)).seat_id == live


async def test_a_reminder_that_was_dropped_is_owed_again_when_it_is_true_again(db: Database) -> None:
    pair = await a_pair(db, remaining=1)
    await follow(db, pair, 2)
    async with db.begin() as tx:
        await tx.run(
            tables.notices.update().values(
                state=NoticeState.DROPPED, why="2 sessions are left", ended_at=NOW, next_attempt_at=NOW - DAY
            )
        )

    await follow(db, pair, 2)

    (reminder,) = await rows_of(db, tables.notices)
    assert (reminder["state"], reminder["why"], reminder["ended_at"]) == (NoticeState.PENDING, None, None)
    assert (reminder["due_at"], reminder["next_attempt_at"], reminder["attempts"]) == (NOW, NOW, 1)


@pytest.mark.parametrize("state", [NoticeState.PENDING, NoticeState.QUEUED, NoticeState.DELIVERED, NoticeState.DEAD])
async def test_any_other_reminder_stays_as_it_is(db: Database, state: NoticeState) -> None:
    pair = await a_pair(db, remaining=1)
    await follow(db, pair, 2)
    async with db.begin() as tx:
        await tx.run(tables.notices.update().values(state=state))

    await follow(db, pair, 2)

    (reminder,) = await rows_of(db, tables.notices)
    assert (reminder["state"], reminder["attempts"]) == (state, 0)
