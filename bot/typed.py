"""What people type, without what nobody can see: it would hide words, break a line of a log, or be no text at all.

Discord's own clients send none of it in options. PostgreSQL keeps no NUL, and half a surrogate pair cannot be written.
"""

from collections.abc import Iterable
from typing import Any

import discord

from core.texts.language import visible


def make_readable(interaction: discord.Interaction[Any]) -> None:
    """Every text of a command's options or of a form is readable from here on, whoever looks at it."""
    data: Any = interaction.data or {}
    _clean(data.get("options", ()))
    _clean(data.get("components", ()))


def readable(text: str) -> str:
    """The text with its lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
    return "\n".join(visible(line) for line in lines)


def _clean(parts: Iterable[dict[str, Any]]) -> None:
    for part in parts:
        if isinstance(part.get("value"), str):
            part["value"] = readable(part["value"])
        inside = [part["component"]] if "component" in part else []
        _clean([*part.get("options", ()), *part.get("components", ()), *inside])
