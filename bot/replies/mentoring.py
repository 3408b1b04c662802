"""What a mentor is told of a session's outcome."""

from collections.abc import Sequence

from bot.actions import Key, Menu, custom_id
from bot.replies.reply import Reply, Tone
from core.rules.states import SessionState
from core.texts.language import plain, say, say_many
from core.usecases.choice import Choice
from core.usecases.completion.outcome import Completed

_MOST_OPTIONS = 25


def completed(session: Completed) -> Reply:
    """The outcome that stands; said twice, it is the first one."""
    student = plain(session.student_name)
    of = say("Session {number} of {total} with {student}.", number=session.number, total=session.total, student=student)
    left = say_many(
        "{number} session is left on that pack.", "{number} sessions are left on that pack.", session.remaining
    )
    if session.remaining == 0:
        left = say("That pack is used up.")
    if session.state is SessionState.NO_SHOW:
        title = say("Noted before: {student} did not come", student=student)
    elif session.repeated:
        title = say("Complete already")
    else:
        title = say("Complete")
    told = say("Nothing was changed now.") if session.repeated else say("{student} is told.", student=student)
    return Reply(title, f"{of}\n{left} {told}", rows=[[Key(say("Schedule"), "schedule")]], tone=Tone.DONE)


def nothing_open() -> Reply:
    """Nobody waits for this mentor's word."""
    return Reply(
        say("Nothing to complete"),
        say("No session of yours has started and still waits for its outcome. `/schedule` shows what comes next."),
        rows=[[Key(say("Schedule"), "schedule")]],
    )


def choose_session(found: Sequence[Choice]) -> Reply:
    """Which of the sessions took place."""
    options = [(str(choice.id), choice.label, "") for choice in found[:_MOST_OPTIONS]]
    return Reply(
        say("Which session took place?"),
        say("Choose it, and it is taken off the student's pack. They are told."),
        rows=[Menu(custom_id("pick-complete"), say("Choose a session"), options)],
    )
