"""What people are told about a session: one function a kind."""

from collections.abc import Callable, Mapping

from core.notices.facts import SessionFacts
from core.notices.words import book_button, cancel_button, name, reason_of, renew_button, schedule_button, who
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
        [schedule_button(), cancel_button(session.session_id)],
    )


def session_tomorrow(session: SessionFacts) -> Message:
    return Message(
        say("Coming up: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        _meeting(session),
        [schedule_button(), cancel_button(session.session_id)],
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
            "Session {number} of {total} with {student} began {when} and is over. Until you say how it was, "
            "it stays open and is not taken off their pack.",
            **_with_student(session),
        ),
        outcome_buttons(session.session_id),
    )


def outcome_reminder(session: SessionFacts) -> Message:
    return Message(
        say("Still open: your session with {student}", student=plain(session.pair.student.name)),
        say(
            "You have not said yet how session {number} of {total} with {student} was. It began {when}. Until you do, "
            "it stays booked, and {name} can use it for nothing else.",
            name=name(session.pair.student),
            **_with_student(session),
        ),
        outcome_buttons(session.session_id),
    )


def outcome_overdue_staff(session: SessionFacts) -> Message:
    return Message(
        say("A session waits for its outcome"),
        say(
            "{mentor} was asked how session {number} of {total} with {student} was, and has not answered. It began "
            "{when}, and stays booked until somebody says it. They are asked again; you may say it yourself with "
            "`/complete` or `/noshow`.",
            mentor=who(session.pair.mentor),
            **_with_student(session),
        ),
    )


def outcome_buttons(session_id: int) -> list[Button]:
    """The three answers. Nothing is completed by itself, so one of them must be pressed (rule 22)."""
    return [
        Button(say("Complete"), "complete", session_id, style="success"),
        Button(say("No-show"), "noshow", session_id),
        Button(say("Not held"), "not-held", session_id),
    ]


def _with_student(session: SessionFacts) -> dict[str, object]:
    return {
        "student": who(session.pair.student),
        "when": discord_span(session.starts_at),
        "number": session.number,
        "total": session.total,
    }


def session_completed(session: SessionFacts) -> Message:
    if session.state is SessionState.NO_SHOW:
        title = say("Missed: your session with {mentor}", mentor=plain(session.pair.mentor.name))
        first = say(
            "It is noted that you did not come to your session with {mentor} {when}, so session {number} of {total} is "
            "used.",
            **_of(session),
        )
    else:
        title = say("Done: your session with {mentor}", mentor=plain(session.pair.mentor.name))
        first = say("Session {number} of {total} with {mentor} is marked as complete. It began {when}.", **_of(session))
    left = _left(session)
    button = book_button(session.pair) if session.available > 0 else None
    if session.remaining == 0:
        button = renew_button(session.pair)
    return Message(title, f"{first}\n{left}", [button] if button else [schedule_button()])


def session_returned(session: SessionFacts) -> Message:
    if session.refunded:
        return Message(
            say("Not held: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
            say(
                "It was noted that your session with {mentor} {when} did not take place. Your pack was refunded, so "
                "there is nothing to make up for.",
                mentor=name(session.pair.mentor),
                when=discord_span(session.starts_at),
            ),
            [schedule_button()],
        )
    return Message(
        say("Not held: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        say(
            "It was noted that your session with {mentor} {when} did not take place. It is not taken off your pack: "
            "book another time until {expires}.",
            mentor=name(session.pair.mentor),
            when=discord_span(session.starts_at),
            expires=discord_span(session.expires_at),
        ),
        [book_button(session.pair), schedule_button()],
    )


def session_reopened(session: SessionFacts) -> Message:
    return Message(
        say("Taken back: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        say(
            "What was said about session {number} of {total} with {mentor} is taken back. It began {when}, and is open "
            "again until it is said how it went; meanwhile it counts as booked.",
            **_of(session),
        )
        + "\n"
        + _left(session),
        [schedule_button()],
    )


def session_reopened_mentor(session: SessionFacts) -> Message:
    return Message(
        say("Open again: your session with {student}", student=plain(session.pair.student.name)),
        say(
            "Staff took back what was said about session {number} of {total} with {student}, which began {when}. "
            "Please say how it was.",
            **_with_student(session),
        ),
        outcome_buttons(session.session_id),
    )


def session_waived(session: SessionFacts) -> Message:
    return Message(
        say("Given back: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        say(
            "Session {number} of {total} with {mentor}, {when}, is not taken off your pack after all: it is yours "
            "again. Book another time until {expires}.",
            expires=discord_span(session.expires_at),
            **_of(session),
        )
        + "\n"
        + _left(session),
        [book_button(session.pair), schedule_button()],
    )


def session_canceled(session: SessionFacts) -> Message:
    first = [book_button(session.pair)] if session.available > 0 else []
    of_it = {"mentor": name(session.pair.mentor), "when": discord_span(session.starts_at)}
    if session.without_money:
        text = say("Your session with {mentor} {when} does not take place: staff took it off your pack.", **of_it)
    elif session.refunded:
        text = say("Your session with {mentor} {when} does not take place: the money for it goes back.", **of_it)
    else:
        text = say("Your session with {mentor} {when} does not take place. It is back in your pack, not used.", **of_it)
    return Message(
        say("Cancelled: your session with {mentor}", mentor=plain(session.pair.mentor.name)),
        text + reason_of(session.change),
        [*first, schedule_button()],
    )


def session_canceled_mentor(session: SessionFacts) -> Message:
    """Cancelled by the student or by staff; the mentor may waive what was cancelled late (rule 16)."""
    buttons = [schedule_button()]
    if session.without_money:
        means = say("Staff took it off the student's pack, and the time is free again.")
    elif session.refunded:
        means = say("The student's pack was refunded, and the time is free again.")
    elif session.waivable_until is None:
        means = say("It is back in the student's pack, and the time is free again.")
    else:
        means = say(
            "It was cancelled late, so it counts as used. If you want to, give it back to {name} until {until}.",
            name=name(session.pair.student),
            until=discord_span(session.waivable_until),
        )
        buttons.insert(0, Button(say("Give it back"), "waive", session.session_id))
    return Message(
        say("Cancelled: {student}", student=plain(session.pair.student.name)),
        say("Session {number} of {total} with {student}, {when}, is cancelled.", **_with_student(session))
        + "\n"
        + means
        + reason_of(session.change),
        buttons,
    )


def _left(session: SessionFacts) -> str:
    if session.remaining == 0:
        return say("You have no sessions left.")
    return say_many("You have {number} session left.", "You have {number} sessions left.", session.remaining)


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
    NoticeKind.OUTCOME_REMINDER: outcome_reminder,
    NoticeKind.OUTCOME_OVERDUE_STAFF: outcome_overdue_staff,
    NoticeKind.SESSION_RETURNED: session_returned,
    NoticeKind.SESSION_REOPENED: session_reopened,
    NoticeKind.SESSION_REOPENED_MENTOR: session_reopened_mentor,
    NoticeKind.SESSION_WAIVED: session_waived,
    NoticeKind.SESSION_COMPLETED: session_completed,
    NoticeKind.SESSION_CANCELED: session_canceled,
    NoticeKind.SESSION_CANCELED_MENTOR: session_canceled_mentor,
}
