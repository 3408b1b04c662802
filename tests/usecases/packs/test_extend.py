"""More time by staff: for what is left of a pack, or in grace for the seat (rules 12, 21, 37)."""

from datetime import timedelta

import pytest

from core.db import tables
from core.db.unit import Database
from core.notices.deliver import deliver
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import FreezeCause, NoticeState, PackState, SeatState
from core.usecases.community.pause_mentor import pause_mentor, resume_mentor
from core.usecases.packs.choosing import ChoosePack
from core.usecases.packs.extend import GraceExtended, PackExtended, extend
from core.usecases.seats.release import due_releases, release
from tests.answers import given, why
from tests.builders import BESIDE_EXPIRY, DAY, HOUR, Pair, a_pack, a_pair, row_of, rows_of
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.notices.test_by_hand import everything_due, to
from tests.usecases.disputes.steps import WON, tells
from tests.usecases.seats.steps import warn

WHY = "They were ill"


async def extends(db: Database, pair: Pair, days: int = 10, pack_id: int | None = None) -> object:
    return given(await extend(db, pair.staff, pair.seat_id, days, WHY, pack_id))


async def test_what_is_left_of_the_pack_lasts_so_many_days_longer(db: Database) -> None:
    pair = await a_pair(db, remaining=3)

    answer = await extends(db, pair)

    pack = await row_of(db, tables.packs, pair.pack_id)
    (noted,) = await rows_of(db, tables.history)
    (told,) = await rows_of(db, tables.notices, BESIDE_EXPIRY)
    assert answer == PackExtended("Stu", "Mara", 3, 4, NOW + 70 * DAY)
    assert pack["expires_at"] == NOW + 70 * DAY
    assert (noted["entity"], noted["verb"], noted["why"]) == ("pack", "extend", WHY)
    assert noted["facts"] == {"from": (NOW + 60 * DAY).isoformat(), "to": (NOW + 70 * DAY).isoformat(), "days": 10}
    assert (told["kind"], told["subject_id"], told["to_member_id"], told["cycle"]) == (
        NoticeKind.PACK_EXTENDED,
        pair.pack_id,
        pair.student.id,
        noted["id"],
    )


async def test_a_pack_whose_time_is_over_but_not_yet_written_off_counts_from_now(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db)
    clock.forward(days=61)

    assert await extends(db, pair) == PackExtended("Stu", "Mara", 4, 4, clock.now() + 10 * DAY)


class TestWhatStandsStill:
    """It has the days when it runs on, as many as were given, and nobody is told a date that is none."""

    async def test_a_frozen_pack_counts_from_its_own_end(self, db: Database, clock: SettableClock) -> None:
        pair = await a_pair(
            db, seat=SeatState.RELEASED, expires_at=NOW + DAY, frozen_at=NOW, frozen_for=FreezeCause.STAFF_RELEASE
        )
        clock.forward(days=30)

        assert await extends(db, pair) == PackExtended("Stu", "Mara", 4, 4, NOW + 11 * DAY, stands_still=True)

    async def test_a_pack_of_a_paused_mentor(self, db: Database, clock: SettableClock, courier: KeepingCourier) -> None:
        pair = await a_pair(db, expires_at=NOW + DAY)
        given(await pause_mentor(db, pair.staff, pair.mentor.id))
        clock.forward(days=30)

        await extends(db, pair, days=2)
        await everything_due(db, courier)
        given(await resume_mentor(db, pair.staff, pair.mentor.id))

        assert (await row_of(db, tables.packs, pair.pack_id))["expires_at"] == clock.now() + 3 * DAY
        assert "2 days more for what is left of your pack with **Mara**, 4 of 4." in to(courier, pair)["student"][-1]
        assert "<t:" not in to(courier, pair)["student"][-1]

    async def test_a_grace_that_a_dispute_stops(
        self, db: Database, clock: SettableClock, courier: KeepingCourier
    ) -> None:
        pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
        await warn(db, pair.seat_id)
        await tells(db, pair)
        clock.forward(days=20)

        answer = await extends(db, pair, days=2)
        await everything_due(db, courier)
        clock.forward(days=40)
        await tells(db, pair, WON)

        seat = await row_of(db, tables.seats, pair.seat_id)
        (warning,) = await rows_of(db, tables.notices, tables.notices.c.kind == NoticeKind.FINAL_WARNING)
        assert answer == GraceExtended("Stu", "Mara", NOW + 5 * DAY, stands_still=True)
        assert seat["grace_ends_at"] == clock.now() + 5 * DAY
        assert (warning["state"], warning["due_at"]) == (NoticeState.PENDING, clock.now() + 5 * DAY - 12 * HOUR)
        assert "Staff keep your seat with **Mara** for 2 days more." in to(courier, pair)["student"][-1]
        assert "<t:" not in to(courier, pair)["student"][-1]

    async def test_a_grace_that_was_over_before_it_was_stopped_counts_from_the_stop(
        self, db: Database, clock: SettableClock
    ) -> None:
        pair = await a_pair(db, seat=SeatState.GRACE, total=1, remaining=0, state=PackState.DEPLETED)
        clock.forward(days=9)
        await tells(db, pair)
        clock.forward(days=20)

        await extends(db, pair, days=2)
        await tells(db, pair, WON)

        assert (await row_of(db, tables.seats, pair.seat_id))["grace_ends_at"] == clock.now() + 2 * DAY


async def test_of_several_packs_one_is_chosen(db: Database) -> None:
    pair = await a_pair(db)
    sooner = await a_pack(db, pair.student, pair.product_id, expires_at=NOW + 5 * DAY)

    asked = await extends(db, pair)
    answer = await extends(db, pair, pack_id=sooner)

    assert isinstance(asked, ChoosePack)
    assert [choice.pack_id for choice in asked.packs] == [sooner, pair.pack_id]
    assert answer == PackExtended("Stu", "Mara", 4, 4, NOW + 15 * DAY)


async def test_in_grace_the_seat_is_kept_longer_and_the_student_is_told(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

    answer = await extends(db, pair, days=2)

    seat = await row_of(db, tables.seats, pair.seat_id)
    (noted,) = await rows_of(db, tables.history)
    (told,) = await rows_of(db, tables.notices)
    assert answer == GraceExtended("Stu", "Mara", NOW + 5 * DAY)
    assert (seat["state"], seat["grace_ends_at"], seat["grace_number"]) == (SeatState.GRACE, NOW + 5 * DAY, 1)
    assert (noted["entity"], noted["before"], noted["after"], noted["why"]) == ("seat", "grace", "grace", WHY)
    assert (told["kind"], told["subject_id"], told["cycle"]) == (NoticeKind.GRACE_EXTENDED, pair.seat_id, noted["id"])


@pytest.mark.parametrize("state", [NoticeState.PENDING, NoticeState.QUEUED, NoticeState.DELIVERED, NoticeState.DEAD])
async def test_the_final_warning_moves_with_the_end_and_is_sent_anew(
    db: Database, clock: SettableClock, state: NoticeState
) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    await warn(db, pair.seat_id, state)
    courier = KeepingCourier()

    await extends(db, pair, days=2)
    clock.forward(days=5)
    ((seat_id, _),) = [(due.seat_id, due.unsettled_order_id) for due in await due_releases(db)]
    unwarned = await release(db, seat_id)
    warning = (await rows_of(db, tables.notices))[0]
    await deliver(db, courier, warning["id"], warning["attempts"])
    clock.forward(hours=6)
    given(await release(db, seat_id))

    assert warning["due_at"] == warning["next_attempt_at"] == NOW + 5 * DAY - timedelta(hours=12)
    assert warning["state"] is NoticeState.PENDING
    assert why(unwarned) is Reason.WARNING_NOT_DELIVERED
    assert "Last call" in courier.texts[0]


async def test_an_attempt_from_before_does_not_end_the_new_warning(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)
    await warn(db, pair.seat_id, NoticeState.QUEUED)
    courier = KeepingCourier()
    before = (await rows_of(db, tables.notices))[0]

    await extends(db, pair)
    state = await deliver(db, courier, before["id"], before["attempts"])

    assert state is NoticeState.PENDING
    assert courier.sent == []


async def test_in_grace_a_pack_that_was_not_written_off_yet_can_be_named_and_ends_it(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, expires_at=NOW - DAY)

    await extends(db, pair, pack_id=pair.pack_id)

    assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.ACTIVE


async def test_what_has_expired_is_gone_and_stays_so(db: Database) -> None:
    pair = await a_pair(db, remaining=0, state=PackState.EXPIRED)

    assert why(await extend(db, pair.staff, pair.seat_id, 10, WHY)) is Reason.NOTHING_TO_EXTEND
    assert why(await extend(db, pair.staff, pair.seat_id, 10, WHY, pair.pack_id)) is Reason.PACK_IS_OVER


async def test_only_staff_of_this_community_extend_by_possible_days_with_a_reason(db: Database) -> None:
    pair, elsewhere = await a_pair(db), await a_pair(db)

    assert why(await extend(db, pair.mentor.asker, pair.seat_id, 10, WHY)) is Reason.NOT_STAFF
    assert why(await extend(db, pair.student.asker, pair.seat_id, 10, WHY)) is Reason.NOT_STAFF
    assert why(await extend(db, elsewhere.staff, pair.seat_id, 10, WHY)) is Reason.UNKNOWN_STUDENT
    assert why(await extend(db, pair.staff, pair.seat_id, 10, " ")) is Reason.REASON_MISSING
    assert why(await extend(db, pair.staff, pair.seat_id, 0, WHY)) is Reason.BAD_NUMBER
    assert why(await extend(db, pair.staff, pair.seat_id, 366, WHY)) is Reason.BAD_NUMBER
    assert why(await extend(db, pair.staff, pair.seat_id, 10, WHY, elsewhere.pack_id)) is Reason.UNKNOWN_PACK
    assert (await row_of(db, tables.packs, pair.pack_id))["expires_at"] == NOW + 60 * DAY
