"""A refund that the provider did not make is made by hand, and counted once (rule 28)."""

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason
from core.rules.states import RefundState
from core.usecases.refunds.by_hand import RefundedByHand, refunded_by_hand
from tests.answers import given, why
from tests.builders import DAY, a_community, a_pair, row_of, rows_of, staff_of
from tests.clocks import NOW
from tests.usecases.disputes.steps import WON, tells
from tests.usecases.records.tasks import a_failed_refund


async def test_it_is_done_and_in_the_books_with_who_and_why(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)

    done = given(await refunded_by_hand(db, pair.staff, refund, "by bank transfer"))

    assert done == RefundedByHand(refund, "Stu", 5_000, "EUR")
    row = await row_of(db, tables.refunds, refund)
    assert (row["state"], row["by_hand_at"]) == (RefundState.DONE, NOW)
    assert (await row_of(db, tables.payments, row["payment_id"]))["refunded_minor"] == 5_000
    (change,) = await rows_of(db, tables.history)
    assert (change["entity"], change["verb"], change["why"]) == ("refund", "by hand", "by bank transfer")


async def test_said_twice_it_is_counted_once(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    given(await refunded_by_hand(db, pair.staff, refund, "by bank transfer"))

    assert why(await refunded_by_hand(db, pair.staff, refund, "again")) is Reason.ALREADY_DECIDED

    (payment,) = await rows_of(db, tables.payments)
    assert payment["refunded_minor"] == 5_000


async def test_while_its_payment_is_disputed_nobody_pays_by_hand_what_the_bank_may_take(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    await tells(db, pair)

    assert why(await refunded_by_hand(db, pair.staff, refund, "by bank transfer")) is Reason.DISPUTE_IS_OPEN

    await tells(db, pair, WON, at=NOW + DAY)
    assert given(await refunded_by_hand(db, pair.staff, refund, "by bank transfer")).amount_minor == 5_000


async def test_nobody_else_says_so_and_not_without_a_reason(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    elsewhere = staff_of(await a_community(db))

    assert why(await refunded_by_hand(db, pair.student.asker, refund, "yes")) is Reason.NOT_STAFF
    assert why(await refunded_by_hand(db, elsewhere, refund, "yes")) is Reason.UNKNOWN_ORDER
    assert why(await refunded_by_hand(db, pair.staff, refund, "")) is Reason.REASON_MISSING
    assert (await row_of(db, tables.refunds, refund))["state"] is RefundState.FAILED
