"""What one person is told comes in the order in which it was owed; nobody waits for another, nor for what is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.notices import IN_TURN_FOR, claim_due_notices
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.jobs.sweeps import Sweeps
from core.jobs.work import Errands, Reread
from core.ports import RetryAfter
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState
from core.usecases.completion.complete import complete
from tests.answers import given
from tests.builders import HOUR, a_member, a_pair, a_session
from tests.clocks import NOW, SettableClock
from tests.jobs.conftest import PUBLIC_URL
from tests.jobs.inline import InlineEngine
from tests.jobs.steps import a_grace
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, notice
from tests.provider import LedgerProvider
from tests.roles import KeepingRoles

MOMENT = timedelta(microseconds=1)


class LastFirst(InlineEngine):
    """Of what was handed over together, it does the last first."""

    async def waiting(self) -> list[tuple[str, str, list[int | str]]]:
        return (await super().waiting())[::-1]


@pytest.fixture
async def engine(db: Database, courier: KeepingCourier, provider: LedgerProvider, reread: Reread) -> InlineEngine:
    made = LastFirst(db)
    await made.prepare()
    await made.start(Errands(db, courier, KeepingRoles(), {"stripe": provider}, PUBLIC_URL, reread).by_name())
    return made


async def claimed(db: Database) -> list[int]:
    async with db.begin() as tx:
        return [row["id"] for row in await claim_due_notices(tx, None, 100)]


async def set_state(db: Database, notice_id: int, state: NoticeState, attempts: int = 0) -> None:
    async with db.begin() as tx:
        await tx.run(
            update(tables.notices).where(tables.notices.c.id == notice_id).values(state=state, attempts=attempts)
        )


async def test_the_next_notice_of_a_person_waits_for_the_one_before(db: Database) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW - HOUR)
    first = await a_notice(db, pair, NoticeKind.SESSION_COMPLETED, session_id)
    second = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    assert await claimed(db) == [first]
    assert await claimed(db) == []
    await set_state(db, first, NoticeState.DELIVERED)

    assert await claimed(db) == [second]


async def test_nobody_waits_for_somebody_elses_notice_nor_staff_for_each_other(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, mentor=pair.mentor, student=await a_member(db, pair.community, "Ann"))
    owed = [
        await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id),
        await a_notice(db, other, NoticeKind.GRACE_BEGAN, other.seat_id),
        await a_notice(db, pair, NoticeKind.SEAT_RELEASED_MENTOR, pair.seat_id),
        await a_notice(db, pair, NoticeKind.SEAT_RELEASED_STAFF, pair.seat_id),
        await a_notice(db, other, NoticeKind.SEAT_RELEASED_STAFF, other.seat_id),
    ]

    assert await claimed(db) == owed


async def test_what_is_due_later_holds_nothing_up(db: Database) -> None:
    pair = await a_pair(db)
    await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id, due_at=NOW + HOUR)
    now = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)

    assert await claimed(db) == [now]


async def test_what_failed_holds_nothing_up(db: Database) -> None:
    pair = await a_pair(db)
    first = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    second = await a_notice(db, pair, NoticeKind.SEAT_RELEASED, pair.seat_id)
    await set_state(db, first, NoticeState.QUEUED, attempts=1)

    assert await claimed(db) == [second]


async def test_what_is_lost_on_its_way_holds_nothing_up_for_long(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    first = await a_notice(db, pair, NoticeKind.GRACE_BEGAN, pair.seat_id)
    second = await a_notice(db, pair, NoticeKind.SEAT_RELEASED, pair.seat_id)
    assert await claimed(db) == [first]

    clock.set(NOW + IN_TURN_FOR - MOMENT)
    assert await claimed(db) == []
    clock.set(NOW + IN_TURN_FOR)

    assert await claimed(db) == [second]


async def test_the_end_of_a_session_is_told_before_the_end_of_the_pack(
    db: Database, courier: KeepingCourier, jobs: Jobs
) -> None:
    pair = await a_pair(db, total=1)
    session_id = await a_session(db, pair, NOW - HOUR)
    given(await complete(db, pair.mentor.asker, session_id))

    await jobs.run_due()

    assert [each.message.title for each in courier.sent] == [
        "Done: your session with Mara",
        "No sessions left with Mara",
    ]


async def test_what_another_sweep_handed_over_is_waited_for_with_all_that_follows(
    db: Database, engine: InlineEngine, courier: KeepingCourier, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listener's sweep found the first; it is delivered while ours finds nothing, as the second waits its turn."""
    pair = await a_pair(db, total=1)
    session_id = await a_session(db, pair, NOW - HOUR)
    given(await complete(db, pair.mentor.asker, session_id))
    sweeps = Sweeps(db, engine)
    await sweeps.sweep()
    sweep, ours = Sweeps.sweep, []

    async def sweep_and_then_the_engine_is_quick(self: Sweeps) -> int:
        found = await sweep(self)
        ours.append(found)
        if len(ours) == 1:
            await engine.idle()
        return found

    monkeypatch.setattr(Sweeps, "sweep", sweep_and_then_the_engine_is_quick)
    await jobs.run_due()

    assert len(courier.sent) == 2


async def test_a_message_that_must_wait_lets_the_next_one_by(db: Database, courier: KeepingCourier, jobs: Jobs) -> None:
    pair = await a_grace(db)
    courier.answers = [RetryAfter(60, "429")]
    last = await a_notice(db, pair, NoticeKind.GRACE_EXTENDED, pair.seat_id)

    await jobs.run_due()

    assert (await notice(db, last))["state"] is NoticeState.DELIVERED
    assert [each.message.title for each in courier.sent] == ["Your seat with Mara is kept longer"]
