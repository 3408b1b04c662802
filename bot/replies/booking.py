"""The picker, day then time, and what a booking is."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from bot.actions import Key, Menu, custom_id
from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.reply import File, Reply, Tone
from core.texts.language import language, plain, say, say_many
from core.texts.when import discord_span, discord_time, zone_words
from core.usecases.booking.book import Booked
from core.usecases.booking.free_times import FreeTimes
from core.usecases.reading.quote import Quote

OPTIONS_A_MENU = 25  # Discord's limit
MOST_CHOICES = 25
_MENUS = 4  # one row is left for buttons


def days(times: FreeTimes, page: int = 0) -> Reply:
    """The days that have free times, a page of them in a select."""
    name = plain(times.mentor_name)
    if not times.by_day:
        return Reply(
            say("No free times"),
            say("{mentor} has no free times at the moment. Look again later: hours may open up.", mentor=name),
            rows=[[_schedule()]],
        )
    page, pages, shown = of_page(list(times.by_day.items()), page, OPTIONS_A_MENU)
    options = [
        (day.isoformat(), day_name(day), say_many("{number} free time", "{number} free times", len(slots)))
        for day, slots in shown
    ]
    menu = Menu(custom_id("pick-day", times.mentor_id), say("Choose a day"), options)
    return Reply(
        say("Book a session with {mentor}", mentor=name),
        say(
            "First choose a day, then a time. Days and times are those of your time zone, {zone}.",
            zone=plain(zone_words(times.zone)),
        ),
        rows=[menu, page_keys("pick-days", page, pages, times.mentor_id)],
        footer=page_note(page, pages),
    )


def times_of_day(times: FreeTimes, day: date) -> Reply:
    """The free times of one day; the days again if nothing is free on it any more."""
    slots = times.by_day.get(day, ())
    if not slots:
        return days(times)
    name, zone = plain(times.mentor_name), ZoneInfo(times.zone)
    parts = [slots[first : first + OPTIONS_A_MENU] for first in range(0, len(slots), OPTIONS_A_MENU)][:_MENUS]
    menus = [
        Menu(
            custom_id("pick-time", times.mentor_id, number),
            _span(part, zone) if len(parts) > 1 else say("Choose a time"),
            [(str(int(slot.timestamp())), clock_time(slot, zone), "") for slot in part],
        )
        for number, part in enumerate(parts)
    ]
    return Reply(
        say("{day} with {mentor}", day=day_name(day), mentor=name),
        say("Choose a time. Times are those of your time zone, {zone}.", zone=plain(zone_words(times.zone))),
        rows=[*menus, [_to_days(times.mentor_id, say("Other days"))]],
    )


def confirm(quote: Quote) -> Reply:
    """What is about to be booked, and what it draws on."""
    seconds = int(quote.starts_at.timestamp())
    return Reply(
        say("Book this session?"),
        discord_span(quote.starts_at),
        fields=[
            (say("With"), plain(quote.mentor_name)),
            (say("Until"), discord_time(quote.ends_at, "t")),
            (
                say("Draws on"),
                say(
                    "Session {number} of {total} of your pack, which is good until {expires}.",
                    number=quote.number,
                    total=quote.total,
                    expires=discord_time(quote.expires_at, "D"),
                )
                + "\n"
                + _left(quote.available),
            ),
        ],
        rows=[
            [
                Key(say("Book it"), custom_id("confirm", quote.mentor_id, seconds), style="success"),
                Key(say("Other times"), custom_id("pick-times", quote.mentor_id, seconds)),
            ]
        ],
        footer=say("Nothing is booked until you press Book it."),
    )


def booked(session: Booked, file: File) -> Reply:
    """It stands, and what can be done next. The file is for the student's calendar."""
    cancel = Key(say("Cancel"), custom_id("cancel", session.session_id))
    more = [Key(say("Book another"), custom_id("book", session.mentor_id), style="primary")]
    return Reply(
        say("Booked"),
        say(
            "You meet {mentor} {when}. You get a reminder before it.",
            mentor=plain(session.mentor_name),
            when=discord_span(session.starts_at),
        ),
        fields=[
            (
                say("Your pack"),
                say("This is session {number} of {total}.", number=session.number, total=session.total)
                + "\n"
                + _left(session.available),
            )
        ],
        rows=[[*(more if session.available else []), _schedule(), cancel]],
        footer=say("The attached file puts it into your calendar."),
        tone=Tone.DONE,
        files=[file],
    )


def unreadable(text: str) -> Reply:
    """What was typed as a time is none."""
    return Reply(
        say("That did not work"),
        say(
            "“{text}” cannot be read as a time. Choose one from the list, write it like `2026-11-30 15:00`, "
            "or leave it out to see all free times.",
            text=plain(text[:80]),
        ),
        tone=Tone.NO,
    )


def choices(times: FreeTimes, typed: str) -> list[tuple[str, str]]:
    """Free times as (label, value) for the autocomplete of `when`: those whose label holds what was typed."""
    zone = ZoneInfo(times.zone)
    wanted = typed.casefold().split()
    found: list[tuple[str, str]] = []
    for day, slots in times.by_day.items():
        for slot in slots:
            label = f"{day_name(day)}, {clock_time(slot, zone)}"
            if all(word in label.casefold() or word in day.isoformat() for word in wanted):
                found.append((label, str(int(slot.timestamp()))))
                if len(found) == MOST_CHOICES:
                    return found
    return found


def day_name(day: date) -> str:
    return format_date(day, say("EEEE, d MMMM"), locale=language())


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """The wall-clock time; the two hours of a fold are told apart by the zone's name."""
    local = at.astimezone(zone)
    folded = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return local.strftime("%H:%M %Z" if folded else "%H:%M")


def free_times_key(mentor_id: int) -> Key:
    """To the free times, in the same message."""
    return _to_days(mentor_id, say("See free times"))


def _to_days(mentor_id: int, label: str) -> Key:
    """Back to the days, in the same message."""
    return Key(label, custom_id("pick-days", mentor_id, 0))


def _left(available: int) -> str:
    return (
        say_many(
            "After it you can book {number} more session of this pack.",
            "After it you can book {number} more sessions of this pack.",
            available,
        )
        if available
        else say("It is the last of this pack that you can book.")
    )


def _span(slots: Sequence[datetime], zone: ZoneInfo) -> str:
    return say("{first} to {last}", first=clock_time(slots[0], zone), last=clock_time(slots[-1], zone))


def _schedule() -> Key:
    return Key(say("Schedule"), "schedule")
