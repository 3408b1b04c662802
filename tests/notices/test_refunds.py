"""What people read of money that goes back: true of sessions, bookings and seat, with staff's reason (rules 28, 35)."""

from collections import defaultdict
from dataclasses import replace

from core.db import tables
from core.db.unit import Database
from core.texts.language import plain
from core.usecases.buying.decide_parked import grant_parked
from core.usecases.buying.settle import settle
from core.usecases.completion.not_held import not_held
from core.usecases.refunds.by_hand import refund_again, refunded_by_hand
from core.usecases.refunds.make_refund import make_refund
from core.usecases.refunds.refund_order import Wish, preview_refund, refund_order
from tests.answers import given
from tests.builders import DAY, HOUR, Pair, a_pair, a_session, row_of, rows_of, staff_of
from tests.clocks import NOW
from tests.notices.courier import KeepingCourier
from tests.notices.test_by_hand import TOLD, WHY, everything_due, to
from tests.provider import LedgerProvider
from tests.usecases.buying.steps import a_shop
from tests.usecases.refunds.steps import hears, news_of


async def refunded(db: Database, pair: Pair, sessions: int | None = None) -> None:
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    shown = given(await preview_refund(db, pair.staff, Wish(order_id, WHY, sessions)))
    wish = Wish(order_id, WHY, shown.sessions, shown.amount_minor)
    given(await refund_order(db, pair.staff, wish, shown.seen))


async def test_staffs_refund_of_all_reaches_all_three(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW + 3 * DAY)

    await refunded(db, pair)
    await everything_due(db, courier)

    told = to(courier, pair)
    student, mentor, staff = ("\n\n".join(told[each]) for each in ("student", "mentor", "staff"))
    assert "You get €200.00 back" in student
    assert "With it 4 sessions went off your pack." in student
    assert TOLD in student
    assert "does not take place: the money for it goes back." in student
    assert "back in your pack" not in student
    assert "so your seat is released with them" in student
    assert "The student's pack was refunded, and the time is free again." in mentor
    assert "The last sessions of **Stu**" in mentor
    assert "€" not in mentor
    assert WHY not in mentor
    assert "**Sam**" in staff
    assert "gives €200.00 back to **Stu**" in staff
    assert "Sessions taken off the pack: 4." in staff
    assert "Seat released with the last sessions" in staff


async def test_of_a_part_it_is_said_what_is_left(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)

    await refunded(db, pair, sessions=1)
    await everything_due(db, courier)

    (student,) = to(courier, pair)["student"]
    assert "€50.00 of your payment for “Four sessions” with **Mara** go back" in student
    assert "With it 1 session went off your pack.\nYou have 3 sessions left." in student


async def test_a_refund_on_the_providers_pages_asks_staff_or_says_what_it_took(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)

    await hears(db, await news_of(db, pair, 5_000))
    await everything_due(db, courier)
    await hears(db, await news_of(db, pair, 15_000, "re_2"))
    await everything_due(db, courier)

    first, *later = to(courier, pair)["staff"]
    assert "€50.00 of a payment of **Stu**" in first
    assert "Say so in `/staff tasks`; until then the student keeps all." in first
    assert any("4 unused sessions were taken off the pack." in each for each in later)


async def test_a_session_of_a_refunded_pack_that_was_not_held_is_not_promised_again(
    db: Database, courier: KeepingCourier
) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW - HOUR)
    await hears(db, await news_of(db, pair, 20_000))

    given(await not_held(db, pair.mentor.asker, session))
    await everything_due(db, courier)

    texts = "\n".join(to(courier, pair)["student"])
    assert "Your pack was refunded, so there is nothing to make up for." in texts
    assert "book another time" not in texts


async def test_staff_hear_of_money_that_came_back(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    made, failed = await news_of(db, pair, 5_000), await news_of(db, pair, 5_000, failed="expired_or_canceled_card")

    await hears(db, made, failed)
    await everything_due(db, courier)

    texts = "\n".join(to(courier, pair)["staff"])
    assert r"the provider's refund failed: expired\_or\_canceled\_card." in texts


async def test_what_is_said_of_a_refund_names_the_payment_that_it_gives_back(
    db: Database, courier: KeepingCourier
) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    first, again = await shop.paid(ready), shop.provider.pay_again(await shop.ref_of(ready))
    again = replace(again, amount_minor=30_000)
    given(await settle(db, "stripe", first))
    given(await settle(db, "stripe", again))
    staff = staff_of(shop.mentor.community)
    shown = given(await preview_refund(db, staff, Wish(ready.order_id, WHY)))
    given(await refund_order(db, staff, Wish(ready.order_id, WHY, 4, shown.amount_minor), shown.seen))
    for refund in await rows_of(db, tables.refunds):
        await make_refund(db, {"stripe": LedgerProvider(db.clock, refusing=True)}, refund["id"])

    await everything_due(db, courier)

    texts = defaultdict(list)
    for each in courier.sent:
        texts[each.message.title].append(each.message.text)
    ours, second = plain(first.payment_ref), plain(again.payment_ref)
    (by_staff,), (twice,) = texts["Refund by staff"], texts["An order was paid twice"]
    assert (f"payment {ours} at" in by_staff, f"payment {second} at" in twice) == (True, True)
    failed = texts["A refund failed: please make it by hand"]
    assert [("€300.00" in each, f"payment {second} at" in each) for each in failed] == [(True, True), (False, False)]
    assert f"payment {ours} at" in failed[1]


async def test_thanks_are_for_what_was_paid_and_not_for_what_was_due(db: Database, courier: KeepingCourier) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    paid = replace(await shop.paid(ready), amount_minor=19_500)
    given(await settle(db, "stripe", paid))
    given(await grant_parked(db, staff_of(shop.mentor.community), ready.order_id, "a rounding of the bank"))

    await everything_due(db, courier)

    (thanks,) = [each.message.text for each in courier.sent if each.message.title == "You have a seat with Mara"]
    assert "Your payment of €195.00 for" in thanks


async def test_where_no_money_goes_back_nobody_is_told_that_it_does(db: Database, courier: KeepingCourier) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW + 3 * DAY)
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    shown = given(await preview_refund(db, pair.staff, Wish(order_id, WHY, 4), "0"))

    given(await refund_order(db, pair.staff, Wish(order_id, WHY, 4, 0), shown.seen))
    await everything_due(db, courier)

    told = to(courier, pair)
    student, mentor, staff = ("\n\n".join(told[each]) for each in ("student", "mentor", "staff"))
    assert "does not take place: staff took it off your pack." in student
    assert "Staff took your last sessions with **Mara** off, so your seat is released with them." in student
    assert TOLD in student
    assert "Staff took it off the student's pack, and the time is free again." in mentor
    assert "Seat released with the last sessions" in staff
    assert [each for each in (student, mentor, staff) if "money" in each or "refund" in each or "€" in each] == []


async def test_a_student_hears_of_a_refund_that_failed_and_of_what_became_of_it(
    db: Database, courier: KeepingCourier
) -> None:
    pairs = [await a_pair(db)]
    pairs += [await a_pair(db, community=pairs[0].community) for _ in range(2)]
    for number, pair in enumerate(pairs):
        await hears(db, await news_of(db, pair, 5_000, f"re_{number}", failed="lost_or_stolen_card"))
    await everything_due(db, courier)
    by_hand, again, _ = [row["id"] for row in await rows_of(db, tables.refunds)]
    given(await refunded_by_hand(db, pairs[0].staff, by_hand, "by bank transfer"))
    given(await refund_again(db, pairs[1].staff, again, "another card"))
    await hears(db, await news_of(db, pairs[2], 5_000, "re_on_the_pages"))
    await everything_due(db, courier)

    told = [
        [each.message.title for each in courier.sent if each.to.discord_id == pair.student.user_id] for pair in pairs
    ]
    failed = "Your €50.00 are not on their way yet"
    back = "You get €50.00 back"
    assert told == [[failed, "You got €50.00 back"], [failed, back], [failed, back]]
    assert not any("by bank transfer" in each or "another card" in each for each in courier.texts)
