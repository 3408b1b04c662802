"""A correction of what is left: looked at, made or asked for, answered."""

from bot.actions import Key, custom_id
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say
from core.texts.when import discord_time
from core.usecases.packs.adjust import Adjusted, AdjustPreview
from core.usecases.packs.answer_adjustment import ACCEPTED, DECLINED, Answered


def preview(seat_id: int, shown: AdjustPreview) -> Reply:
    """What it would make of the pack. The button carries the balance that is seen here."""
    student = plain(shown.student_name)
    delta = shown.after - shown.before
    action = "adjust-add" if delta > 0 else "adjust-take"
    lines = [
        say(
            "The pack of {student} with {mentor} has {before} of {total} sessions left; it would be {after}.",
            student=student,
            mentor=plain(shown.mentor_name),
            before=shown.before,
            after=shown.after,
            total=shown.total,
        ),
        say("It is good until {when}.", when=discord_time(shown.expires_at, "f")),
        say("{student} is asked first: nothing changes before their yes.", student=student)
        if shown.needs_yes
        else say("{student} is told, with your reason.", student=student),
    ]
    label = say("Ask {student}", student=shown.student_name) if shown.needs_yes else say("Change it")
    return Reply(
        f"{shown.before} → {shown.after}",
        "\n".join(lines),
        rows=[
            [
                Key(
                    label,
                    custom_id(action, seat_id, shown.pack_id, shown.before, abs(delta)),
                    style="primary" if delta > 0 else "danger",
                )
            ]
        ],
        footer=shown.reason,
    )


def adjusted(done: Adjusted) -> Reply:
    """It is done, or the student is asked."""
    student = plain(done.student_name)
    if done.asked:
        return Reply(
            say("{student} is asked", student=student),
            say(
                "Nothing is changed yet: {before} of {total} are left. You hear what they answer.",
                before=done.before,
                total=done.total,
            ),
            tone=Tone.DONE,
        )
    return Reply(
        f"{done.before} → {done.after}",
        say(
            "{student} has {after} of {total} sessions left on that pack with {mentor} now, and is told.",
            student=student,
            mentor=plain(done.mentor_name),
            after=done.after,
            total=done.total,
        ),
        tone=Tone.DONE,
    )


def answered(answer: Answered) -> Reply:
    """What the student's answer came to."""
    mentor = plain(answer.mentor_name)
    if answer.answer == ACCEPTED:
        title = say("Done: {before} → {after}", before=answer.before, after=answer.after)
        text = say(
            "{after} of {total} sessions are left on that pack. {mentor} is told.",
            after=answer.after,
            total=answer.total,
            mentor=mentor,
        )
    elif answer.answer == DECLINED:
        title = say("You said no")
        text = say("Nothing was taken off. {mentor} is told.", mentor=mentor)
    else:
        title = say("Not any more")
        text = say(
            "Your pack has changed since {mentor} asked, so nothing was taken off. They may ask anew.", mentor=mentor
        )
    if answer.repeated:
        text = say("That was answered before.") + "\n" + text
    return Reply(title, text, tone=Tone.DONE)
