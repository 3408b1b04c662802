"""What people are told about a seat: one function a kind. `grace_began` is what is sent when grace begins."""

from collections.abc import Callable, Mapping

from core.notices.away import AWAY
from core.notices.facts import SeatFacts
from core.notices.words import book_button, days_of, grace_end, name, reason_of, renew_button, schedule_button, who
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
            "hear of every booking. Seats taken: {occupied} of {capacity}.",
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
            end=grace_end(seat),
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
            end=grace_end(seat),
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
            "The time for which the seat of {student} with you was kept is over. Seats taken: {occupied} "
            "of {capacity}; there is nothing for you to do.",
            student=who(seat.pair.student),
            capacity=seat.capacity,
            occupied=seat.occupied,
        ),
    )


def seat_released_staff(seat: SeatFacts) -> Message:
    return Message(
        say("Seat released"),
        say(
            "{student} no longer has a seat with {mentor}: it was warned of, and not renewed in time. Seats taken: "
            "{occupied} of {capacity}.",
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
            capacity=seat.capacity,
            occupied=seat.occupied,
        ),
    )


def grace_extended(seat: SeatFacts) -> Message:
    if seat.grace_stopped or seat.mentor_paused:
        return Message(
            say("Your seat with {mentor} is kept longer", mentor=plain(seat.pair.mentor.name)),
            say(
                "Staff keep your seat with {mentor} for {days} more. Its time stands still now; what was added counts "
                "when it runs on, and you are told before it ends.",
                mentor=name(seat.pair.mentor),
                days=days_of(seat.change),
            )
            + reason_of(seat.change),
        )
    return Message(
        say("Your seat with {mentor} is kept longer", mentor=plain(seat.pair.mentor.name)),
        say(
            "Staff gave you more time: your seat with {mentor} is kept for you until {end} now. Renew before then "
            "and it stays yours; after that it is free for somebody else.",
            mentor=name(seat.pair.mentor),
            end=grace_end(seat),
        )
        + reason_of(seat.change),
        [renew_button(seat.pair)],
    )


def staff_released(seat: SeatFacts) -> Message:
    lines = [
        say(
            "Staff released your seat with {mentor}. Sessions that were booked for later are cancelled.",
            mentor=name(seat.pair.mentor),
        )
    ]
    if seat.remaining > 0:
        left = say_many("{number} session", "{number} sessions", seat.remaining)
        lines.append(
            say(
                "What you have left stays yours: {left}. Its time stands still until you have a seat with {mentor} "
                "again.",
                left=left,
                mentor=name(seat.pair.mentor),
            )
        )
    return Message(
        say("Your seat with {mentor} is released", mentor=plain(seat.pair.mentor.name)),
        "\n".join(lines) + reason_of(seat.change),
        [renew_button(seat.pair, again=True)],
    )


def staff_released_mentor(seat: SeatFacts) -> Message:
    return Message(
        say("{student}'s seat is released", student=plain(seat.pair.student.name)),
        say(
            "Staff released the seat of {student} with you. Sessions that were booked for later are cancelled, and "
            "that time is free again. Seats taken: {occupied} of {capacity}; there is nothing for you to do.",
            student=who(seat.pair.student),
            capacity=seat.capacity,
            occupied=seat.occupied,
        )
        + reason_of(seat.change),
    )


def staff_released_staff(seat: SeatFacts) -> Message:
    return Message(
        say("Seat released by staff"),
        say(
            "{student} no longer has a seat with {mentor}: {by} released it. Seats taken: {occupied} of {capacity}.",
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
            by=_by(seat),
            capacity=seat.capacity,
            occupied=seat.occupied,
        )
        + reason_of(seat.change),
    )


def refund_released(seat: SeatFacts) -> Message:
    mentor = name(seat.pair.mentor)
    if seat.without_money:
        why = say("Staff took your last sessions with {mentor} off, so your seat is released with them.", mentor=mentor)
    else:
        why = say(
            "The money for your last sessions with {mentor} goes back, so your seat is released with them.",
            mentor=mentor,
        )
    return Message(
        say("Your seat with {mentor} is released", mentor=plain(seat.pair.mentor.name)),
        f"{why} {say('If you want to go on, buy again.')}",
        [renew_button(seat.pair, again=True)],
    )


def refund_released_mentor(seat: SeatFacts) -> Message:
    return Message(
        say("{student}'s seat is released", student=plain(seat.pair.student.name)),
        say(
            "The last sessions of {student} with you were taken off, so the seat is free. Of your {capacity} seats, "
            "{occupied} are taken; there is nothing for you to do.",
            student=who(seat.pair.student),
            capacity=seat.capacity,
            occupied=seat.occupied,
        ),
    )


def refund_released_staff(seat: SeatFacts) -> Message:
    return Message(
        say("Seat released with the last sessions"),
        say(
            "{student} no longer has a seat with {mentor}: their last sessions were taken off. Of the mentor's "
            "{capacity} seats, {occupied} are taken.",
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
            capacity=seat.capacity,
            occupied=seat.occupied,
        )
        + reason_of(seat.change),
    )


def grant_above_capacity_staff(seat: SeatFacts) -> Message:
    return Message(
        say("A mentor has more students than seats"),
        say(
            "{by} gave {student} a seat with {mentor} above capacity: seats taken, {occupied} of {capacity}. "
            "Nobody new gets one until that is even again. There is nothing to do.",
            by=_by(seat),
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
            occupied=seat.occupied,
            capacity=seat.capacity,
        )
        + reason_of(seat.change),
    )


def seat_back_mentor(seat: SeatFacts) -> Message:
    return Message(
        say("{student} has their seat again", student=plain(seat.pair.student.name)),
        say(
            "Staff gave a session back to {student}, and with it the seat with you that was released. Seats "
            "taken: {occupied} of {capacity}; there is nothing for you to do.",
            student=who(seat.pair.student),
            capacity=seat.capacity,
            occupied=seat.occupied,
        ),
    )


def seat_back_staff(seat: SeatFacts) -> Message:
    return Message(
        say("A mentor has more students than seats"),
        say(
            "{by} gave a session back to {student}, and with it the seat with {mentor} that was released: seats "
            "taken, {occupied} of {capacity}. Nobody new gets one until that is even again. There is nothing to do.",
            by=_by(seat),
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
            occupied=seat.occupied,
            capacity=seat.capacity,
        ),
    )


def role_failed_staff(seat: SeatFacts) -> Message:
    role = say("the student role") if seat.role_id is None else f"<@&{seat.role_id}>"
    return Message(
        say("A role cannot be given"),
        say(
            "I could not change {role} for {student}, a student of {mentor}. I need the Manage Roles permission, and "
            "my own role above that one; if the role is deleted, choose another with `/staff mentor edit`. Seats and "
            "money do not wait for it, and I try again by myself.",
            role=role,
            student=who(seat.pair.student),
            mentor=who(seat.pair.mentor),
        ),
    )


def _by(seat: SeatFacts) -> str:
    return say("staff") if seat.change is None else who(seat.change.by)


SEATS: Mapping[NoticeKind, Callable[[SeatFacts], Message]] = {
    NoticeKind.STUDENT_JOINED: student_joined,
    NoticeKind.RENEWAL_REMINDER: renewal_reminder,
    NoticeKind.GRACE_BEGAN: grace_began,
    NoticeKind.FINAL_WARNING: final_warning,
    NoticeKind.SEAT_RELEASED: seat_released,
    NoticeKind.SEAT_RELEASED_MENTOR: seat_released_mentor,
    NoticeKind.SEAT_RELEASED_STAFF: seat_released_staff,
    NoticeKind.GRACE_EXTENDED: grace_extended,
    NoticeKind.STAFF_RELEASED: staff_released,
    NoticeKind.STAFF_RELEASED_MENTOR: staff_released_mentor,
    NoticeKind.STAFF_RELEASED_STAFF: staff_released_staff,
    NoticeKind.REFUND_RELEASED: refund_released,
    NoticeKind.REFUND_RELEASED_MENTOR: refund_released_mentor,
    NoticeKind.REFUND_RELEASED_STAFF: refund_released_staff,
    NoticeKind.GRANT_ABOVE_CAPACITY_STAFF: grant_above_capacity_staff,
    NoticeKind.SEAT_BACK_MENTOR: seat_back_mentor,
    NoticeKind.SEAT_BACK_STAFF: seat_back_staff,
    NoticeKind.ROLE_FAILED_STAFF: role_failed_staff,
    **AWAY,
}
