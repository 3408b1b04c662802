"""What a mentor is told of a session's outcome, and of one that they take back."""

from collections.abc import Sequence

from bot.actions import Key, Menu, custom_id
from bot.replies.reply import Reply, Tone
from core.rules.states import SessionState
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span
from core.usecases.choice import Choice
from core.usecases.completion.outcome import Completed
from core.usecases.completion.undo import Reopened
from core.usecases.completion.waive import Waived

_MOST_OPTIONS = 25


def completed(session: Completed) -> Reply:
    """The outcome that stands; said twice, it is the first one. Below it the way back."""
    student = plain(session.student_name)
    of = say("Session {number} of {total} with {student}.", number=session.number, total=session.total, student=student)
    told = say("Nothing was changed now.") if session.repeated else say("{student} is told.", student=student)
    way_back = Key(say("Undo"), custom_id("undo", session.session_id, session.attempt))
    return Reply(
        _outcome(session, student),
        f"{of}\n{_left(session)} {told}",
        rows=[[_schedule(), way_back]],
        tone=Tone.DONE,
    )


def _outcome(session: Completed, student: str) -> str:
    match session.state, session.repeated:
        case SessionState.NO_SHOW, True:
            return say("Noted before: {student} did not come", student=student)
        case SessionState.NO_SHOW, False:
            return say("Noted: {student} did not come", student=student)
        case SessionState.CANCELED, True:
            return say("Noted before: not held")
        case SessionState.CANCELED, False:
            return say("Noted: not held")
        case _, True:
            return say("Complete already")
        case _:
            return say("Complete")


def _left(session: Completed | Reopened | Waived) -> str:
    if session.remaining == 0:
        return say("That pack is used up.")
    return say_many(
        "{number} session is left on that pack.", "{number} sessions are left on that pack.", session.remaining
    )


def reopened(session: Reopened) -> Reply:
    """It is open again, and the three outcomes to choose from; of one that was undone before, what became of it."""
    student = plain(session.student_name)
    if session.state is not SessionState.SCHEDULED:
        return Reply(
            say("Undone before"),
            say("It was said anew since then how that session went. `/undo` takes that back, too."),
            rows=[[_schedule()]],
            tone=Tone.NO,
        )
    of = say(
        "Session {number} of {total} with {student}, {when}, is open again and counts as booked.",
        number=session.number,
        total=session.total,
        student=student,
        when=discord_span(session.starts_at),
    )
    told = say("Nothing was changed now.") if session.repeated else say("{student} is told.", student=student)
    return Reply(
        say("Open already") if session.repeated else say("Undone"),
        f"{of}\n{_left(session)} {told}",
        rows=[outcome_keys(session.session_id), [_schedule()]],
        tone=Tone.DONE,
        footer=say("It stays open until you say how it was."),
    )


def waived(session: Waived) -> Reply:
    """It is the student's again."""
    student = plain(session.student_name)
    if session.repeated:
        title, told = say("Waived already"), say("Nothing was changed now.")
    else:
        title, told = say("Waived"), say("{student} is told.", student=student)
    what = say("{student} can book that session again.", student=student)
    return Reply(title, f"{what}\n{_left(session)} {told}", rows=[[_schedule()]], tone=Tone.DONE)


def outcome_keys(session_id: int) -> list[Key]:
    """How a session went, in one press; the same as under the question that its mentor gets."""
    return [
        Key(say("Complete"), custom_id("complete", session_id), style="success"),
        Key(say("No-show"), custom_id("noshow", session_id)),
        Key(say("Not held"), custom_id("not-held", session_id)),
    ]


def nothing_open() -> Reply:
    """Nobody waits for this mentor's word."""
    return Reply(
        say("Nothing to complete"),
        say("No session of yours has started and still waits for its outcome. `/schedule` shows what comes next."),
        rows=[[_schedule()]],
    )


def nothing_open_with(student_name: str) -> Reply:
    """Nor with this student."""
    return Reply(
        say("Nothing to complete"),
        say(
            "No session of yours with {student} has started and still waits for its outcome. "
            "`/schedule` shows what comes next.",
            student=plain(student_name),
        ),
        rows=[[_schedule()]],
    )


def nothing_to_undo() -> Reply:
    return Reply(
        say("Nothing to undo"),
        say("Nothing that you said about a session can still be taken back."),
        rows=[[_schedule()]],
    )


def nothing_to_waive() -> Reply:
    return Reply(
        say("Nothing to waive"),
        say("No student of yours missed a session or cancelled late, or it is too late to give it back."),
        rows=[[_schedule()]],
    )


def choose_session(found: Sequence[Choice]) -> Reply:
    """Which of the sessions took place."""
    return Reply(
        say("Which session took place?"),
        say("Choose it, and it is taken off the student's pack. They are told."),
        rows=[_menu("pick-complete", found)],
    )


def choose_missed(found: Sequence[Choice], action: str) -> Reply:
    """Which of the sessions was missed, or not held: the action says which of them."""
    if action == "pick-noshow":
        text = say("Choose it, and it is taken off the student's pack. They are told.")
    else:
        text = say("Choose it, and it is given back to the student. They are told.")
    return Reply(say("Which session was it?"), text, rows=[_menu(action, found)])


def choose_undo(found: Sequence[Choice]) -> Reply:
    """Which outcome to take back."""
    return Reply(
        say("Which session?"),
        say("Choose it, and what was said about it is taken back. The student is told."),
        rows=[_menu("pick-undo", found)],
    )


def choose_waive(found: Sequence[Choice]) -> Reply:
    """What to give back."""
    return Reply(
        say("Which session?"),
        say("Choose it, and it is given back to the student. They are told."),
        rows=[_menu("pick-waive", found)],
    )


def _menu(action: str, found: Sequence[Choice]) -> Menu:
    options = [(str(choice.id), choice.label, "") for choice in found[:_MOST_OPTIONS]]
    return Menu(custom_id(action), say("Choose a session"), options)


def _schedule() -> Key:
    return Key(say("Schedule"), "schedule")
