"""A role or channel is deleted in Discord: nothing hangs on it any more, and staff hear of it where they can."""

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import deliver
from core.ports import Address, ChannelClosed
from core.rules.notices import NoticeKind
from core.rules.states import Channel, NoticeState
from core.usecases.asker import Asker
from core.usecases.community.deleted import note_deleted
from core.usecases.community.set_up import SetUp, set_up
from core.usecases.seats.bring_role import bring_role
from tests.answers import given
from tests.builders import a_mentor, a_pair, count_of, row_of, rows_of
from tests.clocks import NOW
from tests.notices.courier import KeepingCourier
from tests.notices.owing import notice
from tests.roles import KeepingRoles

GUILD, ROLE = 77, 55
OWNER = Asker(GUILD, 1, "Olga", manages_guild=True)
WANTED = SetUp("Chess Club", "Europe/Berlin", "EUR", staff_role_id=5, staff_channel_id=6, sessions_channel_id=7)


async def the_notice(db: Database, kind: NoticeKind) -> int:
    (owed,) = await rows_of(db, tables.notices, tables.notices.c.kind == kind)
    return int(owed["id"])


@pytest.mark.parametrize(
    ("deleted", "column", "said", "to"),
    [
        (5, "staff_role_id", "The staff role was deleted: only members with", Address(Channel.STAFF, 6)),
        (6, "staff_channel_id", "The staff channel was deleted: what needs a person", Address(Channel.DM, 1)),
        (7, "sessions_channel_id", "The sessions channel was deleted, and the threads", Address(Channel.STAFF, 6)),
    ],
)
async def test_what_was_chosen_is_chosen_no_longer_and_staff_hear_of_it_in_what_is_left(
    db: Database, courier: KeepingCourier, deleted: int, column: str, said: str, to: Address
) -> None:
    community = given(await set_up(db, OWNER, WANTED))

    assert await note_deleted(db, GUILD, deleted)
    assert not await note_deleted(db, GUILD, deleted)
    assert not await note_deleted(db, 4711, deleted)

    assert (await row_of(db, tables.communities, community.id))[column] is None
    (_, change) = await rows_of(db, tables.history)
    assert (change["verb"], change["why"]) == ("edit", "deleted in Discord")
    assert change["facts"] == {column: {"from": deleted, "to": None}}
    await deliver(db, courier, await the_notice(db, NoticeKind.SETTING_GONE_STAFF))
    assert [sent.to for sent in courier.sent] == [to]
    assert said in courier.texts[0]
    assert "Please choose another with `/setup`." in courier.texts[0]


async def test_one_channel_for_both_is_told_once_and_nothing_of_what_was_chosen_meanwhile(
    db: Database, courier: KeepingCourier
) -> None:
    given(await set_up(db, OWNER, SetUp("Chess Club", "Etc/UTC", "EUR", staff_channel_id=6, sessions_channel_id=6)))
    await note_deleted(db, GUILD, 6)
    given(await set_up(db, OWNER, SetUp("Chess Club", staff_channel_id=8)))

    await deliver(db, courier, await the_notice(db, NoticeKind.SETTING_GONE_STAFF))

    (sent,) = courier.sent
    assert sent.to == Address(Channel.STAFF, 8)
    assert "sessions channel" in sent.message.text
    assert "staff channel" not in sent.message.text


async def test_once_all_is_chosen_anew_there_is_nothing_to_tell(db: Database, courier: KeepingCourier) -> None:
    given(await set_up(db, OWNER, WANTED))
    await note_deleted(db, GUILD, 5)
    given(await set_up(db, OWNER, SetUp("Chess Club", staff_role_id=9)))
    owed = await the_notice(db, NoticeKind.SETTING_GONE_STAFF)

    assert await deliver(db, courier, owed) is NoticeState.DROPPED


async def test_without_a_channel_and_with_closed_dms_it_waits_as_all_that_is_for_staff(
    db: Database, courier: KeepingCourier
) -> None:
    given(await set_up(db, OWNER, WANTED))
    await note_deleted(db, GUILD, 6)
    owed = await the_notice(db, NoticeKind.SETTING_GONE_STAFF)
    courier.always = ChannelClosed("403 50007")

    assert await deliver(db, courier, owed) is NoticeState.PENDING
    assert (await notice(db, owed))["why"] == "the community has no staff channel"


async def test_a_student_role_that_is_deleted_is_asked_for_no_more(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    await a_mentor(db, pair.community, "Max", student_role_id=ROLE + 1)
    async with db.begin() as tx:
        of_mara = tables.mentors.c.member_id == pair.mentor.id
        await tx.run(update(tables.mentors).where(of_mara).values(student_role_id=ROLE))
        await tx.run(update(tables.seats).values(role_id=ROLE, role_due_at=NOW, role_attempts=3))
    roles = KeepingRoles()

    assert await note_deleted(db, pair.community.guild_id, ROLE)

    assert await bring_role(db, roles, pair.seat_id) == "done"
    assert roles.calls == []
    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["role_id"], seat["role_due_at"]) == (None, None)
    assert [row["student_role_id"] for row in await rows_of(db, tables.mentors)] == [None, ROLE + 1]
    assert await count_of(db, tables.history, tables.history.c.entity == "mentor") == 1
    owed = await the_notice(db, NoticeKind.STUDENT_ROLE_GONE_STAFF)
    assert await deliver(db, courier, owed) is NoticeState.DELIVERED
    assert f"The role that students of **Mara** (<@{pair.mentor.user_id}>) had was deleted" in courier.texts[0]
