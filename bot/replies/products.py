"""What a mentor sells, and how to pay for it."""

from collections.abc import Sequence

from bot.actions import Key, Menu, custom_id
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.texts.prices import price
from core.texts.providers import provider_name
from core.texts.when import discord_span
from core.usecases.buying.buy import CheckoutReady, Given
from core.usecases.community.mentors import ProductCard

_MOST_OPTIONS = 25


def product_choice(product: ProductCard) -> tuple[str, str]:
    """(label, value) for an autocomplete."""
    return f"{product.name} · {_what(product)}", str(product.id)


def product_line(product: ProductCard) -> str:
    """One line of a list, in Discord's markdown."""
    return f"**{plain(product.name)}** · {_what(product)}"


def choose_product(mentor_id: int, products: Sequence[ProductCard]) -> Reply:
    """What the mentor sells: one select."""
    options = [(str(product.id), product.name, _what(product)) for product in products[:_MOST_OPTIONS]]
    return Reply(
        say("What would you like?"),
        say("Choose below. Nothing is charged before you pay on the next page."),
        rows=[Menu(custom_id("pick-product", mentor_id), say("Choose"), options)],
    )


def checkout(ready: CheckoutReady) -> Reply:
    """Where to pay, what one gets, and until when; the seat is kept meanwhile, be it new or one's own."""
    again = say("Your checkout from before is still open.") + "\n" if ready.repeated else ""
    sessions = say_many("{number} session", "{number} sessions", ready.sessions)
    return Reply(
        say("Almost done: pay to confirm"),
        again
        + say(
            "Press the button to pay. The link is good until {until}, and your seat with {mentor} is kept for you "
            "meanwhile. As soon as the payment has arrived you get a message, and can book.",
            mentor=plain(ready.mentor_name),
            until=discord_span(ready.expires_at),
        ),
        fields=[
            (say("You get"), f"{plain(ready.product_name)} · {sessions}"),
            (say("You pay"), _cheaper(ready)),
        ],
        rows=[
            [
                Key(_pay(ready), url=ready.pay_url),
                *(
                    Key(
                        say("With {provider} instead", provider=provider_name(other)),
                        custom_id(f"pay-with-{other}", ready.order_id),
                    )
                    for other in ready.others
                ),
            ]
        ],
        footer=say("Nothing is charged before you pay on that page."),
    )


def _pay(ready: CheckoutReady) -> str:
    """The button's words, which name the provider where there is a choice."""
    amount = price(ready.due_minor, ready.currency)
    if not ready.others:
        return say("Pay {amount}", amount=amount)
    return say("Pay {amount} with {provider}", amount=amount, provider=provider_name(ready.provider))


def _cheaper(ready: CheckoutReady) -> str:
    """The amount, and the price that it would be without the code."""
    amount = price(ready.due_minor, ready.currency)
    if ready.due_minor == ready.price_minor:
        return amount
    return say("{amount} instead of {price}", amount=amount, price=price(ready.price_minor, ready.currency))


def given(given: Given) -> Reply:
    """A code left nothing to pay."""
    return Reply(
        say("It is yours, and there is nothing to pay"),
        say(
            "Your code covers all of “{product}” with {mentor}. Next: choose a time for your first session.",
            product=plain(given.product_name),
            mentor=plain(given.mentor_name),
        ),
        rows=[[Key(say("Book a session"), custom_id("book", given.mentor_id), style="primary")]],
        tone=Tone.DONE,
    )


def _what(product: ProductCard) -> str:
    return " · ".join(
        (
            price(product.price_minor, product.currency),
            say_many("{number} session", "{number} sessions", product.sessions),
            say_many("good for {number} day", "good for {number} days", product.validity_days),
        )
    )
