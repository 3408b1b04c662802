"""What staff set up, said back to them with what comes next."""

from bot.replies.products import product_line
from bot.replies.reply import Reply, Tone
from core.rules.hours import say_hours
from core.texts.language import plain, say, say_many
from core.texts.when import zone_words
from core.usecases.community.add_mentor import MentorAdded, NewMentor
from core.usecases.community.add_product import ProductAdded
from core.usecases.community.mentors import ProductCard
from core.usecases.community.set_up import Community


def set_up(community: Community, *, mute_in_staff_channel: bool) -> Reply:
    """How the community stands now."""
    role, channel = community.staff_role_id, community.staff_channel_id
    fields = [
        (say("Time zone"), plain(zone_words(community.time_zone))),
        (say("Currency"), community.currency),
        (
            say("Staff role"),
            f"<@&{role}>" if role else say("None: only members with the Manage Server permission are staff."),
        ),
        (
            say("Staff channel"),
            f"<#{channel}>"
            if channel
            else say("None yet: set `staff_channel`, so that staff hear what needs a person."),
        ),
    ]
    if mute_in_staff_channel:
        fields.append(
            (
                say("Please check"),
                say(
                    "I cannot write in {channel}. Allow me there to View Channel, Send Messages and Embed Links.",
                    channel=f"<#{channel}>",
                ),
            )
        )
    following = say("Next: add a mentor with `/staff mentor add`, then what they sell with `/staff product add`.")
    changed = say("What begins from now on follows it; what stands, stays. `/mentors` shows who teaches.")
    return Reply(
        say("Set up: {name}", name=plain(community.name)),
        following if community.is_new else changed,
        fields=fields,
        tone=Tone.DONE,
    )


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
