"""What is gathered for a dispute: all of its purchase, and nothing of anybody else's (rule 29)."""

from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import Channel, EntryKind, NoticeState, RefundState, SessionState
from core.usecases.booking.book import book
from core.usecases.completion.complete import complete
from core.usecases.reading.evidence import Evidence, Told, evidence_of
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_community, a_pair, rows_of, staff_of
from tests.clocks import NOW, SettableClock
from tests.statements import statements
from tests.usecases.disputes.steps import ANSWER_BY, tells
from tests.usecases.refunds.steps import hears, news_of, payment_of

STARTS = NOW + 2 * DAY


async def disputed(db: Database, clock: SettableClock, pair: Pair) -> int:
    """Stu booked and Mara held a session, of which Stu was told; then Stu disputes the payment."""
    given(await book(db, pair.student.asker, pair.mentor.id, STARTS))
    session = (await rows_of(db, tables.sessions))[0]["id"]
    clock.set(STARTS + HOUR)
    given(await complete(db, pair.mentor.asker, session))
    told = tables.notices.c.kind == NoticeKind.SESSION_COMPLETED
    async with db.begin() as tx:
        delivered = {"state": NoticeState.DELIVERED, "channel": Channel.DM, "ended_at": clock.now()}
        await tx.run(update(tables.notices).where(told).values(**delivered))
    await hears(db, await news_of(db, pair, 1_000))
    await tells(db, pair)
    dispute_id: int = (await rows_of(db, tables.disputes))[0]["id"]
    return dispute_id


async def test_staff_get_the_purchase_the_sessions_and_what_was_told(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    await a_pair(db, community=pair.community)
    dispute = await disputed(db, clock, pair)

    with statements(db) as sent:
        found = given(await evidence_of(db, pair.staff, dispute))

    assert len(sent) <= 7
    assert isinstance(found, Evidence)
    payment = await payment_of(db, pair)
    assert (found.payment_ref, found.dispute_ref) == (payment["provider_ref"], "dp_1")
    assert (found.disputed_minor, found.dispute_reason, found.answer_by) == (20_000, "fraudulent", ANSWER_BY)
    assert (found.student_name, found.student_user_id) == ("Stu", pair.student.user_id)
    assert (found.paid_minor, found.refunded_minor, found.currency) == (20_000, 1_000, "EUR")
    assert [(entry.kind, entry.delta, entry.session_at) for entry in found.entries][-1] == (
        EntryKind.CONSUME,
        -1,
        STARTS,
    )
    (meeting,) = found.meetings
    assert (meeting.starts_at, meeting.state) == (STARTS, SessionState.COMPLETED)
    assert [(step.verb, step.who, step.name) for step in meeting.steps] == [
        ("book", "student", "Stu"),
        ("complete", "mentor", "Mara"),
    ]
    assert meeting.told == (Told(NoticeKind.SESSION_COMPLETED, STARTS + HOUR, Channel.DM),)
    assert [(each.amount_minor, each.state) for each in found.refunds] == [(1_000, RefundState.DONE)]


async def test_nobody_else_gets_it(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    dispute = await disputed(db, clock, pair)
    elsewhere = staff_of(await a_community(db))

    assert why(await evidence_of(db, pair.student.asker, dispute)) is Reason.NOT_STAFF
    assert why(await evidence_of(db, pair.mentor.asker, dispute)) is Reason.NOT_STAFF
    assert why(await evidence_of(db, elsewhere, dispute)) is Reason.UNKNOWN_ORDER
    assert why(await evidence_of(db, pair.staff, dispute + 1)) is Reason.UNKNOWN_ORDER
