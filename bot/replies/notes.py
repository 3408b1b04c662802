"""Notes about a student: asked for, kept, and read by their mentor and staff."""

from collections.abc import Iterator

from bot.actions import Key, custom_id
from bot.forms import Blank, Form
from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say
from core.texts.when import discord_time
from core.usecases.notes.about import About
from core.usecases.notes.add_note import LONGEST_NOTE
from core.usecases.reading.notes import Note, Notes

TEXT = "text"
"""The form's only blank."""

_LONGEST_PAGE = 3800  # characters; a reply's text holds 4096, and one note at its worst half of that
_MOST = 8


def form(seat_id: int) -> Form:
    return Form(
        custom_id("note-add", seat_id),
        say("A note about this student"),
        [
            Blank(
                TEXT,
                say("What do you want to remember?"),
                LONGEST_NOTE,
                description=say("You and staff read it; the student does not."),
            )
        ],
    )


def added(about: About) -> Reply:
    return Reply(
        say("Noted"),
        say(
            "Kept with the notes about {student}. Their mentor, {mentor}, and staff can read it; {student} cannot.",
            student=plain(about.student_name),
            mentor=plain(about.mentor_name),
        ),
        rows=[[Key(say("All notes"), custom_id("notes-page", about.seat_id, 0)), _more(about)]],
        tone=Tone.DONE,
    )


def notes(found: Notes, page: int = 0) -> Reply:
    """A page of the notes, the latest first, each of them whole."""
    title = say("Notes about {student}", student=plain(found.about.student_name))
    if not found.notes:
        return Reply(title, say("Nothing is noted yet."), rows=[[_more(found.about, "primary")]])
    page, pages, (shown,) = of_page(tuple(_pages(found.notes)), page, 1)
    return Reply(
        title,
        shown,
        rows=[[*page_keys("notes-page", page, pages, found.about.seat_id), _more(found.about)]],
        footer=page_note(page, pages) or say("The latest first. The student never sees them."),
    )


def _more(about: About, style: str = "secondary") -> Key:
    return Key(say("Write a note"), custom_id("note", about.seat_id), style=style)


def _pages(listed: tuple[Note, ...]) -> Iterator[str]:
    """As many notes on each page as it holds."""
    page: list[str] = []
    for note in listed:
        text = _text(note)
        if page and (len(page) == _MOST or len("\n\n".join([*page, text])) > _LONGEST_PAGE):
            yield "\n\n".join(page)
            page = []
        page.append(text)
    yield "\n\n".join(page)


def _text(note: Note) -> str:
    head = f"**{discord_time(note.at, 'f')} · {plain(note.by_name)}**"
    return "\n".join([head, *(plain(line) for line in note.text.split("\n"))])
