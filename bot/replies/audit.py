"""The history in words, for staff: when, who, what and why."""

from datetime import date, datetime
from typing import Any

from bot.replies.audit_words import REASONS, SENTENCES
from bot.replies.history import EXCERPTS, MOST, excerpt
from bot.replies.paging import page_keys, page_note
from bot.replies.reply import Reply
from core.rules.states import Actor
from core.texts.language import plain, say
from core.texts.notices import what
from core.texts.when import discord_time
from core.usecases.reading.audit import Audit, Audited


def audit(found: Audit) -> Reply:
    """A page, the latest first; all of its changes, if need be with shorter reasons."""
    head = _asked(found)
    if not found.entries:
        nothing = say("Nothing was changed here yet.") if not head else say("There is no such change.")
        return Reply(say("What was changed"), "\n".join(filter(None, [head, nothing])))
    text = ""
    for most in EXCERPTS:
        text = "\n\n".join(filter(None, [head, *(_entry(entry, most) for entry in found.entries)]))
        if len(text) <= MOST:
            break
    keys = page_keys("audit-page", found.page, found.pages, *_numbers(found))
    return Reply(
        say("What was changed"),
        text,
        rows=[keys],
        footer=page_note(found.page, found.pages) or say("The latest first."),
    )


def _numbers(found: Audit) -> tuple[int, ...]:
    """What was asked for, as a button carries it: 0 is nothing."""
    return (
        found.upto,
        found.member.id if found.member else 0,
        found.mentor.id if found.mentor else 0,
        found.since.toordinal() if found.since else 0,
        found.until.toordinal() if found.until else 0,
    )


def _asked(found: Audit) -> str:
    lines = []
    if found.member is not None:
        somebody = f"**{plain(found.member.name)}**" if found.member.id else say("somebody who did nothing here yet")
        lines.append(say("Only what concerns {member}.", member=somebody))
    if found.mentor is not None:
        lines.append(say("Only with {mentor} as the mentor.", mentor=f"**{plain(found.mentor.name)}**"))
    if found.since is not None:
        lines.append(say("Only since {day}.", day=_day(found.since)))
    if found.until is not None:
        lines.append(say("Only until {day}.", day=_day(found.until)))
    return " ".join(lines)


def _day(day: date) -> str:
    return f"`{day.isoformat()}`"


def _entry(entry: Audited, most: int) -> str:
    head = f"{discord_time(entry.at, 'f')} · **{_who(entry, most)}**"
    details = " ".join(_details(entry, most))
    said = " ".join(filter(None, [_what(entry, most), details]))
    why = REASONS.get(entry.why or "", "")
    why = say(why) if why else excerpt(entry.why or "", most)
    return "\n".join(filter(None, [head, said, say("Why: {why}", why=why) if why else ""]))


def _who(entry: Audited, most: int) -> str:
    match entry.actor:
        case Actor.MEMBER:
            return excerpt(entry.by_name or "", most)
        case Actor.PROVIDER:
            return say("The payment provider")
        case Actor.PARTNER:
            return say("Another system")
        case Actor.SYSTEM:
            return say("Seatkeeper")


def _what(entry: Audited, most: int) -> str:
    if entry.notice is not None:
        return say("A message is tried again: {what}.", what=what(entry.notice))
    known = SENTENCES.get((entry.entity, entry.verb))
    if known is None:
        return plain(f"{entry.entity} {entry.entity_id}: {entry.verb} ({entry.before or '–'} → {entry.after})")
    somebody = say("somebody")
    return say(
        known,
        student=excerpt(entry.student_name or "", most) or somebody,
        mentor=excerpt(entry.mentor_name or "", most) or somebody,
        product=excerpt(entry.product_name or "", most),
        when=discord_time(entry.starts_at, "f") if entry.starts_at else "–",
    )


def _details(entry: Audited, most: int) -> list[str]:
    """The figures: of one change as from → to, of several each under its name."""
    facts = entry.facts
    if facts.keys() >= {"from", "to"}:
        named = f"`{facts['name']}`: " if "name" in facts else ""
        return [named + _step(facts["from"], facts["to"], most)]
    if entry.verb == "adjust" and facts.keys() >= {"before", "after"}:
        return [_step(facts["before"], facts["after"], most)]
    if entry.verb == "answer":
        return [say("Yes.") if facts.get("yes") else say("No.")]
    if facts.get("above_capacity"):
        return [say("Above capacity.")]
    return [
        f"`{name.removesuffix('_id')}`: {_step(step['from'], step['to'], most, name)}"
        for name, step in facts.items()
        if isinstance(step, dict) and step.keys() >= {"from", "to"}
    ]


def _step(before: Any, after: Any, most: int, name: str = "") -> str:
    return f"{_value(before, most, name)} → {_value(after, most, name)}"


def _value(value: Any, most: int, name: str) -> str:
    """The figure of this name; roles and channels as Discord shows them."""
    if value is None or value == "":
        return "–"
    if name.endswith("_role_id"):
        return f"<@&{value}>"
    if name.endswith("_channel_id"):
        return f"<#{value}>"
    if isinstance(value, str):
        instant = _instant(value)
        return excerpt(value, most) if instant is None else discord_time(instant, "f")
    return str(value)


def _instant(text: str) -> datetime | None:
    """The instant of a text as the history keeps it; None for any other text."""
    try:
        found = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
