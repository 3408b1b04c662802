"""What staff change about a mentor, said back to them: what holds now, what stays, and what comes next."""

from collections.abc import Sequence

from bot.actions import Key, custom_id
from bot.allowed import Missing
from bot.replies.availability import limits
from bot.replies.reply import Reply, Tone
from bot.replies.set_up import lacks
from core.rules.hours import say_hours
from core.texts.language import plain, say, say_many
from core.texts.when import discord_time, zone_words
from core.usecases.community.add_mentor import MentorAdded, NewMentor
from core.usecases.community.edit_mentor import CapacitySet, MentorTerms
from core.usecases.community.pause_mentor import Paused, Resumed
from core.usecases.community.remove_mentor import MentorRemoved, Owner, RemovalPreview

_MOST_OWNERS = 10


def mentor_added(added: MentorAdded, new: NewMentor) -> Reply:
    """A mentor who can be booked, once they sell something."""
    return Reply(
        say("New mentor: {name}", name=plain(added.name)),
        say("Next: say what they sell with `/staff product add`. Then `/mentors` shows them to everybody."),
        fields=[
            (say("Hours"), f"{say_hours(added.hours)} ({plain(zone_words(new.time_zone))})"),
            (say("Seats"), say_many("{number} student", "{number} students", new.capacity)),
            (say("A session lasts"), say_many("{number} minute", "{number} minutes", new.session_minutes)),
        ],
        tone=Tone.DONE,
    )


def mentor_edited(terms: MentorTerms, lacking: Sequence[Missing]) -> Reply:
    """All terms as they are now, and what keeps those of before. `lacking`: why students do not get their role."""
    role = None if terms.student_role_id is None else f"<@&{terms.student_role_id}>"
    lines = [say("This holds from now on. What is booked stays booked.")]
    if terms.session_is_new:
        lines.append(say("Packs that are sold keep the length that they were sold with."))
    if terms.role_is_new:
        lines.append(
            say("The role is taken back from all students.")
            if role is None
            else say("Whoever has a seat is given {role}, and loses it with the seat.", role=role)
        )
    within = limits(terms.session_minutes, terms.buffer_minutes, terms.notice_hours, terms.horizon_days)
    return Reply(
        say("New terms: {name}", name=plain(terms.name)),
        "\n".join([*lines, *lacks(lacking)]),
        fields=[
            (say("Hours"), f"{say_hours(terms.hours) or say('no hours yet')} ({plain(zone_words(terms.time_zone))})"),
            (say("Limits"), within),
            (say("Role of their students"), role or say("None.")),
        ],
        tone=Tone.NO if lacking else Tone.DONE,
    )


def capacity_set(done: CapacitySet) -> Reply:
    """How many students there can be now. Nobody was put out by it."""
    lines = [say("Capacity: {before} → {capacity}", before=done.before, capacity=done.capacity)]
    free = done.capacity - done.taken
    if done.taken:
        lines.append(
            say_many(
                "{number} seat is taken, and whoever has it keeps it.",
                "{number} seats are taken, and whoever has one keeps it.",
                done.taken,
            )
        )
    lines.append(
        say_many("{number} seat is free now.", "{number} seats are free now.", free)
        if free > 0
        else say("Nobody new gets one until a seat is free again.")
    )
    return Reply(say("Seats of {name}", name=plain(done.name)), "\n".join(lines), tone=Tone.DONE)


def mentor_paused(done: Paused) -> Reply:
    """Nothing new starts, and what is booked takes place."""
    lines = [
        say(
            "Nobody can buy or book with {name} now, and no time runs: packs and seats stay as they are. A checkout "
            "that is open can still be paid.",
            name=plain(done.name),
        ),
        say_many(
            "{number} booked session stays, and takes place. If it cannot: `/staff cancel`.",
            "{number} booked sessions stay, and take place. If they cannot: `/staff cancel`.",
            done.booked,
        )
        if done.booked
        else say("No session is booked."),
        _told(done.students),
        say("`/staff mentor resume` ends it."),
    ]
    return Reply(say("{name} takes a break", name=plain(done.name)), "\n".join(lines), tone=Tone.DONE)


def mentor_resumed(done: Resumed) -> Reply:
    """All is as before the break, and nobody lost time."""
    lines = [
        say(
            "{name} can be booked again. Packs and seats last longer by the time since {since}.",
            name=plain(done.name),
            since=discord_time(done.since),
        ),
        _told(done.students),
    ]
    return Reply(say("{name} is back from the break", name=plain(done.name)), "\n".join(lines), tone=Tone.DONE)


def preview_removal(shown: RemovalPreview) -> Reply:
    """What the removal would do; nothing is done yet. The reason waits in the footer for the button."""
    name = plain(shown.name)
    fields = [
        (
            say("Booked for later"),
            say_many(
                "{number} session is cancelled and given back.",
                "{number} sessions are cancelled and given back.",
                shown.canceled,
            )
            if shown.canceled
            else say("Nothing."),
        )
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
    fields.append((say("Left afterwards"), _left(shown.owners)))
    return Reply(
        say("Remove {name} as a mentor?", name=name),
        "\n".join(
            [
                say("This is for good; for a break there is `/staff mentor pause`."),
                say("Nobody can buy or book with {name} any more, and `/mentors` does not show them.", name=name),
                _told(shown.students),
                say("{name} is not told by me: please do that yourself.", name=name),
            ]
        ),
        fields=fields,
        rows=[[Key(say("Remove the mentor"), custom_id("remove-mentor", shown.mentor_id), style="danger")]],
        footer=shown.reason,
    )


def mentor_removed(done: MentorRemoved) -> Reply:
    """It is done, and what is owed to whom."""
    lines = [_told(done.students)]
    if done.canceled:
        lines.append(
            say_many(
                "{number} session is cancelled and given back.",
                "{number} sessions are cancelled and given back.",
                done.canceled,
            )
        )
    return Reply(
        say("Removed: {name}", name=plain(done.name)),
        "\n".join(lines),
        fields=[(say("Left afterwards"), _left(done.owners))],
        tone=Tone.DONE,
    )


def _told(students: int) -> str:
    if not students:
        return say("There is no student to tell.")
    return say_many("{number} student is told.", "{number} students are told.", students)


def _left(owners: Sequence[Owner]) -> str:
    """Whom staff owe an answer, and what happens to it until then."""
    if not owners:
        return say("No sessions.")
    lines = [
        f"**{plain(owner.name)}** (<@{owner.user_id}>): "
        + say_many("{number} session", "{number} sessions", owner.remaining)
        for owner in owners[:_MOST_OWNERS]
    ]
    if len(owners) > _MOST_OWNERS:
        lines.append(say_many("and {number} more", "and {number} more", len(owners) - _MOST_OWNERS))
    lines.append(
        say(
            "They choose: money back, or another mentor. Until then nothing of it expires, and `/staff tasks` lists it."
        )
    )
    return "\n".join(lines)
