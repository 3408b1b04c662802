"""Of the person who asks: their zone, and what they can do here."""

from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bot.replies.reply import Reply, Tone
from core.texts.language import language, plain, say
from core.texts.when import zone_words
from core.usecases.community.time_zone import ZoneChosen


def zone_chosen(chosen: ZoneChosen) -> Reply:
    """The zone with its clock, so that the person sees whether it is theirs."""
    local = chosen.at.astimezone(ZoneInfo(chosen.zone)).replace(tzinfo=None)
    zone = plain(zone_words(chosen.zone))
    lines = [
        say(
            "It is **{now}** in {zone} now. Is your clock another one? Then choose another zone.",
            now=format_datetime(local, "EEEE, d MMMM, HH:mm", locale=language()),
            zone=zone,
        ),
        say("Days and times in menus and e-mails are those of this zone. Elsewhere Discord shows times in your own."),
    ]
    if chosen.mentor_zone not in (None, chosen.zone):
        lines.append(
            say(
                "Your hours as a mentor stay on the clock of {zone}; staff can change that.",
                zone=plain(zone_words(chosen.mentor_zone or "")),
            )
        )
    return Reply(say("Your time zone is {zone}", zone=zone), "\n".join(lines), tone=Tone.DONE)
