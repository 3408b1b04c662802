"""What Discord itself shows of our commands, in each language that we speak. Names stay, as guides quote them."""

from typing import Any

import discord
from discord import app_commands

from core.texts.language import languages, reader, say


class Translator(app_commands.Translator):
    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContext[Any, Any],
    ) -> str | None:
        """None where the sentence stays as it is: what Discord has no translation of it shows as we wrote it."""
        shown = str(string)
        if locale.value not in languages() or context.location in _NAMES:
            return None
        with reader(locale.value):
            said = say(shown)
        return None if said == shown else said


_Location = app_commands.TranslationContextLocation
_NAMES = {_Location.command_name, _Location.group_name, _Location.parameter_name}
