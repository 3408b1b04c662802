from datetime import timedelta

import pytest

from core.db.unit import Database
from core.rules.hours import WeeklyHours, say_hours
from core.rules.refusals import Reason
from core.rules.states import SeatState
from core.usecases.asker import Asker
from core.usecases.reading.profile import profile
from tests.answers import given, why
from tests.builders import DAY, HOUR, Community, a_community, a_member, a_mentor, a_pair, a_product, a_session
from tests.clocks import NOW
from tests.statements import statements


def stranger_of(community: Community) -> Asker:
    return Asker(community.guild_id, 3, "New")


async def test_a_stranger_sees_hours_prices_seats_and_the_next_free_times(db: Database) -> None:
    pair = await a_pair(db)
    await a_session(db, pair, NOW + DAY)  # 12:00

    seen = given(await profile(db, stranger_of(pair.community), pair.mentor.id))

    assert (seen.name, seen.user_id, seen.time_zone) == ("Mara", pair.mentor.user_id, "Etc/UTC")
    assert (say_hours(seen.hours), seen.session_minutes) == ("Mon–Sun 09:00–17:00", 60)
    assert (seen.seats_free, seen.capacity, seen.paused) == (4, 5, False)
    assert [product.price_minor for product in seen.products] == [20_000]
    first = NOW + DAY + HOUR  # a day's notice, and 12:00 is taken
    assert seen.next_times == tuple(first + number * timedelta(minutes=30) for number in range(5))
    assert (seen.seat_state, seen.is_asker) == (None, False)


async def test_times_at_which_the_asker_is_busy_themselves_are_left_out(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_mentor(db, pair.community, "Max")
    await a_session(db, pair, NOW + DAY)

    assert given(await profile(db, stranger_of(pair.community), other.id)).next_times[0] == NOW + DAY
    assert given(await profile(db, pair.student.asker, other.id)).next_times[0] == NOW + DAY + HOUR


async def test_rare_times_are_found_up_to_the_horizon(db: Database) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community, hours=[WeeklyHours(0, 600, 660)])

    seen = given(await profile(db, stranger_of(community), mentor.id))

    monday = NOW - 2 * HOUR
    assert seen.next_times == tuple(monday + week * 7 * DAY for week in range(1, 6))


async def test_the_asker_sees_their_own_seat(db: Database) -> None:
    pair = await a_pair(db, seat=SeatState.GRACE)

    assert given(await profile(db, pair.student.asker, pair.mentor.id)).seat_state is SeatState.GRACE
    assert given(await profile(db, pair.mentor.asker, pair.mentor.id)).is_asker


async def test_a_paused_mentor_has_no_times_and_a_lowered_capacity_no_seats(db: Database) -> None:
    community = await a_community(db)
    mentor = await a_mentor(db, community, paused_at=NOW, capacity=0)
    await a_pair(db, mentor=mentor)

    seen = given(await profile(db, stranger_of(community), mentor.id))

    assert (seen.paused, seen.next_times, seen.seats_free, seen.capacity) == (True, (), 0, 0)


async def test_who_does_not_teach_here_is_unknown(db: Database) -> None:
    pair = await a_pair(db)
    removed = await a_mentor(db, pair.community, "Rita", removed_at=NOW)
    elsewhere = await a_mentor(db, await a_community(db), "Eva")
    member = await a_member(db, pair.community, "Kim")

    for nobody in (removed.id, elsewhere.id, member.id, 10**17):
        assert why(await profile(db, pair.student.asker, nobody)) is Reason.UNKNOWN_MENTOR
    assert why(await profile(db, Asker(3, 3, "New"), pair.mentor.id)) is Reason.NOT_SET_UP


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_it_takes_three_statements(db: Database) -> None:
    pair = await a_pair(db)
    for number in range(3):
        await a_product(db, pair.mentor, name=f"Number {number}")

    with statements(db) as sent:
        given(await profile(db, pair.student.asker, pair.mentor.id))

    assert len(sent) <= 3, sent
