"""What stands under every change by hand until it is confirmed: its reason, in the message that is pressed on.

A reason is too long for a custom_id. Only the bot writes its own messages, so what it wrote there can be read back.
"""

from collections.abc import Sequence

import discord

from bot.actions import Menu
from bot.replies.reply import Reply
from core.texts.language import plain, say, say_many
from core.texts.when import discord_time
from core.usecases.packs.choosing import ChoosePack, PackChoice

_MOST_OPTIONS = 25


def reason_of(message: discord.Message | None) -> str:
    """The reason that the footer of our own message keeps."""
    embeds = message.embeds if message is not None else []
    return (embeds[0].footer.text or "") if embeds else ""


def choose_pack(found: ChoosePack, custom_id: str) -> Reply:
    """Several packs could be meant: one select; the reason is kept for the next step."""
    options = [
        (str(pack.pack_id), f"{number}. {_left(pack)}", _booked(pack))
        for number, pack in enumerate(found.packs[:_MOST_OPTIONS], 1)
    ]
    lines = [
        say("{left}, until {when}", left=_left(pack), when=discord_time(pack.expires_at, "d")) for pack in found.packs
    ]
    return Reply(
        say("Which pack of {student}?", student=plain(found.student_name)),
        say("{student} has several packs with {mentor}:", **_names(found)) + "\n" + _numbered(lines),
        rows=[Menu(custom_id, say("Choose a pack"), options)],
        footer=found.reason,
    )


def _names(found: ChoosePack) -> dict[str, str]:
    return {"student": plain(found.student_name), "mentor": plain(found.mentor_name)}


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _left(pack: PackChoice) -> str:
    return say("{remaining} of {total} left", remaining=pack.remaining, total=pack.total)


def _booked(pack: PackChoice) -> str:
    return say_many("{number} of them is booked", "{number} of them are booked", pack.held) if pack.held else ""
