"""The one shape of everything the bot says."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from io import BytesIO

import discord

from bot.actions import Key, Menu, Picker, Row, view_of
from core.rules.refusals import Refused
from core.texts.language import say
from core.texts.refusals import sentence

_TITLE, _TEXT, _FIELD_NAME, _FIELD = 256, 4096, 256, 1024


class Tone(Enum):
    """The colour at the embed's edge."""

    CALM = 0x5865F2
    DONE = 0x3BA55D
    NO = 0xE67E22
    BROKEN = 0xED4245


@dataclass(frozen=True, slots=True)
class File:
    """Something to keep, under the name that it is saved by."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A title, a text in Discord's markdown, fields of (name, text), rows to press, and files."""

    title: str
    text: str = ""
    fields: Sequence[tuple[str, str]] = ()
    rows: Sequence[Row] = ()
    footer: str = ""
    tone: Tone = Tone.CALM
    files: Sequence[File] = ()

    def embed(self) -> discord.Embed:
        embed = discord.Embed(
            title=_cut(self.title, _TITLE), description=_cut(self.text, _TEXT) or None, colour=self.tone.value
        )
        for name, text in self.fields:
            embed.add_field(name=_cut(name, _FIELD_NAME), value=_cut(text, _FIELD), inline=False)
        if self.footer:
            embed.set_footer(text=self.footer)
        return embed

    def attachments(self) -> list[discord.File]:
        """The files, made anew each time, as sending one uses it up."""
        return [discord.File(BytesIO(file.content), filename=file.name) for file in self.files]

    def view(self) -> discord.ui.View | None:
        return view_of([row for row in self.rows if isinstance(row, Menu | Picker) or row])


def refusal(refused: Refused, *rows: Sequence[Key]) -> Reply:
    """The no, in one sentence that says the mend."""
    return Reply(say("That did not work"), sentence(refused), rows=rows, tone=Tone.NO)


def fault(reference: str) -> Reply:
    """Something of ours broke: the reference finds it in the log."""
    return Reply(
        say("Something went wrong"),
        say(
            "That is our fault, not yours. Please try again. If it stays so, tell staff this reference: `{reference}`",
            reference=reference,
        ),
        tone=Tone.BROKEN,
    )


def outdated() -> Reply:
    """A command or a button that this version of the bot no longer has."""
    return Reply(
        say("That has changed"),
        say("This was made by another version of the bot. Please type the command anew; `/` shows what there is."),
        tone=Tone.NO,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
