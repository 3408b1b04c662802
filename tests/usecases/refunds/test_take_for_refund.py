"""Staff are asked how many sessions go with money that was given back on the provider's pages, and answer once."""

import pytest

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refunds import SeatAfter
from core.rules.refusals import Reason
from core.rules.states import PackState, RefundState, SeatState
from core.usecases.reading.tasks import TaskKind, tasks
from core.usecases.refunds.take_for_refund import Answer, preview_taking, take_for_refund
from tests.answers import given, why
from tests.builders import DAY, Pair, a_community, a_pair, a_session, row_of, rows_of, staff_of
from tests.clocks import NOW
from tests.usecases.refunds.steps import Standing, hears, news_of, refunds_in, standing, told_to

WHY = "Agreed by mail"


async def a_question(db: Database, pair: Pair, amount_minor: int = 5_000, ref: str = "re_1") -> int:
    await hears(db, await news_of(db, pair, amount_minor, ref))
    return int((await rows_of(db, tables.refunds))[-1]["id"])


async def open_questions(db: Database, pair: Pair) -> list[TaskKind]:
    return [task.kind for task in given(await tasks(db, pair.staff))]


@pytest.mark.parametrize(
    ("sessions", "keep_seat", "seat", "pack"),
    [
        (0, False, SeatState.ACTIVE, PackState.ACTIVE),
        (1, False, SeatState.ACTIVE, PackState.ACTIVE),
        (4, False, SeatState.RELEASED, PackState.REFUNDED),
        (4, True, SeatState.GRACE, PackState.REFUNDED),
    ],
)
async def test_so_many_are_taken_and_the_question_is_closed(
    db: Database, sessions: int, keep_seat: bool, seat: SeatState, pack: PackState
) -> None:
    pair = await a_pair(db)
    refund_id = await a_question(db, pair)
    assert await open_questions(db, pair) == [TaskKind.REFUND_SEEN]
    answer = Answer(refund_id, sessions, WHY, keep_seat)

    shown = given(await preview_taking(db, pair.staff, answer))
    done = given(await take_for_refund(db, pair.staff, answer, shown.seen))

    assert (shown.sessions, shown.unused, shown.amount_minor, shown.seat_at_stake) == (
        sessions,
        4,
        5_000,
        sessions == 4,
    )
    assert (done.sessions, done.amount_minor, done.refund_id) == (sessions, 5_000, refund_id)
    assert await standing(db, pair) == Standing(5_000, 4 - sessions, 0, pack, seat)
    assert await refunds_in(db) == [(RefundState.DONE, 5_000, sessions)]
    assert await open_questions(db, pair) == []
    refund = await row_of(db, tables.refunds, refund_id)
    assert (refund["decided_at"], refund["reason"]) == (NOW, WHY)
    assert ((await told_to(db, pair))["student"].count(NoticeKind.PACK_ADJUSTED)) == (1 if sessions else 0)
    (change,) = await rows_of(db, tables.history, tables.history.c.verb == "decide")
    assert (change["entity_id"], change["why"], change["facts"]) == (refund_id, WHY, {"sessions": sessions})


async def test_answered_twice_the_first_answer_stands(db: Database) -> None:
    pair = await a_pair(db)
    answer = Answer(await a_question(db, pair), 1, WHY)
    shown = given(await preview_taking(db, pair.staff, answer))
    given(await take_for_refund(db, pair.staff, answer, shown.seen))

    assert why(await take_for_refund(db, pair.staff, answer, shown.seen)) is Reason.ALREADY_DECIDED
    assert why(await preview_taking(db, pair.staff, answer)) is Reason.ALREADY_DECIDED

    assert (await standing(db, pair)).remaining == 3


async def test_after_a_booking_or_another_refund_it_is_looked_at_again(db: Database) -> None:
    pair = await a_pair(db)
    answer = Answer(await a_question(db, pair), 4, WHY)
    shown = given(await preview_taking(db, pair.staff, answer))
    assert shown.seat is SeatAfter.RELEASED
    await a_session(db, pair, NOW + 3 * DAY)

    assert why(await take_for_refund(db, pair.staff, answer, shown.seen)) is Reason.STALE_REFUND
    await hears(db, await news_of(db, pair, 15_000, "re_2"))

    assert why(await take_for_refund(db, pair.staff, answer, shown.seen)) is Reason.ALREADY_DECIDED
    assert await open_questions(db, pair) == []


async def test_money_that_came_back_asks_for_nothing_any_more(db: Database) -> None:
    pair = await a_pair(db)
    refund_id = await a_question(db, pair)
    await hears(db, await news_of(db, pair, 5_000, failed="no"))

    assert why(await preview_taking(db, pair.staff, Answer(refund_id, 1, WHY))) is Reason.ALREADY_DECIDED
    assert await open_questions(db, pair) == [TaskKind.REFUND_FAILED]


async def test_what_cannot_be_is_refused_and_nobody_else_answers(db: Database) -> None:
    pair = await a_pair(db)
    refund_id = await a_question(db, pair)
    elsewhere = staff_of(await a_community(db))

    for sessions in (-1, 5):
        assert why(await preview_taking(db, pair.staff, Answer(refund_id, sessions, WHY))) is Reason.BAD_NUMBER
    assert why(await preview_taking(db, pair.staff, Answer(refund_id, 1, ""))) is Reason.REASON_MISSING
    assert why(await preview_taking(db, pair.staff, Answer(404, 1, WHY))) is Reason.UNKNOWN_ORDER
    for asker, reason in (
        (pair.student.asker, Reason.NOT_STAFF),
        (pair.mentor.asker, Reason.NOT_STAFF),
        (elsewhere, Reason.UNKNOWN_ORDER),
    ):
        assert why(await preview_taking(db, asker, Answer(refund_id, 1, WHY))) is reason
        assert why(await take_for_refund(db, asker, Answer(refund_id, 1, WHY), 0)) is reason
