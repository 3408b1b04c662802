"""Which command is for whom, and the list of those that somebody can use."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.actions import Key, custom_id
from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.reply import Reply
from core.texts.language import say
from core.usecases.reading.audience import Standing


class For(StrEnum):
    """Whom a command is for."""

    EVERYBODY = "everybody"
    STUDENT = "student"
    MENTOR = "mentor"
    STAFF = "staff"


_EVERYBODY, _STUDENT, _MENTOR, _STAFF = (For.EVERYBODY,), (For.STUDENT,), (For.MENTOR,), (For.STAFF,)
_BOTH = (For.MENTOR, For.STAFF)

WHOM: Mapping[str, tuple[For, ...]] = {
    "mentors": _EVERYBODY,
    "mentor": _EVERYBODY,
    "buy": _EVERYBODY,
    "timezone": _EVERYBODY,
    "mydata": (For.STUDENT, For.MENTOR, For.STAFF),
    "help": _EVERYBODY,
    "book": _STUDENT,
    "schedule": (For.STUDENT, For.MENTOR),
    "remaining": _STUDENT,
    "renew": _STUDENT,
    "history": _STUDENT,
    "complete": _BOTH,
    "noshow": _BOTH,
    "undo": _BOTH,
    "waive": _BOTH,
    "adjust": _BOTH,
    "students": _BOTH,
    "note add": _BOTH,
    "note list": _BOTH,
    "availability show": _MENTOR,
    "availability set": _MENTOR,
    "Complete session": _BOTH,
    "setup": _STAFF,
}
"""By the command's full name. A test keeps it whole."""

_LONGEST_PAGE = 3800  # characters; a reply's text holds 4096
_ORDER = (For.STAFF, For.MENTOR, For.STUDENT, For.EVERYBODY)


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the tree has it; `in_menu` is one of the menu on a member. `id` where Discord told us."""

    name: str
    description: str
    id: int | None = None
    in_menu: bool = False


def whom(name: str) -> tuple[For, ...]:
    """Whom the command is for: all under /staff is for staff, of the others `WHOM` knows."""
    return _STAFF if name.partition(" ")[0] == "staff" else WHOM.get(name, ())


def usable(commands: Iterable[Command], standing: Standing) -> dict[For, list[Command]]:
    """The commands that somebody of this standing can use: each under the first of the headings that are theirs."""
    theirs = {For.EVERYBODY}
    theirs |= {For.STUDENT} if standing.student else set()
    theirs |= {For.MENTOR} if standing.mentor else set()
    theirs |= {For.STAFF} if standing.staff else set()
    found: dict[For, list[Command]] = {each: [] for each in _ORDER}
    for command in commands:
        if heading := next((each for each in whom(command.name) if each in theirs), None):
            found[heading].append(command)
    return {each: listed for each, listed in found.items() if listed}


def help_page(commands: Iterable[Command], standing: Standing, page: int = 0) -> Reply:
    """What this person can do here, one line a command."""
    if not standing.set_up:
        return _not_set_up(commands, standing)
    pages = list(_pages(usable(commands, standing)))
    page, count, shown = of_page(pages, page, 1)
    first = [Key(say("See the mentors"), custom_id("mentors-page", 0), style="primary")]
    return Reply(
        say("What you can do here"),
        "\n".join(shown),
        rows=[page_keys("help-page", page, count), [] if standing.student or standing.mentor else first],
        footer=page_note(page, count) or say("All answers are seen by you alone."),
    )


def _not_set_up(commands: Iterable[Command], standing: Standing) -> Reply:
    if not standing.staff:
        text = say("Seatkeeper is not set up on this server yet. Somebody with the Manage Server permission does that.")
        return Reply(say("Not set up yet"), text)
    setup = [_line(command) for command in commands if command.name == "setup"]
    text = say("Seatkeeper is not set up on this server yet. You can do that now; the next steps follow from it:")
    return Reply(say("Not set up yet"), "\n".join([text, *setup]))


def _pages(found: Mapping[For, list[Command]]) -> Iterator[str]:
    """The groups one after the other, as many as fit on a page; a long one goes on on the next under its heading."""
    page: list[str] = []
    for each, commands in found.items():
        head = f"**{_heading(each)}**"
        lines = [_line(command) for command in commands]
        for number, line in enumerate(lines):
            more = [line] if number else ["", head, line] if page else [head, line]
            if len("\n".join([*page, *more])) > _LONGEST_PAGE:
                yield "\n".join(page)
                page, more = [], [head, line]
            page += more
    yield "\n".join(page)


def _line(command: Command) -> str:
    if command.in_menu:
        return say("Menu on a member, under Apps: **{name}**", name=say(command.name))
    called = f"</{command.name}:{command.id}>" if command.id else f"`/{command.name}`"
    return f"{called} · {say(command.description)}"


def _heading(each: For) -> str:
    match each:
        case For.EVERYBODY:
            return say("For everybody")
        case For.STUDENT:
            return say("For students")
        case For.MENTOR:
            return say("For mentors")
        case For.STAFF:
            return say("For staff")
