"""Forms (Discord's modals) that outlive the process: what for and about which rows stands in the `custom_id` alone.

A form must be Discord's first answer, within three seconds: whatever opens one is not acknowledged before.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import discord

from bot.actions import TEMPLATE

OPENS_FORM: Final = {"opens_form": True}
"""A command's `extras`: it answers with a form, so the tree does not acknowledge it."""

_TITLE, _LABEL, _DESCRIPTION, _PLACEHOLDER = 45, 45, 100, 100


@dataclass(frozen=True, slots=True)
class Blank:
    """A text to fill in. `written` stands in it already, `example` shows through while it is empty."""

    name: str
    label: str
    most: int
    description: str = ""
    written: str = ""
    example: str = ""
    one_line: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    custom_id: str
    title: str
    blanks: Sequence[Blank]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was sent: the numbers of its custom_id, and each blank's text by name."""

    numbers: tuple[int, ...]
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormAction:
    """What answers a form that was sent. `numbers` says how many the custom_id carries.

    `in_place` edits the message that it was opened from, if that is seen by this person alone.
    """

    answer: Callable[[discord.Interaction, Filled], Awaitable[None]]
    numbers: int = 0
    in_place: bool = False


def modal_of(form: Form) -> discord.ui.Modal:
    """The form as discord.py sends it. It keeps nothing of it: what is sent is read by `filled`."""
    modal = discord.ui.Modal(title=form.title[:_TITLE], custom_id=form.custom_id, timeout=None)
    for blank in form.blanks:
        text: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=blank.name,
            style=discord.TextStyle.short if blank.one_line else discord.TextStyle.paragraph,
            default=blank.written[: blank.most] or None,
            placeholder=blank.example[:_PLACEHOLDER] or None,
            max_length=blank.most,
        )
        modal.add_item(
            discord.ui.Label(
                text=blank.label[:_LABEL], description=blank.description[:_DESCRIPTION] or None, component=text
            )
        )
    # A stopped modal is not stored; stored ones without a timeout would stay in memory for ever.
    modal.stop()
    return modal


def filled(interaction: discord.Interaction) -> tuple[str, Filled]:
    """What was sent, and for what; an empty name for a form that cannot be ours."""
    data: Mapping[str, Any] = interaction.data or {}
    match = re.fullmatch(TEMPLATE, data.get("custom_id", ""))
    if match is None:
        return "", Filled(())
    numbers = tuple(int(number) for number in match["numbers"].split(":")[1:])
    return match["name"], Filled(numbers, dict(_words(data.get("components", []))))


def _words(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Texts stand in a label each, and in rows where Discord still sends those."""
    for component in components:
        if isinstance(component.get("value"), str):
            yield component["custom_id"], component["value"]
        inside = component.get("components") or ([component["component"]] if "component" in component else [])
        yield from _words(inside)
