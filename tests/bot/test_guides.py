"""The guides name every command, with its options, and none that does not exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import discord
from discord import app_commands
from simcord import Env

from bot.client import SeatkeeperBot

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
GUIDES = [DOCS / f"{name}.md" for name in ("students", "mentors", "staff")]


def options_by_command(env: Env) -> dict[str, set[str]]:
    assert isinstance(env.bot, SeatkeeperBot)
    return {
        command.qualified_name: {each.display_name for each in command.parameters}
        for command in env.bot.tree.walk_commands()
        if isinstance(command, app_commands.Command)
    }


def named_in(path: Path) -> Iterator[list[str]]:
    """What stands in a guide as `/command option option`, in words."""
    for typed in re.findall(r"`/([^`]+)`", path.read_text("utf-8")):
        yield typed.split()


def test_every_command_that_a_guide_names_exists_with_the_options_that_it_names(env: Env) -> None:
    commands = options_by_command(env)

    for path in GUIDES:
        for words in named_in(path):
            known = [n for n in range(len(words), 0, -1) if " ".join(words[:n]) in commands]
            group = any(name.startswith(" ".join(words) + " ") for name in commands)
            assert known or group, f"{path.name}: /{' '.join(words)} is no command"
            if known:
                options = {word for word in words[known[0] :] if word.isidentifier()}
                assert options <= commands[" ".join(words[: known[0]])], f"{path.name}: /{' '.join(words)}"


def test_every_command_stands_in_a_guide(env: Env) -> None:
    named = [" ".join(words) for path in GUIDES for words in named_in(path)]
    told = "\n".join(path.read_text("utf-8") for path in GUIDES)
    assert isinstance(env.bot, SeatkeeperBot)
    menus = [each.name for each in env.bot.tree.get_commands(type=discord.AppCommandType.user)]

    untold = [name for name in options_by_command(env) if not any(f"{each} ".startswith(f"{name} ") for each in named)]

    assert untold == []
    assert all(f"*{menu}*" in told for menu in menus)
