"""The file for the provider of a disputed payment: as a bank reads it, and for staff alone."""

from datetime import timedelta

from bot.replies.evidence import summary
from core.db import tables
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import Channel, EntryKind, RefundState, SessionState
from core.texts.refusals import SENTENCES
from core.usecases.reading.evidence import Entry, Evidence, GivenBack, Meeting, Step, Told
from tests.bot.world import World, labels, read, reply_to
from tests.builders import rows_of
from tests.clocks import NOW
from tests.usecases.disputes.steps import tells

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FOUND = Evidence(
    community="Chess Club",
    collected_at=NOW + 9 * DAY,
    dispute_ref="dp_1",
    disputed_minor=120_050,
    dispute_reason="fraudulent",
    dispute_opened_at=NOW + 8 * DAY,
    answer_by=NOW + 17 * DAY,
    outcome=None,
    provider="stripe",
    checkout_ref="cs_1",
    payment_ref="pi_1",
    order_id=7,
    order_token="token-0001",
    product="Four\u202e sessions\nPAID",
    sessions=4,
    session_minutes=60,
    price_minor=130_050,
    due_minor=120_050,
    code="SPRING",
    currency="EUR",
    ordered_at=NOW,
    paid_minor=120_050,
    tax_minor=0,
    refunded_minor=1_000,
    paid_at=NOW + timedelta(minutes=3),
    student_name="Stu",
    student_user_id=42,
    student_since=NOW - 30 * DAY,
    mentor_name="Mara",
    pack_until=NOW + 60 * DAY,
    told=(Told(NoticeKind.PURCHASE_CONFIRMED, NOW + timedelta(minutes=4), Channel.DM),),
    entries=(
        Entry(EntryKind.PURCHASE, 4, 4, NOW + timedelta(minutes=3), None),
        Entry(EntryKind.CONSUME, -1, 3, NOW + 2 * DAY + HOUR, NOW + 2 * DAY),
    ),
    meetings=(
        Meeting(
            NOW + 2 * DAY,
            NOW + 2 * DAY + HOUR,
            SessionState.COMPLETED,
            (
                Step("book", NOW + HOUR, "student", "Stu"),
                Step("complete", NOW + 2 * DAY + HOUR, "mentor", "Mara"),
            ),
            (
                Told(NoticeKind.SESSION_TOMORROW, NOW + DAY, Channel.THREAD),
                Told(NoticeKind.SESSION_COMPLETED, NOW + 2 * DAY + 2 * HOUR, Channel.DM),
            ),
        ),
    ),
    refunds=(GivenBack(1_000, RefundState.DONE, NOW + 4 * DAY),),
)
WHOLE = """\
EVIDENCE FOR DISPUTE dp_1
Collected 2026-03-11 12:00 UTC. All times are in UTC.

DISPUTE
Payment disputed: pi_1 at Stripe
Amount disputed: 1,200.50 EUR
Reason given: fraudulent
Opened: 2026-03-10 12:00 UTC
Answer due: 2026-03-19 12:00 UTC

PURCHASE
Seller: Chess Club (a community on Discord)
Product: Four sessionsPAID: 4 online sessions of 60 minutes with Mara
Price: 1,300.50 EUR
Discount code: SPRING
Amount due: 1,200.50 EUR
Paid: 1,200.50 EUR
Ordered: 2026-03-02 12:00 UTC
Paid on: 2026-03-02 12:03 UTC
Order: 7, reference token-0001
Checkout at Stripe: cs_1
Sessions can be used until: 2026-05-01 12:00 UTC
2026-03-02 12:04 UTC: the purchase was confirmed to the student by direct message on Discord

CUSTOMER
Name on Discord: Stu (Discord user id 42)
Known to the seller since: 2026-01-31 12:00 UTC

DELIVERY: SESSIONS OF THIS PURCHASE
Sessions held: 1. Bookings that the student made themselves: 1.

1. 2026-03-04 12:00 UTC to 2026-03-04 13:00 UTC: held
   2026-03-02 13:00 UTC: booked by the student (Stu)
   2026-03-03 12:00 UTC: the student was reminded of the session in the private thread of student and mentor on Discord
   2026-03-04 13:00 UTC: recorded as held by the mentor (Mara)
   2026-03-04 14:00 UTC: the student was told the outcome by direct message on Discord

SESSIONS LEFT, CHANGE BY CHANGE
2026-03-02 12:03 UTC: +4 bought; 4 left
2026-03-04 13:00 UTC: -1 used, session of 2026-03-04 12:00 UTC; 3 left

REFUNDS OF THIS PAYMENT
2026-03-06 12:00 UTC: 10.00 EUR refunded
Refunded in all: 10.00 EUR
"""


def test_the_summary_says_what_was_bought_and_what_was_got_for_it_each_with_when() -> None:
    assert summary(FOUND) == WHOLE


async def test_staff_open_it_under_the_task_after_a_restart_and_nobody_else_does(world: World) -> None:
    await tells(world.db, world.pair)
    dispute = (await rows_of(world.db, tables.disputes))[0]["id"]
    shown = await world.sam.slash(world.public, "staff tasks")
    assert labels(reply_to(shown)) == ["Evidence for 1"]
    await world.restart()

    opened = await world.sam.click(reply_to(shown), label="Evidence for 1")

    reply = reply_to(opened)
    assert reply.ephemeral
    assert "Stu** disputes €200.00" in read(opened)
    (file,) = reply.attachments
    told = (await file.read()).decode()
    assert told.startswith("EVIDENCE FOR DISPUTE dp_1\n")
    assert f"Discord user id {world.stu.person.user_id}" in told
    for somebody in (world.eve, world.mara.actor, world.stu.actor):
        forged = f"evidence:{dispute}"
        pressed = await somebody.click(world.forge(world.public.id, forged), custom_id=forged)
        assert read(pressed).endswith(SENTENCES[Reason.NOT_STAFF].without)
        assert not reply_to(pressed).attachments
