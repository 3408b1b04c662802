"""Buttons and selects that outlive the process: what to do and on which rows stands in their `custom_id` alone.

`book:12` means: the action `book` on row 12. Nothing in it is believed: use cases check whose it is when it is pressed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import discord

from bot.parsing import id_of
from core.ports import Button

# Row ids and instants in seconds; longer numbers are no ids of ours and would not fit the database's integers.
TEMPLATE = r"(?P<name>[a-z]+(?:-[a-z]+)*)(?P<numbers>(?::[0-9]{1,18})*)"

_STYLES = {
    "primary": discord.ButtonStyle.primary,
    "secondary": discord.ButtonStyle.secondary,
    "success": discord.ButtonStyle.success,
    "danger": discord.ButtonStyle.danger,
}


@dataclass(frozen=True, slots=True)
class Press:
    """Something that was pressed: the numbers of its custom_id, and for a select what was chosen in it."""

    numbers: tuple[int, ...]
    values: tuple[str, ...] = ()

    @property
    def subject_id(self) -> int:
        return self.numbers[0]

    @property
    def chosen_id(self) -> int | None:
        """The row that was chosen in a select."""
        return id_of(self.values[0]) if self.values else None


@dataclass(frozen=True, slots=True)
class Action:
    """What answers a press. `numbers` says how many the custom_id carries; `in_place` edits the message pressed on.

    `opens_form`: it answers with a form, which must be the first answer, so nothing is acknowledged before.
    """

    answer: Callable[[discord.Interaction, Press], Awaitable[None]]
    numbers: int = 1
    in_place: bool = False
    opens_form: bool = False


Presser = Callable[[discord.Interaction, str, Press], Awaitable[None]]


def custom_id(name: str, *numbers: int) -> str:
    return ":".join((name, *map(str, numbers)))


class Pressable(discord.ui.DynamicItem[discord.ui.Item[Any]], template=TEMPLATE):
    """Every button and select of ours, remade from its custom_id when it is pressed. `client.press` answers."""

    name: str
    numbers: tuple[int, ...]

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: Any, /) -> Self:
        made = cls(item)
        made.name = match["name"]
        made.numbers = tuple(int(number) for number in match["numbers"].split(":")[1:])
        return made

    async def callback(self, interaction: discord.Interaction) -> None:
        # As they were sent: what discord.py makes of them is another thing for each kind of select.
        data: Mapping[str, Any] = interaction.data or {}
        values = tuple(data.get("values", ()))
        press: Presser = interaction.client.press  # type: ignore[attr-defined]
        await press(interaction, self.name, Press(self.numbers, values))


@dataclass(frozen=True, slots=True)
class Menu:
    """A select: its custom_id, what it says while empty, and (value, label, description) for each option."""

    custom_id: str
    placeholder: str
    options: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Picker:
    """A select of the server's roles, or of its channels of these kinds. It may be emptied, which picks none."""

    custom_id: str
    placeholder: str
    chosen: int | None = None
    channels: Sequence[discord.ChannelType] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """A button of a reply."""

    label: str
    custom_id: str = ""
    url: str = ""
    style: str = "secondary"
    disabled: bool = False


def key_of(button: Button) -> Key:
    """The button of a notice."""
    if button.url:
        return Key(button.label, url=button.url)
    pressed = custom_id(button.action, button.subject_id) if button.subject_id else button.action
    return Key(button.label, pressed, style=button.style)


Row = Menu | Picker | Sequence[Key]


def view_of(rows: Sequence[Row]) -> discord.ui.View | None:
    """The rows as discord.py sends them. It keeps nothing of them: each press is remade from its custom_id."""
    if not rows:
        return None
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        if isinstance(row, Menu):
            view.add_item(_select(row, number))
        elif isinstance(row, Picker):
            view.add_item(_picker(row, number))
        else:
            for key in row:
                view.add_item(_button(key, number))
    # A stopped view is not stored; stored ones without a timeout would stay in memory for ever.
    view.stop()
    return view


def _select(menu: Menu, row: int) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(value=value, label=label[:100], description=description[:100] or None)
        for value, label, description in menu.options
    ]
    return discord.ui.Select(custom_id=menu.custom_id, placeholder=menu.placeholder[:150], options=options, row=row)


def _picker(picker: Picker, row: int) -> discord.ui.Item[Any]:
    chosen = [] if picker.chosen is None else [discord.Object(picker.chosen)]
    shown: Any = {"custom_id": picker.custom_id, "placeholder": picker.placeholder[:150], "min_values": 0, "row": row}
    if not picker.channels:
        roles = [discord.SelectDefaultValue.from_role(each) for each in chosen]
        return discord.ui.RoleSelect(**shown, default_values=roles)
    channels = [discord.SelectDefaultValue.from_channel(each) for each in chosen]
    return discord.ui.ChannelSelect(**shown, channel_types=list(picker.channels), default_values=channels)


def _button(key: Key, row: int) -> discord.ui.Button[Any]:
    label = key.label[:80]
    if key.url:
        return discord.ui.Button(label=label, url=key.url, row=row)
    return discord.ui.Button(
        label=label, custom_id=key.custom_id, style=_STYLES[key.style], row=row, disabled=key.disabled
    )


Actions = Mapping[str, Action]
