"""The roles of mentors' students are seen to when they are due, however often Discord says no (rule 12)."""

from dataclasses import dataclass

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.due import LEASE_FOR
from core.db.roles import claim_roles
from core.db.unit import Database
from core.jobs.jobs import Jobs
from core.jobs.sweeps import next_due_at
from core.ports import RoleAnswer, RoleForbidden
from core.rules.states import SeatState
from core.usecases.seats.bring_role import FORBIDDEN_FOR
from tests.builders import Pair, a_pair, count_of, row_of
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.roles import KeepingRoles

ROLE = 55


async def a_due_role(db: Database, seat: SeatState = SeatState.ACTIVE, has: int | None = None) -> Pair:
    pair = await a_pair(db, seat=seat)
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(student_role_id=ROLE))
        await tx.run(update(tables.seats).where(tables.seats.c.id == pair.seat_id).values(role_due_at=NOW, role_id=has))
    return pair


async def test_roles_that_are_due_are_given_and_taken_once(db: Database, jobs: Jobs, roles: KeepingRoles) -> None:
    await a_due_role(db)
    await a_due_role(db, SeatState.RELEASED, has=ROLE)
    assert await next_due_at(db) == NOW

    await jobs.run_due()
    await jobs.run_due()

    assert roles.calls == [(ROLE, True), (ROLE, False)]
    assert await next_due_at(db) != NOW


async def test_what_only_staff_can_mend_is_told_to_them_once_and_tried_again(
    db: Database, clock: SettableClock, jobs: Jobs, roles: KeepingRoles, courier: KeepingCourier
) -> None:
    await a_due_role(db)
    await a_due_role(db)
    roles.answer = RoleForbidden("403 50013")

    await jobs.run_due()
    assert await next_due_at(db) == NOW + FORBIDDEN_FOR
    clock.set(NOW + FORBIDDEN_FOR)
    roles.answer = KeepingRoles().answer
    await jobs.run_due()

    assert [text.split("\n")[0] for text in courier.texts] == ["A role cannot be given"] * 2  # one for each mentor
    assert await count_of(db, tables.seats, tables.seats.c.role_due_at.is_not(None)) == 0


@dataclass
class BrokenRoles(KeepingRoles):
    async def bring(self, guild_id: int, user_id: int, role_id: int, *, wanted: bool) -> RoleAnswer:
        await super().bring(guild_id, user_id, role_id, wanted=wanted)
        raise RuntimeError("a fault of ours")


class TestAFault:
    @pytest.fixture
    def roles(self) -> KeepingRoles:
        return BrokenRoles()

    async def test_puts_the_role_off_longer_each_time(
        self, db: Database, clock: SettableClock, jobs: Jobs, roles: KeepingRoles, caplog: pytest.LogCaptureFixture
    ) -> None:
        pair = await a_due_role(db)

        await jobs.run_due()
        first = (await row_of(db, tables.seats, pair.seat_id))["role_due_at"] - clock.now()
        clock.forward(seconds=first.total_seconds())
        await jobs.run_due()
        second = (await row_of(db, tables.seats, pair.seat_id))["role_due_at"] - clock.now()

        assert second == 2 * first
        assert roles.calls == [(ROLE, True)] * 2
        assert f"bringing the role of seat {pair.seat_id}" in caplog.text


async def test_a_role_that_a_crash_lost_is_due_again_when_its_lease_ends(
    db: Database, clock: SettableClock, jobs: Jobs, roles: KeepingRoles
) -> None:
    await a_due_role(db)
    async with db.begin() as tx:
        assert len(await claim_roles(tx, None, 10)) == 1
    await jobs.run_due()
    assert roles.calls == []

    clock.set(NOW + LEASE_FOR)
    await jobs.run_due()

    assert roles.calls == [(ROLE, True)]
