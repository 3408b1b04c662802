from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from sqlalchemy import insert, update

from core.db import tables
from core.db.unit import Database
from core.rules.accounts import Movement, totals
from core.rules.states import DisputeOutcome
from core.usecases.completion.complete import complete
from core.usecases.packs.grant import Grant, grant
from core.usecases.reading.accounts import accounts
from core.usecases.refunds.by_hand import refunded_by_hand
from tests.answers import given
from tests.builders import (
    DAY,
    HOUR,
    Pair,
    a_community,
    a_mentor,
    a_pair,
    a_product,
    a_session,
    row_of,
    rows_of,
    staff_of,
)
from tests.clocks import NOW, SettableClock
from tests.statements import statements
from tests.usecases.refunds.steps import hears, news_of, payment_of

MONTH = 30 * DAY


async def _a_pair_in(db: Database, currency: str, price_minor: int) -> Pair:
    community = await a_community(db, name=f"Club of {currency}")
    mentor = await a_mentor(db, community)
    await a_product(db, mentor, currency=currency, price_minor=price_minor)
    return await a_pair(db, mentor=mentor)


async def _lost(db: Database, pair: Pair, disputed_minor: int, lost_minor: int) -> None:
    """A dispute of the pair's payment that was lost a day after it began."""
    payment = await payment_of(db, pair)
    async with db.begin() as tx:
        await tx.run(
            insert(tables.disputes).values(
                payment_id=payment["id"],
                provider_ref="dp_1",
                amount_minor=disputed_minor,
                reason="fraudulent",
                outcome=DisputeOutcome.LOST,
                opened_at=NOW,
                told_at=NOW + DAY,
                closed_at=NOW + DAY,
            )
        )
        lost = update(tables.payments).where(tables.payments.c.id == payment["id"])
        await tx.run(lost.values(lost_minor=lost_minor, fee_minor=1_500))


async def _a_year_of_all_sorts(db: Database, clock: SettableClock) -> tuple[Pair, Pair, Pair]:
    """Euros given back in parts, one of which came back; yen lost to a bank; dinars and a gift, both used."""
    euros = await _a_pair_in(db, "EUR", 20_000)
    yen = await _a_pair_in(db, "JPY", 9_001)
    dinars = await _a_pair_in(db, "KWD", 12_340)
    await hears(db, await news_of(db, euros, 5_000, "re_1"), await news_of(db, euros, 3_333, "re_2"))
    await _lost(db, yen, disputed_minor=9_001, lost_minor=8_000)
    session_id = await a_session(db, dinars, NOW)
    given(await grant(db, dinars.staff, Grant(dinars.student.user_id, "Stu", dinars.mentor.id, 2, "=sorry")))
    clock.forward(days=2)
    given(await complete(db, dinars.mentor.asker, session_id))
    await hears(db, await news_of(db, euros, 3_333, "re_2", failed="the account is closed"))
    await hears(db, await news_of(db, dinars, 340, "re_3", currency="KWD"))
    return euros, yen, dinars


async def test_what_every_payment_brought_is_kept_refunded_or_lost_and_every_pack_is_its_entries(
    db: Database, clock: SettableClock
) -> None:
    await _a_year_of_all_sorts(db, clock)

    with statements(db) as sent:
        found = await accounts(db)

    assert found.disagreements == ()
    by_order: defaultdict[int | None, list[Movement]] = defaultdict(list)
    by_pack: defaultdict[int | None, int] = defaultdict(int)
    for each in found.movements:
        by_order[each.order_id].append(each)
        if each.sessions is not None:
            by_pack[each.pack_id] += each.sessions
            assert each.balance == by_pack[each.pack_id]
    for payment in await rows_of(db, tables.payments):
        (total,) = totals(by_order[payment["order_id"]])
        told = (total.paid_minor, total.refunded_minor, total.lost_minor)
        assert told == (payment["amount_minor"], payment["refunded_minor"], payment["lost_minor"])
        assert total.paid_minor == total.kept_minor + total.refunded_minor + total.lost_minor
    assert by_pack == {pack["id"]: pack["remaining"] for pack in await rows_of(db, tables.packs)}
    sums = [(each.currency, each.paid_minor, each.kept_minor, each.fees_minor) for each in totals(found.movements)]
    assert sums == [("EUR", 20_000, 15_000, 0), ("JPY", 9_001, 1_001, 1_500), ("KWD", 12_340, 12_000, 0)]
    assert len(sent) == 8


async def test_a_line_says_whose_movement_it_is_and_why(db: Database, clock: SettableClock) -> None:
    euros, yen, dinars = await _a_year_of_all_sorts(db, clock)

    found = (await accounts(db)).movements

    (lost,) = [each for each in found if each.kind == "dispute_lost"]
    assert (lost.at, lost.amount_minor, lost.reference, lost.why) == (NOW + DAY, -8_000, "dp_1", "fraudulent")
    assert (lost.community, lost.student, lost.student_id) == ("Club of JPY", "Stu", yen.student.id)
    (back,) = [each for each in found if each.kind == "refund_failed"]
    assert (back.at, back.amount_minor, back.reference) == (NOW + 2 * DAY, 3_333, "re_2")
    (gift,) = [each for each in found if each.kind == "sessions_grant"]
    assert (gift.order_id, gift.product, gift.sessions, gift.why) == (None, None, 2, "=sorry")
    order_id = (await row_of(db, tables.packs, euros.pack_id))["order_id"]
    (paid,) = [each for each in found if each.kind == "payment" and each.order_id == order_id]
    assert (paid.mentor, paid.product, paid.provider) == ("Mara", "Four sessions", "stripe")
    assert paid.live is False
    assert dinars.pack_id in [each.pack_id for each in found if each.kind == "sessions_consume"]


async def test_a_period_has_its_first_moment_and_not_the_one_after_its_last(db: Database, clock: SettableClock) -> None:
    await _a_year_of_all_sorts(db, clock)

    whole = (await accounts(db)).movements
    first = (await accounts(db, NOW, NOW + 2 * DAY)).movements
    second = (await accounts(db, NOW + 2 * DAY, NOW + 2 * DAY + HOUR)).movements

    assert (*first, *second) == whole
    assert {each.at for each in first} == {NOW, NOW + DAY}
    assert {each.kind for each in second} == {"refund", "refund_failed", "sessions_consume"}


async def test_a_figure_that_is_not_what_its_rows_say_is_named(db: Database) -> None:
    pair = await a_pair(db)
    payment = await payment_of(db, pair)
    async with db.begin() as tx:
        await tx.run(update(tables.payments).values(refunded_minor=1))
        await tx.run(update(tables.packs).values(remaining=3))

    found = (await accounts(db)).disagreements

    assert [(each.what, each.id, each.stored, each.summed) for each in found] == [
        ("payment", payment["id"], 1, 0),
        ("pack", pair.pack_id, 3, 4),
    ]


async def test_a_month_that_was_told_stays_as_it_was_whatever_becomes_of_its_refunds(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db)

    async def months() -> list[list[tuple[str, int]]]:
        """What every month moved till now."""
        ends = [NOW + each * MONTH for each in range(8)]
        told = [(await accounts(db, since, until)).movements for since, until in pairwise(ends) if since <= clock.now()]
        return [[(each.kind, each.amount_minor) for each in of if each.amount_minor] for of in told]

    async def told_anew(*lines: tuple[str, int]) -> None:
        """This month has these lines, and those before are as they were when they were told."""
        before = closed[: len(closed)]
        closed[:] = await months()
        assert closed == [*before, list(lines)]
        found = await accounts(db)
        assert found.disagreements == ()
        refunded = (await payment_of(db, pair))["refunded_minor"]
        assert [each.refunded_minor for each in totals(found.movements)] == [refunded]
        clock.forward(days=30)

    closed: list[list[tuple[str, int]]] = []
    made = await news_of(db, pair, 12_000, "re_1", refund_id=None)
    await hears(db, made)
    await told_anew(("payment", 20_000), ("refund", -12_000))
    await hears(db, replace(made, failed="the account is closed"))
    await told_anew(("refund_failed", 12_000))
    await hears(db, await news_of(db, pair, 11_000, "re_2"))  # so that 9,000 of the other are owed still
    await told_anew(("refund", -11_000))
    (owed, _) = await rows_of(db, tables.refunds)
    given(await refunded_by_hand(db, staff_of(pair.community), owed["id"], "by bank transfer"))
    by_hand_at = clock.now()
    await told_anew(("refund", -9_000))
    await hears(db, await news_of(db, pair, 9_000, "re_3", at=by_hand_at))  # it was on the provider's pages
    assert (await months())[-1] == [("refund_replaced", 9_000)]
    assert (await months())[-2] == [("refund", -9_000), ("refund", -9_000)]  # the provider says when it was
    assert [each.refunded_minor for each in totals((await accounts(db)).movements)] == [20_000]
