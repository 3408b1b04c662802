"""What people are told about a seat: one function a kind. `grace_began` is what is sent when grace begins."""

from collections.abc import Callable, Mapping

from core.notices.facts import SeatFacts
from core.notices.words import book_button, name, renew_button, schedule_button, who
from core.ports import Message
from core.rules.notices import NoticeKind
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span


def student_joined(seat: SeatFacts) -> Message:
    sessions = say_many("{number} session", "{number} sessions", seat.remaining)
    return Message(
        say("A new student: {student}", student=plain(seat.pair.student.name)),
        say(
            "{student} has a seat with you now, with {sessions} to book. They choose from your free times, and you "
            "hear of every booking. Of your {capacity} seats, {occupied} are taken.",
            student=who(seat.pair.student),
            sessions=sessions,
            capacity=seat.capacity,
            occupied=seat.occupied,
        ),
        [schedule_button()],
    )


def renewal_reminder(seat: SeatFacts) -> Message:
    lines = [
        say(
            "After it is used, your seat with {mentor} is kept for a short while only, then somebody else may take it.",
            mentor=name(seat.pair.mentor),
        ),
        say("Renew now and nothing is lost: the new pack lasts from the end of this one."),
    ]
    if seat.expires_at is not None:
        lines.append(say("The session you have can be used until {when}.", when=discord_span(seat.expires_at)))
    return Message(
        say("One session left with {mentor}", mentor=plain(seat.pair.mentor.name)),
        "\n".join(lines),
        [renew_button(seat.pair), book_button(seat.pair, first=False)],
    )


def grace_began(seat: SeatFacts) -> Message:
    return Message(
        say("No sessions left with {mentor}", mentor=plain(seat.pair.mentor.name)),
        say(
            "Your seat with {mentor} is kept for you until {end}. Renew before then and it stays yours; "
            "after that it is free for somebody else.",
            mentor=name(seat.pair.mentor),
            end=_grace_end(seat),
        ),
        [renew_button(seat.pair)],
    )


def final_warning(seat: SeatFacts) -> Message:
    return Message(
        say("Last call: your seat with {mentor}", mentor=plain(seat.pair.mentor.name)),
        say(
            "Your seat with {mentor} ends {end}. Renew before then to keep it; after that it is free for somebody "
            "else. Paid already? Then you are in time, even if the news of it is still on its way.",
            mentor=name(seat.pair.mentor),
            end=_grace_end(seat),
        ),
        [renew_button(seat.pair)],
    )


def seat_released(seat: SeatFacts) -> Message:
    return Message(
        say("Your seat with {mentor} is released", mentor=plain(seat.pair.mentor.name)),
        say(
            "The time for which your seat with {mentor} was kept is over. Thank you for the sessions you had! "
            "You are welcome back: buy again whenever a seat is free.",
            mentor=name(seat.pair.mentor),
        ),
        [renew_button(seat.pair, again=True)],
    )


def seat_released_mentor(seat: SeatFacts) -> Message:
    return Message(
        say("{student}'s seat is released", student=plain(seat.pair.student.name)),
        say(
            "The time for which the seat of {student} with you was kept is over. Of your {capacity} seats, "
            "{occupied} are taken; there is nothing for you to do.",
            student=who(seat.pair.student),
            capacity=seat.capacity,
            occupied=seat.occupied,
        ),
    )


def seat_released_staff(seat: SeatFacts) -> Message:
    return Message(
        say("Seat released"),
        say(
            "{student} no longer has a seat with {mentor}: it was warned of, and not renewed in time. Of the mentor's "
            "{capacity} seats, {occupied} are taken.",
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
            capacity=seat.capacity,
            occupied=seat.occupied,
        ),
    )


def _grace_end(seat: SeatFacts) -> str:
    if seat.grace_ends_at is None:
        raise ValueError(f"seat {seat.seat_id} is not in grace")
    return discord_span(seat.grace_ends_at)


SEATS: Mapping[NoticeKind, Callable[[SeatFacts], Message]] = {
    NoticeKind.STUDENT_JOINED: student_joined,
    NoticeKind.RENEWAL_REMINDER: renewal_reminder,
    NoticeKind.GRACE_BEGAN: grace_began,
    NoticeKind.FINAL_WARNING: final_warning,
    NoticeKind.SEAT_RELEASED: seat_released,
    NoticeKind.SEAT_RELEASED_MENTOR: seat_released_mentor,
    NoticeKind.SEAT_RELEASED_STAFF: seat_released_staff,
}
