"""What people are told when a mentor, a student or the bot is away, leaves or comes back: one function a kind (39)."""

from collections.abc import Callable, Mapping

from core.notices.facts import SeatFacts
from core.notices.words import book_button, grace_end, name, renew_button, schedule_button, who
from core.ports import Message
from core.rules.notices import NoticeKind
from core.rules.states import SeatState
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span


def mentor_paused(seat: SeatFacts) -> Message:
    return Message(
        say("{mentor} is taking a break", mentor=plain(seat.pair.mentor.name)),
        say(
            "Until {mentor} is back nothing new can be booked or bought, and no time runs: your seat and what you "
            "have left stay as they are. Sessions that are booked take place.",
            mentor=name(seat.pair.mentor),
        ),
        [schedule_button()],
    )


def mentor_resumed(seat: SeatFacts) -> Message:
    return _time_runs_on(
        seat,
        say("{mentor} is back", mentor=plain(seat.pair.mentor.name)),
        say(
            "{mentor} can be booked again. You got back all the time for which they were away.",
            mentor=name(seat.pair.mentor),
        ),
    )


def bot_back(seat: SeatFacts) -> Message:
    return _time_runs_on(
        seat,
        say("{mentor} can be booked again", mentor=plain(seat.pair.mentor.name)),
        say(
            "I was not on the server for a while, and nothing could be booked or bought there. With {mentor} you got "
            "back all of that time.",
            mentor=name(seat.pair.mentor),
        ),
    )


def _time_runs_on(seat: SeatFacts, title: str, text: str) -> Message:
    lines = [text]
    if seat.state is SeatState.GRACE:
        lines.append(say("Your seat is kept for you until {end} now.", end=grace_end(seat)))
    elif seat.expires_at is not None:
        left = say_many("{number} session", "{number} sessions", seat.remaining)
        lines.append(
            say("You have {left} left, to be used until {when} now.", left=left, when=discord_span(seat.expires_at))
        )
    return Message(
        title,
        "\n".join(lines),
        [renew_button(seat.pair) if seat.remaining == 0 else book_button(seat.pair)],
    )


def mentor_removed(seat: SeatFacts) -> Message:
    lines = [
        say(
            "{mentor} does not teach here any more. Sessions that were booked for later are cancelled.",
            mentor=name(seat.pair.mentor),
        )
    ]
    if seat.remaining > 0:
        left = say_many("{number} session", "{number} sessions", seat.remaining)
        lines.append(
            say(
                "What you have left is not lost: {left}. Its time stands still, and staff will contact you: you can "
                "have your money back for it, or go on with another mentor.",
                left=left,
            )
        )
    return Message(say("{mentor} has left", mentor=plain(seat.pair.mentor.name)), "\n".join(lines))


def mentor_removed_staff(seat: SeatFacts) -> Message:
    return Message(
        say("A student without a mentor"),
        say(
            "{student} has {left} left with {mentor}, who was removed. Please ask them: a refund, or another mentor? "
            "Until then nothing of it expires.",
            student=who(seat.pair.student),
            left=say_many("{number} session", "{number} sessions", seat.remaining),
            mentor=who(seat.pair.mentor),
        ),
    )


def student_gone(seat: SeatFacts) -> Message:
    return Message(
        say("{student} has left the server", student=plain(seat.pair.student.name)),
        say(
            "Discord says that {student}, who has a seat with you, is not in the server any more. Nothing else has "
            "changed: the seat and booked sessions stay, and you may still say how a session went.",
            student=who(seat.pair.student),
        ),
        [schedule_button()],
    )


def student_gone_staff(seat: SeatFacts) -> Message:
    return Message(
        say("A student has left the server"),
        say(
            "Discord says that {student} is not in the server any more. They have a seat with {mentor}, and {left} "
            "left. Nothing was changed; if they do not come back, `/staff release` frees the seat.",
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
            left=say_many("{number} session", "{number} sessions", seat.remaining),
        ),
    )


AWAY: Mapping[NoticeKind, Callable[[SeatFacts], Message]] = {
    NoticeKind.MENTOR_PAUSED: mentor_paused,
    NoticeKind.MENTOR_RESUMED: mentor_resumed,
    NoticeKind.MENTOR_REMOVED: mentor_removed,
    NoticeKind.MENTOR_REMOVED_STAFF: mentor_removed_staff,
    NoticeKind.STUDENT_GONE: student_gone,
    NoticeKind.STUDENT_GONE_STAFF: student_gone_staff,
    NoticeKind.BOT_BACK: bot_back,
}
