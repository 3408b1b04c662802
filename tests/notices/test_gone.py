"""Who left the server is found out when they are written to: nothing changes, and who works with them hears it (39)."""

import pytest

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import deliver
from core.ports import Answer, Gone
from core.rules.notices import NoticeKind
from core.rules.states import Channel, NoticeState, SeatState
from core.usecases.booking.book import book
from core.usecases.reading.tasks import TaskKind, tasks
from tests.answers import given
from tests.builders import DAY, Pair, a_community, a_pair, row_of, rows_of
from tests.clocks import NOW
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, notice

GONE = Gone("403 50278")


async def deliver_all(db: Database, courier: KeepingCourier) -> None:
    for owed in await rows_of(db, tables.notices, tables.notices.c.state == NoticeState.PENDING):
        await deliver(db, courier, owed["id"])


async def a_session_booked(db: Database, pair: Pair) -> None:
    given(await book(db, pair.student.asker, pair.mentor.id, NOW + 2 * DAY))


@pytest.mark.parametrize("answer", [GONE, Gone("404 10013")])
async def test_a_student_who_is_gone_is_not_looked_for_in_a_thread_and_mentor_and_staff_hear_of_it_once(
    db: Database, courier: KeepingCourier, answer: Answer
) -> None:
    pair = await a_pair(db, community=await a_community(db, sessions_channel_id=900))
    first = await a_notice(db, pair, NoticeKind.RENEWAL_REMINDER, pair.seat_id)
    async with db.begin() as tx:
        await tx.run(tables.packs.update().values(remaining=1))
    courier.answers = [answer]

    assert await deliver(db, courier, first) is NoticeState.DELIVERED

    assert (await notice(db, first))["channel"] is Channel.STAFF
    assert f"Could not reach **Stu** (<@{pair.student.user_id}>): they are not on the server" in courier.texts[0]
    assert courier.opened == []
    courier.closed = {pair.student.user_id}
    await deliver_all(db, courier)
    titles = [text.split("\n")[0] for text in courier.texts[1:]]
    assert sorted(titles) == ["A student has left the server", "Stu has left the server"]
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_a_mentor_who_is_gone_is_told_to_staff_and_a_task_of_theirs(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    await a_session_booked(db, pair)
    (owed,) = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.SESSION_BOOKED)
    courier.answers = [GONE]

    await deliver(db, courier, owed["id"])
    (gone,) = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.MENTOR_GONE_STAFF)
    await deliver(db, courier, gone["id"])

    assert courier.texts[-1].startswith("A mentor has left the server\nDiscord says that **Mara**")
    assert "1 student has a seat with them." in courier.texts[-1]
    assert [(task.kind, task.count) for task in given(await tasks(db, pair.staff))] == [(TaskKind.MENTOR_GONE, 1)]


async def test_who_was_let_into_the_thread_no_more_is_gone_too(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db, community=await a_community(db, sessions_channel_id=900))
    await a_session_booked(db, pair)
    (owed,) = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.SESSION_BOOKED)
    courier.closed = {pair.mentor.user_id}
    courier.in_threads = Gone("404 10007")

    await deliver(db, courier, owed["id"])

    assert (await row_of(db, tables.members, pair.mentor.id))["gone_at"] == NOW
    assert "they are not on the server any more" in courier.texts[-1]


async def test_who_does_something_is_back_and_written_to_again(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    first = await a_notice(db, pair, NoticeKind.MENTOR_REMOVED, pair.seat_id)
    courier.answers = [GONE]
    await deliver(db, courier, first)

    await a_session_booked(db, pair)
    second = await a_notice(db, pair, NoticeKind.MENTOR_REMOVED, pair.seat_id, cycle=2)
    await deliver(db, courier, second)

    assert (await notice(db, second))["channel"] is Channel.DM
