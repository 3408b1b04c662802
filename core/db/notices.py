"""What we owe people. A notice is written in the transaction that causes it; the jobs take it from there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, RowMapping, and_, exists, literal, select, true, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert, Update

from core.correlation import cause
from core.db import tables
from core.db.unit import Transaction
from core.rules.notices import NoticeKind
from core.rules.states import Channel, NoticeState, SeatState

IN_TURN_FOR = timedelta(minutes=5)
"""How long somebody's next notice waits for the one before it, should that be lost on its way."""

_KEY = ["kind", "subject_id", "cycle"]


@dataclass(frozen=True, slots=True)
class Owed:
    """One notice to write. `to_member_id` None is the staff channel; `due_at` None is now."""

    kind: NoticeKind
    subject_id: int
    to_member_id: int | None
    cycle: int = 1
    due_at: datetime | None = None


def owe(tx: Transaction, community_id: int, *owed: Owed) -> Insert:
    """The write that owes these notices. One owed already, by (kind, subject, cycle), stays as it is (rule 32)."""
    return _rows(tx, community_id, *owed).on_conflict_do_nothing(index_elements=_KEY)


def owe_anew(tx: Transaction, community_id: int, owed: Owed) -> Insert:
    """The same; but one that was dropped, as it was not true when its time came, is owed again now that it is."""
    notices = tables.notices
    rows = _rows(tx, community_id, owed)
    return rows.on_conflict_do_update(
        index_elements=_KEY,
        set_={
            "state": NoticeState.PENDING,
            "due_at": rows.excluded.due_at,
            "next_attempt_at": rows.excluded.next_attempt_at,
            "attempts": notices.c.attempts + 1,  # an attempt that a crash brings back belongs to the old time
            "why": None,
            "cause": rows.excluded.cause,
            "ended_at": None,
        },
        where=notices.c.state == NoticeState.DROPPED,
    )


def owe_dropped_again(tx: Transaction, kinds: Iterable[NoticeKind], seat_ids: Iterable[int], since: datetime) -> Update:
    """The write after which what was dropped of these seats since then is due now. It is judged again as it is sent."""
    notices = tables.notices
    return (
        update(notices)
        .where(
            notices.c.kind.in_(list(kinds)),
            notices.c.subject_id.in_(list(seat_ids)),
            notices.c.state == NoticeState.DROPPED,
            notices.c.ended_at >= since,
        )
        .values(
            state=NoticeState.PENDING,
            due_at=tx.now,
            next_attempt_at=tx.now,
            attempts=notices.c.attempts + 1,
            why=None,
            cause=cause(),
            ended_at=None,
        )
    )


def _rows(tx: Transaction, community_id: int, *owed: Owed) -> postgresql.Insert | sqlite.Insert:
    return tx.insert(tables.notices).values(
        [
            {
                "community_id": community_id,
                "kind": each.kind,
                "subject_id": each.subject_id,
                "cycle": each.cycle,
                "to_member_id": each.to_member_id,
                "state": NoticeState.PENDING,
                "due_at": each.due_at or tx.now,
                "next_attempt_at": each.due_at or tx.now,
                "cause": cause(),
                "created_at": tx.now,
            }
            for each in owed
        ]
    )


async def to_deliver(tx: Transaction, notice_id: int) -> RowMapping | None:
    """The notice with whom it goes to, and where the community's staff are."""
    return await tx.one(
        select(
            tables.notices,
            tables.communities.c.staff_channel_id,
            tables.communities.c.settings,
            tables.members.c.user_id.label("to_user_id"),
            tables.members.c.name.label("to_name"),
            tables.members.c.locale.label("to_locale"),
            tables.members.c.gone_at.label("to_gone_at"),
            tables.members.c.dm_closed_at,
            tables.members.c.erased_at,
        )
        .join(tables.communities, tables.communities.c.id == tables.notices.c.community_id)
        .outerjoin(tables.members, tables.members.c.id == tables.notices.c.to_member_id)
        .where(tables.notices.c.id == notice_id)
    )


async def claim_due_notices(tx: Transaction, after: tuple[datetime, int] | None, limit: int) -> Sequence[RowMapping]:
    """Due notices that are this caller's now, oldest first: (id, attempts, next_attempt_at).

    `after` is the last row of the batch before; without it every batch would walk again over the rows claimed before.
    What somebody is told comes in its order: their next notice waits for the one before, as the engine sends many at
    once. Not for one that failed, nor for long.
    """
    notices, earlier = tables.notices, tables.notices.alias("earlier")
    waits_its_turn = exists().where(
        earlier.c.to_member_id == notices.c.to_member_id,
        earlier.c.state.in_((NoticeState.PENDING, NoticeState.QUEUED)),
        earlier.c.attempts == 0,
        earlier.c.id < notices.c.id,
        earlier.c.due_at <= notices.c.due_at,
        earlier.c.next_attempt_at > tx.now - IN_TURN_FOR,
    )
    due = (
        select(notices.c.id, notices.c.attempts, notices.c.next_attempt_at)
        .where(can_go_out(), notices.c.next_attempt_at <= tx.now, ~waits_its_turn)
        .order_by(notices.c.next_attempt_at, notices.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await tx.all(due.where(later_than(notices.c.next_attempt_at, notices.c.id, after)))
    if rows:
        ids = [row["id"] for row in rows]
        await tx.run(update(notices).where(notices.c.id.in_(ids)).values(state=NoticeState.QUEUED))
    return rows


def can_go_out() -> ColumnElement[bool]:
    """Whether the notice waits to be sent. Where the bot is not on the server, all wait until it is back (rule 39)."""
    notices, communities = tables.notices, tables.communities
    away = select(communities.c.id).where(communities.c.left_at.is_not(None))
    return and_(notices.c.state == NoticeState.PENDING, notices.c.community_id.not_in(away))


def later_than(at: Column[datetime], id: Column[int], after: tuple[datetime, int] | None) -> ColumnElement[bool]:
    """The keyset: rows that come after this one in the order (at, id)."""
    if after is None:
        return true()
    return tuple_(at, id) > tuple_(literal(after[0], at.type), literal(after[1], id.type))


def _of_attempt(notice_id: int, attempt: int) -> Update:
    """A write that only the newest attempt wins: one that a crash brought back finds nothing to change."""
    notices = tables.notices
    return update(notices).where(
        notices.c.id == notice_id,
        notices.c.attempts == attempt,
        notices.c.state.in_((NoticeState.PENDING, NoticeState.QUEUED)),
    )


def end_notice(
    tx: Transaction,
    notice_id: int,
    attempt: int,
    state: NoticeState,
    *,
    why: str | None = None,
    channel: Channel | None = None,
    message_id: int | None = None,
) -> Update:
    """The write after which this notice is delivered, dropped or dead."""
    return _of_attempt(notice_id, attempt).values(
        state=state, why=why, channel=channel, message_id=message_id, ended_at=tx.now
    )


def put_off_notice(notice_id: int, attempt: int, until: datetime, why: str) -> Update:
    """The write after which this notice waits for its next attempt."""
    return _of_attempt(notice_id, attempt).values(
        state=NoticeState.PENDING, attempts=attempt + 1, next_attempt_at=until, why=why
    )


def note_dm(member_id: int, closed_at: datetime | None) -> Update:
    """The write that remembers since when this member's DM is closed, or that it is open."""
    return update(tables.members).where(tables.members.c.id == member_id).values(dm_closed_at=closed_at)


async def move_grace_end(tx: Transaction, seat_id: int, grace_number: int, before: datetime, after: datetime) -> bool:
    """Whether this caller moved the end of this grace; False if the seat left it, or another moved it (rule 12)."""
    seats = tables.seats
    moved = await tx.run(
        update(seats)
        .where(
            seats.c.id == seat_id,
            seats.c.state == SeatState.GRACE,
            seats.c.grace_number == grace_number,
            seats.c.grace_ends_at == before,
        )
        .values(grace_ends_at=after)
    )
    return moved.rowcount == 1


def arm_again(kind: NoticeKind, subject_id: int, cycle: int, due_at: datetime) -> Update:
    """The write after which this notice is due then, however it went before.

    An attempt that is under way now belongs to the old time: it can no longer end the notice.
    """
    notices = tables.notices
    return (
        update(notices)
        .where(notices.c.kind == kind, notices.c.subject_id == subject_id, notices.c.cycle == cycle)
        .values(
            state=NoticeState.PENDING,
            due_at=due_at,
            next_attempt_at=due_at,
            attempts=notices.c.attempts + 1,
            channel=None,
            message_id=None,
            why=None,
            cause=cause(),
            ended_at=None,
        )
    )
