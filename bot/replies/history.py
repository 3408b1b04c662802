"""The ledger in words: what became of each session that a student had."""

from bot.actions import Key, custom_id
from bot.replies.paging import page_keys, page_note
from bot.replies.reply import Reply
from core.rules.completion import Outcome
from core.rules.states import EntryKind
from core.texts.language import plain, say, visible
from core.texts.when import discord_time
from core.usecases.reading.history import Entries, Entry, Meeting

MOST = 4096  # characters of a reply's text
EXCERPTS = (500, 200, 60, 20)  # of reasons and names: as much of them as leaves every entry its place


def history(found: Entries) -> Reply:
    """A page, the latest first; all of its entries, if need be with shorter reasons."""
    if not found.entries:
        return Reply(
            say("Nothing happened yet"),
            say("You have had no sessions here yet. `/mentors` shows who teaches."),
            rows=[[Key(say("See the mentors"), custom_id("mentors-page", 0), style="primary")]],
        )
    texts = ("\n\n".join(_line(entry, most) for entry in found.entries) for most in EXCERPTS)
    return Reply(
        say("Your history"),
        next(text for text in texts if len(text) <= MOST),
        rows=[page_keys("history-page", found.page, found.pages)],
        footer=page_note(found.page, found.pages) or say("The latest first. What is left now: /remaining."),
    )


def _line(entry: Entry, most: int) -> str:
    head = say(
        "{when} · **{change}** · {left} of {total} left",
        when=discord_time(entry.at, "f"),
        change=f"{entry.delta:+}".replace("-", "−"),
        left=entry.balance,
        total=entry.total,
    )
    why = "\n" + say("Why: {why}", why=excerpt(entry.reason, most)) if entry.reason else ""
    return f"{head}\n{_what(entry, most)}{why}"


def _what(entry: Entry, most: int) -> str:
    mentor = excerpt(entry.mentor_name, most)
    by = excerpt(entry.by_name, most) if entry.by_name else say("Staff")
    match entry.kind:
        case EntryKind.PURCHASE:
            what = excerpt(entry.product_name or "", most)
            return say("You bought {product} with {mentor}.", product=what, mentor=mentor)
        case EntryKind.GRANT:
            return say("{by} gave you a pack with {mentor}.", by=by, mentor=mentor)
        case EntryKind.ADJUST:
            return say("{by} changed your pack with {mentor}.", by=by, mentor=mentor)
        case EntryKind.TRANSFER:
            return say("Moved between mentors; this pack is with {mentor}.", mentor=mentor)
        case EntryKind.REFUND:
            return say("Refunded, of your pack with {mentor}.", mentor=mentor)
        case EntryKind.EXPIRE:
            return say("Your pack with {mentor} expired with these unused.", mentor=mentor)
        case EntryKind.CONSUME | EntryKind.RESTORE:
            return _of_session(entry, mentor, by)


def _of_session(entry: Entry, mentor: str, by: str) -> str:
    meeting = entry.meeting
    if meeting is None:
        raise ValueError("the ledger says of which session it speaks")
    session = say(
        "Session {number} of {total} with {mentor}, {when}:",
        number=meeting.number,
        total=entry.total,
        mentor=mentor,
        when=discord_time(meeting.starts_at),
    )
    said = _taken(meeting) if entry.kind is EntryKind.CONSUME else _given_back(meeting, by)
    return f"{session} {said}"


def _taken(meeting: Meeting) -> str:
    match meeting.verb:
        case Outcome.COMPLETED.verb:
            return say("it took place.")
        case Outcome.NO_SHOW.verb:
            return say("you did not come.")
        case "cancel":
            return say("you cancelled it too late to get it back.")
        case _:
            return say("it was used.")


def _given_back(meeting: Meeting, by: str) -> str:
    match meeting.verb:
        case "undo":
            return say("{by} undid what was said of it, so it is open again.", by=by)
        case "waive":
            return say("{by} gave it back to you.", by=by)
        case _:
            return say("it was given back.")


def excerpt(text: str, most: int) -> str:
    """So much of somebody's own words, as typed and harmless."""
    seen = visible(text)
    return plain(seen if len(seen) <= most else f"{seen[: most - 1]}…")
