"""Corrections by hand: within the holds and the total, of the balance that was seen, by a yes (rules 1, 21, 37)."""

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EntryKind, FreezeCause, PackState, SeatState
from core.usecases.asker import Asker
from core.usecases.completion.complete import complete
from core.usecases.packs.adjust import Adjusted, AdjustPreview, adjust, preview_adjust
from core.usecases.packs.answer_adjustment import Answered, answer_adjustment
from core.usecases.packs.choosing import ChoosePack
from tests.answers import given, why
from tests.builders import (
    BESIDE_EXPIRY,
    DAY,
    HOUR,
    Pair,
    a_member,
    a_pack,
    a_pair,
    a_session,
    count_of,
    row_of,
    rows_of,
)
from tests.clocks import NOW

WHY = "We met on the phone"


async def adjusts(db: Database, pair: Pair, delta: int, expected: int, by: Asker | None = None) -> Adjusted:
    return given(await adjust(db, by or pair.staff, pair.seat_id, pair.pack_id, delta, expected, WHY))


async def asked_of(db: Database, pair: Pair, delta: int = -1, expected: int = 4) -> int:
    """The question that Mara asks Stu."""
    assert (await adjusts(db, pair, delta, expected, pair.mentor.asker)).asked
    return int((await rows_of(db, tables.adjustments))[-1]["id"])


async def balance(db: Database, pair: Pair) -> tuple[int, PackState]:
    pack = await row_of(db, tables.packs, pair.pack_id)
    return pack["remaining"], pack["state"]


async def kinds(db: Database) -> list[NoticeKind]:
    return [row["kind"] for row in await rows_of(db, tables.notices, BESIDE_EXPIRY)]


class TestBeforeItIsDone:
    async def test_one_sees_what_it_would_make_of_the_pack_that_can_take_it(self, db: Database) -> None:
        pair = await a_pair(db, remaining=3)
        full = await a_pack(db, pair.student, pair.product_id, expires_at=NOW + DAY)

        shown = await preview_adjust(db, pair.mentor.asker, pair.seat_id, 1, f" {WHY}\n")

        assert shown == AdjustPreview(pair.pack_id, "Stu", "Mara", 3, 4, 4, NOW + 60 * DAY, reason=WHY, needs_yes=False)
        assert full != pair.pack_id
        assert await balance(db, pair) == (3, PackState.ACTIVE)

    async def test_of_several_packs_one_is_chosen_and_the_first_to_expire_comes_first(self, db: Database) -> None:
        pair = await a_pair(db)
        sooner = await a_pack(db, pair.student, pair.product_id, expires_at=NOW + DAY)

        shown = given(await preview_adjust(db, pair.staff, pair.seat_id, -2, WHY))
        chosen = given(await preview_adjust(db, pair.staff, pair.seat_id, -2, WHY, sooner))

        assert isinstance(shown, ChoosePack)
        assert [(choice.pack_id, choice.remaining) for choice in shown.packs] == [(sooner, 4), (pair.pack_id, 4)]
        assert isinstance(chosen, AdjustPreview)
        assert (chosen.pack_id, chosen.after, chosen.needs_yes) == (sooner, 2, False)

    async def test_a_mentor_learns_that_the_student_is_asked_first(self, db: Database) -> None:
        pair = await a_pair(db)

        shown = given(await preview_adjust(db, pair.mentor.asker, pair.seat_id, -1, WHY))

        assert isinstance(shown, AdjustPreview)
        assert shown.needs_yes

    async def test_a_pack_that_cannot_take_it_says_why(self, db: Database) -> None:
        pair = await a_pair(db, remaining=3)

        assert why(await preview_adjust(db, pair.staff, pair.seat_id, 2, WHY)) is Reason.ABOVE_TOTAL
        assert why(await preview_adjust(db, pair.staff, pair.seat_id, 2, WHY, pair.pack_id)) is Reason.ABOVE_TOTAL
        assert why(await preview_adjust(db, pair.staff, pair.seat_id, 2, WHY, 404)) is Reason.UNKNOWN_PACK


async def test_staff_take_off_at_once_and_the_student_is_told(db: Database) -> None:
    pair = await a_pair(db)

    answer = await adjusts(db, pair, -1, 4)

    entry = (await rows_of(db, tables.ledger))[-1]
    (noted,) = await rows_of(db, tables.history)
    (told,) = await rows_of(db, tables.notices)
    assert answer == Adjusted(pair.pack_id, "Stu", "Mara", 4, 3, 4, asked=False)
    assert await balance(db, pair) == (3, PackState.ACTIVE)
    assert (entry["kind"], entry["delta"], entry["balance"], entry["reason"]) == (EntryKind.ADJUST, -1, 3, WHY)
    assert (noted["verb"], noted["why"], noted["facts"]) == ("adjust", WHY, {"before": 4, "after": 3})
    assert entry["actor_id"] == noted["actor_id"] is not None
    assert (told["kind"], told["to_member_id"], told["cycle"]) == (
        NoticeKind.PACK_ADJUSTED,
        pair.student.id,
        noted["id"],
    )


async def test_a_mentor_gives_back_at_once_without_asking(db: Database) -> None:
    pair = await a_pair(db, remaining=2)

    answer = await adjusts(db, pair, 2, 2, pair.mentor.asker)

    assert not answer.asked
    assert await balance(db, pair) == (4, PackState.ACTIVE)
    assert await kinds(db) == [NoticeKind.PACK_ADJUSTED]


async def test_a_balance_that_changed_since_it_was_seen_is_not_adjusted(db: Database) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW - HOUR)
    given(await complete(db, pair.mentor.asker, session))

    answer = await adjust(db, pair.staff, pair.seat_id, pair.pack_id, -1, 4, WHY)

    assert why(answer) is Reason.STALE_BALANCE
    assert dict(answer.facts if not isinstance(answer, Adjusted) else ()) == {"remaining": 3}
    assert await balance(db, pair) == (3, PackState.ACTIVE)


async def test_what_is_booked_is_not_taken_off_and_nothing_goes_over_the_total(db: Database) -> None:
    pair = await a_pair(db, remaining=2)
    await a_session(db, pair, NOW + 2 * DAY)
    before = await count_of(db, tables.ledger)

    down = await adjust(db, pair.staff, pair.seat_id, pair.pack_id, -2, 2, WHY)
    up = await adjust(db, pair.staff, pair.seat_id, pair.pack_id, 3, 2, WHY)

    assert (why(down), why(up)) == (Reason.BELOW_HOLDS, Reason.ABOVE_TOTAL)
    assert await count_of(db, tables.ledger) == before


class TestTheSeat:
    async def test_goes_to_grace_when_the_last_session_is_taken_off(self, db: Database) -> None:
        pair = await a_pair(db, remaining=2)

        await adjusts(db, pair, -2, 2)

        assert await balance(db, pair) == (0, PackState.DEPLETED)
        assert (await row_of(db, tables.seats, pair.seat_id))["state"] is SeatState.GRACE
        assert await kinds(db) == [NoticeKind.PACK_ADJUSTED, NoticeKind.GRACE_BEGAN, NoticeKind.FINAL_WARNING]

    async def test_is_active_again_when_a_session_is_given_back_in_grace(self, db: Database) -> None:
        pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

        await adjusts(db, pair, 1, 0)

        seat = await row_of(db, tables.seats, pair.seat_id)
        assert await balance(db, pair) == (1, PackState.ACTIVE)
        assert (seat["state"], seat["grace_ends_at"]) == (SeatState.ACTIVE, None)

    async def test_is_reminded_of_when_one_session_is_left(self, db: Database) -> None:
        pair = await a_pair(db)

        await adjusts(db, pair, -3, 4)

        assert await kinds(db) == [NoticeKind.PACK_ADJUSTED, NoticeKind.RENEWAL_REMINDER]

    async def test_must_be_there_before_a_session_is_given_back(self, db: Database) -> None:
        pair = await a_pair(db, seat=SeatState.RELEASED, remaining=0, state=PackState.DEPLETED)

        answer = await adjust(db, pair.staff, pair.seat_id, pair.pack_id, 1, 0, WHY)

        assert why(answer) is Reason.STUDENT_WITHOUT_SEAT

    async def test_may_be_gone_when_staff_take_off_what_was_kept(self, db: Database) -> None:
        pair = await a_pair(db, seat=SeatState.RELEASED, frozen_at=NOW, frozen_for=FreezeCause.STAFF_RELEASE)

        await adjusts(db, pair, -4, 4)

        assert await balance(db, pair) == (0, PackState.DEPLETED)


async def test_what_is_given_back_to_a_pack_whose_time_is_over_can_be_used_for_some_days(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED, expires_at=NOW - DAY)

    await adjusts(db, pair, 1, 0)

    assert (await row_of(db, tables.packs, pair.pack_id))["expires_at"] == NOW + 14 * DAY


class TestAMentorWhoTakesOff:
    async def test_asks_the_student_and_changes_nothing(self, db: Database) -> None:
        pair = await a_pair(db)

        asked = await asked_of(db, pair)

        row = await row_of(db, tables.adjustments, asked)
        (told,) = await rows_of(db, tables.notices)
        assert (row["delta"], row["expected"], row["reason"], row["answer"]) == (-1, 4, WHY, None)
        assert row["asked_by"] == pair.mentor.id
        assert (told["kind"], told["subject_id"], told["to_member_id"]) == (
            NoticeKind.ADJUSTMENT_ASKED,
            asked,
            pair.student.id,
        )
        assert await balance(db, pair) == (4, PackState.ACTIVE)

    async def test_asks_even_if_they_are_staff(self, db: Database) -> None:
        pair = await a_pair(db)
        both = Asker(pair.community.guild_id, pair.mentor.user_id, "Mara", manages_guild=True)

        assert (await adjusts(db, pair, -1, 4, both)).asked

    async def test_takes_it_off_by_the_students_yes(self, db: Database) -> None:
        pair = await a_pair(db)
        asked = await asked_of(db, pair)

        answer = given(await answer_adjustment(db, pair.student.asker, asked, yes=True))

        assert answer == Answered(asked, "accepted", "Mara", 4, 3, 4, repeated=False)
        assert await balance(db, pair) == (3, PackState.ACTIVE)
        assert await kinds(db) == [NoticeKind.ADJUSTMENT_ASKED, NoticeKind.ADJUSTMENT_ANSWERED]
        entry = (await rows_of(db, tables.ledger))[-1]
        assert (entry["actor_id"], entry["reason"]) == (pair.mentor.id, WHY)
        of_question = [row for row in await rows_of(db, tables.history) if row["entity"] == "adjustment"]
        assert [(row["after"], row["actor_id"]) for row in of_question] == [
            ("asked", pair.mentor.id),
            ("accepted", pair.student.id),
        ]

    async def test_leaves_it_by_the_students_no(self, db: Database) -> None:
        pair = await a_pair(db)
        asked = await asked_of(db, pair)

        answer = given(await answer_adjustment(db, pair.student.asker, asked, yes=False))

        assert answer.answer == "declined"
        assert await balance(db, pair) == (4, PackState.ACTIVE)

    async def test_is_answered_once_and_a_second_answer_is_the_first(self, db: Database) -> None:
        pair = await a_pair(db)
        asked = await asked_of(db, pair)
        await answer_adjustment(db, pair.student.asker, asked, yes=False)

        again = given(await answer_adjustment(db, pair.student.asker, asked, yes=True))

        assert (again.answer, again.repeated) == ("declined", True)
        assert await balance(db, pair) == (4, PackState.ACTIVE)
        assert (await kinds(db)).count(NoticeKind.ADJUSTMENT_ANSWERED) == 1

    async def test_gets_nothing_by_a_yes_to_a_balance_that_changed(self, db: Database) -> None:
        pair = await a_pair(db)
        asked = await asked_of(db, pair)
        await adjusts(db, pair, -2, 4)

        answer = given(await answer_adjustment(db, pair.student.asker, asked, yes=True))

        assert answer.answer == "outdated"
        assert await balance(db, pair) == (2, PackState.ACTIVE)
        assert (await kinds(db))[-1] is NoticeKind.ADJUSTMENT_ANSWERED

    async def test_gets_nothing_by_a_yes_when_the_sessions_are_booked_meanwhile(self, db: Database) -> None:
        pair = await a_pair(db, total=1)
        asked = await asked_of(db, pair, -1, 1)
        await a_session(db, pair, NOW + 2 * DAY)

        assert given(await answer_adjustment(db, pair.student.asker, asked, yes=True)).answer == "outdated"

    async def test_asks_anew_and_the_older_question_is_outdated(self, db: Database) -> None:
        pair = await a_pair(db)
        older = await asked_of(db, pair)
        newer = await asked_of(db, pair, -2)

        late = given(await answer_adjustment(db, pair.student.asker, older, yes=True))
        answer = given(await answer_adjustment(db, pair.student.asker, newer, yes=True))

        assert (late.answer, late.repeated, answer.answer) == ("outdated", True, "accepted")
        assert await balance(db, pair) == (2, PackState.ACTIVE)

    async def test_is_answered_by_that_student_alone(self, db: Database) -> None:
        pair, elsewhere = await a_pair(db), await a_pair(db)
        asked = await asked_of(db, pair)
        other = await a_member(db, pair.community, "Eve")

        for asker in (other.asker, pair.mentor.asker, pair.staff):
            assert why(await answer_adjustment(db, asker, asked, yes=True)) is Reason.NOT_YOURS
        foreign = await answer_adjustment(db, elsewhere.student.asker, asked, yes=True)
        unknown = await answer_adjustment(db, Asker(1, 1, "Nobody"), asked, yes=True)

        assert (why(foreign), why(unknown)) == (Reason.UNKNOWN_ADJUSTMENT, Reason.NOT_SET_UP)
        assert await balance(db, pair) == (4, PackState.ACTIVE)


class TestIsRefused:
    async def test_to_whoever_is_neither_their_mentor_nor_staff(self, db: Database) -> None:
        pair, elsewhere = await a_pair(db), await a_pair(db)
        colleague = await a_pair(db, community=pair.community)

        for asker in (pair.student.asker, colleague.mentor.asker):
            assert why(await preview_adjust(db, asker, pair.seat_id, 1, WHY)) is Reason.NOT_YOURS
            assert why(await adjust(db, asker, pair.seat_id, pair.pack_id, -1, 4, WHY)) is Reason.NOT_YOURS
        assert why(await adjust(db, elsewhere.staff, pair.seat_id, pair.pack_id, -1, 4, WHY)) is Reason.UNKNOWN_STUDENT
        nobody = Asker(1, 1, "Nobody")
        assert why(await adjust(db, nobody, pair.seat_id, pair.pack_id, -1, 4, WHY)) is Reason.NOT_SET_UP

    async def test_for_another_pairs_pack(self, db: Database) -> None:
        pair = await a_pair(db)
        other = await a_pair(db, mentor=pair.mentor)

        answer = await adjust(db, pair.staff, pair.seat_id, other.pack_id, -1, 4, WHY)

        assert why(answer) is Reason.UNKNOWN_PACK

    async def test_for_no_sessions_or_for_too_many(self, db: Database) -> None:
        pair = await a_pair(db)

        for delta in (0, 101, -101):
            assert why(await preview_adjust(db, pair.staff, pair.seat_id, delta, WHY)) is Reason.BAD_NUMBER

    async def test_without_a_reason(self, db: Database) -> None:
        pair = await a_pair(db)

        assert why(await preview_adjust(db, pair.staff, pair.seat_id, 1, "")) is Reason.REASON_MISSING
