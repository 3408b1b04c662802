"""The bot is taken off a server and comes back: as if all mentors had been paused (rule 39)."""

from datetime import timedelta

from sqlalchemy import update

from core.db import tables
from core.db.notices import claim_due_notices
from core.db.unit import Database
from core.jobs.sweeps import next_due_at
from core.notices.deliver import deliver
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState
from core.usecases.community.gone import note_gone
from core.usecases.community.presence import TOLD_FROM, note_back, note_left
from core.usecases.packs.expire import due_expiries
from core.usecases.seats.release import due_releases
from tests.builders import DAY, Pair, a_mentor, a_pair, count_of, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, a_pair_in_grace, notice
from tests.usecases.seats.steps import warn

WEEK = 7 * DAY


async def told(db: Database, kind: NoticeKind) -> list[int | None]:
    return [row["to_member_id"] for row in await rows_of(db, tables.notices, tables.notices.c.kind == kind)]


async def ends_of(db: Database, pair: Pair) -> tuple[object, object]:
    seat, pack = await row_of(db, tables.seats, pair.seat_id), await row_of(db, tables.packs, pair.pack_id)
    return seat["grace_ends_at"], pack["expires_at"]


async def test_away_no_time_runs_and_nothing_is_sent_and_nobody_lost_a_minute_when_it_is_back(
    db: Database, clock: SettableClock
) -> None:
    active = await a_pair(db, expires_at=NOW + DAY)
    grace = await a_pair_in_grace(db, mentor=active.mentor)
    await warn(db, grace.seat_id)
    owed = await a_notice(db, grace, NoticeKind.GRACE_BEGAN, grace.seat_id)
    before = await ends_of(db, grace)

    assert await note_left(db, active.community.guild_id)
    clock.forward(days=7)

    async with db.begin() as tx:
        assert not await claim_due_notices(tx, None, 10)
    assert await next_due_at(db) == NOW + DAY, "the notice is not due"
    assert not await due_releases(db, 0, 10)
    assert not await due_expiries(db, 0, 10)

    assert await note_back(db, active.community.guild_id)

    assert (await ends_of(db, active))[1] == NOW + DAY + WEEK
    assert (await ends_of(db, grace))[0] == before[0] + WEEK  # type: ignore[operator]
    async with db.begin() as tx:
        assert owed in [row["id"] for row in await claim_due_notices(tx, None, 10)]
    assert sorted(filter(None, await told(db, NoticeKind.BOT_BACK))) == sorted([active.student.id, grace.student.id])
    assert await told(db, NoticeKind.BOT_BACK_STAFF) == [None]
    steps = await rows_of(db, tables.history, tables.history.c.entity == "community")
    assert [(step["before"], step["after"], step["verb"]) for step in steps] == [
        ("set_up", "left", "leave"),
        ("left", "set_up", "come back"),
    ]


async def test_a_mentor_whom_staff_paused_stays_paused(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    resting = await a_mentor(db, pair.community, "Max", paused_at=NOW - DAY)

    await note_left(db, pair.community.guild_id)
    clock.forward(hours=2)
    await note_back(db, pair.community.guild_id)

    mentors = {row["member_id"]: row["paused_at"] for row in await rows_of(db, tables.mentors)}
    assert mentors == {pair.mentor.id: None, resting.id: NOW - DAY}


async def test_of_a_short_absence_staff_alone_hear_and_time_stood_all_the_same(
    db: Database, clock: SettableClock, courier: KeepingCourier
) -> None:
    pair = await a_pair(db, expires_at=NOW + DAY)
    short = TOLD_FROM - timedelta(microseconds=1)

    await note_left(db, pair.community.guild_id)
    clock.set(NOW + short)
    await note_back(db, pair.community.guild_id)

    assert (await ends_of(db, pair))[1] == NOW + DAY + short
    (owed,) = await rows_of(db, tables.notices)
    await deliver(db, courier, owed["id"])
    assert courier.texts[0].startswith("I am back\nI was not on this server since <t:")
    assert "1 mentor can be booked again" in courier.texts[0]


async def test_said_twice_or_of_a_server_that_nobody_set_up_nothing_happens(db: Database) -> None:
    guild_id = (await a_pair(db)).community.guild_id

    assert not await note_back(db, guild_id)
    assert await note_left(db, guild_id)
    assert not await note_left(db, guild_id)
    assert await note_back(db, guild_id)
    assert not await note_back(db, guild_id)
    assert not await note_left(db, 4711)
    assert not await note_back(db, 4711)
    assert await count_of(db, tables.history, tables.history.c.entity == "community") == 2


async def test_who_was_called_gone_before_we_knew_that_it_was_the_bot_is_called_so_no_more(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    await note_gone(db, pair.student.id)
    async with db.begin() as tx:
        await tx.run(update(tables.members).values(dm_closed_at=NOW))

    await note_left(db, pair.community.guild_id)
    await note_back(db, pair.community.guild_id)

    student = await row_of(db, tables.members, pair.student.id)
    assert (student["gone_at"], student["dm_closed_at"]) == (None, None)
    for owed in await rows_of(db, tables.notices, tables.notices.c.kind.in_([NoticeKind.STUDENT_GONE])):
        await deliver(db, courier, owed["id"])
        assert (await notice(db, owed["id"]))["state"] is NoticeState.DROPPED
    assert courier.sent == []
