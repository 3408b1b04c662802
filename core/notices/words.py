"""Pieces that several notices are made of."""

from core.notices.facts import ByHand, Pair, Person, SeatFacts
from core.ports import Button
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span


def name(person: Person) -> str:
    """The name as typed, emphasised."""
    return f"**{plain(person.name)}**"


def who(person: Person) -> str:
    """The name for staff and mentors, with the mention that opens the person's profile; of who was erased, none."""
    return f"{name(person)} (<@{person.user_id}>)" if person.user_id > 0 else name(person)


def reason_of(change: ByHand | None) -> str:
    """A line more: why somebody changed it by hand, in their own words."""
    return "" if change is None else "\n" + say("Why: {why}", why=plain(change.why))


def days_of(change: ByHand | None) -> str:
    """How many days somebody gave."""
    if change is None:
        raise ValueError("nobody gave any days")
    return say_many("{number} day", "{number} days", change.figures["days"])


def renew_button(pair: Pair, *, again: bool = False) -> Button:
    return Button(say("Buy again") if again else say("Renew"), "renew", pair.mentor_id, style="success")


def book_button(pair: Pair, *, first: bool = True) -> Button:
    return Button(say("Book a session"), "book", pair.mentor_id, style="primary" if first else "secondary")


def schedule_button() -> Button:
    return Button(say("Schedule"), "schedule")


def cancel_button(session_id: int) -> Button:
    """To what cancelling means now; nothing is cancelled by pressing it."""
    return Button(say("Cancel"), "cancel", session_id)


def grace_end(seat: SeatFacts) -> str:
    """When the grace of the seat ends; there is one only in grace."""
    if seat.grace_ends_at is None:
        raise ValueError(f"seat {seat.seat_id} is not in grace")
    return discord_span(seat.grace_ends_at)
