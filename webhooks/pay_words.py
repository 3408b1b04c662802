"""What a pay page says about its order. The words are here, the template only sets them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.rules.refusals import Reason, Refused
from core.rules.states import OrderState
from core.texts.language import say, say_many
from core.texts.prices import price
from core.texts.when import zone_words
from core.usecases.buying.pay import PayPage


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One page: `mood` chooses its colour, `pay` is the way to the hosted checkout while there is something to pay."""

    mood: str  # open, done, waiting, closed
    title: str
    lines: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    back: Link
    pay: Link | None = None


def shown(order: PayPage, now: datetime, *, came_back: bool, refused: Refused | None) -> Shown:
    """The page as it is true now. `came_back`: from the hosted checkout; `refused`: why its provider could not tell."""
    mood, title, *lines = _words(order, now, came_back, refused)
    may_pay = order.state is OrderState.OPEN and now < order.expires_at and refused is None
    label = say("Pay {amount}", amount=price(order.due_minor, order.currency))
    return Shown(
        mood=mood,
        title=title,
        lines=tuple(lines),
        facts=(
            (say("What"), order.product_name),
            (say("Sessions"), str(order.sessions)),
            (say("Mentor"), order.mentor_name),
            (say("Amount"), price(order.due_minor, order.currency)),
        ),
        back=Link(say("Back to Discord"), f"https://discord.com/channels/{order.guild_id}"),
        pay=Link(label, order.checkout_url) if may_pay and order.checkout_url else None,
    )


def _words(order: PayPage, now: datetime, came_back: bool, refused: Refused | None) -> tuple[str, ...]:
    """The mood, the title, and the lines below it."""
    match order.state:
        case OrderState.FULFILLED:
            return "done", say("Paid, thank you!"), _yours(order), say("Next: choose a time in Discord, with /book.")
        case OrderState.PENDING:
            return (
                "waiting",
                say("Your payment is on its way"),
                say("Your way of paying takes some time. Your seat is kept meanwhile."),
                say("You need do nothing: you are told in Discord when the money has arrived."),
            )
        case OrderState.CLOSED:
            return (
                "closed",
                say("This checkout is closed"),
                say("It was not paid. To buy after all, use /buy in Discord: you get a new one."),
            )
        case OrderState.PARKED:
            return (
                "waiting",
                say("Staff are looking at your payment"),
                say("Your payment arrived, but it is not what the order asks for. Staff have been told."),
            )
        case OrderState.REFUNDED:
            return (
                "closed",
                say("Your money goes back to you"),
                say("You get back what you paid, in full. The reason is in your messages in Discord."),
            )
        case OrderState.OPEN:
            return _open(order, now, came_back, refused)


def _open(order: PayPage, now: datetime, came_back: bool, refused: Refused | None) -> tuple[str, ...]:
    if refused is not None and refused.reason is Reason.PAYMENT_IS_SETTLING:
        return (
            "waiting",
            say("Your payment is on its way"),
            say("You need do nothing: you are told in Discord when the money has arrived."),
        )
    if refused is not None:
        return (
            "waiting",
            say("The payment provider does not answer right now"),
            say("If you have paid: your money is safe, and we settle your order as soon as the provider answers."),
            say("You need do nothing: you are told in Discord."),
        )
    if now >= order.expires_at:
        return (
            "closed",
            say("The time to pay is over"),
            say("If you have paid, your sessions appear within minutes. If not, use /buy in Discord again."),
        )
    if order.checkout_url is None:
        return "waiting", say("Your checkout is being prepared"), say("Please load this page again in a minute.")
    title = say("Not paid yet") if came_back else say("Your sessions with {mentor}", mentor=order.mentor_name)
    return "open", title, _time_left(order, now)


def _yours(order: PayPage) -> str:
    return say_many(
        "{number} session with {mentor} is yours.",
        "{number} sessions with {mentor} are yours.",
        order.sessions,
        mentor=order.mentor_name,
    )


def _time_left(order: PayPage, now: datetime) -> str:
    """By the student's clock, which is named (rule 18)."""
    minutes = max(1, (order.expires_at - now) // timedelta(minutes=1))
    until = order.expires_at.astimezone(ZoneInfo(order.student_zone))
    return say_many(
        "You have {number} minute left to pay, until {until}.",
        "You have {number} minutes left to pay, until {until}.",
        minutes,
        until=f"{until:%H:%M} ({zone_words(order.student_zone)})",
    )
