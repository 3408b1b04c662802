"""When a mentor can be booked: shown, asked for, and what was understood."""

from datetime import datetime

import discord

from bot.actions import Key, custom_id
from bot.forms import Blank, Form
from bot.replies.reply import Reply, Tone
from core.rules.hours import Interval, say_hours
from core.rules.refusals import Refused
from core.texts.language import plain, say, say_many, visible
from core.texts.refusals import sentence
from core.texts.when import discord_span, discord_time, zone_words
from core.usecases.community.set_hours import HoursSet
from core.usecases.reading.availability import Availability, Hours

HOURS = "hours"
"""The form's only blank."""

_MOST = 1000  # in a form's blank, and what a field of an answer holds with the marks around it
_MOST_OUTSIDE = 5
_BEFORE, _AFTER = "```\n", "\n```"


def form(found: Availability | None, written: str | None = None) -> Form:
    """The hours to write down; those of now stand in it if they are known, or what was written before."""
    zone = say("By the clock of {zone}. Days, then times.", zone=zone_words(found.hours.zone)) if found else ""
    now = say_hours(found.hours.weekly) if found else ""
    return Form(
        custom_id("set-hours"),
        say("Your hours"),
        [
            Blank(
                HOURS,
                say("When can you be booked?"),
                _MOST,
                description=zone,
                written=now if written is None else written,
                example="Mon-Fri 17:00-21:00, Sat 10:00-14:00",
            )
        ],
    )


def shown(found: Availability) -> Reply:
    """The hours as they are, and the limits that staff set."""
    terms = limits(found.session_minutes, found.buffer_minutes, found.notice_hours, found.horizon_days)
    paused = say("You are paused: nobody can book you until staff end that.") + "\n" if found.paused else ""
    return Reply(
        say("Your hours"),
        paused + _hours(found.hours),
        fields=[*_next(found.hours), (say("Limits"), f"{terms}\n{say('Staff can change these.')}")],
        rows=[[Key(say("Change my hours"), custom_id("hours"), style="primary")]],
    )


def limits(session_minutes: int, buffer_minutes: int, notice_hours: int, horizon_days: int) -> str:
    """Within which limits a mentor is booked, on one line."""
    said = [say_many("{number} minute a session", "{number} minutes a session", session_minutes)]
    if buffer_minutes:
        said.append(say_many("{number} minute's break after it", "{number} minutes' break after it", buffer_minutes))
    said += [
        say_many("booked from {number} hour ahead", "booked from {number} hours ahead", notice_hours),
        say_many("up to {number} day ahead", "up to {number} days ahead", horizon_days),
    ]
    return " · ".join(said)


def understood(done: HoursSet) -> Reply:
    """The hours that stand now, in our words, and what is booked beside them."""
    return Reply(
        say("Your hours are set"),
        _hours(done.hours),
        fields=[*_next(done.hours), *_outside(done.outside)],
        rows=[
            [
                Key(say("Change my hours"), custom_id("hours")),
                *([Key(say("Schedule"), "schedule")] if done.outside else []),
            ]
        ],
        tone=Tone.DONE,
    )


def not_understood(refused: Refused, typed: str) -> Reply:
    """Why they are no hours. What was typed stays to be copied, or mended by the button."""
    kept = "\n".join(visible(line) for line in typed.replace("`", "'").splitlines())[:_MOST]
    return Reply(
        say("Nothing was changed"),
        sentence(refused),
        fields=[(say("You wrote"), f"{_BEFORE}{kept or ' '}{_AFTER}")],
        rows=[[Key(say("Mend it"), custom_id("hours-again"), style="primary")]],
        tone=Tone.NO,
    )


def typed_before(message: discord.Message | None) -> str | None:
    """What `not_understood` kept in this message."""
    for embed in message.embeds if message else ():
        for each in embed.fields:
            value = each.value or ""
            if value.startswith(_BEFORE) and value.endswith(_AFTER):
                return value[len(_BEFORE) : -len(_AFTER)]
    return None


def _hours(hours: Hours) -> str:
    if not hours.weekly:
        return say("No hours yet, so nobody can book you.")
    return f"**{say_hours(hours.weekly)}**\n" + say(
        "That is {long}, by the clock of {zone}.",
        long=_a_week(hours.minutes_a_week),
        zone=plain(zone_words(hours.zone)),
    )


def _a_week(minutes: int) -> str:
    whole, rest = divmod(minutes, 60)
    if rest:
        return say("{hours} h {minutes} min a week", hours=whole, minutes=rest)
    return say_many("{number} hour a week", "{number} hours a week", whole)


def _next(hours: Hours) -> list[tuple[str, str]]:
    if not hours.next_openings:
        return []
    return [(say("Next, in your own time"), "\n".join(_span(opening) for opening in hours.next_openings))]


def _span(opening: Interval) -> str:
    return f"{discord_time(opening.starts_at)} – {discord_time(opening.ends_at, 't')}"


def _outside(starts: tuple[datetime, ...]) -> list[tuple[str, str]]:
    if not starts:
        return []
    lines = [discord_span(start) for start in starts[:_MOST_OUTSIDE]]
    if len(starts) > _MOST_OUTSIDE:
        lines.append(say_many("and {number} more", "and {number} more", len(starts) - _MOST_OUTSIDE))
    said = say_many(
        "{number} booked session lies outside these hours, and takes place all the same:",
        "{number} booked sessions lie outside these hours, and take place all the same:",
        len(starts),
    )
    return [(say("Already booked"), "\n".join([said, *lines]))]
