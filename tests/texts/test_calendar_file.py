"""The file that puts a session into a calendar, read back as a calendar reads it."""

from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from core.texts.calendar_file import Meeting, calendar_file, sequence_of, uid_of
from core.texts.language import reader
from tests.clocks import NOW

_MEETING = Meeting(
    guild_id=1_000_001,
    session_id=12,
    attempt=1,
    canceled=False,
    starts_at=NOW + timedelta(days=2),
    ends_at=NOW + timedelta(days=2, hours=1),
    student_name="Stu",
    mentor_name="Mara",
)


def test_a_booked_session_is_put_in_with_its_times_in_utc() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    told_elsewhere = replace(
        _MEETING, starts_at=_MEETING.starts_at.astimezone(berlin), ends_at=_MEETING.ends_at.astimezone(berlin)
    )

    written = calendar_file(_MEETING, NOW)

    calendar = Calendar.from_ical(written)
    (event,) = calendar.events
    assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
    assert calendar["PRODID"] == "-//Seatkeeper//Sessions//EN"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("session-12.guild-1000001@seatkeeper", 0, "CONFIRMED")
    assert (NOW, _MEETING.starts_at, _MEETING.ends_at) == (event.DTSTAMP, event.DTSTART, event.DTEND)
    assert event["SUMMARY"] == "Session of Stu with Mara"
    assert f"DTSTART:{_MEETING.starts_at.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n".encode() in written
    assert calendar_file(told_elsewhere, NOW) == written


def test_a_cancelled_one_is_taken_out_by_the_same_uid_and_a_higher_sequence() -> None:
    canceled = replace(_MEETING, canceled=True)

    calendar = Calendar.from_ical(calendar_file(canceled, NOW))

    (event,) = calendar.events
    assert (calendar["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert event["UID"] == uid_of(_MEETING)
    assert event.sequence > sequence_of(_MEETING)


def test_every_change_of_a_session_raises_its_sequence() -> None:
    life = [
        replace(_MEETING, attempt=attempt, canceled=canceled) for attempt in (1, 2, 3) for canceled in (False, True)
    ]

    assert [sequence_of(each) for each in life] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("other", [replace(_MEETING, session_id=13), replace(_MEETING, guild_id=1_000_002)])
def test_no_two_sessions_have_one_uid(other: Meeting) -> None:
    assert uid_of(other) != uid_of(_MEETING)


HOSTILE = {
    "Stu, the; best\\": "Stu, the; best\\",
    "a\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:x": "aEND:VEVENTBEGIN:VEVENTUID:x",
    'b"^n:\tDTSTART': 'b"^n:DTSTART',
    "\u202eevil\u202c\u2028x\x00\x85": "evilx",
    "half a \ud83d pair": "half a  pair",
    "ü😀" * 50: "ü😀" * 50,
    "": "",
}


@pytest.mark.parametrize("typed", HOSTILE)
def test_a_name_is_a_name_whatever_stands_in_it(typed: str) -> None:
    meeting = replace(_MEETING, student_name=typed, mentor_name=typed)

    written = calendar_file(meeting, NOW)

    (event,) = Calendar.from_ical(written).events
    assert event["SUMMARY"] == f"Session of {HOSTILE[typed]} with {HOSTILE[typed]}"
    assert (event["UID"], event.DTSTART) == (uid_of(meeting), meeting.starts_at)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    assert len([line for line in written.split(b"\r\n") if line.startswith(b"BEGIN:")]) == 2


def test_it_speaks_its_readers_language() -> None:
    with reader("de"):
        calendar = Calendar.from_ical(calendar_file(_MEETING, NOW))

    assert calendar.events[0]["SUMMARY"] == "Sitzung von Stu mit Mara"
    assert calendar["PRODID"] == "-//Seatkeeper//Sessions//DE"
