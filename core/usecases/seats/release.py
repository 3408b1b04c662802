"""Release a seat whose grace is over (rule 12)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from core.db.history import SYSTEM, Change, record
from core.db.notices import Owed, owe
from core.db.orders import UNSETTLED, order_of_pair
from core.db.seats import lock_members, move_seat, warned
from core.db.tables import mentors, orders, seats
from core.db.unit import Transaction, reading, transaction
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import Release, why_not_release
from core.rules.states import OrderState, SeatState


@dataclass(frozen=True, slots=True)
class Released:
    seat_id: int


@transaction
async def release(tx: Transaction, seat_id: int) -> Released | Refused:
    """The seat is free, and student, mentor and staff will be told.

    A purchase of the pair takes the same lock: either it finds the seat released, or its order is seen here.
    A payment that arrives at the same instant moves the seat's row first, or finds it released and takes it back.
    """
    pair = await tx.one(select(seats.c.student_id, seats.c.mentor_id).where(seats.c.id == seat_id))
    if pair is None:
        return refuse(Reason.NO_SEAT)
    await lock_members(tx, pair["student_id"], pair["mentor_id"])
    seat = await _seat(tx, seat_id)
    known = Release(
        now=tx.now,
        seat_state=seat["state"],
        grace_ends_at=seat["grace_ends_at"],
        warning_delivered=seat["warned"],
        order_unsettled=seat["unsettled"],
        clocks_stopped=seat["paused_at"] is not None or seat["grace_stopped_at"] is not None,
    )
    if refused := why_not_release(known):
        return refused
    if not await move_seat(tx, seat_id, [SeatState.GRACE], SeatState.RELEASED):
        return refuse(Reason.NOT_IN_GRACE)
    cycle = seat["grace_number"]
    await tx.write_all(
        record(
            seat["community_id"],
            tx.now,
            SYSTEM,
            Change("seat", seat_id, SeatState.GRACE, SeatState.RELEASED, "release", "the grace is over"),
        ),
        owe(
            tx,
            seat["community_id"],
            Owed(NoticeKind.SEAT_RELEASED, seat_id, seat["student_id"], cycle),
            Owed(NoticeKind.SEAT_RELEASED_MENTOR, seat_id, seat["mentor_id"], cycle),
            Owed(NoticeKind.SEAT_RELEASED_STAFF, seat_id, None, cycle),
        ),
    )
    return Released(seat_id)


async def _seat(tx: Transaction, seat_id: int) -> RowMapping:
    """The seat, whether this grace's warning was delivered by any channel, and whether money may be moving."""
    return (
        (
            await tx.run(
                select(
                    seats,
                    mentors.c.paused_at,
                    warned().label("warned"),
                    order_of_pair(seats.c.student_id, seats.c.mentor_id).label("unsettled"),
                )
                .join(mentors, mentors.c.member_id == seats.c.mentor_id)
                .where(seats.c.id == seat_id)
            )
        )
        .mappings()
        .one()
    )


@dataclass(frozen=True, slots=True)
class DueRelease:
    """A seat whose grace is over, and the order that must be settled with its provider first, if there is one."""

    seat_id: int
    unsettled_order_id: int | None


@reading
async def due_releases(tx: Transaction, after_seat_id: int = 0, limit: int = 100) -> tuple[DueRelease, ...]:
    """The seats whose grace is over, by id from `after_seat_id` on; not those whose money is parked for staff.

    Nor those whose clock stands: of a paused mentor (rule 39), or of a disputed payment (rule 29).
    """
    rows = await tx.all(
        select(seats.c.id, orders.c.id.label("order_id"))
        .join(mentors, mentors.c.member_id == seats.c.mentor_id)
        .outerjoin(
            orders,
            (orders.c.student_id == seats.c.student_id)
            & (orders.c.mentor_id == seats.c.mentor_id)
            & orders.c.state.in_(UNSETTLED),
        )
        .where(
            seats.c.state == SeatState.GRACE,
            seats.c.grace_ends_at <= tx.now,
            mentors.c.paused_at.is_(None),
            seats.c.grace_stopped_at.is_(None),
            seats.c.id > after_seat_id,
            ~order_of_pair(seats.c.student_id, seats.c.mentor_id, [OrderState.PARKED]),
        )
        .order_by(seats.c.id)
        .limit(limit)
    )
    return tuple(DueRelease(row["id"], row["order_id"]) for row in rows)
