"""A student's role follows their seat, whatever Discord answers (rule 12)."""

from datetime import datetime

from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.ports import MemberGone, RetryAfter, RoleForbidden
from core.rules.notices import NoticeKind
from core.rules.states import SeatState
from core.usecases.seats.bring_role import FORBIDDEN_FOR, bring_role, put_off_bringing
from tests.builders import Pair, a_pair, count_of, row_of
from tests.clocks import NOW
from tests.roles import KeepingRoles

ROLE, OLD = 55, 44


async def a_due_role(db: Database, seat: SeatState = SeatState.ACTIVE, has: int | None = None) -> Pair:
    pair = await a_pair(db, seat=seat)
    async with db.begin() as tx:
        await tx.run(
            update(tables.mentors).where(tables.mentors.c.member_id == pair.mentor.id).values(student_role_id=ROLE)
        )
        await tx.run(update(tables.seats).where(tables.seats.c.id == pair.seat_id).values(role_due_at=NOW, role_id=has))
    return pair


async def role(db: Database, pair: Pair) -> tuple[int | None, datetime | None]:
    seat = await row_of(db, tables.seats, pair.seat_id)
    return seat["role_id"], seat["role_due_at"]


async def test_a_student_gets_the_role_once(db: Database) -> None:
    pair, discord = await a_due_role(db), KeepingRoles()

    assert await bring_role(db, discord, pair.seat_id) == "done"
    assert await bring_role(db, discord, pair.seat_id) == "known"

    assert discord.calls == [(ROLE, True)]
    assert await role(db, pair) == (ROLE, None)


async def test_a_released_student_loses_it(db: Database) -> None:
    pair, discord = await a_due_role(db, SeatState.RELEASED, has=ROLE), KeepingRoles()

    assert await bring_role(db, discord, pair.seat_id) == "done"

    assert discord.calls == [(ROLE, False)]
    assert await role(db, pair) == (None, None)


async def test_another_role_takes_the_place_of_the_old_one(db: Database) -> None:
    pair, discord = await a_due_role(db, has=OLD), KeepingRoles()

    assert await bring_role(db, discord, pair.seat_id) == "done"

    assert discord.calls == [(OLD, False), (ROLE, True)]
    assert await role(db, pair) == (ROLE, None)


async def test_what_we_may_not_do_is_told_to_staff_once_and_tried_again_later(db: Database) -> None:
    pair, discord = await a_due_role(db), KeepingRoles(RoleForbidden("50013"))

    assert await bring_role(db, discord, pair.seat_id) == "forbidden"
    assert await bring_role(db, discord, pair.seat_id) == "forbidden"

    assert (await role(db, pair))[1] == NOW + FORBIDDEN_FOR
    assert await count_of(db, tables.notices, tables.notices.c.kind == NoticeKind.ROLE_FAILED_STAFF) == 1
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_a_role_that_cannot_be_taken_yet_is_kept_in_mind(db: Database) -> None:
    pair, discord = await a_due_role(db, SeatState.RELEASED, has=ROLE), KeepingRoles(RetryAfter(60, "429"))

    assert await bring_role(db, discord, pair.seat_id) == "later"

    has, due = await role(db, pair)
    assert has == ROLE
    assert due is not None
    assert due > NOW


async def test_who_is_gone_has_no_roles_and_that_is_noted(db: Database) -> None:
    pair = await a_due_role(db)

    assert await bring_role(db, KeepingRoles(MemberGone()), pair.seat_id) == "gone"

    assert (await row_of(db, tables.members, pair.student.id))["gone_at"] == NOW
    assert (await role(db, pair))[1] is None


async def test_out_of_the_guild_nothing_is_asked_for(db: Database) -> None:
    pair, discord = await a_due_role(db), KeepingRoles()
    async with db.begin() as tx:
        await tx.run(update(tables.communities).values(left_at=NOW))

    assert await bring_role(db, discord, pair.seat_id) == "away"
    assert discord.calls == []


async def test_who_could_not_even_try_tries_again(db: Database) -> None:
    pair = await a_due_role(db)

    await put_off_bringing(db, pair.seat_id)
    await put_off_bringing(db, pair.seat_id + 1)

    due = (await role(db, pair))[1]
    assert due is not None
    assert due > NOW
