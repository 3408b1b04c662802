"""A mentor takes a break and comes back: nothing new begins, nobody loses a minute (rule 39)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import deliver
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import FreezeCause, NoticeState, OrderState, PackState, SeatState, SessionState
from core.usecases.booking.book import book
from core.usecases.buying.buy import buy
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import settle
from core.usecases.community.pause_mentor import Paused, Resumed, pause_mentor, resume_mentor
from core.usecases.completion.complete import complete
from core.usecases.packs.expire import due_expiries, expire
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release import due_releases, release
from tests.answers import given, why
from tests.builders import (
    BESIDE_EXPIRY,
    DAY,
    HOUR,
    Pair,
    a_mentor,
    a_pack,
    a_pair,
    a_session,
    count_of,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice, notice
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import URL, a_shop
from tests.usecases.seats.steps import warn

WEEK = 7 * DAY


async def pauses(db: Database, pair: Pair) -> Paused:
    return given(await pause_mentor(db, pair.staff, pair.mentor.id))


async def resumes(db: Database, pair: Pair) -> Resumed:
    return given(await resume_mentor(db, pair.staff, pair.mentor.id))


async def told(db: Database, kind: NoticeKind) -> list[int | None]:
    return [row["to_member_id"] for row in await rows_of(db, tables.notices, tables.notices.c.kind == kind)]


async def in_grace(db: Database, **seat: object) -> Pair:
    pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
    if seat:
        async with db.begin() as tx:
            await tx.run(update(tables.seats).where(tables.seats.c.id == pair.seat_id).values(**seat))
    return pair


async def test_a_pause_is_written_down_and_every_student_is_told(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, mentor=pair.mentor, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    await a_pair(db, mentor=pair.mentor, seat=SeatState.RELEASED, remaining=0, state=PackState.DEPLETED)
    await a_session(db, pair, NOW + DAY)
    await a_session(db, pair, NOW - HOUR)

    answer = await pauses(db, pair)

    assert answer == Paused("Mara", students=2, booked=1)
    assert (await row_of(db, tables.mentors, pair.mentor.id))["paused_at"] == NOW
    (noted,) = await rows_of(db, tables.history)
    assert (noted["entity"], noted["before"], noted["after"], noted["verb"]) == ("mentor", "active", "paused", "pause")
    assert await told(db, NoticeKind.MENTOR_PAUSED) == [pair.student.id, other.student.id]


async def test_who_is_paused_is_not_paused_again(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    await pauses(db, pair)
    clock.forward(days=1)

    assert why(await pause_mentor(db, pair.staff, pair.mentor.id)) is Reason.ALREADY_PAUSED
    assert (await row_of(db, tables.mentors, pair.mentor.id))["paused_at"] == NOW


async def test_who_is_not_paused_is_not_resumed(db: Database) -> None:
    pair = await a_pair(db)

    assert why(await resume_mentor(db, pair.staff, pair.mentor.id)) is Reason.NOT_PAUSED


async def test_only_staff_of_the_mentors_own_community_pause_and_resume(db: Database) -> None:
    pair, other = await a_pair(db), await a_pair(db)

    for use_case in (pause_mentor, resume_mentor):
        assert why(await use_case(db, pair.mentor.asker, pair.mentor.id)) is Reason.NOT_STAFF
        assert why(await use_case(db, other.staff, pair.mentor.id)) is Reason.UNKNOWN_MENTOR


async def test_nothing_is_bought_while_the_mentor_is_away(db: Database) -> None:
    shop = await a_shop(db)
    given(await pause_mentor(db, staff_of(shop.mentor.community), shop.mentor.id))

    answer = await buy(db, shop.providers, URL, shop.student.asker, shop.mentor.id, Wanted(shop.product_id))

    assert why(answer) is Reason.MENTOR_PAUSED


async def test_a_renewal_is_not_bought_either_and_the_seat_does_not_end_meanwhile(
    db: Database, clock: SettableClock
) -> None:
    pair = await in_grace(db)
    await warn(db, pair.seat_id)
    await pauses(db, pair)

    answer = await buy(
        db, {"stripe": LedgerProvider(clock)}, URL, pair.student.asker, pair.mentor.id, Wanted(pair.product_id)
    )
    clock.forward(days=30)

    assert why(answer) is Reason.MENTOR_PAUSED
    assert await due_releases(db) == ()
    assert why(await release(db, pair.seat_id)) is Reason.GRACE_NOT_OVER


async def test_a_checkout_that_was_open_settles(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    given(await pause_mentor(db, staff_of(shop.mentor.community), shop.mentor.id))

    settled = given(await settle(db, "stripe", await shop.paid(ready)))

    assert settled.state is OrderState.FULFILLED
    assert await count_of(db, tables.packs) == 1


async def test_nothing_is_booked_while_the_mentor_is_away(db: Database) -> None:
    pair = await a_pair(db)
    await pauses(db, pair)

    assert why(await book(db, pair.student.asker, pair.mentor.id, NOW + 2 * DAY)) is Reason.MENTOR_PAUSED
    await resumes(db, pair)
    given(await book(db, pair.student.asker, pair.mentor.id, NOW + 2 * DAY))


async def test_what_is_booked_takes_place_and_is_told_of(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session_id = await a_session(db, pair, NOW + 2 * DAY)
    reminder = await a_notice(db, pair, NoticeKind.SESSION_TOMORROW, session_id, due_at=NOW + DAY)
    await pauses(db, pair)
    clock.forward(days=1)

    sent = await deliver(db, KeepingCourier(), reminder)
    clock.forward(days=1, hours=2)
    given(await complete(db, pair.mentor.asker, session_id))

    assert sent is NoticeState.DELIVERED
    assert (await row_of(db, tables.sessions, session_id))["state"] is SessionState.COMPLETED
    assert (await row_of(db, tables.packs, pair.pack_id))["remaining"] == 3


async def test_no_pack_expires_while_the_mentor_is_away(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, expires_at=NOW + DAY)
    await pauses(db, pair)
    clock.forward(days=2)

    assert await due_expiries(db) == ()
    assert why(await expire(db, pair.pack_id)) is Reason.NOTHING_TO_EXPIRE


async def test_after_the_pause_each_pack_lasts_as_much_longer(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, expires_at=NOW + DAY)
    used = await a_pack(db, pair.student, pair.product_id, remaining=0, state=PackState.DEPLETED)
    over = await a_pack(db, pair.student, pair.product_id, remaining=0, state=PackState.EXPIRED, expires_at=NOW)
    elsewhere = await a_pair(db, student=pair.student, mentor=await a_mentor(db, pair.community, "Max"))
    await pauses(db, pair)
    clock.forward(days=7)

    answer = await resumes(db, pair)

    expiries = {row["id"]: row["expires_at"] for row in await rows_of(db, tables.packs)}
    assert answer == Resumed("Mara", students=1, since=NOW)
    assert expiries[pair.pack_id] == NOW + 8 * DAY
    assert expiries[used] == NOW + 67 * DAY
    assert (expiries[over], expiries[elsewhere.pack_id]) == (NOW, NOW + 60 * DAY)
    assert await due_expiries(db) == ()
    assert await told(db, NoticeKind.MENTOR_RESUMED) == [pair.student.id]
    noted = await rows_of(db, tables.history, tables.history.c.verb == "resume")
    assert [(row["entity"], row["entity_id"]) for row in noted] == [
        ("pack", pair.pack_id),
        ("pack", used),
        ("mentor", pair.mentor.id),
    ]


@pytest.mark.parametrize("left", [10 * DAY, 40 * DAY], ids=["over by the grant but for the pause", "not over by then"])
@pytest.mark.parametrize("how", ["granted", "bought"])
async def test_a_pack_of_the_pause_has_its_own_days_behind_the_others_and_no_more(
    db: Database, clock: SettableClock, left: timedelta, how: str
) -> None:
    shop = await a_shop(db)
    pair = await a_pair(db, mentor=shop.mentor, student=shop.student, expires_at=NOW + left)
    paid = await shop.paid(await shop.buys())
    await pauses(db, pair)
    clock.forward(days=20)

    if how == "granted":
        given(await grant(db, pair.staff, Grant(shop.student.user_id, "Stu", shop.mentor.id, 1, "Sorry", days=60)))
    else:
        given(await settle(db, "stripe", paid))
    clock.forward(days=5)
    await resumes(db, pair)

    expiries = [row["expires_at"] for row in await rows_of(db, tables.packs)]
    assert expiries == [clock.now() + left, clock.now() + left + 60 * DAY]


async def test_a_frozen_packs_time_is_given_back_once(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, expires_at=NOW + 30 * DAY, frozen_at=NOW - DAY, frozen_for=FreezeCause.DISPUTE)
    await pauses(db, pair)
    clock.forward(days=7)

    await resumes(db, pair)

    assert (await row_of(db, tables.packs, pair.pack_id))["expires_at"] == NOW + 30 * DAY


async def test_after_the_pause_grace_is_as_long_as_it_was_and_warned_of_anew(
    db: Database, clock: SettableClock
) -> None:
    pair = await in_grace(db)
    warning = await a_notice(db, pair, NoticeKind.FINAL_WARNING, pair.seat_id, due_at=NOW + 3 * DAY - 12 * HOUR)
    await pauses(db, pair)
    clock.forward(days=7)
    held_back = await deliver(db, KeepingCourier(), warning)

    await resumes(db, pair)

    seat, owed = await row_of(db, tables.seats, pair.seat_id), await notice(db, warning)
    assert held_back is NoticeState.DROPPED
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.GRACE, NOW + 10 * DAY)
    assert (owed["state"], owed["due_at"]) == (NoticeState.PENDING, NOW + 10 * DAY - 12 * HOUR)
    clock.set(owed["due_at"])
    assert await deliver(db, KeepingCourier(), warning) is NoticeState.DELIVERED


@pytest.mark.parametrize("moment", [timedelta(microseconds=-1), timedelta()])
async def test_the_sweep_releases_at_the_moved_end_and_not_before(
    db: Database, clock: SettableClock, moment: timedelta
) -> None:
    pair = await in_grace(db)
    await warn(db, pair.seat_id)
    await pauses(db, pair)
    clock.forward(days=7)
    await resumes(db, pair)
    clock.set(NOW + 10 * DAY - 12 * HOUR)
    (warning,) = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.FINAL_WARNING)
    await deliver(db, KeepingCourier(), warning["id"])
    clock.set(NOW + 10 * DAY + moment)

    released = bool(await due_releases(db))

    assert released is (moment == timedelta())
    assert (why(await release(db, pair.seat_id)) is None) is released


async def test_grace_that_could_not_begin_begins_at_the_resume(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=1)
    session_id = await a_session(db, pair, NOW + HOUR)
    await pauses(db, pair)
    clock.forward(hours=3)
    given(await complete(db, pair.mentor.asker, session_id))
    meanwhile = (await row_of(db, tables.seats, pair.seat_id))["state"]
    clock.forward(days=7)

    await resumes(db, pair)

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert meanwhile is SeatState.ACTIVE
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.GRACE, clock.now() + 3 * DAY)
    assert await told(db, NoticeKind.GRACE_BEGAN) == [pair.student.id]


async def test_a_reminder_that_was_held_back_goes_out_after_the_pause(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, total=2)
    session_id = await a_session(db, pair, NOW + HOUR)
    await pauses(db, pair)
    clock.forward(hours=3)
    given(await complete(db, pair.mentor.asker, session_id))
    (reminder,) = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.RENEWAL_REMINDER)
    held_back = await deliver(db, KeepingCourier(), reminder["id"])
    clock.forward(days=7)

    await resumes(db, pair)

    assert held_back is NoticeState.DROPPED
    assert (await notice(db, reminder["id"]))["due_at"] == clock.now()
    assert await deliver(db, KeepingCourier(), reminder["id"]) is NoticeState.DELIVERED


async def test_nobody_is_told_of_a_pause_that_is_over(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    courier = KeepingCourier()
    await pauses(db, pair)
    clock.forward(days=1)
    await resumes(db, pair)

    ended = [await deliver(db, courier, row["id"]) for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]

    assert ended == [NoticeState.DROPPED, NoticeState.DELIVERED]
    assert "Mara is back" in courier.texts[0]


async def test_a_mentor_without_students_pauses_and_resumes(db: Database) -> None:
    shop = await a_shop(db)
    staff = staff_of(shop.mentor.community)

    assert given(await pause_mentor(db, staff, shop.mentor.id)) == Paused("Mara", students=0, booked=0)
    assert given(await resume_mentor(db, staff, shop.mentor.id)).students == 0
