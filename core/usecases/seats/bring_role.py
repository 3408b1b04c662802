"""Bring a student's role in line with their seat: theirs while it is active or in grace (rule 12).

Asked again and again until it is done, and never waited for: neither money nor seats hang on it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from core.db.notices import Owed, owe
from core.db.roles import (
    ask_for_roles_in,
    ask_for_same_role,
    end_role,
    note_role,
    put_off_role,
    role_of_seat,
    staff_know_of_role,
)
from core.db.tables import communities
from core.db.unit import Database, Transaction, reading, transaction
from core.ports import MemberGone, RetryAfter, RoleAnswer, RoleBrought, RoleForbidden, Roles
from core.rules.backoff import pause_after
from core.rules.notices import NoticeKind, cycle_at
from core.rules.seats import PAID_FOR
from core.usecases.community.gone import note_gone

FORBIDDEN_FOR = timedelta(hours=6)
"""What staff must mend is tried again after this; giving us the permission needs no word to us."""

_KNOWN_FOR = timedelta(days=7)  # staff are not told of one mentor's role again before


@dataclass(frozen=True, slots=True)
class _Plan:
    """What Discord is to be asked for, as the seat was when it was `due_at`."""

    seat_id: int
    community_id: int
    mentor_id: int
    student_id: int
    guild_id: int
    user_id: int
    due_at: datetime
    attempts: int
    away: bool
    take: int | None
    give: int | None


async def bring_role(db: Database, roles: Roles, seat_id: int) -> str:
    """In a word what came of it. Twice is as once; who is gone has no roles, and that is noted."""
    plan = await _plan(db, seat_id)
    if plan is None:
        return "known"
    if plan.away:
        await _put_off(db, plan, FORBIDDEN_FOR)
        return "away"
    if plan.take is not None:
        answer = await roles.bring(plan.guild_id, plan.user_id, plan.take, wanted=False)
        if not isinstance(answer, RoleBrought):
            return await _conclude(db, plan, answer)
    await _intend(db, plan)
    if plan.give is not None:
        answer = await roles.bring(plan.guild_id, plan.user_id, plan.give, wanted=True)
        if not isinstance(answer, RoleBrought):
            return await _conclude(db, plan, answer)
    await _end(db, plan)
    return "done"


@transaction
async def put_off_bringing(tx: Transaction, seat_id: int) -> None:
    """Of whoever could not even try: it is tried again later."""
    seat = await role_of_seat(tx, seat_id)
    if seat is not None:
        await put_off_role(tx, seat_id, seat["role_due_at"], pause_after(seat["role_attempts"]))


@transaction
async def bring_now(tx: Transaction, guild_id: int) -> None:
    """The roles that wait in this guild are tried now: staff may have mended what kept us from them."""
    await tx.run(ask_for_roles_in(tx, select(communities.c.id).where(communities.c.guild_id == guild_id)))


@reading
async def _plan(tx: Transaction, seat_id: int) -> _Plan | None:
    seat = await role_of_seat(tx, seat_id)
    if seat is None:
        return None
    wanted = seat["student_role_id"] if seat["state"] in PAID_FOR and seat["removed_at"] is None else None
    has = seat["role_id"]
    return _Plan(
        seat_id=seat_id,
        community_id=seat["community_id"],
        mentor_id=seat["mentor_id"],
        student_id=seat["student_id"],
        guild_id=seat["guild_id"],
        user_id=seat["user_id"],
        due_at=seat["role_due_at"],
        attempts=seat["role_attempts"],
        away=seat["left_at"] is not None,
        take=has if has != wanted and not seat["kept"] else None,
        give=wanted,
    )


@transaction
async def _intend(tx: Transaction, plan: _Plan) -> None:
    """Before it is given, so that whatever happens then, it is known what may have to be taken."""
    await note_role(tx, plan.seat_id, plan.give)
    if plan.take is not None:
        # A seat that gives the same role may have been taken while this one was being lost.
        await tx.run(ask_for_same_role(tx, plan.seat_id, plan.student_id, plan.take))


async def _conclude(db: Database, plan: _Plan, answer: RoleAnswer) -> str:
    match answer:
        case MemberGone():
            await note_gone(db, plan.student_id)
            await _end(db, plan)
            return "gone"
        case RoleForbidden():
            await _ask_staff(db, plan)
            return "forbidden"
        case RetryAfter(seconds):
            await _put_off(db, plan, pause_after(plan.attempts, seconds))
            return "later"
        case RoleBrought():
            return "done"


@transaction
async def _end(tx: Transaction, plan: _Plan) -> None:
    await end_role(tx, plan.seat_id, plan.due_at)


@transaction
async def _put_off(tx: Transaction, plan: _Plan, pause: timedelta) -> None:
    await put_off_role(tx, plan.seat_id, plan.due_at, pause)


@transaction
async def _ask_staff(tx: Transaction, plan: _Plan) -> None:
    """Staff hear of it once for the mentor, not once for each student."""
    await put_off_role(tx, plan.seat_id, plan.due_at, FORBIDDEN_FOR)
    if not await staff_know_of_role(tx, plan.mentor_id, tx.now - _KNOWN_FOR):
        failed = Owed(NoticeKind.ROLE_FAILED_STAFF, plan.seat_id, None, cycle_at(tx.now))
        await tx.run(owe(tx, plan.community_id, failed))
