"""Seats: who occupies a mentor's places, and the guarded writes that move a seat."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Exists, RowMapping, Select, exists, func, insert, select, update

from core.db.roles import role_due_when_moved, role_due_when_taken
from core.db.tables import members, notices, seats
from core.db.unit import Transaction
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState, SeatState


async def lock_members(tx: Transaction, *member_ids: int) -> None:
    """Until this transaction ends nobody else decides about these members' seats or calendars.

    One order for all, so that two who need the same pair never wait for each other. SQLite has one writer anyway.
    """
    if tx.is_postgres:
        await tx.run(
            select(members.c.id)
            .where(members.c.id.in_(member_ids))
            .order_by(members.c.id)
            .with_for_update(key_share=True)  # rows that refer to a member may still be written
        )


def occupied_of(mentor_id: Any) -> Select[Any]:
    """How many of the mentor's places are taken (rule 7)."""
    return select(func.count()).where(seats.c.mentor_id == mentor_id, seats.c.state != SeatState.RELEASED)


async def take_seat(tx: Transaction, *, community_id: int, student_id: int, mentor_id: int, state: SeatState) -> int:
    """The id of a new seat. Whoever lost the pair's one live seat to another fires `uq_seats_one_live`."""
    seat_id: int = await tx.value(
        insert(seats)
        .values(
            community_id=community_id,
            student_id=student_id,
            mentor_id=mentor_id,
            state=state,
            role_due_at=role_due_when_taken(mentor_id, state, tx.now),
            created_at=tx.now,
        )
        .returning(seats.c.id)
    )
    return seat_id


async def move_seat(
    tx: Transaction,
    seat_id: int,
    before: Iterable[SeatState],
    after: SeatState,
    *,
    grace_ends_at: datetime | None = None,
) -> bool:
    """Whether this caller moved the seat; False if it is no longer in one of the states that it was read in."""
    moved = await tx.run(
        update(seats)
        .where(seats.c.id == seat_id, seats.c.state.in_(list(before)))
        .values(
            state=after,
            grace_ends_at=grace_ends_at,
            grace_stopped_at=None,
            released_at=tx.now if after is SeatState.RELEASED else None,
            role_due_at=role_due_when_moved(after, tx.now),
        )
    )
    return moved.rowcount == 1


def warned() -> Exists:
    """Whether the final warning of the seat's present grace was delivered, by whatever channel (rule 12)."""
    return exists().where(
        notices.c.kind == NoticeKind.FINAL_WARNING,
        notices.c.subject_id == seats.c.id,
        notices.c.cycle == seats.c.grace_number,
        notices.c.state == NoticeState.DELIVERED,
    )


async def live_seat(tx: Transaction, student_id: int, mentor_id: int) -> RowMapping | None:
    """The pair's seat that is not released, as it is once nobody else is moving it."""
    return await tx.one(
        select(seats)
        .where(seats.c.student_id == student_id, seats.c.mentor_id == mentor_id, seats.c.state != SeatState.RELEASED)
        .with_for_update()
    )


async def seat_of(tx: Transaction, community_id: int, seat_id: int) -> RowMapping | None:
    """The seat with its people's names; None if it is not of this community."""
    student, mentor = members.alias("student"), members.alias("mentor")
    return await tx.one(
        select(
            seats,
            student.c.name.label("student_name"),
            student.c.user_id.label("student_user_id"),
            mentor.c.name.label("mentor_name"),
        )
        .join(student, student.c.id == seats.c.student_id)
        .join(mentor, mentor.c.id == seats.c.mentor_id)
        .where(seats.c.id == seat_id, seats.c.community_id == community_id)
    )


async def last_released(tx: Transaction, student_id: int, mentor_id: int) -> int | None:
    """The seat that the pair lost last."""
    seat_id: int | None = await tx.value(
        select(seats.c.id)
        .where(seats.c.student_id == student_id, seats.c.mentor_id == mentor_id, seats.c.state == SeatState.RELEASED)
        .order_by(seats.c.released_at.desc(), seats.c.id.desc())
        .limit(1)
    )
    return seat_id
