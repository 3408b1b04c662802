"""A notice as its reader sees it: from stored values alone, in the reader's language (rule 35)."""

from core.notices.community import COMMUNITY, MENTORS
from core.notices.disputes import DISPUTES
from core.notices.facts import (
    AdjustmentFacts,
    CommunityFacts,
    DisputeFacts,
    Facts,
    MentorFacts,
    OrderFacts,
    PackFacts,
    Person,
    SeatFacts,
    SessionFacts,
)
from core.notices.money import MONEY
from core.notices.packs import ADJUSTMENTS, PACKS
from core.notices.seats import SEATS
from core.notices.sessions import SESSIONS
from core.notices.words import who
from core.ports import Message
from core.rules.notices import NoticeKind
from core.texts.language import say

_LONGEST_TEXT = 4096


def render(kind: NoticeKind, facts: Facts) -> Message:
    """The message for this kind of notice. Its text stands in the file named for what it is about."""
    match facts:
        case SeatFacts():
            return SEATS[kind](facts)
        case SessionFacts():
            return SESSIONS[kind](facts)
        case OrderFacts():
            return MONEY[kind](facts)
        case PackFacts():
            return PACKS[kind](facts)
        case AdjustmentFacts():
            return ADJUSTMENTS[kind](facts)
        case MentorFacts():
            return MENTORS[kind](facts)
        case CommunityFacts():
            return COMMUNITY[kind](facts)
        case DisputeFacts():
            return DISPUTES[kind](facts)


def for_staff(unreached: Person, message: Message, *, is_gone: bool) -> Message:
    """What staff are told when somebody could not be: whom, and what. Without its buttons, which are not for staff."""
    quoted = "\n".join(f"> {line}" for line in (f"**{message.title}**", *message.text.split("\n")))
    if is_gone:
        text = say(
            "Could not reach {person}: they are not on the server any more. Pass this on if you can:",
            person=who(unreached),
        )
    else:
        text = say(
            "Could not reach {person}: their direct messages are closed. Please pass this on:", person=who(unreached)
        )
    return Message(say("A message that did not arrive"), f"{text}\n{quoted}"[:_LONGEST_TEXT])
