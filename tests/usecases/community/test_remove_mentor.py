"""A mentor leaves for good, a member has left the guild: nothing is lost, and who must know is told (rule 39)."""

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import FreezeCause, OrderState, PackState, SeatState, SessionState
from core.usecases.community.add_mentor import NewMentor, add_mentor
from core.usecases.community.edit_mentor import MentorChange, edit_mentor
from core.usecases.community.gone import note_gone, note_seen
from core.usecases.community.pause_mentor import pause_mentor
from core.usecases.community.remove_mentor import MentorRemoved, Owner, preview_removal, remove_mentor
from core.usecases.seats.bring_role import bring_role
from tests.answers import given, why
from tests.builders import (
    DAY,
    HOUR,
    a_community,
    a_member,
    a_mentor,
    a_pair,
    a_session,
    an_order,
    count_of,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW
from tests.roles import KeepingRoles


async def told(db: Database, kind: NoticeKind) -> list[int | None]:
    return [row["to_member_id"] for row in await rows_of(db, tables.notices, tables.notices.c.kind == kind)]


async def test_what_is_booked_comes_back_and_what_is_left_waits_for_staff(db: Database) -> None:
    pair = await a_pair(db)
    used_up = await a_pair(db, mentor=pair.mentor, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    to_come, begun = await a_session(db, pair, NOW + DAY), await a_session(db, pair, NOW - HOUR)
    shown = given(await preview_removal(db, pair.staff, pair.mentor.id, " Moved away "))
    assert (shown.students, shown.canceled, shown.waiting, shown.reason) == (2, 1, 1, "Moved away")

    removed = await remove_mentor(db, pair.staff, pair.mentor.id, "Moved away")

    assert removed == MentorRemoved("Mara", 2, 1, (Owner(pair.student.user_id, pair.student.name, 4),))
    assert shown.owners == removed.owners
    assert (await row_of(db, tables.sessions, to_come))["state"] is SessionState.CANCELED
    assert (await row_of(db, tables.sessions, begun))["state"] is SessionState.SCHEDULED
    pack = await row_of(db, tables.packs, pair.pack_id)
    assert (pack["frozen_for"], pack["remaining"]) == (FreezeCause.MENTOR_REMOVED, 4)
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    assert (await row_of(db, tables.seats, used_up.seat_id))["state"] is SeatState.RELEASED
    assert await told(db, NoticeKind.MENTOR_REMOVED) == [pair.student.id, used_up.student.id]
    assert await told(db, NoticeKind.MENTOR_REMOVED_STAFF) == [None]
    assert why(await remove_mentor(db, pair.staff, pair.mentor.id, "Moved away")) is Reason.UNKNOWN_MENTOR


async def test_the_students_role_is_taken_back_from_whoever_keeps_the_seat_too(db: Database) -> None:
    pair = await a_pair(db)
    given(await edit_mentor(db, pair.staff, pair.mentor.id, MentorChange(student_role_id=55)))
    discord = KeepingRoles()
    await bring_role(db, discord, pair.seat_id)

    given(await remove_mentor(db, pair.staff, pair.mentor.id, "Moved away"))
    await bring_role(db, discord, pair.seat_id)

    assert discord.calls == [(55, True), (55, False)]


async def test_a_paused_mentor_without_students_is_removed_quietly(db: Database) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community)
    staff = staff_of(community)
    given(await pause_mentor(db, staff, mentor.id))

    assert await remove_mentor(db, staff, mentor.id, "Never began") == MentorRemoved("Mara", 0, 0, ())
    assert await count_of(db, tables.notices) == 0
    again = NewMentor(mentor.user_id, "Mara", "Etc/UTC", "Mon 9-10", capacity=1)
    assert why(await add_mentor(db, staff, again)) is Reason.WAS_A_MENTOR
    *_, noted = await rows_of(db, tables.history)
    assert (noted["before"], noted["after"], noted["why"]) == ("paused", "removed", "Never began")


async def test_no_mentor_is_removed_without_a_reason_by_others_or_with_money_on_its_way(db: Database) -> None:
    pair = await a_pair(db)

    assert why(await remove_mentor(db, pair.staff, pair.mentor.id, "  ")) is Reason.REASON_MISSING
    assert why(await remove_mentor(db, pair.mentor.asker, pair.mentor.id, "I go")) is Reason.NOT_STAFF
    await an_order(db, pair.student, pair.product_id, OrderState.PENDING)
    assert why(await preview_removal(db, pair.staff, pair.mentor.id, "Now")) is Reason.MONEY_ON_ITS_WAY
    assert (await row_of(db, tables.mentors, pair.mentor.id))["removed_at"] is None


async def test_who_has_left_the_guild_keeps_everything_and_their_mentor_and_staff_hear_of_it_once(db: Database) -> None:
    pair = await a_pair(db)

    assert await note_gone(db, pair.student.id)
    assert not await note_gone(db, pair.student.id)

    assert (await row_of(db, tables.members, pair.student.id))["gone_at"] == NOW
    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE
    assert await told(db, NoticeKind.STUDENT_GONE) == [pair.mentor.id]
    assert await told(db, NoticeKind.STUDENT_GONE_STAFF) == [None]


async def test_who_had_no_seat_goes_unnoticed_and_may_come_back(db: Database) -> None:
    community = await a_community(db)
    guest = await a_member(db, community)
    assert await note_gone(db, guest.id)
    assert await count_of(db, tables.notices) == 0

    async with db.begin() as tx:
        await note_seen(tx, community.id, guest.id)

    assert (await row_of(db, tables.members, guest.id))["gone_at"] is None


async def test_while_the_bot_is_out_of_the_guild_nobody_is_called_gone(db: Database) -> None:
    community = await a_community(db, left_at=NOW)
    guest = await a_member(db, community)

    assert not await note_gone(db, guest.id)
