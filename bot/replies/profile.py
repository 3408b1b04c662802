"""One mentor: hours, prices, seats, the next free times, and the ways in."""

from bot.actions import Key, custom_id
from bot.replies.products import product_line
from bot.replies.reply import Reply
from core.rules.hours import say_hours
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span, zone_words
from core.usecases.reading.profile import Profile

_MOST_PRODUCTS = 5


def profile(found: Profile) -> Reply:
    """What somebody wants to know before they buy, or book."""
    name = plain(found.name)
    paused = say("{mentor} is taking a break: nothing new starts meanwhile. What is booked stays.", mentor=name)
    hours = say_hours(found.hours) or say("no hours yet")
    return Reply(
        name,
        f"<@{found.user_id}>" + (f"\n{paused}" if found.paused else ""),
        fields=[
            (say("Hours"), f"{hours} ({plain(zone_words(found.time_zone))})"),
            (say("A session"), say_many("{number} minute", "{number} minutes", found.session_minutes)),
            (say("Seats"), say("{free} of {all} free", free=found.seats_free, all=found.capacity)),
            (say("Prices"), _prices(found)),
            *_next(found),
        ],
        rows=[_keys(found)],
    )


def _prices(found: Profile) -> str:
    lines = [product_line(product) for product in found.products[:_MOST_PRODUCTS]]
    if len(found.products) > _MOST_PRODUCTS:
        lines.append(say_many("and {number} more", "and {number} more", len(found.products) - _MOST_PRODUCTS))
    return "\n".join(lines) or say("Nothing for sale yet")


def _next(found: Profile) -> list[tuple[str, str]]:
    if found.paused:
        return []
    times = "\n".join(discord_span(at) for at in found.next_times)
    return [(say("Next free times"), times or say("None at the moment. Look again later: hours may open up."))]


def _keys(found: Profile) -> list[Key]:
    """What can work; whoever has no seat yet is told by *See free times* what they need."""
    if found.paused or found.is_asker:
        return []
    seated = found.seat_state is not None
    keys = [Key(say("See free times"), custom_id("book", found.mentor_id), style="primary" if seated else "secondary")]
    if found.products and (found.seats_free or seated):
        keys.append(Key(say("Buy"), custom_id("buy", found.mentor_id), style="success"))
    return keys
