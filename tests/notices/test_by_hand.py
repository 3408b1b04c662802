"""What staff and mentors change by hand reaches whom it concerns, with the reason that history keeps."""

from sqlalchemy import select

from core.db.tables import adjustments, mentors, notices
from core.db.unit import Database
from core.notices.deliver import deliver
from core.ports import Address
from core.rules.states import Channel, NoticeState, PackState, SeatState
from core.usecases.packs.adjust import adjust
from core.usecases.packs.answer_adjustment import answer_adjustment
from core.usecases.packs.extend import extend
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release_by_staff import release_by_staff
from tests.answers import given
from tests.builders import DAY, STAFF_CHANNEL, Pair, a_member, a_pair, a_session, rows_of
from tests.clocks import NOW
from tests.notices.courier import KeepingCourier

WHY = "The stream *broke*"
TOLD = r"Why: The stream \*broke\*"


async def everything_due(db: Database, courier: KeepingCourier) -> None:
    async with db.look() as tx:
        due = await tx.all(
            select(notices.c.id)
            .where(notices.c.state == NoticeState.PENDING, notices.c.next_attempt_at <= tx.now)
            .order_by(notices.c.id)
        )
    for row in due:
        await deliver(db, courier, row["id"])


def to(courier: KeepingCourier, pair: Pair) -> dict[str, list[str]]:
    """What each of the three was told."""
    names = {
        Address(Channel.DM, pair.student.user_id): "student",
        Address(Channel.DM, pair.mentor.user_id): "mentor",
        Address(Channel.STAFF, STAFF_CHANNEL): "staff",
    }
    told: dict[str, list[str]] = {"student": [], "mentor": [], "staff": []}
    for each, text in zip(courier.sent, courier.texts, strict=True):
        told[names[each.to]].append(text)
    return told


async def test_a_grant_in_a_full_house_is_told_to_all_three(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    async with db.begin() as tx:
        await tx.run(mentors.update().values(capacity=1))
    student = await a_member(db, pair.community, "Eve")
    wanted = Grant(student.user_id, "Eve", pair.mentor.id, 2, WHY, above_capacity=True)

    given(await grant(db, pair.staff, wanted))
    await everything_due(db, courier)

    texts = "\n\n".join(courier.texts)
    assert "Staff gave you 2 sessions with **Mara**" in texts
    assert "A new student: Eve" in texts
    assert "gave **Eve**" in texts
    assert "seats taken, 2 of 1" in texts
    assert texts.count(TOLD) == 2


async def test_a_release_by_staff_speaks_of_no_grace_and_says_why(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW + DAY)

    given(await release_by_staff(db, pair.staff, pair.seat_id, WHY))
    await everything_due(db, courier)

    told = to(courier, pair)
    assert "Cancelled: your session" in told["student"][0]
    assert "Staff released your seat" in told["student"][1]
    assert "What you have left stays yours: 4 sessions." in told["student"][1]
    assert "Staff released the seat of **Stu**" in told["mentor"][0]
    assert "**Sam**" in told["staff"][0]
    assert all(TOLD in told[who][-1] for who in told)
    assert not any("renewed in time" in text or "was kept is over" in text for text in courier.texts)


async def test_more_time_is_told_with_the_new_end(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)

    given(await extend(db, pair.staff, pair.seat_id, 10, WHY))
    await everything_due(db, courier)

    (text,) = to(courier, pair)["student"]
    assert f"<t:{int((NOW + 70 * DAY).timestamp())}:F>" in text
    assert TOLD in text


async def test_a_longer_grace_is_told_with_the_new_end(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE, remaining=0, state=PackState.DEPLETED)

    given(await extend(db, pair.staff, pair.seat_id, 2, WHY))
    await everything_due(db, courier)

    (text,) = to(courier, pair)["student"]
    assert f"kept for you until <t:{int((NOW + 5 * DAY).timestamp())}:F>" in text
    assert TOLD in text


async def test_a_question_its_answer_and_a_correction_are_told(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    given(await adjust(db, pair.mentor.asker, pair.seat_id, pair.pack_id, -1, 4, WHY))
    await everything_due(db, courier)
    (asked,) = await rows_of(db, adjustments)
    given(await answer_adjustment(db, pair.student.asker, asked["id"], yes=True))
    given(await adjust(db, pair.staff, pair.seat_id, pair.pack_id, 1, 3, WHY))
    await everything_due(db, courier)

    told = to(courier, pair)
    question, corrected = told["student"]
    assert "3 of 4 would be left instead of 4" in question
    assert [button.action for button in courier.sent[0].message.buttons] == ["adjust-yes", "adjust-no"]
    assert "it was 3 of 4, and is 4 now" in corrected
    assert "Stu said yes" in told["mentor"][0]
    assert all(TOLD in text for text in courier.texts)


async def test_a_question_that_was_answered_before_it_went_out_is_not_asked(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    given(await adjust(db, pair.mentor.asker, pair.seat_id, pair.pack_id, -1, 4, WHY))
    given(await adjust(db, pair.mentor.asker, pair.seat_id, pair.pack_id, -2, 4, WHY))

    await everything_due(db, courier)

    (question,) = to(courier, pair)["student"]
    assert "2 of 4 would be left" in question
