"""The file for somebody's calendar that goes with a booking, and with its cancellation."""

from datetime import datetime

from bot.replies.reply import File
from core.texts.calendar_file import Meeting, calendar_file
from core.usecases.asker import Asker
from core.usecases.booking.book import Booked
from core.usecases.booking.cancel import Cancellation

_NAME = "session.ics"


def booked_file(asker: Asker, session: Booked, now: datetime) -> File:
    """It puts into their calendar what the asker has booked."""
    meeting = Meeting(
        guild_id=asker.guild_id,
        session_id=session.session_id,
        attempt=session.attempt,
        canceled=False,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        student_name=asker.name,
        mentor_name=session.mentor_name,
    )
    return File(_NAME, calendar_file(meeting, now))


def canceled_file(asker: Asker, session: Cancellation, now: datetime) -> File:
    """It takes out of their calendar what the asker has cancelled."""
    meeting = Meeting(
        guild_id=asker.guild_id,
        session_id=session.session_id,
        attempt=session.attempt,
        canceled=True,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        student_name=session.student_name,
        mentor_name=session.mentor_name,
    )
    return File(_NAME, calendar_file(meeting, now))
