"""A refund that the provider did not make is made by hand, and counted once (rule 28)."""

from core.db import tables
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import RefundCause, RefundState
from core.usecases.reading.tasks import TaskKind, tasks
from core.usecases.refunds.by_hand import RefundSettled, refund_again, refund_not_owed, refunded_by_hand
from core.usecases.refunds.make_refund import make_refund
from tests.answers import given, why
from tests.builders import DAY, a_community, a_pair, row_of, rows_of, staff_of
from tests.clocks import NOW
from tests.provider import LedgerProvider
from tests.usecases.disputes.steps import WON, tells
from tests.usecases.records.tasks import a_dispute, a_failed_refund
from tests.usecases.refunds.steps import hears, news_of, payment_of, told_to


async def test_it_is_done_and_in_the_books_with_who_and_why(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)

    done = given(await refunded_by_hand(db, pair.staff, refund, "by bank transfer"))

    assert done == RefundSettled(refund, "Stu", 5_000, "EUR", RefundState.DONE)
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


async def test_while_its_payment_is_disputed_nobody_settles_what_the_bank_may_take(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    await tells(db, pair)

    assert why(await refunded_by_hand(db, pair.staff, refund, "by bank transfer")) is Reason.DISPUTE_IS_OPEN
    assert why(await refund_not_owed(db, pair.staff, refund, "they kept the sessions")) is Reason.DISPUTE_IS_OPEN

    await tells(db, pair, WON, at=NOW + DAY)
    assert given(await refunded_by_hand(db, pair.staff, refund, "by bank transfer")).amount_minor == 5_000


async def test_nobody_else_says_so_and_not_without_a_reason(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    elsewhere = staff_of(await a_community(db))

    assert why(await refunded_by_hand(db, pair.student.asker, refund, "yes")) is Reason.NOT_STAFF
    assert why(await refunded_by_hand(db, elsewhere, refund, "yes")) is Reason.UNKNOWN_ORDER
    assert why(await refunded_by_hand(db, pair.staff, refund, "")) is Reason.REASON_MISSING
    assert why(await refund_not_owed(db, pair.student.asker, refund, "yes")) is Reason.NOT_STAFF
    assert why(await refund_not_owed(db, elsewhere, refund, "yes")) is Reason.UNKNOWN_ORDER
    assert why(await refund_not_owed(db, pair.staff, refund, "")) is Reason.REASON_MISSING
    assert (await row_of(db, tables.refunds, refund))["state"] is RefundState.FAILED


async def test_what_is_not_owed_is_kept_and_no_task_any_more(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    assert TaskKind.REFUND_FAILED in {task.kind for task in given(await tasks(db, pair.staff))}

    done = given(await refund_not_owed(db, pair.staff, refund, "they kept the sessions"))

    assert done == RefundSettled(refund, "Stu", 5_000, "EUR", RefundState.NOT_OWED)
    assert TaskKind.REFUND_FAILED not in {task.kind for task in given(await tasks(db, pair.staff))}
    row = await row_of(db, tables.refunds, refund)
    assert (row["state"], row["done_at"]) == (RefundState.NOT_OWED, None)
    assert (await row_of(db, tables.payments, row["payment_id"]))["refunded_minor"] == 0
    (change,) = await rows_of(db, tables.history)
    assert (change["verb"], change["why"]) == ("not owed", "they kept the sessions")
    assert why(await refunded_by_hand(db, pair.staff, refund, "again")) is Reason.ALREADY_DECIDED
    assert why(await refund_not_owed(db, pair.staff, refund, "again")) is Reason.ALREADY_DECIDED


async def test_what_was_said_not_to_be_owed_counts_if_it_was_made_after_all(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    given(await refund_not_owed(db, pair.staff, refund, "they kept the sessions"))

    await hears(db, await news_of(db, pair, 5_000, "re_late", refund_id=refund))

    row = await row_of(db, tables.refunds, refund)
    assert (row["state"], row["provider_ref"]) == (RefundState.DONE, "re_late")
    assert (await row_of(db, tables.payments, row["payment_id"]))["refunded_minor"] == 5_000


async def test_tried_again_it_is_another_refund_that_the_provider_is_asked_for_once(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)

    again = given(await refund_again(db, pair.staff, refund, "the key is mended"))

    assert (again.state, again.amount_minor) == (RefundState.REPLACED, 5_000)
    assert why(await refund_again(db, pair.staff, refund, "twice")) is Reason.ALREADY_DECIDED
    old, new = await rows_of(db, tables.refunds)
    assert (old["id"], old["state"], old["by_hand_at"]) == (refund, RefundState.REPLACED, None)
    assert (new["state"], new["cause"], new["amount_minor"]) == (RefundState.INTENDED, RefundCause.STAFF, 5_000)
    assert (await told_to(db, pair))["student"] == [NoticeKind.REFUNDED]
    provider = LedgerProvider(db.clock)
    assert await make_refund(db, {"stripe": provider}, new["id"]) is RefundState.DONE
    assert [each.refund_id for each in provider.refunds.values()] == [new["id"]]
    assert (await payment_of(db, pair))["refunded_minor"] == 5_000


async def test_tried_again_what_had_been_made_without_our_knowing_is_not_made_twice(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    given(await refund_again(db, pair.staff, refund, "let us see"))
    _, new = await rows_of(db, tables.refunds)
    made = await news_of(db, pair, 5_000, "re_of_the_first", refund_id=refund)
    provider = LedgerProvider(db.clock, refund_news=[made])

    assert await make_refund(db, {"stripe": provider}, new["id"]) is RefundState.DONE
    await hears(db, made)

    assert provider.refunds == {}
    assert [row["state"] for row in await rows_of(db, tables.refunds)] == [RefundState.REPLACED, RefundState.DONE]
    assert (await payment_of(db, pair))["refunded_minor"] == 5_000


async def test_while_the_payment_is_disputed_nobody_tries_again(db: Database) -> None:
    pair = await a_pair(db)
    refund = await a_failed_refund(db, pair)
    elsewhere = staff_of(await a_community(db))
    await a_dispute(db, pair)

    assert why(await refund_again(db, pair.staff, refund, "now")) is Reason.DISPUTE_IS_OPEN
    assert why(await refund_again(db, pair.student.asker, refund, "now")) is Reason.NOT_STAFF
    assert why(await refund_again(db, elsewhere, refund, "now")) is Reason.UNKNOWN_ORDER
    assert (await row_of(db, tables.refunds, refund))["state"] is RefundState.FAILED
