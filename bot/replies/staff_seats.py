"""What staff did to a seat or a pack, and what a release would do."""

from bot.actions import Key, custom_id
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span
from core.usecases.packs.extend import GraceExtended, PackExtended
from core.usecases.packs.grant import Granted
from core.usecases.seats.release_by_staff import ReleasedByStaff, ReleasePreview


def granted(done: Granted) -> Reply:
    """The student has it; a seat with it if they had none."""
    student, mentor = plain(done.student_name), plain(done.mentor_name)
    lines = [
        say(
            "{student} has {sessions} more with {mentor}, good until {when}, and is told.",
            student=student,
            sessions=say_many("{number} session", "{number} sessions", done.sessions),
            mentor=mentor,
            when=discord_span(done.expires_at),
        )
    ]
    if done.above_capacity:
        lines.append(say("They have a seat now, above capacity: all seats of {mentor} were taken.", mentor=mentor))
    elif done.seated:
        lines.append(say("They have a seat now, and {mentor} is told.", mentor=mentor))
    return Reply(say("Given to {student}", student=student), "\n".join(lines), tone=Tone.DONE)


def extended(done: PackExtended | GraceExtended) -> Reply:
    """There is more time."""
    student, mentor = plain(done.student_name), plain(done.mentor_name)
    title = say("More time for {student}", student=student)
    if isinstance(done, GraceExtended) and done.stands_still:
        text = say(
            "Their seat with {mentor} is kept longer. Its time stands still now; what was added counts when it runs "
            "on. They are told, and warned before it ends.",
            mentor=mentor,
        )
    elif isinstance(done, GraceExtended):
        text = say(
            "Their seat with {mentor} is kept until {when} now. They are told, and warned anew before it ends.",
            mentor=mentor,
            when=discord_span(done.ends_at),
        )
    elif done.stands_still:
        text = say(
            "What is left of their pack with {mentor}, {left} of {total}, is good for longer. Its time stands still "
            "now; what was added counts when it runs on. They are told.",
            mentor=mentor,
            left=done.remaining,
            total=done.total,
        )
    else:
        text = say(
            "What is left of their pack with {mentor}, {left} of {total}, is good until {when} now. They are told.",
            mentor=mentor,
            left=done.remaining,
            total=done.total,
            when=discord_span(done.expires_at),
        )
    return Reply(title, text, tone=Tone.DONE)


def preview_release(shown: ReleasePreview) -> Reply:
    """What the release would do; nothing is done yet. The reason waits in the footer for the button."""
    student = plain(shown.student_name)
    fields = [
        (
            say("Booked for later"),
            say_many("{number} session is cancelled.", "{number} sessions are cancelled.", shown.canceled)
            if shown.canceled
            else say("Nothing."),
        ),
        (say("Left afterwards"), _kept(shown.kept)),
    ]
    if shown.waiting:
        fields.append(
            (
                say("Waiting for its outcome"),
                say_many(
                    "{number} session has started and stays as it is: somebody still says how it went.",
                    "{number} sessions have started and stay as they are: somebody still says how they went.",
                    shown.waiting,
                ),
            )
        )
    return Reply(
        say("Release {student}'s seat with {mentor}?", student=student, mentor=plain(shown.mentor_name)),
        say(
            "The seat is free at once. {student}, the mentor and the staff channel are told your reason.",
            student=student,
        ),
        fields=fields,
        rows=[[Key(say("Release the seat"), custom_id("release-seat", shown.seat_id), style="danger")]],
        footer=shown.reason,
    )


def _kept(kept: int) -> str:
    if not kept:
        return say("No sessions.")
    return "\n".join(
        (
            say_many(
                "{number} session is kept for the student. Its time stands still until they have a seat with this "
                "mentor again.",
                "{number} sessions are kept for the student. Their time stands still until they have a seat with this "
                "mentor again.",
                kept,
            ),
            say("No money is given back by this: `/staff refund` does that, before or afterwards."),
        )
    )


def released(done: ReleasedByStaff) -> Reply:
    """It is done, and what became of the sessions."""
    lines = [say("The seat with {mentor} is free. All three are told.", mentor=plain(done.mentor_name))]
    if done.canceled:
        lines.append(say_many("{number} session is cancelled.", "{number} sessions are cancelled.", done.canceled))
    if done.kept:
        lines.append(
            say_many(
                "{number} session is kept for the student.", "{number} sessions are kept for the student.", done.kept
            )
        )
    return Reply(say("Released: {student}", student=plain(done.student_name)), "\n".join(lines), tone=Tone.DONE)
