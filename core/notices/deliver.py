"""Deliver one notice: read what is true now, drop it or render it, send it down the ladder (rules 32 to 35).

Nothing is sent inside a transaction. A crash between the sending and the note of it sends again, under the same nonce.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.correlation import go_on_as
from core.db.history import SYSTEM, Change, record
from core.db.notices import Owed, end_notice, move_grace_end, note_dm, owe, put_off_notice, to_deliver
from core.db.privacy import ERASED_NOTICE
from core.db.unit import Database, Transaction, reading, transaction
from core.notices.facts import Facts, FactsOfPair, Person, SeatFacts
from core.notices.facts_now import facts_of
from core.notices.rendering import for_staff, render
from core.notices.threads import send_to_thread
from core.ports import Address, Answer, ChannelClosed, Courier, Delivered, Gone, Message, RetryAfter
from core.rules.backoff import is_exhausted, pause_after
from core.rules.due import NextNotice, after_asking, why_drop
from core.rules.grace import grace_end_when_warned
from core.rules.notices import Audience, NoticeKind, audience_of, may_be_shared
from core.rules.settings import Settings, settings_from
from core.rules.states import Channel, NoticeState, SeatState
from core.texts.language import reader
from core.usecases.community.gone import note_gone

log = logging.getLogger(__name__)

DM_CLOSED_FOR = timedelta(days=1)
"""A closed DM is not tried again for this long (rule 33)."""

_SENDABLE = (NoticeState.PENDING, NoticeState.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice as it is to be sent now. `facts` None: its subject is gone."""

    id: int
    attempt: int
    kind: NoticeKind
    subject_id: int
    cycle: int
    community_id: int
    state: NoticeState
    cause: str | None
    to_member_id: int | None
    to: Person | None
    to_is_gone: bool
    locale: str | None
    dm_closed_at: datetime | None
    reader_erased: bool
    staff_channel_id: int | None
    settings: Settings
    facts: Facts | None

    def why_drop(self, now: datetime) -> str | None:
        if self.reader_erased:
            return ERASED_NOTICE
        if self.facts is None:
            return "what it is about is gone"
        return why_drop(self.kind, self.facts.to_judge(self.cycle), now)


async def deliver(db: Database, courier: Courier, notice_id: int, attempt: int | None = None) -> NoticeState | None:
    """Where the notice stands afterwards; `pending` if it waits for its next attempt, None if there is no such notice.

    An `attempt` that is no longer the newest one sends nothing: a crash may bring it back when the next is under way.
    """
    letter = await _read(db, notice_id)
    if letter is None:
        return None
    go_on_as(letter.cause)
    if letter.state not in _SENDABLE or (attempt is not None and letter.attempt != attempt):
        return letter.state
    state = await _send_if_true(db, courier, letter)
    log.info("notice %s (%s): %s", letter.id, letter.kind, state)
    return state


async def _send_if_true(db: Database, courier: Courier, letter: Letter) -> NoticeState:
    if letter.kind is NoticeKind.FINAL_WARNING and letter.why_drop(db.clock.now()) is None:
        await _leave_time_to_renew(db, letter)
        letter = await _read(db, letter.id) or letter
    why = letter.why_drop(db.clock.now())
    if why is not None or letter.facts is None:
        await _end(db, letter, NoticeState.DROPPED, why=why)
        return NoticeState.DROPPED
    with reader(letter.locale):
        message = render(letter.kind, letter.facts)
    return await _down_the_ladder(db, courier, letter, message)


async def put_off(db: Database, notice_id: int, attempt: int, why: str) -> NoticeState | None:
    """The notice waits for its next attempt, or is dead after the last; of whoever could not even try to deliver it."""
    letter = await _read(db, notice_id)
    if letter is None:
        return None
    if letter.state not in _SENDABLE or letter.attempt != attempt:
        return letter.state
    return await _put_off(db, letter, RetryAfter(None, why))


@reading
async def _read(tx: Transaction, notice_id: int) -> Letter | None:
    row = await to_deliver(tx, notice_id)
    if row is None:
        return None
    return Letter(
        id=notice_id,
        attempt=row["attempts"],
        kind=row["kind"],
        subject_id=row["subject_id"],
        cycle=row["cycle"],
        community_id=row["community_id"],
        state=row["state"],
        cause=row["cause"],
        to_member_id=row["to_member_id"],
        to=None if row["to_user_id"] is None else Person(row["to_user_id"], row["to_name"]),
        to_is_gone=row["to_gone_at"] is not None,
        locale=row["to_locale"],
        dm_closed_at=row["dm_closed_at"],
        reader_erased=row["erased_at"] is not None,
        staff_channel_id=row["staff_channel_id"],
        settings=settings_from(row["settings"]),
        facts=await facts_of(tx, row["kind"], row["subject_id"], row["cycle"]),
    )


@transaction
async def _leave_time_to_renew(tx: Transaction, letter: Letter) -> None:
    """A warning that comes late first moves the end that it announces (rule 12)."""
    seat = letter.facts
    if not isinstance(seat, SeatFacts) or seat.grace_ends_at is None:
        return
    ends_at = grace_end_when_warned(seat.grace_ends_at, tx.now, letter.settings)
    if ends_at == seat.grace_ends_at:
        return
    if await move_grace_end(tx, seat.seat_id, letter.cycle, seat.grace_ends_at, ends_at):
        moved = {"from": seat.grace_ends_at.isoformat(), "to": ends_at.isoformat()}
        change = Change(
            "seat", seat.seat_id, SeatState.GRACE, SeatState.GRACE, "move grace end", "warned late", facts=moved
        )
        await tx.run(record(letter.community_id, tx.now, SYSTEM, change))


async def _down_the_ladder(db: Database, courier: Courier, letter: Letter, message: Message) -> NoticeState:
    """DM, the pair's thread, the staff channel; what is meant for staff goes there at once (rule 33).

    Who is found to be gone is noted (rule 39), and not looked for in a thread.
    """
    if letter.to is None or audience_of(letter.kind) is Audience.STAFF:
        return await _to_staff(db, courier, letter, message)
    is_gone = letter.to_is_gone
    if not _dm_is_closed(letter, db.clock.now()):
        answer = await courier.send(Address(Channel.DM, letter.to.user_id), message, f"n{letter.id}d")
        if not isinstance(answer, ChannelClosed):
            return await _conclude(db, letter, Channel.DM, answer)
        await _note_dm(db, letter, db.clock.now())
        is_gone = await _note_if_gone(db, letter, answer)
    if not is_gone and may_be_shared(letter.kind) and isinstance(letter.facts, FactsOfPair):
        answer = await send_to_thread(
            db, courier, letter.community_id, letter.facts.pair, letter.to, message, f"n{letter.id}t"
        )
        if not isinstance(answer, ChannelClosed):
            return await _conclude(db, letter, Channel.THREAD, answer)
        is_gone = await _note_if_gone(db, letter, answer)
    return await _to_staff(db, courier, letter, for_staff(letter.to, message, is_gone=is_gone))


async def _to_staff(db: Database, courier: Courier, letter: Letter, message: Message) -> NoticeState:
    """In their channel. What names one of the staff reaches them, where that channel is gone or closed to us."""
    answer: Answer = ChannelClosed("the community has no staff channel")
    if letter.staff_channel_id is not None:
        answer = await courier.send(Address(Channel.STAFF, letter.staff_channel_id), message, f"n{letter.id}s")
        if isinstance(answer, ChannelClosed):
            answer = ChannelClosed(f"the staff channel is closed to us: {answer.why}")
    if isinstance(answer, ChannelClosed) and letter.to is not None and audience_of(letter.kind) is Audience.STAFF:
        in_person = await courier.send(Address(Channel.DM, letter.to.user_id), message, f"n{letter.id}d")
        if not isinstance(in_person, ChannelClosed):
            return await _conclude(db, letter, Channel.DM, in_person)
    return await _conclude(db, letter, Channel.STAFF, answer)


async def _note_if_gone(db: Database, letter: Letter, answer: Answer) -> bool:
    if not isinstance(answer, Gone) or letter.to_member_id is None:
        return False
    await note_gone(db, letter.to_member_id)
    return True


def _dm_is_closed(letter: Letter, now: datetime) -> bool:
    return letter.dm_closed_at is not None and now < letter.dm_closed_at + DM_CLOSED_FOR


async def _conclude(db: Database, letter: Letter, channel: Channel, answer: Answer) -> NoticeState:
    match answer:
        case Delivered(message_id):
            await _end(db, letter, NoticeState.DELIVERED, channel=channel, message_id=message_id)
            return NoticeState.DELIVERED
        case ChannelClosed(why):
            return await _put_off(db, letter, RetryAfter(None, why))
        case RetryAfter():
            return await _put_off(db, letter, answer)


async def _put_off(db: Database, letter: Letter, answer: RetryAfter) -> NoticeState:
    # A seat is not released unwarned, so its warning is tried until it is out or no longer true (rule 12).
    if is_exhausted(letter.attempt) and letter.kind is not NoticeKind.FINAL_WARNING:
        await _end(db, letter, NoticeState.DEAD, why=answer.why)
        return NoticeState.DEAD
    await _wait(db, letter, pause_after(letter.attempt, answer.seconds), answer.why)
    return NoticeState.PENDING


@transaction
async def _wait(tx: Transaction, letter: Letter, pause: timedelta, why: str) -> None:
    await tx.run(put_off_notice(letter.id, letter.attempt, tx.now + pause, why))


@transaction
async def _end(
    tx: Transaction,
    letter: Letter,
    state: NoticeState,
    *,
    why: str | None = None,
    channel: Channel | None = None,
    message_id: int | None = None,
) -> None:
    # It came by DM, so theirs is open again.
    opens = channel is Channel.DM and letter.dm_closed_at is not None
    following = () if state is NoticeState.DROPPED else after_asking(letter.kind, letter.cycle, letter.settings, tx.now)
    await tx.write_all(
        end_notice(tx, letter.id, letter.attempt, state, why=why, channel=channel, message_id=message_id),
        *([note_dm(letter.to_member_id, None)] if opens and letter.to_member_id is not None else []),
        *([owe(tx, letter.community_id, *(_following(letter, each) for each in following))] if following else []),
    )


def _following(letter: Letter, following: NextNotice) -> Owed:
    """About the same, to the same person, or to staff."""
    to = None if audience_of(following.kind) is Audience.STAFF else letter.to_member_id
    return Owed(following.kind, letter.subject_id, to, following.cycle, following.due_at)


@transaction
async def _note_dm(tx: Transaction, letter: Letter, closed_at: datetime) -> None:
    if letter.to_member_id is not None:
        await tx.run(note_dm(letter.to_member_id, closed_at))
