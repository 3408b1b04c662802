"""Mentors as staff manage them: their terms, their pauses, and everybody who has something with them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, exists, func, insert, or_, select, update

from core.db.orders import MONEY_MOVES
from core.db.tables import communities, members, mentor_hours, mentors, orders, packs, seats
from core.db.unit import Transaction
from core.rules.hours import WeeklyHours
from core.rules.seats import PAID_FOR
from core.rules.states import PackState, SeatState

_RUNNING = (PackState.ACTIVE, PackState.DEPLETED)


async def mentor_to_manage(tx: Transaction, community_id: int, mentor_id: int) -> RowMapping | None:
    """With name, taken places and what is set for all; None if they are removed or another community's."""
    taken = (
        select(func.count())
        .where(seats.c.mentor_id == mentors.c.member_id, seats.c.state != SeatState.RELEASED)
        .correlate(mentors)
        .scalar_subquery()
    )
    return await tx.one(
        select(mentors, members.c.name, taken.label("occupied"), communities.c.settings, communities.c.staff_role_id)
        .join(members, members.c.id == mentors.c.member_id)
        .join(communities, communities.c.id == mentors.c.community_id)
        .where(
            mentors.c.member_id == mentor_id,
            mentors.c.community_id == community_id,
            mentors.c.removed_at.is_(None),
        )
    )


async def edit_mentor_row(tx: Transaction, mentor_id: int, **values: Any) -> None:
    await tx.run(update(mentors).where(mentors.c.member_id == mentor_id).values(**values))


async def is_removed(tx: Transaction, mentor_id: int) -> bool:
    """Whether the mentor teaches no more. Under a lock on them it stays so."""
    return await tx.value(select(mentors.c.removed_at).where(mentors.c.member_id == mentor_id)) is not None


async def running_mentors(tx: Transaction, community_id: int) -> Sequence[int]:
    """Those who teach here and are not paused."""
    running = (mentors.c.community_id == community_id) & mentors.c.removed_at.is_(None) & mentors.c.paused_at.is_(None)
    return [row["member_id"] for row in await tx.all(select(mentors.c.member_id).where(running))]


async def mentors_paused_at(tx: Transaction, community_id: int, at: datetime) -> Sequence[int]:
    """Those who were paused at this very instant, and are so still."""
    stopped = (mentors.c.community_id == community_id) & mentors.c.removed_at.is_(None) & (mentors.c.paused_at == at)
    return [row["member_id"] for row in await tx.all(select(mentors.c.member_id).where(stopped))]


async def pause_mentor_row(tx: Transaction, mentor_id: int, at: datetime) -> bool:
    """Whether this caller paused the mentor; False if they are paused already."""
    paused = await tx.run(
        update(mentors).where(mentors.c.member_id == mentor_id, mentors.c.paused_at.is_(None)).values(paused_at=at)
    )
    return paused.rowcount == 1


async def resume_mentor_row(tx: Transaction, mentor_id: int, paused_at: datetime) -> bool:
    """Whether this caller ended this pause."""
    resumed = await tx.run(
        update(mentors).where(mentors.c.member_id == mentor_id, mentors.c.paused_at == paused_at).values(paused_at=None)
    )
    return resumed.rowcount == 1


async def hours_of(tx: Transaction, mentor_id: int) -> tuple[WeeklyHours, ...]:
    rows = await tx.all(
        select(mentor_hours)
        .where(mentor_hours.c.mentor_id == mentor_id)
        .order_by(mentor_hours.c.weekday, mentor_hours.c.starts_minute)
    )
    return tuple(WeeklyHours(row["weekday"], row["starts_minute"], row["ends_minute"]) for row in rows)


async def replace_hours(tx: Transaction, mentor_id: int, hours: Iterable[WeeklyHours]) -> None:
    """The mentor's week is this one."""
    await tx.run(delete(mentor_hours).where(mentor_hours.c.mentor_id == mentor_id))
    week = [
        {
            "mentor_id": mentor_id,
            "weekday": entry.weekday,
            "starts_minute": entry.starts_minute,
            "ends_minute": entry.ends_minute,
        }
        for entry in hours
    ]
    if week:
        await tx.run(insert(mentor_hours).values(week))


async def paid_seats_of(tx: Transaction, mentor_id: int) -> Sequence[RowMapping]:
    """The seats that students have by a pack, in the order in which they were taken."""
    return await tx.all(
        select(seats).where(seats.c.mentor_id == mentor_id, seats.c.state.in_(list(PAID_FOR))).order_by(seats.c.id)
    )


async def running_packs_of(tx: Transaction, mentor_id: int) -> Sequence[RowMapping]:
    """The mentor's packs that may expire still, or will when a session of theirs comes back."""
    return await tx.all(
        select(packs).where(packs.c.mentor_id == mentor_id, packs.c.state.in_(_RUNNING)).order_by(packs.c.id)
    )


async def move_expiries(tx: Transaction, expiries: Mapping[int, datetime]) -> None:
    """Each of these packs expires then. Whoever calls holds the lock on their mentor."""
    if expiries:
        statement = update(packs).where(packs.c.id == bindparam("of_id")).values(expires_at=bindparam("until"))
        rows = [{"of_id": pack_id, "until": until} for pack_id, until in expiries.items()]
        await tx.connection.execute(statement, rows)


async def pairs_of(tx: Transaction, mentor_id: int) -> Sequence[RowMapping]:
    """Everybody who has a seat with the mentor or sessions left: their latest seat, what is left, what is booked."""
    other, of_pair = seats.alias("other"), packs.alias("of_pair")
    superseded = exists().where(
        other.c.student_id == seats.c.student_id,
        other.c.mentor_id == seats.c.mentor_id,
        or_(other.c.state != SeatState.RELEASED, other.c.id > seats.c.id),
    )

    def total(column: Any) -> Any:
        return (
            select(func.coalesce(func.sum(column), 0))
            .where(of_pair.c.student_id == seats.c.student_id, of_pair.c.mentor_id == seats.c.mentor_id)
            .correlate(seats)
            .scalar_subquery()
        )

    return await tx.all(
        select(
            seats,
            members.c.name.label("student_name"),
            members.c.user_id.label("student_user_id"),
            total(of_pair.c.remaining).label("remaining"),
            total(of_pair.c.held).label("held"),
        )
        .join(members, members.c.id == seats.c.student_id)
        .where(
            seats.c.mentor_id == mentor_id,
            or_(seats.c.state != SeatState.RELEASED, ~superseded & (total(of_pair.c.remaining) > 0)),
        )
        .order_by(func.lower(members.c.name), seats.c.id)
    )


async def was_removed(tx: Transaction, member_id: int) -> bool:
    """Whether the member was a mentor, and is none any more."""
    gone = exists().where(mentors.c.member_id == member_id, mentors.c.removed_at.is_not(None))
    return bool(await tx.value(select(gone)))


async def gives_role(tx: Transaction, community_id: int, role_id: int) -> bool:
    """Whether students of one of the mentors have this role by their seats."""
    given = exists().where(
        mentors.c.community_id == community_id,
        mentors.c.student_role_id == role_id,
        mentors.c.removed_at.is_(None),
    )
    return bool(await tx.value(select(given)))


async def unsettled_of_mentor(tx: Transaction, mentor_id: int) -> int:
    """How many orders are open, on their way, or wait for staff."""
    counted: int = await tx.value(
        select(func.count()).select_from(orders).where(orders.c.mentor_id == mentor_id, orders.c.state.in_(MONEY_MOVES))
    )
    return counted
