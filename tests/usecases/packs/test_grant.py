"""Grants: goodwill is a pack of its own, with a seat if the student has none (rules 1, 5, 7, 10, 12, 37)."""

from typing import Any

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EntryKind, FreezeCause, OrderState, PackState, SeatState
from core.usecases.asker import Asker
from core.usecases.buying.settle import settle, settle_event
from core.usecases.community.pause_mentor import pause_mentor, resume_mentor
from core.usecases.packs.grant import Grant, Granted, grant
from tests.answers import given, why
from tests.builders import (
    BESIDE_EXPIRY,
    DAY,
    Pair,
    Person,
    a_community,
    a_mentor,
    a_pack,
    a_pair,
    a_seat,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import SettableClock
from tests.usecases.buying.steps import Shop, a_shop, event_of


def gift(student: Person, mentor: Person, **change: Any) -> Grant:
    values: dict[str, Any] = {"sessions": 2, "reason": "The stream broke", **change}
    return Grant(student.user_id, student.name, mentor.id, **values)


async def grants(db: Database, pair: Pair | Shop, **change: Any) -> Granted:
    return given(await grant(db, staff_of(pair.mentor.community), gift(pair.student, pair.mentor, **change)))


async def kinds(db: Database) -> list[NoticeKind]:
    return [row["kind"] for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]


async def seats(db: Database) -> list[SeatState]:
    return [row["state"] for row in await rows_of(db, tables.seats)]


async def test_goodwill_is_a_pack_of_its_own_with_its_reason_in_ledger_and_history(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db)

    granted = await grants(db, pair, reason=" The stream\n broke ", days=30)

    pack = await row_of(db, tables.packs, granted.pack_id)
    entry = (await rows_of(db, tables.ledger))[-1]
    (row,) = await rows_of(db, tables.history)
    (told,) = await rows_of(db, tables.notices, BESIDE_EXPIRY)
    assert (pack["total"], pack["remaining"], pack["order_id"]) == (2, 2, None)
    assert pack["granted_by"] == entry["actor_id"] == row["actor_id"]
    assert pack["expires_at"] == granted.expires_at == clock.now() + 90 * DAY  # behind the pack that they have
    assert (entry["kind"], entry["delta"], entry["reason"]) == (EntryKind.GRANT, 2, "The stream broke")
    assert (row["entity"], row["verb"], row["why"]) == ("pack", "grant", "The stream broke")
    assert (told["kind"], told["to_member_id"], told["cycle"]) == (NoticeKind.PACK_GRANTED, pair.student.id, row["id"])
    assert (granted.seated, granted.seat_id) == (False, pair.seat_id)


async def test_without_a_number_of_days_it_is_good_as_long_as_packs_are_here(
    db: Database, clock: SettableClock
) -> None:
    shop = await a_shop(db)

    assert (await grants(db, shop)).expires_at == clock.now() + 60 * DAY


async def test_a_grant_in_grace_makes_the_seat_active_and_clears_the_end_at_once(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

    granted = await grants(db, pair)

    seat = await row_of(db, tables.seats, pair.seat_id)
    assert (seat["state"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None)
    assert not granted.seated
    assert await kinds(db) == [NoticeKind.PACK_GRANTED]


async def test_who_has_no_seat_gets_one_and_the_mentor_hears_of_it(db: Database) -> None:
    shop = await a_shop(db)

    granted = await grants(db, shop)

    (seat,) = await rows_of(db, tables.seats)
    assert (seat["state"], seat["student_id"], granted.seated) == (SeatState.ACTIVE, shop.student.id, True)
    assert await kinds(db) == [NoticeKind.PACK_GRANTED, NoticeKind.STUDENT_JOINED]


async def test_somebody_whom_we_do_not_know_yet_may_be_given_sessions(db: Database) -> None:
    mentor = await a_mentor(db, await a_community(db))

    given(await grant(db, staff_of(mentor.community), Grant(4711, "Newcomer", mentor.id, 1, "A prize")))

    assert await seats(db) == [SeatState.ACTIVE]


async def test_after_a_release_the_student_gets_a_new_seat(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.RELEASED, remaining=0, state=PackState.DEPLETED)

    granted = await grants(db, pair)

    assert granted.seat_id != pair.seat_id
    assert await seats(db) == [SeatState.RELEASED, SeatState.ACTIVE]


async def test_a_full_mentor_gets_no_further_student_by_a_grant(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    await a_pair(db, mentor=shop.mentor)

    answer = await grant(db, staff_of(shop.mentor.community), gift(shop.student, shop.mentor))

    assert why(answer) is Reason.ABOVE_CAPACITY
    assert await seats(db) == [SeatState.ACTIVE]


async def test_a_grant_to_a_full_mentor_with_staffs_word_and_reason_goes_above_capacity(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    await a_pair(db, mentor=shop.mentor)

    granted = await grants(db, shop, above_capacity=True, reason="Promised in March")

    of_seat = [row for row in await rows_of(db, tables.history) if row["entity"] == "seat"]
    last = (await rows_of(db, tables.notices, BESIDE_EXPIRY))[-1]
    assert granted.above_capacity
    assert await seats(db) == [SeatState.ACTIVE] * 2
    assert [(row["why"], row["facts"]) for row in of_seat] == [("Promised in March", {"above_capacity": True})]
    assert (last["kind"], last["to_member_id"], last["cycle"]) == (
        NoticeKind.GRANT_ABOVE_CAPACITY_STAFF,
        None,
        of_seat[0]["id"],
    )


async def test_staffs_word_for_it_says_nothing_where_a_seat_is_free(db: Database) -> None:
    shop = await a_shop(db, capacity=1)

    assert not (await grants(db, shop, above_capacity=True)).above_capacity
    assert NoticeKind.GRANT_ABOVE_CAPACITY_STAFF not in await kinds(db)


async def test_a_student_of_a_full_mentor_may_be_given_more(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    pair = await a_pair(db, mentor=shop.mentor)

    assert not (await grants(db, pair)).above_capacity


async def test_a_seat_held_by_a_checkout_is_active_and_its_payment_then_renews(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    ready = await shop.buys()

    granted = await grants(db, shop)
    settled = await settle_event(db, event_of(await shop.paid(ready)))

    assert granted.seated
    assert given(settled).state is OrderState.FULFILLED
    assert await seats(db) == [SeatState.ACTIVE]
    assert [row["remaining"] for row in await rows_of(db, tables.packs)] == [2, 4]


async def test_the_close_of_a_checkout_takes_no_granted_seat_away(db: Database) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    await grants(db, shop)

    await settle(db, "stripe", await shop.provider.close_checkout(await shop.ref_of(ready)))

    assert await seats(db) == [SeatState.ACTIVE]


class TestWhatStaffKeptForAReleasedStudent:
    async def a_kept_pack(self, db: Database, clock: SettableClock, shop: Shop) -> Pair:
        """Ten days before its expiry it was frozen; since then twenty days went by."""
        pair = await a_pair(
            db,
            mentor=shop.mentor,
            student=shop.student,
            seat=SeatState.RELEASED,
            remaining=3,
            expires_at=clock.now() + 10 * DAY,
            frozen_at=clock.now(),
            frozen_for=FreezeCause.STAFF_RELEASE,
        )
        clock.forward(days=20)
        return pair

    async def assert_thawed(self, db: Database, clock: SettableClock, pair: Pair) -> None:
        pack = await row_of(db, tables.packs, pair.pack_id)
        noted = [row for row in await rows_of(db, tables.history) if row["verb"] == "thaw"]
        assert (pack["frozen_at"], pack["frozen_for"]) == (None, None)
        assert pack["expires_at"] == clock.now() + 10 * DAY
        assert [(row["entity_id"], row["before"], row["after"]) for row in noted] == [
            (pair.pack_id, PackState.ACTIVE, PackState.ACTIVE)
        ]

    async def test_thaws_with_a_granted_seat_and_the_new_pack_lasts_behind_it(
        self, db: Database, clock: SettableClock
    ) -> None:
        shop = await a_shop(db)
        pair = await self.a_kept_pack(db, clock, shop)

        granted = await grants(db, shop, days=5)

        await self.assert_thawed(db, clock, pair)
        assert granted.expires_at == clock.now() + 15 * DAY

    async def test_thaws_with_a_bought_seat_and_the_new_pack_lasts_behind_it(
        self, db: Database, clock: SettableClock
    ) -> None:
        shop = await a_shop(db)
        pair = await self.a_kept_pack(db, clock, shop)

        await settle_event(db, event_of(await shop.paid(await shop.buys())))

        await self.assert_thawed(db, clock, pair)
        assert (await rows_of(db, tables.packs))[-1]["expires_at"] == clock.now() + 70 * DAY

    async def test_thaws_in_a_break_of_the_mentor_and_has_all_its_time_after_it(
        self, db: Database, clock: SettableClock
    ) -> None:
        shop = await a_shop(db)
        pair = await self.a_kept_pack(db, clock, shop)
        given(await pause_mentor(db, pair.staff, pair.mentor.id))
        clock.forward(days=20)

        await grants(db, shop)
        clock.forward(days=5)
        given(await resume_mentor(db, pair.staff, pair.mentor.id))

        await self.assert_thawed(db, clock, pair)

    async def test_used_up_meanwhile_it_thaws_and_lengthens_nothing(self, db: Database, clock: SettableClock) -> None:
        shop = await a_shop(db)
        pair = await self.a_kept_pack(db, clock, shop)
        async with db.begin() as tx:
            await tx.run(tables.packs.update().values(remaining=0, state=PackState.DEPLETED))

        granted = await grants(db, shop, days=5)

        assert (await row_of(db, tables.packs, pair.pack_id))["frozen_at"] is None
        assert granted.expires_at == clock.now() + 5 * DAY

    async def test_stays_frozen_in_a_dispute(self, db: Database, clock: SettableClock) -> None:
        shop = await a_shop(db)
        pair = await self.a_kept_pack(db, clock, shop)
        disputed = await a_pack(
            db, shop.student, shop.product_id, frozen_at=clock.now(), frozen_for=FreezeCause.DISPUTE
        )

        await grants(db, shop)

        await self.assert_thawed(db, clock, pair)
        assert (await row_of(db, tables.packs, disputed))["frozen_for"] is FreezeCause.DISPUTE


class TestIsRefused:
    async def answer(self, db: Database, pair: Pair, asker: Asker | None = None, **change: Any) -> Reason | None:
        return why(await grant(db, asker or pair.staff, gift(pair.student, pair.mentor, **change)))

    async def test_to_everybody_but_staff(self, db: Database) -> None:
        pair = await a_pair(db)

        for asker in (pair.mentor.asker, pair.student.asker):
            assert await self.answer(db, pair, asker) is Reason.NOT_STAFF

    @pytest.mark.parametrize("reason", ["", " \n\t\x00", "x" * 501])
    async def test_without_a_reason_or_with_an_endless_one(self, db: Database, reason: str) -> None:
        assert await self.answer(db, await a_pair(db), reason=reason) is Reason.REASON_MISSING

    @pytest.mark.parametrize("change", [{"sessions": 0}, {"sessions": 101}, {"days": 0}, {"days": 3651}])
    async def test_with_impossible_numbers(self, db: Database, change: dict[str, Any]) -> None:
        assert await self.answer(db, await a_pair(db), **change) is Reason.BAD_NUMBER

    async def test_with_another_communitys_mentor(self, db: Database) -> None:
        pair, elsewhere = await a_pair(db), await a_pair(db)

        answer = await grant(db, pair.staff, gift(pair.student, elsewhere.mentor))

        assert why(answer) is Reason.UNKNOWN_MENTOR

    async def test_to_the_mentor_themselves(self, db: Database) -> None:
        pair = await a_pair(db)

        answer = await grant(db, pair.staff, gift(pair.mentor, pair.mentor))

        assert why(answer) is Reason.OWN_MENTOR

    async def test_and_leaves_nothing_behind(self, db: Database) -> None:
        shop = await a_shop(db, capacity=0)
        before = await rows_of(db, tables.members)

        answer = await grant(db, staff_of(shop.mentor.community), Grant(4711, "Newcomer", shop.mentor.id, 1, "A prize"))

        assert why(answer) is Reason.ABOVE_CAPACITY
        assert await rows_of(db, tables.members) == before


async def test_an_offered_seat_is_active_by_a_grant(db: Database) -> None:
    shop = await a_shop(db, capacity=1)
    seat_id = await a_seat(db, shop.student, shop.mentor, SeatState.OFFERED)

    assert (await grants(db, shop)).seat_id == seat_id
    assert await seats(db) == [SeatState.ACTIVE]
