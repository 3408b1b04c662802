"""What a mentor sells, as staff put it up, change it and take it off sale."""

from bot.actions import Key, custom_id
from bot.replies.products import product_line
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.usecases.community.add_product import ProductAdded
from core.usecases.community.edit_product import Retired, RetirePreview
from core.usecases.community.mentors import ProductCard


def product_added(added: ProductAdded) -> Reply:
    """It is for sale."""
    return Reply(
        say("For sale with {mentor}", mentor=plain(added.mentor_name)),
        _line(added) + "\n\n" + say("Everybody sees it in `/mentors` and buys it with `/buy`."),
        tone=Tone.DONE,
    )


def product_edited(edited: ProductAdded) -> Reply:
    """It is sold like this from now on, and what stands stays."""
    return Reply(
        say("Changed: for sale with {mentor}", mentor=plain(edited.mentor_name)),
        _line(edited)
        + "\n\n"
        + say(
            "It is sold like this from now on. Packs that are sold stay as they are, and whoever has a checkout open "
            "pays and gets what it says."
        ),
        tone=Tone.DONE,
    )


def preview_retire(shown: RetirePreview) -> Reply:
    """What follows if it is taken off sale; nothing is done yet."""
    lines = [say("Nobody can buy or renew it from then on; `/staff product add` puts up something else.")]
    if shown.packs:
        lines.append(
            say_many(
                "{number} pack of it is in use, and stays as it is.",
                "{number} packs of it are in use, and stay as they are.",
                shown.packs,
            )
        )
    if shown.open_checkouts:
        lines.append(
            say_many(
                "{number} checkout of it is open, and counts if it is paid.",
                "{number} checkouts of it are open, and count if they are paid.",
                shown.open_checkouts,
            )
        )
    if shown.is_last:
        lines.append(
            say(
                "⚠️ {mentor} sells nothing else: their students cannot renew, and lose their seats when they have no "
                "sessions left.",
                mentor=plain(shown.mentor_name),
            )
        )
    names = {"product": plain(shown.name), "mentor": plain(shown.mentor_name)}
    pressed = custom_id("retire-product", shown.mentor_id, shown.product_id)
    return Reply(
        say("Take “{product}” of {mentor} off sale?", **names),
        "\n".join(lines),
        rows=[[Key(say("Take it off sale"), pressed, style="danger")]],
        footer=say("Nothing is changed until you press the button."),
    )


def product_retired(done: Retired) -> Reply:
    """It is done."""
    return Reply(
        say("Off sale with {mentor}: {product}", product=plain(done.name), mentor=plain(done.mentor_name)),
        say("Nobody can buy it any more. Packs that are sold stay as they are."),
        tone=Tone.DONE,
    )


def _line(product: ProductAdded) -> str:
    return product_line(
        ProductCard(
            id=product.product_id,
            name=product.name,
            sessions=product.sessions,
            validity_days=product.validity_days,
            price_minor=product.price_minor,
            currency=product.currency,
        )
    )
