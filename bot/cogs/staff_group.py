"""/staff and its branches, which several cogs grow: each command stands with its subject, all under one name.

@staff.command(name="grant", description="…")
async def grant(self, interaction, …): ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from discord import app_commands
from discord.ext import commands

Method = TypeVar("Method", bound=Callable[..., Any])

_MARK = "__seatkeeper_twig__"


@dataclass(frozen=True, slots=True)
class Branch:
    """A group of commands. One of discord.py's own belongs to one cog alone, so each bot makes its own of this."""

    make: Callable[[], app_commands.Group]
    parent: "Branch | None" = None

    def command(self, *, name: str, description: str) -> Callable[[Method], Method]:
        """The cog's method answers this command, once `grow` was called with the cog."""

        def mark(method: Method) -> Method:
            setattr(method, _MARK, (self, name, description))
            return method

        return mark

    def of(self, tree: app_commands.CommandTree[Any]) -> app_commands.Group:
        """This tree's group; made when it is first asked for."""
        trunk = tree if self.parent is None else self.parent.of(tree)
        made = self.make()
        found = trunk.get_command(made.name)
        if isinstance(found, app_commands.Group):
            return found
        trunk.add_command(made)
        return made


staff = Branch(lambda: app_commands.Group(name="staff", description="For staff: mentors, students, what is due."))
mentor = Branch(lambda: app_commands.Group(name="mentor", description="Mentors."), parent=staff)
product = Branch(lambda: app_commands.Group(name="product", description="What mentors sell."), parent=staff)
code = Branch(lambda: app_commands.Group(name="code", description="Codes that make buying cheaper."), parent=staff)
settings = Branch(lambda: app_commands.Group(name="settings", description="The numbers of the rules."), parent=staff)


def grow(tree: app_commands.CommandTree[Any], cog: commands.Cog) -> None:
    """Every command that the cog's methods are marked for is on its branch, and this cog answers it."""
    for name, method in vars(type(cog)).items():
        if (marked := getattr(method, _MARK, None)) is not None:
            branch, called, description = marked
            answering: app_commands.Command[Any, ..., Any] = app_commands.Command(
                name=called, description=description, callback=getattr(cog, name)
            )
            branch.of(tree).add_command(answering)
