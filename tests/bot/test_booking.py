"""/book: a day, a time, a yes; and everything in between."""

from datetime import datetime

import pytest
from icalendar import Calendar
from simcord import InteractionResult

from core.db import tables
from core.rules.hours import WeeklyHours
from core.rules.states import PackState, SeatState
from tests.bot.world import World, a_mentor_player, labels, options_of, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_pair, a_session, count_of, rows_of

ROUND_THE_CLOCK = tuple(WeeklyHours(weekday, 0, 24 * 60) for weekday in range(7))


async def calendar_of(shown: InteractionResult) -> Calendar:
    """The file of a reply, as a calendar reads it."""
    (file,) = reply_to(shown).attachments
    assert file.filename == "session.ics"
    return Calendar.from_ical(await file.read())


async def to_times(world: World, day: int = 0) -> InteractionResult:
    """Stu opens the picker and chooses a day of those that it shows."""
    pick = f"pick-day:{world.mara.id}"
    shown = await world.stu.actor.slash(world.public, "book")
    return await world.stu.actor.select(reply_to(shown), [options_of(shown, pick)[day]], custom_id=pick)


async def to_confirm(world: World) -> tuple[InteractionResult, datetime]:
    """Stu chooses the first time of the first day; and that time."""
    pick = f"pick-time:{world.mara.id}:0"
    shown = await to_times(world)
    value = options_of(shown, pick)[0]
    shown = await world.stu.actor.select(reply_to(shown), [value], custom_id=pick)
    return shown, datetime.fromtimestamp(int(value), world.clock.now().tzinfo)


async def test_a_student_books_by_choosing_a_day_and_a_time(world: World) -> None:
    asked, starts_at = await to_confirm(world)
    booked = await world.stu.actor.click(reply_to(asked), label="Book it")

    assert stamp(starts_at) in read(booked)
    assert "session 1 of 4" in read(booked)
    assert "book 3 more" in read(booked)
    (session,) = await rows_of(world.db, tables.sessions)
    assert session["starts_at"] == starts_at
    assert session["student_id"] == world.stu.id


async def test_the_file_with_a_booking_puts_it_into_a_calendar_and_that_with_its_cancellation_takes_it_out(
    world: World,
) -> None:
    async with world.db.begin() as tx:
        mara = tables.members.c.id == world.mara.id
        await tx.run(tables.members.update().where(mara).values(name="Mara, M.A.;\nEND:VEVENT"))
    world.env.backend.users[world.stu.actor.id].global_name = "Stu; the, first"
    asked, starts_at = await to_confirm(world)

    booked = await world.stu.actor.click(reply_to(asked), label="Book it")
    shown = await world.stu.actor.click(reply_to(booked), label="Cancel")
    canceled = await world.stu.actor.click(reply_to(shown), label="Cancel the session")

    put, taken = await calendar_of(booked), await calendar_of(canceled)
    assert (put["METHOD"], taken["METHOD"]) == ("PUBLISH", "CANCEL")
    (before,), (after,) = put.events, taken.events
    assert before["SUMMARY"] == after["SUMMARY"] == "Session of Stu; the, first with Mara, M.A.;END:VEVENT"
    assert (starts_at, starts_at + HOUR, world.clock.now()) == (before.DTSTART, before.DTEND, before.DTSTAMP)
    assert (before["UID"], before.DTSTART) == (after["UID"], after.DTSTART)
    assert before.sequence < after.sequence
    assert "puts it into your calendar" in read(booked)
    assert "takes it out" in read(canceled)
    assert reply_to(await world.stu.actor.click(reply_to(canceled), label="Schedule")).attachments == []


async def test_the_picker_shows_the_free_times_and_no_others(world: World) -> None:
    # Monday noon, a day's notice: Tuesday from noon on; hours end at 17, sessions last an hour.
    await a_session(world.db, world.pair, world.clock.now() + DAY + 2 * HOUR)

    shown = await to_times(world)

    noon = world.clock.now() + DAY
    offered = [int(each) - int(noon.timestamp()) for each in options_of(shown, f"pick-time:{world.mara.id}:0")]
    assert [seconds / 3600 for seconds in offered] == [0, 0.5, 1, 3, 3.5, 4]


async def test_before_the_yes_nothing_is_booked_and_the_pack_is_named(world: World) -> None:
    asked, starts_at = await to_confirm(world)

    assert stamp(starts_at) in read(asked)
    assert "Mara" in read(asked)
    assert "Session 1 of 4" in read(asked)
    assert labels(reply_to(asked)) == ["Book it", "Other times"]
    assert await count_of(world.db, tables.sessions) == 0


async def test_other_times_are_those_of_the_same_day(world: World) -> None:
    asked, starts_at = await to_confirm(world)
    day = read(await to_times(world)).splitlines()[0]

    shown = await world.stu.actor.click(reply_to(asked), label="Other times")

    assert read(shown).startswith(day)
    assert str(int(starts_at.timestamp())) in options_of(shown, f"pick-time:{world.mara.id}:0")


async def test_more_days_than_a_select_holds_come_in_pages(world: World) -> None:
    shown = await world.stu.actor.slash(world.public, "book")
    first = options_of(shown, f"pick-day:{world.mara.id}")

    shown = await world.stu.actor.click(reply_to(shown), label="Next")
    second = options_of(shown, f"pick-day:{world.mara.id}")

    assert len(first) == 25
    assert second[0] > first[-1]
    assert "Page 2 of 3" in read(shown)


async def test_more_times_than_a_select_holds_stand_in_several(world: World) -> None:
    round_the_clock = await a_mentor_player(
        world.guild, world.env, world.db, world.community, "Rita", hours=ROUND_THE_CLOCK
    )
    await a_pair(world.db, mentor=round_the_clock.person, student=world.stu.person)
    pick = f"pick-day:{round_the_clock.id}"

    shown = await world.stu.actor.slash(world.public, "book", mentor=str(round_the_clock.id))
    shown = await world.stu.actor.select(reply_to(shown), [options_of(shown, pick)[2]], custom_id=pick)

    parts = [options_of(shown, f"pick-time:{round_the_clock.id}:{part}") for part in (0, 1)]
    assert [len(part) for part in parts] == [25, 23]


async def test_a_time_may_be_named_at_once(world: World) -> None:
    asked = await world.stu.actor.slash(world.public, "book", mentor="Mara", when="2026-03-04 10:00")

    assert stamp(world.clock.now() + 2 * DAY - 2 * HOUR) in read(asked)
    assert labels(reply_to(asked))[0] == "Book it"


async def test_a_time_that_cannot_be_read_is_explained(world: World) -> None:
    shown = await world.stu.actor.slash(world.public, "book", when="@everyone soonish")

    assert r"\@everyone soonish" in read(shown)
    assert "2026-11-30 15:00" in read(shown)


@pytest.mark.parametrize(
    ("when", "said"), [("2026-02-01 10:00", "That time is over"), ("9000-01-01 10:00", "too far ahead")]
)
async def test_a_time_long_over_or_never_reached_is_refused(world: World, when: str, said: str) -> None:
    assert said in read(await world.stu.actor.slash(world.public, "book", when=when))


async def test_a_time_that_is_not_free_leads_to_those_that_are(world: World) -> None:
    shown = await world.stu.actor.slash(world.public, "book", when="2026-03-04 03:00")

    assert "does not work at that time" in read(shown)
    shown = await world.stu.actor.click(reply_to(shown), label="See free times")
    assert options_of(shown, f"pick-day:{world.mara.id}")


async def test_a_time_taken_while_the_student_thought_is_refused(world: World) -> None:
    asked, starts_at = await to_confirm(world)
    other = await a_pair(world.db, mentor=world.mara.person)
    await a_session(world.db, other, starts_at)

    shown = await world.stu.actor.click(reply_to(asked), label="Book it")

    assert "taken by now" in read(shown)
    assert await count_of(world.db, tables.sessions) == 1


async def test_the_whole_picker_survives_a_restart_between_any_two_steps(world: World) -> None:
    day, time = f"pick-day:{world.mara.id}", f"pick-time:{world.mara.id}:0"

    shown = await world.stu.actor.slash(world.public, "book")
    await world.restart()
    shown = await world.stu.actor.select(reply_to(shown), [options_of(shown, day)[0]], custom_id=day)
    await world.restart()
    shown = await world.stu.actor.select(reply_to(shown), [options_of(shown, time)[0]], custom_id=time)
    await world.restart()
    shown = await world.stu.actor.click(reply_to(shown), label="Book it")

    assert "You meet Mara" in read(shown)
    assert await count_of(world.db, tables.sessions) == 1


async def test_the_last_session_of_a_pack_is_booked_and_no_more_is_offered(world: World) -> None:
    for hours in (24, 25, 26):
        await a_session(world.db, world.pair, world.clock.now() + 5 * DAY + (hours - 24) * HOUR)

    asked, _ = await to_confirm(world)
    assert "last of this pack" in read(asked)
    booked = await world.stu.actor.click(reply_to(asked), label="Book it")

    assert labels(reply_to(booked)) == ["Schedule", "Cancel"]
    again = await world.stu.actor.slash(world.public, "book")
    assert "All your sessions with this mentor are booked" in read(again)


async def test_who_has_no_seat_is_told_how_to_get_one(world: World) -> None:
    shown = await world.eve.slash(world.public, "book", mentor=str(world.mara.id))

    assert "/buy" in read(shown)
    assert await count_of(world.db, tables.members, tables.members.c.user_id == world.eve.id) == 0


async def test_a_mentor_of_another_community_is_not_known_here(world: World) -> None:
    elsewhere = await a_pair(world.db)

    shown = await world.stu.actor.slash(world.public, "book", mentor=str(elsewhere.mentor.id))

    assert "no such mentor here" in read(shown)


async def test_who_has_two_mentors_chooses_one(world: World) -> None:
    await a_pair(world.db, mentor=world.max.person, student=world.stu.person)

    shown = await world.stu.actor.slash(world.public, "book")
    shown = await world.stu.actor.click(reply_to(shown), label="Max")

    assert "Book a session with Max" in read(shown)


async def test_a_seat_in_grace_is_told_to_renew(world: World) -> None:
    await a_pair(
        world.db,
        mentor=world.max.person,
        student=world.stu.person,
        seat=SeatState.GRACE,
        remaining=0,
        state=PackState.DEPLETED,
    )

    shown = await world.stu.actor.slash(world.public, "book", mentor="Max")

    assert "/renew" in read(shown)


async def test_a_mentor_without_free_times_says_so(world: World) -> None:
    away = await a_mentor_player(world.guild, world.env, world.db, world.community, "Ayo", hours=())
    await a_pair(world.db, mentor=away.person, student=world.stu.person)

    shown = await world.stu.actor.slash(world.public, "book", mentor="Ayo")

    assert "no free times" in read(shown)


@pytest.mark.parametrize("forged", ["pick-days:{other}:0", "confirm:{other}:{at}", "confirm:{mine}:999999999999999999"])
async def test_a_forged_button_gets_a_refusal_and_nothing_more(world: World, forged: str) -> None:
    elsewhere = await a_pair(world.db)
    at = int((world.clock.now() + 2 * DAY).timestamp())
    custom_id = forged.format(other=elsewhere.mentor.id, mine=world.mara.id, at=at)
    message = world.forge(world.public.id, custom_id)

    shown = await world.stu.actor.click(message, custom_id=custom_id)

    assert "That did not work" in read(shown)
    assert await count_of(world.db, tables.sessions) == 0


@pytest.mark.parametrize("value", ["", "x", "99999999999999999999999", "-1"])
async def test_a_forged_choice_shows_the_free_times_again(world: World, value: str) -> None:
    pick = f"pick-time:{world.mara.id}:0"
    message = world.forge_select(world.public.id, pick, value or "nothing")

    shown = await world.stu.actor.select(message, [value or "nothing"], custom_id=pick)

    assert "First choose a day" in read(shown)


async def test_a_forged_day_shows_the_days_again(world: World) -> None:
    pick = f"pick-day:{world.mara.id}"
    message = world.forge_select(world.public.id, pick, "2026-13-45")

    shown = await world.stu.actor.select(message, ["2026-13-45"], custom_id=pick)

    assert "First choose a day" in read(shown)


async def test_somebody_elses_confirm_books_nothing_for_who_has_no_seat(world: World) -> None:
    at = int((world.clock.now() + 2 * DAY).timestamp())
    message = world.forge(world.public.id, f"confirm:{world.mara.id}:{at}")

    shown = await world.eve.click(message, custom_id=f"confirm:{world.mara.id}:{at}")

    assert "no seat with this mentor" in read(shown)
    assert await count_of(world.db, tables.sessions) == 0


async def test_while_typing_free_times_and_mentors_are_suggested(world: World) -> None:
    mentors = await world.stu.actor.autocomplete(world.public, "book", "mentor", "mara")
    times = await world.stu.actor.autocomplete(world.public, "book", "when", "wednesday 10:00")

    assert mentors == [{"name": "Mara", "value": str(world.mara.id)}]
    assert times[0]["name"] == "Wednesday, 4 March, 10:00"
    asked = await world.stu.actor.slash(world.public, "book", when=times[0]["value"])
    assert stamp(world.clock.now() + 2 * DAY - 2 * HOUR) in read(asked)


async def test_who_has_no_seat_is_suggested_no_times(world: World) -> None:
    assert await world.eve.autocomplete(world.public, "book", "when", "") == []
    assert await world.stu.actor.autocomplete(world.public, "book", "when", "", mentor="nobody") == []
