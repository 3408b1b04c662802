"""Whoever makes a pack usable or moves its expiry owes the notices before it, and the old ones fall away (rule 21)."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import deliver
from core.rules.notices import NoticeKind, cycle_at
from core.rules.states import FreezeCause, NoticeState, PackState, SeatState
from core.usecases.booking.cancel import cancel
from core.usecases.buying.settle import settle
from core.usecases.community.pause_mentor import pause_mentor, resume_mentor
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.not_held import not_held
from core.usecases.completion.undo import undo
from core.usecases.completion.waive import waive
from core.usecases.packs.adjust import adjust
from core.usecases.packs.extend import extend
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release_by_staff import release_by_staff
from tests.answers import given
from tests.builders import BESIDE_EXPIRY, DAY, HOUR, Pair, a_pair, a_session, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.usecases.buying.steps import a_shop

WHY = "They were ill"
Owed = dict[NoticeKind, datetime]


async def owed(db: Database, pack_id: int) -> Owed:
    """What is owed for the expiry that the pack has now, and when."""
    expires_at: datetime = (await row_of(db, tables.packs, pack_id))["expires_at"]
    rows = await rows_of(db, tables.notices, ~BESIDE_EXPIRY, tables.notices.c.subject_id == pack_id)
    return {row["kind"]: row["due_at"] for row in rows if row["cycle"] == cycle_at(expires_at)}


def both(expires_at: datetime) -> Owed:
    return {
        NoticeKind.PACK_EXPIRES: expires_at - 14 * DAY,
        NoticeKind.PACK_EXPIRES_SOON: expires_at - 3 * DAY,
    }


def last_only(expires_at: datetime) -> Owed:
    return {NoticeKind.PACK_EXPIRES_SOON: expires_at - 3 * DAY}


async def test_a_purchase_owes_both_to_the_student(db: Database) -> None:
    shop = await a_shop(db)

    given(await settle(db, "stripe", await shop.paid(await shop.buys())))

    (pack,) = await rows_of(db, tables.packs)
    assert await owed(db, pack["id"]) == both(NOW + 60 * DAY)
    assert {row["to_member_id"] for row in await rows_of(db, tables.notices, ~BESIDE_EXPIRY)} == {shop.student.id}


async def test_a_purchase_at_a_community_with_its_own_numbers_owes_by_them(db: Database) -> None:
    shop = await a_shop(db)
    async with db.begin() as tx:
        await tx.run(update(tables.communities).values(settings={"expiry_notice_days": 30}))

    given(await settle(db, "stripe", await shop.paid(await shop.buys())))

    (pack,) = await rows_of(db, tables.packs)
    assert (await owed(db, pack["id"]))[NoticeKind.PACK_EXPIRES] == NOW + 30 * DAY


@pytest.mark.parametrize(("days", "kinds"), [(15, {*both(NOW)}), (14, {*last_only(NOW)}), (3, set())])
async def test_a_grant_owes_what_lies_ahead_of_it(db: Database, days: int, kinds: set[NoticeKind]) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    wanted = Grant(pair.student.user_id, "Stu", pair.mentor.id, 1, WHY, days=days)

    pack_id = given(await grant(db, pair.staff, wanted)).pack_id

    assert set(await owed(db, pack_id)) == kinds


Road = Callable[[Database, Pair], Awaitable[Any]]


async def more_time(db: Database, pair: Pair) -> None:
    given(await extend(db, pair.staff, pair.seat_id, 20, WHY))


async def corrected(db: Database, pair: Pair) -> None:
    given(await adjust(db, pair.staff, pair.seat_id, pair.pack_id, 1, 3, WHY))


async def canceled_by_the_mentor(db: Database, pair: Pair) -> None:
    given(await cancel(db, pair.mentor.asker, await a_session(db, pair, NOW + DAY)))


async def did_not_take_place(db: Database, pair: Pair) -> None:
    given(await not_held(db, pair.mentor.asker, await a_session(db, pair, NOW - HOUR)))


async def waived(db: Database, pair: Pair) -> None:
    session_id = await a_session(db, pair, NOW - HOUR)
    given(await no_show(db, pair.mentor.asker, session_id))
    given(await waive(db, pair.mentor.asker, session_id))


async def undone(db: Database, pair: Pair) -> None:
    session_id = await a_session(db, pair, NOW - HOUR)
    given(await complete(db, pair.mentor.asker, session_id))
    given(await undo(db, pair.mentor.asker, session_id))


@pytest.mark.parametrize(
    ("road", "expires_at", "expected"),
    [
        (more_time, NOW + 22 * DAY, both(NOW + 22 * DAY)),
        (corrected, NOW + 14 * DAY, last_only(NOW + 14 * DAY)),
        (canceled_by_the_mentor, NOW + 14 * DAY, last_only(NOW + 14 * DAY)),
        (did_not_take_place, NOW + 14 * DAY, last_only(NOW + 14 * DAY)),
        (waived, NOW + 14 * DAY, last_only(NOW + 14 * DAY)),
        (undone, NOW + 14 * DAY, last_only(NOW + 14 * DAY)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_moved_expiry_owes_anew(db: Database, road: Road, expires_at: datetime, expected: Owed) -> None:
    pair = await a_pair(db, remaining=3, expires_at=NOW + 2 * DAY)

    await road(db, pair)

    assert (await row_of(db, tables.packs, pair.pack_id))["expires_at"] == expires_at
    assert await owed(db, pair.pack_id) == expected


async def test_what_is_frozen_owes_nothing_until_it_thaws(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db, expires_at=NOW + 20 * DAY)
    given(await release_by_staff(db, pair.staff, pair.seat_id, WHY))
    given(await extend(db, pair.staff, pair.seat_id, 10, WHY))
    frozen = await owed(db, pair.pack_id)
    clock.forward(days=100)

    given(await grant(db, pair.staff, Grant(pair.student.user_id, "Stu", pair.mentor.id, 1, WHY)))

    assert frozen == {}
    assert await owed(db, pair.pack_id) == both(clock.now() + 30 * DAY)


async def test_a_pause_moves_them_with_the_expiry_and_what_is_frozen_besides_owes_none(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db, expires_at=NOW + 20 * DAY)
    disputed = await a_pair(db, mentor=pair.mentor, frozen_at=NOW, frozen_for=FreezeCause.DISPUTE)
    given(await pause_mentor(db, pair.staff, pair.mentor.id))
    clock.forward(days=50)

    given(await resume_mentor(db, pair.staff, pair.mentor.id))

    assert await owed(db, pair.pack_id) == both(NOW + 70 * DAY)
    assert await owed(db, disputed.pack_id) == {}


async def test_the_same_expiry_is_owed_once(db: Database) -> None:
    pair = await a_pair(db)

    for _ in range(2):
        await canceled_by_the_mentor(db, pair)

    assert len(await rows_of(db, tables.notices, ~BESIDE_EXPIRY)) == 2


async def delivered(db: Database, courier: KeepingCourier, clock: SettableClock) -> list[tuple[NoticeKind, str | None]]:
    """Every notice before an expiry that is due by now, as it ended: its kind, and why it was not sent."""
    due = tables.notices.c.due_at <= clock.now(), tables.notices.c.state == NoticeState.PENDING
    rows = await rows_of(db, tables.notices, ~BESIDE_EXPIRY, *due)
    for row in rows:
        await deliver(db, courier, row["id"])
    ended = [await row_of(db, tables.notices, row["id"]) for row in rows]
    return [(row["kind"], row["why"]) for row in ended]


async def test_the_student_is_told_what_is_left_and_until_when_and_of_the_old_end_no_more(
    db: Database, clock: SettableClock
) -> None:
    courier, pair = KeepingCourier(), await a_pair(db, remaining=3, expires_at=NOW + 2 * DAY)
    await more_time(db, pair)  # to day 22
    await more_time(db, pair)  # to day 42
    await a_session(db, pair, NOW + 40 * DAY)
    clock.forward(days=8)
    of_the_old_end = await delivered(db, courier, clock)
    clock.forward(days=20)

    ended = await delivered(db, courier, clock)

    ends = f"<t:{int((NOW + 42 * DAY).timestamp())}:F>"
    (sent,) = courier.sent
    assert of_the_old_end == [(NoticeKind.PACK_EXPIRES, "it expires at another time")]
    assert ended == [(NoticeKind.PACK_EXPIRES_SOON, "it expires at another time"), (NoticeKind.PACK_EXPIRES, None)]
    assert sent.message.title == "Your sessions with Mara expire soon"
    assert "2 sessions of your pack with **Mara** are neither used nor booked" in sent.message.text
    assert ends in sent.message.text
    assert "What is booked is not lost." in sent.message.text
    assert [button.action for button in sent.message.buttons] == ["book", "schedule"]


@pytest.mark.parametrize("stops", [pause_mentor, release_by_staff])
async def test_nobody_is_told_while_the_time_of_the_pack_stands_still(
    db: Database, clock: SettableClock, stops: Callable[..., Awaitable[Any]]
) -> None:
    courier, pair = KeepingCourier(), await a_pair(db, expires_at=NOW + 2 * DAY)
    await more_time(db, pair)
    whom = (pair.mentor.id,) if stops is pause_mentor else (pair.seat_id, WHY)
    given(await stops(db, pair.staff, *whom))
    clock.forward(days=8)

    assert await delivered(db, courier, clock) == [(NoticeKind.PACK_EXPIRES, "its time stands still")]
    assert courier.sent == []


async def test_after_downtime_only_the_last_notice_goes_out(db: Database, clock: SettableClock) -> None:
    courier, pair = KeepingCourier(), await a_pair(db, expires_at=NOW + 2 * DAY)
    await more_time(db, pair)
    clock.forward(days=20)

    ended = await delivered(db, courier, clock)

    assert ended == [(NoticeKind.PACK_EXPIRES, "the last notice is due"), (NoticeKind.PACK_EXPIRES_SOON, None)]
    assert [sent.message.title for sent in courier.sent] == ["About to expire: your sessions with Mara"]
