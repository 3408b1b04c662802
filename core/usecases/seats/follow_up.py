"""What follows for a seat from a change of ledger, session or pack: asked after every one (rule 21)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from core.db.history import SYSTEM, Change, record
from core.db.notices import Owed, owe
from core.db.seats import move_seat
from core.db.tables import communities, mentors, packs, seats, sessions
from core.db.unit import Transaction
from core.rules.balance import Pack
from core.rules.grace import BeginGrace, EndGrace, Nothing, Pair, RemindOfRenewal, what_follows
from core.rules.notices import NoticeKind
from core.rules.settings import Settings, settings_from
from core.rules.states import SeatState, SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class PairNow:
    """One student with one mentor as the tables have them at this point of the transaction."""

    community_id: int
    student_id: int
    mentor_id: int
    seat_id: int | None
    seat_state: SeatState | None
    grace_number: int
    packs: tuple[Pack, ...]
    scheduled: int
    clocks_stopped: bool
    settings: Settings


async def load_pair(tx: Transaction, student_id: int, mentor_id: int) -> PairNow:
    """The pair's seat, packs and holds. Lock its members first: two changes at once must not each miss the other."""
    scheduled = select(func.count()).where(
        sessions.c.student_id == student_id,
        sessions.c.mentor_id == mentor_id,
        sessions.c.state == SessionState.SCHEDULED,
    )
    seat = (
        (
            await tx.run(
                select(
                    mentors.c.community_id,
                    mentors.c.paused_at,
                    communities.c.settings,
                    seats.c.id,
                    seats.c.state,
                    seats.c.grace_number,
                    scheduled.scalar_subquery().label("scheduled"),
                )
                .join(communities, communities.c.id == mentors.c.community_id)
                .outerjoin(
                    seats,
                    (seats.c.mentor_id == mentors.c.member_id)
                    & (seats.c.student_id == student_id)
                    & (seats.c.state != SeatState.RELEASED),
                )
                .where(mentors.c.member_id == mentor_id)
            )
        )
        .mappings()
        .one()
    )
    return PairNow(
        community_id=seat["community_id"],
        student_id=student_id,
        mentor_id=mentor_id,
        seat_id=seat["id"],
        seat_state=seat["state"],
        grace_number=seat["grace_number"] or 0,
        packs=await packs_of_pair(tx, student_id, mentor_id),
        scheduled=seat["scheduled"],
        clocks_stopped=seat["paused_at"] is not None,
        settings=settings_from(seat["settings"]),
    )


async def packs_of_pair(tx: Transaction, student_id: int, mentor_id: int) -> tuple[Pack, ...]:
    """Every pack that the pair ever had, oldest first."""
    rows = await tx.all(
        select(packs).where(packs.c.student_id == student_id, packs.c.mentor_id == mentor_id).order_by(packs.c.id)
    )
    return tuple(
        Pack(
            id=row["id"],
            total=row["total"],
            remaining=row["remaining"],
            held=row["held"],
            session_minutes=row["session_minutes"],
            expires_at=row["expires_at"],
            state=row["state"],
            frozen=row["frozen_at"] is not None,
        )
        for row in rows
    )


async def follow_up(tx: Transaction, student_id: int, mentor_id: int, remaining_before: int) -> None:
    """Begin or end the grace, or remind of the renewal, as `what_follows` decides.

    `remaining_before` is the pair's usable remaining before the change.
    """
    now = await load_pair(tx, student_id, mentor_id)
    pair = Pair(
        seat_state=now.seat_state,
        packs=now.packs,
        scheduled=now.scheduled,
        purchases=len(now.packs),
        grace_number=now.grace_number,
        clocks_stopped=now.clocks_stopped,
    )
    if now.seat_id is None:
        return
    match what_follows(remaining_before, pair, now.settings, tx.now):
        case BeginGrace() as grace:
            await _begin_grace(tx, now, now.seat_id, grace)
        case EndGrace():
            if await move_seat(tx, now.seat_id, [SeatState.GRACE], SeatState.ACTIVE):
                change = Change("seat", now.seat_id, SeatState.GRACE, SeatState.ACTIVE, "end grace")
                await tx.run(record(now.community_id, tx.now, SYSTEM, change))
        case RemindOfRenewal(cycle):
            reminder = Owed(NoticeKind.RENEWAL_REMINDER, now.seat_id, student_id, cycle)
            await tx.run(owe(tx, now.community_id, reminder))
        case Nothing():
            pass


async def _begin_grace(tx: Transaction, pair: PairNow, seat_id: int, grace: BeginGrace) -> None:
    begun = await tx.run(
        update(seats)
        .where(seats.c.id == seat_id, seats.c.state == SeatState.ACTIVE)
        .values(state=SeatState.GRACE, grace_ends_at=grace.ends_at, grace_number=grace.number)
    )
    if begun.rowcount != 1:
        return
    facts = {"ends_at": grace.ends_at.isoformat()}
    await tx.write_all(
        record(
            pair.community_id,
            tx.now,
            SYSTEM,
            Change("seat", seat_id, SeatState.ACTIVE, SeatState.GRACE, "begin grace", facts=facts),
        ),
        owe(
            tx,
            pair.community_id,
            Owed(NoticeKind.GRACE_BEGAN, seat_id, pair.student_id, grace.number),
            _warning(seat_id, pair.student_id, grace.number, grace.warning_due_at),
        ),
    )


def _warning(seat_id: int, student_id: int, number: int, due_at: datetime) -> Owed:
    return Owed(NoticeKind.FINAL_WARNING, seat_id, student_id, number, due_at)
