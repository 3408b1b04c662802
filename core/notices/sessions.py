"""What people are told about a session: one function a kind."""

from collections.abc import Callable, Mapping

from core.notices.facts import SessionFacts
from core.notices.words import book_button, name, renew_button, schedule_button, who
from core.ports import Button, Message
from core.rules.notices import NoticeKind
from core.rules.states import SessionState
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span


def session_booked(session: SessionFacts) -> Message:
    return Message(
        say("Booked: {student}", student=plain(session.pair.student.name)),
        say(
            "{student} booked session {number} of {total} with you: {when}.",
            student=who(session.pair.student),
            when=discord_span(session.starts_at),
            number=session.number,
            total=session.total,
        ),
        [schedule_button()],
    )


def session_tomorrow(session: SessionFacts) -> Message:
    return Message(
        say("Coming up: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        _meeting(session),
        [schedule_button()],
    )


def session_soon(session: SessionFacts) -> Message:
    return Message(
        say("Soon: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        _meeting(session),
        [schedule_button()],
    )


def _meeting(session: SessionFacts) -> str:
    return say(
        "You meet {mentor} {when}. It is session {number} of {total}.",
        mentor=name(session.pair.mentor),
        when=discord_span(session.starts_at),
        number=session.number,
        total=session.total,
    )


def outcome_prompt(session: SessionFacts) -> Message:
    return Message(
        say("How was it with {student}?", student=plain(session.pair.student.name)),
        say(
            "Session {number} of {total} with {student} began {when} and is over. Until you say that it is complete, "
            "it stays open and is not taken off their pack.",
            student=who(session.pair.student),
            when=discord_span(session.starts_at),
            number=session.number,
            total=session.total,
        ),
        [Button(say("Complete"), "complete", session.session_id, style="success")],
    )


def session_completed(session: SessionFacts) -> Message:
    if session.state is SessionState.NO_SHOW:
        title = say("Missed: your session with {mentor}", mentor=plain(session.pair.mentor.name))
        first = say(
            "{mentor} noted that you did not come {when}, so session {number} of {total} is used.", **_of(session)
        )
    else:
        title = say("Done: your session with {mentor}", mentor=plain(session.pair.mentor.name))
        first = say("{mentor} marked session {number} of {total} as complete. It began {when}.", **_of(session))
    left = say_many("You have {number} session left.", "You have {number} sessions left.", session.remaining)
    if session.remaining == 0:
        left = say("You have no sessions left.")
    button = book_button(session.pair) if session.available > 0 else None
    if session.remaining == 0:
        button = renew_button(session.pair)
    return Message(title, f"{first}\n{left}", [button] if button else [schedule_button()])


def session_canceled(session: SessionFacts) -> Message:
    return Message(
        say("Cancelled: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        say(
            "Your session with {mentor} {when} does not take place. It is back in your pack, not used.",
            mentor=name(session.pair.mentor),
            when=discord_span(session.starts_at),
        ),
        [schedule_button()],
    )


def _of(session: SessionFacts) -> dict[str, object]:
    return {
        "mentor": name(session.pair.mentor),
        "when": discord_span(session.starts_at),
        "number": session.number,
        "total": session.total,
    }


SESSIONS: Mapping[NoticeKind, Callable[[SessionFacts], Message]] = {
    NoticeKind.SESSION_BOOKED: session_booked,
    NoticeKind.SESSION_TOMORROW: session_tomorrow,
    NoticeKind.SESSION_SOON: session_soon,
    NoticeKind.OUTCOME_PROMPT: outcome_prompt,
    NoticeKind.SESSION_COMPLETED: session_completed,
    NoticeKind.SESSION_CANCELED: session_canceled,
}
