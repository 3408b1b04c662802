"""Who teaches here."""

from collections.abc import Sequence

from bot.actions import Key, Menu, custom_id
from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.products import product_line
from bot.replies.reply import Reply
from core.rules.hours import say_hours
from core.texts.language import plain, say, say_many
from core.texts.when import zone_words
from core.usecases.choice import Choice
from core.usecases.community.mentors import MentorCard

A_PAGE = 6
_MOST_LINES = 5
_KEYS_A_ROW, _MOST_KEYS = 5, 25


def mentors(cards: Sequence[MentorCard], page: int = 0) -> Reply:
    """A page of the mentors, each with seats, hours and prices, and a select to buy from one."""
    if not cards:
        return Reply(
            say("No mentors yet"),
            say("Nobody teaches here yet. Staff add mentors with `/staff mentor add`."),
        )
    return _listed(say("Mentors"), cards, page)


def found(cards: Sequence[MentorCard], typed: str) -> Reply:
    """The mentors whose names are like what was typed, the likest first."""
    if not cards:
        return Reply(
            say("No mentor found"),
            say("No mentor here is called “{name}”. `/mentors` shows all of them.", name=plain(typed[:80])),
        )
    return _listed(say("Mentors like “{name}”", name=plain(typed[:80])), cards[:A_PAGE], 0)


def _listed(title: str, cards: Sequence[MentorCard], page: int) -> Reply:
    page, pages, shown = of_page(cards, page, A_PAGE)
    buyable = [card for card in shown if card.products and not card.paused]
    options = [(str(card.mentor_id), card.name, _seats(card)) for card in buyable]
    menu = [Menu(custom_id("pick-mentor"), say("See what a mentor offers"), options)] if options else []
    return Reply(
        title,
        say("Choose a mentor below to get a seat. Have one already? `/book` books your next session."),
        fields=[_field(card) for card in shown],
        rows=[*menu, page_keys("mentors-page", page, pages)],
        footer=page_note(page, pages),
    )


def _field(card: MentorCard) -> tuple[str, str]:
    lines = [
        f"{_seats(card)} · {say('{minutes} minutes a session', minutes=card.session_minutes)}",
        f"{say_hours(card.hours) or say('no hours yet')} ({plain(zone_words(card.time_zone))})",
        *(product_line(product) for product in card.products[:_MOST_LINES]),
    ]
    if len(card.products) > _MOST_LINES:
        lines.append(say_many("and {number} more", "and {number} more", len(card.products) - _MOST_LINES))
    if not card.products:
        lines.append(say("Nothing for sale yet"))
    return plain(card.name), "\n".join(lines)


def _seats(card: MentorCard) -> str:
    if card.paused:
        return say("taking a break")
    if not card.seats_free:
        return say("no seat free")
    return say_many("{number} seat free", "{number} seats free", card.seats_free)


def choose_mentor(action: str, own: Sequence[Choice]) -> Reply:
    """Somebody with several mentors named none: a button for each."""
    keys = [Key(choice.label, custom_id(action, choice.id), style="primary") for choice in own[:_MOST_KEYS]]
    return Reply(
        say("With whom?"),
        say("You have more than one mentor. Choose one."),
        rows=[keys[first : first + _KEYS_A_ROW] for first in range(0, len(keys), _KEYS_A_ROW)],
    )


def none_for_sale() -> Reply:
    """The mentor chosen sells nothing now."""
    return Reply(
        say("Nothing for sale"),
        say("This mentor sells nothing at the moment. `/mentors` shows who does."),
        rows=[[Key(say("All mentors"), custom_id("mentors-page", 0))]],
    )
