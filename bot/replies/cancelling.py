"""What cancelling a session means, before and after it is done."""

from dataclasses import replace

from bot.actions import Key, custom_id
from bot.replies.reply import File, Reply, Tone, refusal
from core.rules.cancelling import Consequence, Side
from core.rules.refusals import Refused
from core.texts.language import plain, say
from core.texts.when import discord_span
from core.usecases.booking.cancel import Cancellation

_SHOWN = (Consequence.RETURNED, Consequence.USED)


def shown_as(number: int) -> Consequence | None:
    """The consequence that a button says it was made for."""
    return _SHOWN[number] if number < len(_SHOWN) else None


def preview(session: Cancellation) -> Reply:
    """What becomes of the session if it is cancelled now."""
    if session.repeated:
        return canceled(session)
    unless = say("Nothing is cancelled until you press Cancel the session.")
    when, why = discord_span(session.starts_at), session.reason
    return Reply(
        say("Cancel this session?"),
        when if why is None else f"{when}\n{unless}",
        fields=[
            (say("With"), _with(session)),
            (say("Its pack"), say("Session {number} of {total}.", number=session.number, total=session.total)),
            (say("If you cancel"), _means(session)),
        ],
        rows=[_keys(session.session_id, session.consequence, say("Cancel the session"), why)],
        footer=unless if why is None else why,
    )


def worse_than_shown(refused: Refused, session_id: int, why: str | None) -> Reply:
    """It took too long: the consequence is another one now, and needs a yes of its own."""
    keys = _keys(session_id, Consequence.USED, say("Cancel and use it"), why)
    return replace(refusal(refused, keys), footer=why or "")


def canceled(session: Cancellation, file: File | None = None) -> Reply:
    """It does not take place, and what became of it. The file is for the calendar of whoever was to come."""
    if session.repeated:
        title, told = say("Cancelled already"), say("Nothing was changed now.")
    else:
        title, told = say("Cancelled"), _told(session)
    keys = [Key(say("Schedule"), custom_id("schedule-page", 0))]
    if session.side is Side.STUDENT:
        keys.insert(0, Key(say("Book a session"), custom_id("book", session.mentor_id), style="primary"))
    reply = Reply(title, f"{_became(session)}\n{told}", rows=[keys], tone=Tone.DONE)
    if file is None or session.side is Side.STAFF:
        return reply
    return replace(reply, files=[file], footer=say("If it is in your calendar, the attached file takes it out."))


def _keys(session_id: int, shown: Consequence, label: str, why: str | None) -> list[Key]:
    """With a reason, the footer of the message keeps it for the press."""
    action = "cancel-yes" if why is None else "cancel-why"
    return [
        Key(label, custom_id(action, session_id, _SHOWN.index(shown)), style="danger"),
        Key(say("Keep it"), custom_id("schedule-page", 0)),
    ]


def _with(session: Cancellation) -> str:
    student, mentor = plain(session.student_name), plain(session.mentor_name)
    match session.side:
        case Side.STUDENT:
            return mentor
        case Side.MENTOR:
            return student
        case _:
            return say("{student} with {mentor}", student=student, mentor=mentor)


def _means(session: Cancellation) -> str:
    if session.side is not Side.STUDENT:
        return say(
            "It is back in the pack of {student}, who is told and can book another time until {until}.",
            student=plain(session.student_name),
            until=discord_span(session.usable_until),
        )
    if session.consequence is Consequence.RETURNED:
        return say(
            "It costs you nothing: the session is back in your pack. Cancelling is free until {free}.",
            free=discord_span(session.free_until),
        )
    means = say(
        "The session is used: cancelling was free until {free}. {mentor} may give it back to you if there is a good "
        "reason, until {waivable}.",
        free=discord_span(session.free_until),
        mentor=plain(session.mentor_name),
        waivable=discord_span(session.waivable_until),
    )
    last = say("It is your last one: your seat is then kept for a while, and `/renew` keeps it for good.")
    return f"{means}\n{last}" if session.is_last else means


def _became(session: Cancellation) -> str:
    facts = {
        "student": plain(session.student_name),
        "mentor": plain(session.mentor_name),
        "when": discord_span(session.starts_at),
    }
    used = session.consequence is Consequence.USED
    if session.side is not Side.STUDENT:
        first = say("The session of {student} with {mentor}, {when}, does not take place.", **facts)
        means = say("It was cancelled late and is used.") if used else say("It is back in the student's pack.")
        return f"{first} {means}"
    first = say("Your session with {mentor}, {when}, does not take place.", **facts)
    if not used:
        return f"{first} " + say("It is back in your pack.")
    return f"{first} " + say(
        "It is used; {mentor} may give it back to you until {until}.",
        mentor=facts["mentor"],
        until=discord_span(session.waivable_until),
    )


def _told(session: Cancellation) -> str:
    match session.side:
        case Side.STUDENT:
            return say("{mentor} is told.", mentor=plain(session.mentor_name))
        case Side.MENTOR:
            return say("{student} is told.", student=plain(session.student_name))
        case _:
            return say(
                "{student} and {mentor} are told.",
                student=plain(session.student_name),
                mentor=plain(session.mentor_name),
            )
