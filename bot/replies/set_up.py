"""/setup: how the community stands, what keeps the bot from its work, and what comes next."""

from collections.abc import Mapping, Sequence, Set

import discord

from bot.actions import Key, Picker, custom_id
from bot.allowed import Lack, Missing
from bot.forms import Blank, Form
from bot.replies.reply import Reply, Tone
from core.rules.refusals import Refused
from core.texts.language import plain, say
from core.texts.refusals import sentence
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


ZONE, CURRENCY = "zone", "currency"
"""The blanks of the form."""

_ANY_TEXT = (discord.ChannelType.text, discord.ChannelType.news)
_LONGEST_ZONE, _CODE = 64, 3


def panel(how: HowSetUp, missing: Sequence[Missing], *, can_sell: bool, refused: Refused | None = None) -> Reply:
    """How the community stands now, all that is missing, and where to change it. `refused`: why that was not done."""
    if (community := how.community) is None:
        first = say("Time zone and currency come first; the roles and channels follow.")
        text = first if refused is None else sentence(refused)
        return Reply(
            say("Set Seatkeeper up"), text, rows=[[_to_form("primary")]], tone=Tone.NO if refused else Tone.CALM
        )
    lacking = lacks(missing)
    said = [sentence(refused)] if refused else []
    said += lacking or [say("I have all the permissions that I need here.")]
    if how.has_mentors:
        said.append(say("A new time zone or currency is for what begins later; mentors and products keep theirs."))
    fields = [*_standing(community), *([(say("Next"), steps)] if (steps := _steps(how, can_sell=can_sell)) else [])]
    return Reply(
        say("Set up: {name}", name=plain(community.name)),
        "\n".join(said),
        fields=fields,
        rows=[*_pickers(community, {each.lack for each in missing}), [_to_form("secondary")]],
        tone=Tone.NO if lacking or refused else Tone.DONE,
    )


def form(how: HowSetUp | None) -> Form:
    """Time zone and currency, with those that stand; without them if they could not be read in time."""
    community = how.community if how is not None else None
    zone, currency = (community.time_zone, community.currency) if community is not None else ("", "")
    blanks = [
        Blank(
            ZONE,
            say("Time zone"),
            _LONGEST_ZONE,
            say("Of the community, like Europe/Berlin"),
            written=zone,
            example="Europe/Berlin",
            one_line=True,
        ),
        Blank(
            CURRENCY,
            say("Currency"),
            _CODE,
            say("In which prices are, like EUR"),
            written=currency,
            example="EUR",
            one_line=True,
        ),
    ]
    return Form(custom_id("set-up"), say("Time zone and currency"), blanks)


def _to_form(style: str) -> Key:
    return Key(say("Time zone and currency"), custom_id("set-zone"), style=style)


def _standing(community: Community) -> list[tuple[str, str]]:
    role, staff, sessions = community.staff_role_id, community.staff_channel_id, community.sessions_channel_id
    return [
        (say("Time zone"), plain(zone_words(community.time_zone))),
        (say("Currency"), community.currency),
        (
            say("Staff role"),
            f"<@&{role}>" if role else say("None: only members with the Manage Server permission are staff."),
        ),
        (
            say("Staff channel"),
            f"<#{staff}>" if staff else say("None yet: choose one below, so that staff hear what needs a person."),
        ),
        (
            say("Sessions channel"),
            f"<#{sessions}>"
            if sessions
            else say("None yet: choose one below, so that whoever takes no direct messages is told in a thread."),
        ),
    ]


def _pickers(community: Community, lacks: Set[Lack]) -> list[Picker]:
    """What is gone, or of a kind that is not offered, cannot stand in them."""
    role = None if Lack.STAFF_ROLE_GONE in lacks else community.staff_role_id
    staff = None if Lack.STAFF_CHANNEL_GONE in lacks else community.staff_channel_id
    gone = {Lack.SESSIONS_CHANNEL_GONE, Lack.NO_PRIVATE_THREADS} & lacks
    sessions = None if gone else community.sessions_channel_id
    return [
        Picker(custom_id("pick-staff-role"), say("Staff role"), role),
        Picker(custom_id("pick-staff-channel"), say("Staff channel"), staff, _ANY_TEXT),
        Picker(custom_id("pick-sessions-channel"), say("Sessions channel"), sessions, _ANY_TEXT[:1]),
    ]


def lacks(missing: Sequence[Missing]) -> list[str]:
    """A line for each thing that is wrong, with what mends it."""
    return [f"⚠️ {_lack(each)}" for each in missing]


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
