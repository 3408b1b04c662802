"""What waits for staff: all that the records hold, nothing that is done, and of their own community alone."""

from datetime import timedelta

from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import FreezeCause, OrderState, RefundState
from core.usecases.asker import Asker
from core.usecases.community.remove_mentor import remove_mentor
from core.usecases.completion.complete import complete
from core.usecases.reading.tasks import GRACE_OVER_FOR, Task, TaskKind, tasks
from core.usecases.records.replay import try_again
from core.usecases.seats.release_by_staff import release_by_staff
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_community, a_member, a_mentor, a_pair, a_session, an_order
from tests.clocks import NOW, SettableClock
from tests.usecases.records.steps import a_dead_notice, a_failed_event
from tests.usecases.records.tasks import a_dispute, a_failed_refund, a_parked_order, a_seatless_payment, in_grace, kept
from tests.usecases.refunds.steps import hears, news_of


async def seen(db: Database, pair: Pair) -> tuple[Task, ...]:
    return given(await tasks(db, pair.staff))


async def kinds(db: Database, pair: Pair) -> list[TaskKind]:
    return [task.kind for task in await seen(db, pair)]


async def test_a_community_where_all_goes_well_has_no_tasks(db: Database) -> None:
    pair = await a_pair(db)
    await an_order(db, pair.student, pair.product_id, OrderState.PENDING)
    await a_session(db, pair, NOW - 2 * HOUR)

    assert await seen(db, pair) == ()


async def test_everything_that_waits_is_listed_the_most_pressing_first(db: Database) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW - 2 * DAY)
    await a_parked_order(db, pair)
    await a_failed_refund(db, pair)
    await hears(db, await news_of(db, pair, 100))
    await a_dispute(db, pair)
    await a_seatless_payment(db, pair)
    await a_dead_notice(db, pair, NoticeKind.RENEWAL_REMINDER)
    await a_failed_event(db, await an_order(db, pair.student, pair.product_id, OrderState.FULFILLED))
    late = {"pending_at": NOW - 7 * DAY}
    await an_order(db, await a_member(db, pair.community, "Ann"), pair.product_id, OrderState.PENDING, **late)
    async with db.begin() as tx:
        gone = tables.members.c.id.in_([pair.student.id, pair.mentor.id])
        await tx.run(update(tables.members).where(gone).values(gone_at=NOW))
        await tx.run(update(tables.communities).values(staff_channel_id=None))
        await tx.run(update(tables.mentors).values(capacity=0))
        await tx.run(update(tables.seats).values(role_due_at=NOW, role_attempts=2))
    await kept(db, await a_pair(db, community=pair.community), FreezeCause.MENTOR_REMOVED)
    await in_grace(db, await a_pair(db, community=pair.community), for_hours=-6)

    found = await seen(db, pair)

    assert [task.kind for task in found] == list(TaskKind)
    by_kind = {task.kind: task for task in found}
    assert by_kind[TaskKind.FAILURES].count == 2
    assert (by_kind[TaskKind.ABOVE_CAPACITY].count, by_kind[TaskKind.ABOVE_CAPACITY].capacity) == (1, 0)
    assert by_kind[TaskKind.ROLE_FAILED].count == 1
    assert (by_kind[TaskKind.MENTOR_GONE].count, by_kind[TaskKind.MENTOR_GONE].since) == (1, NOW)
    assert by_kind[TaskKind.MENTOR_REMOVED].count == 4
    assert by_kind[TaskKind.OUTCOME_MISSING].since == NOW - 2 * DAY
    refund, parked = by_kind[TaskKind.REFUND_FAILED], by_kind[TaskKind.PAYMENT_PARKED]
    assert refund.payment is not None
    assert parked.payment is not None
    assert (refund.payment.amount_minor, refund.why, refund.student and refund.student.name) == (
        5_000,
        "the card is gone",
        "Stu",
    )
    assert (parked.payment.amount_minor, parked.payment.due_minor, parked.payment.currency) == (19_000, 20_000, "EUR")
    assert (refund.payment.disputed, parked.payment.disputed) == (True, False)


async def test_a_task_is_gone_once_it_is_done(db: Database) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW - 2 * DAY)
    await a_dead_notice(db, pair)
    refund = await a_failed_refund(db, pair)
    assert len(await seen(db, pair)) == 3

    given(await complete(db, pair.staff, session))
    given(await try_again(db, pair.staff))
    async with db.begin() as tx:
        await tx.run(update(tables.refunds).where(tables.refunds.c.id == refund).values(state=RefundState.DONE))

    assert await seen(db, pair) == ()


async def test_silence_and_late_money_count_from_the_hours_and_days_that_are_set(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW - 1 * HOUR)  # ends now
    await an_order(db, pair.student, pair.product_id, OrderState.PENDING)

    clock.set(NOW + DAY - timedelta(seconds=1))
    assert await kinds(db, pair) == []
    clock.set(NOW + DAY)
    assert await kinds(db, pair) == [TaskKind.OUTCOME_MISSING]
    clock.set(NOW + 7 * DAY)
    assert await kinds(db, pair) == [TaskKind.PAYMENT_LATE, TaskKind.OUTCOME_MISSING]


async def test_a_grace_that_is_over_waits_for_staff_only_if_nothing_else_holds_it(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db)
    await in_grace(db, pair, for_hours=0)
    clock.set(NOW + GRACE_OVER_FOR - timedelta(seconds=1))
    assert await kinds(db, pair) == []
    clock.set(NOW + GRACE_OVER_FOR)
    assert await kinds(db, pair) == [TaskKind.GRACE_HELD_UP]

    await a_parked_order(db, pair)
    assert await kinds(db, pair) == [TaskKind.PAYMENT_PARKED]
    async with db.begin() as tx:
        await tx.run(update(tables.orders).values(state=OrderState.CLOSED))
        await tx.run(update(tables.mentors).values(paused_at=NOW))
    assert await kinds(db, pair) == []


async def test_what_staff_keep_themselves_is_no_task(db: Database) -> None:
    pair = await a_pair(db)

    await kept(db, pair, FreezeCause.STAFF_RELEASE)

    assert await seen(db, pair) == ()


async def test_what_staff_kept_waits_for_them_once_its_mentor_is_removed_and_no_bank_decides(db: Database) -> None:
    pair = await a_pair(db)
    given(await release_by_staff(db, pair.staff, pair.seat_id, "They do not answer"))
    assert await kinds(db, pair) == []

    given(await remove_mentor(db, pair.staff, pair.mentor.id, "They moved"))
    (task,) = await seen(db, pair)
    assert (task.kind, task.subject_id, task.count) == (TaskKind.MENTOR_REMOVED, pair.pack_id, 4)

    await a_dispute(db, pair)
    assert await kinds(db, pair) == [TaskKind.DISPUTED]


async def test_a_mentor_who_is_removed_is_not_above_capacity(db: Database) -> None:
    pair = await a_pair(db, mentor=await a_mentor(db, await a_community(db), capacity=0))
    assert await kinds(db, pair) == [TaskKind.ABOVE_CAPACITY]

    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(removed_at=NOW))

    assert await kinds(db, pair) == [TaskKind.MENTOR_REMOVED]


async def test_tasks_of_another_community_are_never_seen(db: Database) -> None:
    pair, other = await a_pair(db), await a_pair(db)
    await a_session(db, other, NOW - 2 * DAY)
    await a_parked_order(db, other)
    await a_failed_refund(db, other)
    await a_dispute(db, other)
    await a_dead_notice(db, other)

    assert await seen(db, pair) == ()


async def test_nobody_but_staff_sees_them(db: Database) -> None:
    pair = await a_pair(db)

    for asker in (pair.mentor.asker, pair.student.asker):
        assert why(await tasks(db, asker)) is Reason.NOT_STAFF
    assert why(await tasks(db, Asker(3, 1, "Nobody"))) is Reason.NOT_SET_UP
