"""What staff set up, said back to them with what comes next."""

from bot.replies.products import product_line
from bot.replies.reply import Reply, Tone
from core.rules.hours import say_hours
from core.texts.language import plain, say, say_many
from core.texts.when import zone_words
from core.usecases.community.add_mentor import MentorAdded, NewMentor
from core.usecases.community.add_product import ProductAdded
from core.usecases.community.mentors import ProductCard


def mentor_added(added: MentorAdded, new: NewMentor) -> Reply:
    """A mentor who can be booked, once they sell something."""
    return Reply(
        say("New mentor: {name}", name=plain(added.name)),
        say("Next: say what they sell with `/staff product add`. Then `/mentors` shows them to everybody."),
        fields=[
            (say("Hours"), f"{say_hours(added.hours)} ({plain(zone_words(new.time_zone))})"),
            (say("Seats"), say_many("{number} student", "{number} students", new.capacity)),
            (say("A session lasts"), say_many("{number} minute", "{number} minutes", new.session_minutes)),
        ],
        tone=Tone.DONE,
    )


def product_added(added: ProductAdded) -> Reply:
    """It is for sale."""
    card = ProductCard(
        id=added.product_id,
        name=added.name,
        sessions=added.sessions,
        validity_days=added.validity_days,
        price_minor=added.price_minor,
        currency=added.currency,
    )
    return Reply(
        say("For sale with {mentor}", mentor=plain(added.mentor_name)),
        product_line(card) + "\n\n" + say("Everybody sees it in `/mentors` and buys it with `/buy`."),
        tone=Tone.DONE,
    )
