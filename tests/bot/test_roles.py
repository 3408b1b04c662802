"""The mentor's student role: in Discord the student has it with their seat and loses it without one (rule 12)."""

import pytest
from simcord import MemberActor, RoleHandle
from sqlalchemy import update

from bot.roles import DiscordRoles
from core.db import tables
from core.ports import MemberGone, RetryAfter, RoleAnswer, RoleBrought, RoleForbidden
from core.usecases.seats.bring_role import FORBIDDEN_FOR
from tests.bot.working import work
from tests.bot.world import World, reply_to, words_of


@pytest.fixture
async def role(world: World) -> RoleHandle:
    """Max's students are to have it. Nobody is his student yet."""
    made = world.guild.create_role("Max's students")
    async with world.db.begin() as tx:
        of_max = tables.mentors.c.member_id == world.max.id
        await tx.run(update(tables.mentors).where(of_max).values(student_role_id=made.id))
    return made


def has(world: World, actor: MemberActor, role: RoleHandle) -> bool:
    return role.id in world.env.backend.get_member(world.guild.id, actor.id).role_ids


def told_to_staff(world: World) -> list[str]:
    return [words_of(message) for message in world.staff_room.history()]


async def grant(world: World) -> None:
    await world.sam.slash(world.public, "staff grant", student=world.eve, mentor="Max", sessions=1, reason="A prize")


async def release(world: World) -> None:
    shown = await world.sam.slash(world.public, "staff release", student="Eve", reason="Moved away")
    await world.sam.click(reply_to(shown), label="Release the seat")


async def test_a_student_has_the_role_with_their_seat_and_loses_it_with_it(world: World, role: RoleHandle) -> None:
    await grant(world)
    assert not has(world, world.eve, role)
    await work(world)
    assert has(world, world.eve, role)
    assert not has(world, world.stu.actor, role)

    world.clock.forward(minutes=1)
    await release(world)
    await work(world)

    assert not has(world, world.eve, role)


async def test_a_role_above_the_bots_own_is_told_to_staff_once_and_given_when_it_is_below(
    world: World, role: RoleHandle
) -> None:
    world.env.backend.edit_role(world.guild.id, role.id, {"position": 50})

    await grant(world)
    await work(world)

    (said,) = told_to_staff(world)
    assert f"I could not change <@&{role.id}> for **Eve**" in said
    world.clock.forward(seconds=FORBIDDEN_FOR.total_seconds())
    await work(world)
    assert len(told_to_staff(world)) == 1
    assert not has(world, world.eve, role)

    world.env.backend.edit_role(world.guild.id, role.id, {"position": 1})
    world.clock.forward(seconds=FORBIDDEN_FOR.total_seconds())
    await work(world)
    assert has(world, world.eve, role)


GIVE, TAKE = "PUT", "DELETE"


@pytest.mark.parametrize(
    ("method", "status", "code", "expected"),
    [
        (GIVE, 403, 50013, RoleForbidden("403 50013")),  # no permission, or a role above ours
        (GIVE, 403, 50001, RoleForbidden("403 50001")),
        (GIVE, 404, 10011, RoleForbidden("404 10011")),
        (GIVE, 400, 50028, RoleForbidden("400 50028")),  # the role of a bot, or everybody's
        (GIVE, 404, 10007, MemberGone()),
        (GIVE, 404, 10013, MemberGone()),
        (GIVE, 503, 0, RetryAfter(None, "503 0")),
        (GIVE, 429, 0, RetryAfter(None, "429 0")),
        (TAKE, 403, 50013, RoleForbidden("403 50013")),
        (TAKE, 404, 10007, MemberGone()),
        (TAKE, 404, 10011, RoleBrought()),  # a role that is gone is had by nobody
    ],
)
async def test_what_discord_answers_is_told_in_the_words_of_the_port(
    world: World, role: RoleHandle, method: str, status: int, code: int, expected: RoleAnswer
) -> None:
    world.env.inject_error(method, "/guilds/*/members/*/roles/*", status=status, code=code)

    answer = await DiscordRoles(world.env.bot).bring(world.guild.id, world.stu.actor.id, role.id, wanted=method == GIVE)

    assert answer == expected


async def test_before_the_bot_is_logged_in_a_role_waits(world: World, role: RoleHandle) -> None:
    roles = DiscordRoles(world.new_bot())

    assert isinstance(await roles.bring(world.guild.id, world.stu.actor.id, role.id, wanted=True), RetryAfter)
