"""Book a session: the one decision of `core.rules.booking`, and a write that nobody can be quicker than."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.db.calendar import block, schedule_session
from core.db.history import Change, by_member, record
from core.db.notices import Owed, owe
from core.db.packs import take_hold
from core.db.seats import lock_members
from core.db.unit import Database, Transaction, transaction
from core.rules.balance import Pack
from core.rules.booking import choose, mentor_block
from core.rules.due import session_notices
from core.rules.hours import Interval
from core.rules.notices import Audience, NoticeKind, audience_of
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import SessionState
from core.usecases.asker import Asker
from core.usecases.booking.facts import Wish, facts_of, why_not_near, wish_of
from core.usecases.community.gone import note_seen

_LOST = frozenset({Reason.MENTOR_BUSY, Reason.ALL_SESSIONS_BOOKED})


@dataclass(frozen=True, slots=True)
class Booked:
    """A session that stands. The counts are its pack's, this session booked: 'number of total' is only shown."""

    session_id: int
    attempt: int
    mentor_id: int
    mentor_name: str
    starts_at: datetime
    ends_at: datetime
    number: int
    total: int
    remaining: int
    available: int


async def book(db: Database, asker: Asker, mentor_id: int, starts_at: datetime) -> Booked | Refused:
    """The asker's session with this mentor, held by the pack that expires first (rules 2, 3, 14, 15).

    Who loses a race to another booking is answered once more from what that one left: then the reason is the true
    one, as the database alone cannot tell whose calendar was taken; or another pack has a session left.
    """
    answer = await _book(db, asker, mentor_id, starts_at)
    if isinstance(answer, Refused) and answer.reason in _LOST:
        return await _book(db, asker, mentor_id, starts_at)
    return answer


@transaction
async def _book(tx: Transaction, asker: Asker, mentor_id: int, starts_at: datetime) -> Booked | Refused:
    wish = await wish_of(tx, asker, mentor_id)
    if isinstance(wish, Refused):
        return wish
    if wish.student_id is None:
        return refuse(Reason.NO_SEAT)
    if refused := why_not_near(starts_at, tx.now):
        return refused
    starts_at = starts_at.astimezone(UTC)
    facts = await facts_of(tx, wish, Interval(starts_at, starts_at))
    pack = choose(facts, starts_at)
    if isinstance(pack, Refused):
        return pack
    if wish.row["student_gone_at"] is not None:
        await note_seen(tx, wish.community_id, wish.student_id)
    return await _write(tx, wish, wish.student_id, pack, starts_at, facts.buffer_minutes)


async def _write(
    tx: Transaction, wish: Wish, student_id: int, pack: Pack, starts_at: datetime, buffer_minutes: int
) -> Booked | Refused:
    # Without the lock the constraint would still hold, but those who race would wait for each other in circles.
    await lock_members(tx, student_id, wish.mentor_id)
    held = await take_hold(tx, pack.id, starts_at)
    if held is None:
        return refuse(Reason.ALL_SESSIONS_BOOKED)
    ends_at = starts_at + timedelta(minutes=pack.session_minutes)
    session_id = await schedule_session(
        tx,
        community_id=wish.community_id,
        student_id=student_id,
        mentor_id=wish.mentor_id,
        pack_id=pack.id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    times = {
        student_id: Interval(starts_at, ends_at),
        wish.mentor_id: mentor_block(starts_at, ends_at, buffer_minutes),
    }
    change = Change("session", session_id, None, SessionState.SCHEDULED, "book", facts={"pack_id": pack.id})
    await tx.write_all(
        block(session_id, times),
        record(wish.community_id, tx.now, by_member(student_id), change),
        owe(tx, wish.community_id, *_told(session_id, student_id, wish.mentor_id, starts_at, ends_at, tx.now)),
    )
    return Booked(
        session_id=session_id,
        attempt=1,
        mentor_id=wish.mentor_id,
        mentor_name=wish.mentor_name,
        starts_at=starts_at,
        ends_at=ends_at,
        number=held["number"],
        total=held["total"],
        remaining=held["remaining"],
        available=held["remaining"] - held["held"],
    )


def _told(
    session_id: int, student_id: int, mentor_id: int, starts_at: datetime, ends_at: datetime, now: datetime
) -> list[Owed]:
    """The first attempt's notices: the mentor hears of the session and is asked about it, the student is reminded."""
    people = {Audience.STUDENT: student_id, Audience.MENTOR: mentor_id}
    later = [
        Owed(notice.kind, session_id, people[audience_of(notice.kind)], due_at=notice.due_at)
        for notice in session_notices(starts_at, ends_at, now)
    ]
    return [Owed(NoticeKind.SESSION_BOOKED, session_id, mentor_id), *later]
