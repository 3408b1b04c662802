"""What staff are told of their community and its mentors: what Discord deleted, who is gone, and that we are back."""

from collections.abc import Callable, Mapping

from core.notices.facts import CommunityFacts, MentorFacts
from core.notices.words import who
from core.ports import Message
from core.rules.notices import NoticeKind
from core.texts.language import plain, say, say_many
from core.texts.providers import provider_name
from core.texts.when import discord_time


def mentor_gone_staff(mentor: MentorFacts) -> Message:
    return Message(
        say("A mentor has left the server"),
        say(
            "Discord says that {mentor} is not in the server any more. {students} with them. Nothing was changed: "
            "seats and booked sessions stay. `/staff mentor pause` stops their students' time until you know more; if "
            "they do not come back, `/staff mentor remove` returns what is booked.",
            mentor=who(mentor.mentor),
            students=say_many("{number} student has a seat", "{number} students have a seat", mentor.students),
        ),
    )


def student_role_gone_staff(mentor: MentorFacts) -> Message:
    return Message(
        say("A student role was deleted"),
        say(
            "The role that students of {mentor} had was deleted in Discord. They have none now, and new ones get none; "
            "seats and sessions are as they were. If there is to be another, choose it with `/staff mentor edit`.",
            mentor=who(mentor.mentor),
        ),
    )


def setting_gone_staff(community: CommunityFacts) -> Message:
    said = {
        "staff_role_id": say(
            "The staff role was deleted: only members with the Manage Server permission are staff now."
        ),
        "staff_channel_id": say("The staff channel was deleted: what needs a person can be told to nobody, and waits."),
        "sessions_channel_id": say(
            "The sessions channel was deleted, and the threads in it: whoever takes no direct messages is reached "
            "through staff alone now."
        ),
    }
    lines = [said[name] for name in community.missing]
    return Message(
        say("Something was deleted that I need"), "\n".join([*lines, say("Please choose another with `/setup`.")])
    )


def bot_back_staff(community: CommunityFacts) -> Message:
    if community.away_since is None:
        raise ValueError(f"community {community.community_id} was not left")
    return Message(
        say("I am back"),
        say(
            "I was not on this server since {when}. Nothing could be booked or bought meanwhile, so no time ran: "
            "seats, graces and packs end later by as much. {mentors} again. `/setup` says whether I may do here all "
            "that I need to.",
            when=discord_time(community.away_since, "f"),
            mentors=say_many("{number} mentor can be booked", "{number} mentors can be booked", community.mentors),
        ),
    )


def unknown_payment_staff(community: CommunityFacts) -> Message:
    if community.event is None:
        raise ValueError(f"community {community.community_id} is told of no event")
    provider, event_id = community.event
    return Message(
        say("Paid, and no such order is here"),
        say(
            "{provider} told us of a payment that bears our mark, but there is no such order here: perhaps it was made "
            "before a backup was restored. Nothing was granted. Find it there by its event, {event}, and give the "
            "money back, or what was bought with `/staff grant`. `/staff failures` lists it.",
            provider=provider_name(provider),
            event=plain(event_id),
        ),
    )


MENTORS: Mapping[NoticeKind, Callable[[MentorFacts], Message]] = {
    NoticeKind.MENTOR_GONE_STAFF: mentor_gone_staff,
    NoticeKind.STUDENT_ROLE_GONE_STAFF: student_role_gone_staff,
}
COMMUNITY: Mapping[NoticeKind, Callable[[CommunityFacts], Message]] = {
    NoticeKind.SETTING_GONE_STAFF: setting_gone_staff,
    NoticeKind.BOT_BACK_STAFF: bot_back_staff,
    NoticeKind.UNKNOWN_PAYMENT_STAFF: unknown_payment_staff,
}
