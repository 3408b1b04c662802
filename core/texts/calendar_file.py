"""A session as calendars take it: a file that puts it in, changes it or takes it out (RFC 5545)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar, Event

from core.texts.language import language, say, visible

_PRODUCT = "-//Seatkeeper//Sessions//{language}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A session as it stands. Names are as typed; guild and session together name it wherever its file goes."""

    guild_id: int
    session_id: int
    attempt: int
    canceled: bool
    starts_at: datetime
    ends_at: datetime
    student_name: str
    mentor_name: str


def calendar_file(meeting: Meeting, now: datetime) -> bytes:
    """The file of one session: who opens it has the session in their calendar, or out of it if it is cancelled."""
    calendar = Calendar()
    calendar.add("PRODID", _PRODUCT.format(language=language().upper()))
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "CANCEL" if meeting.canceled else "PUBLISH")
    calendar.add_component(event_of(meeting, now))
    written: bytes = calendar.to_ical()
    return written


def event_of(meeting: Meeting, now: datetime) -> Event:
    """The session within a calendar. `now` is when that is written, which is not when the session was booked."""
    event = Event()
    event.add("UID", uid_of(meeting))
    event.add("SEQUENCE", sequence_of(meeting))
    # In UTC: another zone would have to be described in the file.
    event.add("DTSTAMP", now.astimezone(UTC))
    event.add("DTSTART", meeting.starts_at.astimezone(UTC))
    event.add("DTEND", meeting.ends_at.astimezone(UTC))
    event.add("SUMMARY", _summary(meeting))
    event.add("STATUS", "CANCELLED" if meeting.canceled else "CONFIRMED")
    return event


def uid_of(meeting: Meeting) -> str:
    """The same as long as the session lives, and no other session's anywhere: calendars know it again by this."""
    return f"session-{meeting.session_id}.guild-{meeting.guild_id}@seatkeeper"


def sequence_of(meeting: Meeting) -> int:
    """Higher after each change that a calendar must take over: a cancellation, and an undo, which raises the attempt.

    The same for everybody whenever it is asked. What moves a session has to raise it, too.
    """
    return 2 * (meeting.attempt - 1) + meeting.canceled


def _summary(meeting: Meeting) -> str:
    student, mentor = visible(meeting.student_name), visible(meeting.mentor_name)
    return say("Session of {student} with {mentor}", student=student, mentor=mentor)
