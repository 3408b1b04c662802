"""A dispute's summary for the provider: plain English in UTC, as it is pasted there, whatever language staff read."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from bot.replies.reply import File, Reply
from core.rules.completion import Outcome
from core.rules.money import EXPONENTS
from core.rules.notices import NoticeKind
from core.rules.states import Channel, EntryKind, RefundState, SessionState
from core.texts.language import plain, say, visible
from core.texts.prices import price
from core.texts.providers import provider_name
from core.texts.when import discord_span
from core.usecases.reading.evidence import Entry, Evidence, Meeting, Step, Told

_ROADS: Mapping[Channel | None, str] = {
    Channel.DM: "by direct message on Discord",
    Channel.THREAD: "in the private thread of student and mentor on Discord",
    Channel.STAFF: "to the community's staff, who were asked to pass it on",
}
_TOLD: Mapping[NoticeKind, str] = {
    NoticeKind.PURCHASE_CONFIRMED: "the purchase was confirmed to the student",
    NoticeKind.SEAT_RENEWED: "the purchase was confirmed to the student",
    NoticeKind.SESSION_TOMORROW: "the student was reminded of the session",
    NoticeKind.SESSION_SOON: "the student was reminded of the session",
    NoticeKind.SESSION_COMPLETED: "the student was told the outcome",
    NoticeKind.SESSION_CANCELED: "the student was told that it is cancelled",
    NoticeKind.SESSION_RETURNED: "the student was told that it is given back",
    NoticeKind.SESSION_REOPENED: "the student was told that its outcome is taken back",
    NoticeKind.SESSION_WAIVED: "the student was told that it is given back",
}
_STEPS: Mapping[str, str] = {
    "book": "booked",
    Outcome.COMPLETED.verb: "recorded as held",
    Outcome.NO_SHOW.verb: "recorded as missed by the student",
    Outcome.MENTOR_NO_SHOW.verb: "recorded as missed by the mentor, so given back to the student",
    Outcome.NOT_HELD.verb: "recorded as not held, so given back to the student",
    "undo": "outcome taken back",
    "waive": "given back to the student",
    "cancel": "cancelled",
    "release": "cancelled with the student's place",
    "remove": "cancelled, as the mentor left",
    "refund": "cancelled, as its money went back",
    "cover": "moved from or to another purchase of the student",
}
_WHO: Mapping[str, str] = {
    "student": "the student",
    "mentor": "the mentor",
    "staff": "staff",
    "partner": "the community's own system, by a signed message",
    "provider": "news of the payment provider",
    "system": "the service itself",
}
_STATES: Mapping[SessionState, str] = {
    SessionState.SCHEDULED: "booked, no outcome recorded yet",
    SessionState.COMPLETED: "held",
    SessionState.NO_SHOW: "missed by the student",
    SessionState.CANCELED: "not held, or cancelled",
}
_ENTRIES: Mapping[EntryKind, str] = {
    EntryKind.PURCHASE: "bought",
    EntryKind.GRANT: "given by the community",
    EntryKind.CONSUME: "used",
    EntryKind.RESTORE: "given back",
    EntryKind.ADJUST: "corrected by hand",
    EntryKind.TRANSFER: "transferred",
    EntryKind.REFUND: "taken off, as money went back",
    EntryKind.EXPIRE: "expired unused",
}
_REFUNDS: Mapping[RefundState, str] = {
    RefundState.INTENDED: "on its way",
    RefundState.DONE: "refunded",
    RefundState.FAILED: "failed, so still owed",
    RefundState.REPLACED: "failed, and replaced by another refund",
    RefundState.NOT_OWED: "failed, and not owed",
}


def evidence(found: Evidence) -> Reply:
    """What it is in short, and the whole as a file: a message would break it."""
    held = sum(meeting.state is SessionState.COMPLETED for meeting in found.meetings)
    lines = [
        say(
            "{student} disputes {amount} for “{product}” with {mentor}. Sessions held: {held} of {total}.",
            student=f"**{plain(found.student_name)}**",
            amount=price(found.disputed_minor, found.currency),
            product=plain(found.product),
            mentor=f"**{plain(found.mentor_name)}**",
            held=held,
            total=found.sessions,
        ),
        say(
            "The file is for {provider}: in English, all times in UTC. Read it before you send it, and add what only "
            "you know, such as messages or recordings.",
            provider=provider_name(found.provider),
        ),
    ]
    if found.answer_by is not None and found.outcome is None:
        lines.append(say("Answer it on the provider's pages until {when}.", when=discord_span(found.answer_by)))
    name = f"evidence-order-{found.order_id}.txt"
    return Reply(
        say("Evidence for order {order}", order=found.order_id),
        "\n".join(lines),
        files=[File(name, summary(found).encode())],
        footer=say("Only you see this. It has personal data: give it to the provider alone."),
    )


def summary(found: Evidence) -> str:
    """The whole, as a person at a bank reads it: what was bought, by whom, and what they got for it, each with when."""
    parts = [
        [f"EVIDENCE FOR DISPUTE {found.dispute_ref}", f"Collected {_at(found.collected_at)}. All times are in UTC."],
        ["DISPUTE", *_dispute(found)],
        ["PURCHASE", *_purchase(found)],
        ["CUSTOMER", *_customer(found)],
        ["DELIVERY: SESSIONS OF THIS PURCHASE", *_meetings(found)],
        ["SESSIONS LEFT, CHANGE BY CHANGE", *_ledger(found.entries)],
        ["REFUNDS OF THIS PAYMENT", *_given_back(found)],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _dispute(found: Evidence) -> list[str]:
    lines = [
        f"Payment disputed: {found.payment_ref} at {provider_name(found.provider)}",
        f"Amount disputed: {_money(found.disputed_minor, found)}",
        f"Reason given: {found.dispute_reason or 'none'}",
        f"Opened: {_at(found.dispute_opened_at)}",
    ]
    if found.answer_by is not None:
        lines.append(f"Answer due: {_at(found.answer_by)}")
    if found.outcome is not None:
        lines.append(f"Outcome: {found.outcome.value}")
    return lines


def _purchase(found: Evidence) -> list[str]:
    each = "session" if found.sessions == 1 else "sessions"
    lines = [
        f"Seller: {visible(found.community)} (a community on Discord)",
        f"Product: {visible(found.product)}: {found.sessions} online {each} of {found.session_minutes} minutes with "
        f"{visible(found.mentor_name)}",
        f"Price: {_money(found.price_minor, found)}",
    ]
    if found.code is not None:
        lines.append(f"Discount code: {visible(found.code)}")
    lines += [
        f"Amount due: {_money(found.due_minor, found)}",
        f"Paid: {_money(found.paid_minor, found)}"
        + (f" (tax {_money(found.tax_minor, found)})" if found.tax_minor else ""),
        f"Ordered: {_at(found.ordered_at)}",
        f"Paid on: {_at(found.paid_at)}",
        f"Order: {found.order_id}, reference {found.order_token}",
        f"Checkout at {provider_name(found.provider)}: {found.checkout_ref or 'none'}",
    ]
    if found.pack_until is not None:
        lines.append(f"Sessions can be used until: {_at(found.pack_until)}")
    return [*lines, *(_told(each) for each in found.told)]


def _customer(found: Evidence) -> list[str]:
    account = f"Discord user id {found.student_user_id}" if found.student_user_id > 0 else "erased at their request"
    return [
        f"Name on Discord: {visible(found.student_name)} ({account})",
        f"Known to the seller since: {_at(found.student_since)}",
    ]


def _meetings(found: Evidence) -> list[str]:
    if not found.meetings:
        return ["No session was booked."]
    held = sum(meeting.state is SessionState.COMPLETED for meeting in found.meetings)
    by_student = sum(step.verb == "book" and step.who == "student" for each in found.meetings for step in each.steps)
    lines = [f"Sessions held: {held}. Bookings that the student made themselves: {by_student}."]
    for number, meeting in enumerate(found.meetings, 1):
        lines += ["", *_meeting(number, meeting)]
    return lines


def _meeting(number: int, meeting: Meeting) -> list[str]:
    lines = [f"{number}. {_at(meeting.starts_at)} to {_at(meeting.ends_at)}: {_STATES[meeting.state]}"]
    events = [(step.at, _step(step)) for step in meeting.steps] + [(told.at, _told(told)) for told in meeting.told]
    return lines + [f"   {text}" for _, text in sorted(events, key=lambda event: event[0])]


def _step(step: Step) -> str:
    name = f" ({visible(step.name)})" if step.name else ""
    return f"{_at(step.at)}: {_STEPS.get(step.verb, step.verb)} by {_WHO[step.who]}{name}"


def _told(told: Told) -> str:
    return f"{_at(told.at)}: {_TOLD[told.kind]} {_ROADS.get(told.channel, '')}".rstrip()


def _ledger(entries: Iterable[Entry]) -> list[str]:
    lines = []
    for entry in entries:
        of = f", session of {_at(entry.session_at)}" if entry.session_at is not None else ""
        lines.append(f"{_at(entry.at)}: {entry.delta:+} {_ENTRIES[entry.kind]}{of}; {entry.balance} left")
    return lines or ["Nothing was granted for this payment."]


def _given_back(found: Evidence) -> list[str]:
    lines = [f"{_at(each.at)}: {_money(each.amount_minor, found)} {_REFUNDS[each.state]}" for each in found.refunds]
    return [*lines, f"Refunded in all: {_money(found.refunded_minor, found)}"] if lines else ["None."]


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _money(minor: int, found: Evidence) -> str:
    """With the currency's code: the dollar sign is that of many."""
    return f"{Decimal(minor).scaleb(-EXPONENTS[found.currency]):,f} {found.currency}"
