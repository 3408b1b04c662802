"""/setup: how the community stands, what keeps the bot from its work, and what comes next."""

from collections.abc import Mapping, Sequence

from bot.allowed import Lack, Missing
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say
from core.texts.when import zone_words
from core.usecases.community.how_set_up import HowSetUp
from core.usecases.community.set_up import Community


def _(message: str) -> str:
    """Marks a sentence for the catalogues; `say` translates it when it is said."""
    return message


_LACKS: Mapping[Lack, str] = {
    Lack.STAFF_ROLE_GONE: _("The staff role is gone: choose another one."),
    Lack.STAFF_CHANNEL_GONE: _("The staff channel is gone: choose another one."),
    Lack.SESSIONS_CHANNEL_GONE: _("The sessions channel is gone: choose another one."),
    Lack.PERMISSIONS: _(
        "In {where} I lack {permissions}. Allow that to my role, in the channel's settings under *Permissions*."
    ),
    Lack.NO_PRIVATE_THREADS: _("{where} takes no private threads: choose an ordinary text channel for sessions."),
    Lack.NOT_FOR_EVERYBODY: _(
        "Not everybody may see {where} and write in its threads. See that students and mentors may, by a role of "
        "theirs."
    ),
    Lack.MANAGE_ROLES: _(
        "I may not give students the role that their mentor has for them. Allow my role Manage Roles, in the server's "
        "settings under *Roles*."
    ),
    Lack.ROLES_ABOVE: _(
        "I cannot give {where}, as it is not below my own role. Drag my role above it, in the server's settings under "
        "*Roles*."
    ),
    Lack.ROLES_NOT_GIVEN: _("Nobody can give {where} to students. Choose another role for that mentor's students."),
    Lack.STUDENT_ROLE_GONE: _("A role for a mentor's students is gone. Choose another one for that mentor."),
}
_PERMISSIONS: Mapping[str, str] = {
    "view_channel": _("View Channel"),
    "send_messages": _("Send Messages"),
    "embed_links": _("Embed Links"),
    "create_private_threads": _("Create Private Threads"),
    "send_messages_in_threads": _("Send Messages in Threads"),
}


def set_up(community: Community, how: HowSetUp, missing: Sequence[Missing], *, can_sell: bool) -> Reply:
    """How the community stands now, and all that is missing."""
    role, staff, sessions = community.staff_role_id, community.staff_channel_id, community.sessions_channel_id
    lacking = [f"⚠️ {_lack(each)}" for each in missing]
    fields = [
        (say("Time zone"), plain(zone_words(community.time_zone))),
        (say("Currency"), community.currency),
        (
            say("Staff role"),
            f"<@&{role}>" if role else say("None: only members with the Manage Server permission are staff."),
        ),
        (
            say("Staff channel"),
            f"<#{staff}>" if staff else say("None yet: set `staff_channel`, so that staff hear what needs a person."),
        ),
        (
            say("Sessions channel"),
            f"<#{sessions}>"
            if sessions
            else say("None yet: set `sessions_channel`, so that whoever takes no direct messages is told in a thread."),
        ),
    ]
    if steps := _steps(how, can_sell=can_sell):
        fields.append((say("Next"), steps))
    allowed = say("I may do here all that I need to.")
    kept = say("What begins from now on follows it; what stands, stays.")
    return Reply(
        say("Set up: {name}", name=plain(community.name)),
        "\n".join([*(lacking or [allowed]), kept]),
        fields=fields,
        tone=Tone.NO if lacking else Tone.DONE,
    )


def _lack(missing: Missing) -> str:
    names = ", ".join(f"**{say(_PERMISSIONS[name])}**" for name in missing.permissions)
    return say(_LACKS[missing.lack], where=missing.where, permissions=names)


def _steps(how: HowSetUp, *, can_sell: bool) -> str:
    """What there must be before a student can buy, ticked off; nothing once all of it is there."""
    steps = [
        (how.has_mentors, say("Add a mentor: `/staff mentor add`")),
        (how.has_products, say("Say what they sell: `/staff product add`")),
        (can_sell, say("Payments: whoever runs Seatkeeper connects Stripe")),
    ]
    if all(done for done, _text in steps):
        return ""
    return "\n".join(f"{'✅' if done else '▫️'} {text}" for done, text in steps)
