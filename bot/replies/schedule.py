"""Upcoming sessions, a page at a time."""

from zoneinfo import ZoneInfo

from bot.actions import Key, Menu, custom_id
from bot.replies.booking import clock_time, day_name
from bot.replies.paging import page_keys, page_note
from bot.replies.reply import Reply
from core.texts.language import plain, say
from core.texts.when import discord_span
from core.usecases.reading.schedule import Schedule, SessionCard

_KEYS_A_ROW = 5


def schedule_page(found: Schedule) -> Reply:
    """One page; under it a Complete for each session of a mentor's that has started, and the others to be cancelled."""
    if not found.sessions:
        return Reply(
            say("Nothing scheduled"),
            say(
                "You have no upcoming sessions. As a student, `/book` shows you the times that are free, and "
                "`/remaining` what you have left."
            ),
        )
    open_ = [session for session in found.sessions if session.as_mentor and session.has_started]
    keys = [
        Key(
            say("Complete: {student}", student=session.with_name),
            custom_id("complete", session.session_id),
            style="success",
        )
        for session in open_
    ]
    return Reply(
        say("Your schedule"),
        "\n\n".join(_line(session) for session in found.sessions),
        rows=[
            *(keys[first : first + _KEYS_A_ROW] for first in range(0, len(keys), _KEYS_A_ROW)),
            *_to_cancel(found),
            page_keys("schedule-page", found.page, found.pages),
        ],
        footer=page_note(found.page, found.pages) or _next_step(found),
    )


def _to_cancel(found: Schedule) -> list[Menu]:
    zone = ZoneInfo(found.zone)
    options = []
    for session in found.sessions:
        if not session.has_started:
            at = session.starts_at
            label = f"{day_name(at.astimezone(zone).date())}, {clock_time(at, zone)} · {session.with_name}"
            options.append((str(session.session_id), label, ""))
    return [Menu(custom_id("pick-cancel"), say("Cancel a session"), options)] if options else []


def _next_step(found: Schedule) -> str:
    if all(session.as_mentor for session in found.sessions):
        return say("After a session, say that it took place with Complete.")
    return say("Book another with /book.")


def _line(session: SessionCard) -> str:
    name = f"**{plain(session.with_name)}**"
    if session.as_mentor:
        name = say("{student}, your student", student=f"{name} (<@{session.with_user_id}>)")
    of = say("session {number} of {total}", number=session.number, total=session.total)
    began = " · " + say("has started") if session.has_started else ""
    return f"{discord_span(session.starts_at)}\n{name} · {of}{began}"
