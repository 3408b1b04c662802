"""A play: time stops at whatever falls due, does it once, and a later play goes on where the last one ended."""

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from core.db import tables
from core.rules.notices import NoticeKind
from core.rules.states import NoticeState
from core.usecases.booking.book import Booked, book
from core.usecases.booking.free_times import FreeTimes, free_times
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.place import Wanted
from core.usecases.community.mentors import MentorCard, mentors
from core.usecases.reading.books import books
from seatkeeper.demo.play import Play, free_port
from tests.builders import rows_of
from tests.demo.dumps import dump
from tests.demo.plays import a_play

MOMENT = timedelta(seconds=30)  # the machine's own time flows while a test runs
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Got:
    """A message in somebody's DMs."""

    whom: str
    title: str
    at: datetime


def got(play: Play) -> list[Got]:
    """What the bot sent to everybody, in the order in which it was sent."""
    sent = [
        (message.id, Got(name, message.embeds[0].title or "", message.created_at))
        for name, person in play.guild.people.items()
        for message in person.user.dm_channel.history()
    ]
    return [each for _, each in sorted(sent, key=lambda pair: pair[0])]


async def a_booked_session(play: Play, student: str = "Ann", mentor: str = "Mira Thapa") -> Booked:
    """The student buys, pays and takes one of the first free times. What is owed at once is delivered."""
    db, asker = play.house.db, play.guild.asker(student)
    card = await _card(play, mentor)
    known = set(play.stripe.checkouts)
    product_id = card.products[-1].id
    ready = await buy(db, play.house.providers, play.house.public_url, asker, card.mentor_id, Wanted(product_id))
    assert isinstance(ready, CheckoutReady)
    (ref,) = set(play.stripe.checkouts) - known
    await play.stripe.pay(ref)
    offered = await free_times(db, asker, card.mentor_id)
    assert isinstance(offered, FreeTimes)
    # Two hours of air, so that no reminder falls due while the test runs.
    far_enough = play.clock.now() + timedelta(hours=26)
    starts_at = next(at for day in offered.by_day.values() for at in day if at > far_enough)
    booked = await book(db, asker, card.mentor_id, starts_at)
    assert isinstance(booked, Booked)
    await play.jobs.run_due()
    return booked


async def _card(play: Play, name: str) -> MentorCard:
    cards = await mentors(play.house.db, play.guild.id)
    assert isinstance(cards, tuple)
    return next(card for card in cards if card.name == name)


def expected_of(booked: Booked) -> list[tuple[NoticeKind, str, datetime]]:
    """What a booked session owes whom, and when."""
    return [
        (NoticeKind.SESSION_TOMORROW, "Ann", booked.starts_at - timedelta(hours=24)),
        (NoticeKind.SESSION_SOON, "Ann", booked.starts_at - timedelta(hours=1)),
        (NoticeKind.OUTCOME_PROMPT, "Mira Thapa", booked.ends_at),
    ]


async def test_each_move_goes_to_the_next_due_thing_and_does_that_alone(database_url: str) -> None:
    async with a_play(database_url) as play:
        booked = await a_booked_session(play)
        before = got(play)

        steps = []
        for _ in range(3):
            next_due = await play.next_due()
            done = await play.to_next_due()
            assert done is not None
            assert done == next_due
            assert done.at <= play.clock.now() < done.at + MOMENT
            steps.append((done, got(play)[len(before) :]))
            before = got(play)

    assert [(done.what, done.whom, done.at) for done, _ in steps] == expected_of(booked)
    for done, came in steps:
        assert [each.whom for each in came] == [done.whom]
        assert done.at <= came[0].at < done.at + MOMENT


async def test_one_long_move_does_all_that_falls_due_in_it_in_order_each_once_and_in_its_time(
    database_url: str,
) -> None:
    async with a_play(database_url) as play:
        booked = await a_booked_session(play)
        before = got(play)
        until = booked.ends_at + 3 * DAY

        await play.forward(until - play.clock.now())

        came = got(play)[len(before) :]
        due = expected_of(booked)
        delivered = await rows_of(play.house.db, tables.notices, tables.notices.c.state != NoticeState.PENDING)
        assert until <= play.clock.now() < until + MOMENT
        assert [each.whom for each in came[:3]] == [whom for _, whom, _ in due]
        assert all(at <= each.at < at + MOMENT for each, (_, _, at) in zip(came[:3], due, strict=True))
        assert [(each.what, each.at) for each in reversed(play.happened)][:3] == [(kind, at) for kind, _, at in due]
        assert {row["state"] for row in delivered} == {NoticeState.DELIVERED}
        assert len(got(play)) + len(play.guild.staff_room.history()) == len(delivered)
        assert max(Counter((row["kind"], row["subject_id"], row["cycle"]) for row in delivered).values()) == 1


async def test_a_move_past_everything_ends_where_it_was_to_end(database_url: str) -> None:
    async with a_play(database_url) as play:
        start = play.clock.now()

        await play.forward(400 * DAY)
        nothing = await play.to_next_due()

        assert start + 400 * DAY <= play.clock.now() < start + 400 * DAY + MOMENT
        assert nothing is None
        assert await play.next_due() is None
        assert ("pack", "Dev") in [(due.what, due.whom) for due in play.happened]
        assert [due.at for due in play.happened] == sorted((due.at for due in play.happened), reverse=True)
        assert (await books(play.house.db, play.guild.id)).seats == ()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # only the play orders them
async def test_two_moves_at_once_follow_each_other(database_url: str) -> None:
    async with a_play(database_url) as play:
        booked = await a_booked_session(play)

        first, second = await asyncio.gather(play.to_next_due(), play.to_next_due())

        assert first is not None
        assert second is not None
        assert [(each.what, each.whom, each.at) for each in (first, second)] == expected_of(booked)[:2]


async def test_a_later_play_on_the_same_database_goes_on_after_the_last_instant(database_url: str) -> None:
    async with a_play(database_url) as play:
        booked = await a_booked_session(play)
        await play.to_next_due()
        await play.to_next_due()
        ended_at = play.clock.now()
        people = {name: actor.id for name, actor in play.guild.people.items()}
        before = await asyncio.to_thread(dump, database_url)
        (engines,) = [name for name in before if name.endswith(".handed")]

    async with a_play(database_url) as again:
        resumed_at = again.clock.now()
        same_people = {name: actor.id for name, actor in again.guild.people.items()}
        after = await asyncio.to_thread(dump, database_url)
        came = got(again)
        due = await again.to_next_due()
        sessions = (await books(again.house.db, again.guild.id)).sessions

    assert resumed_at >= ended_at - MOMENT
    assert same_people == people
    assert {name for name, rows in after.items() if rows != before[name]} <= {engines}
    assert came == []
    assert due is not None
    assert (due.what, due.whom, due.at) == expected_of(booked)[2]
    assert [(each.student, each.starts_at) for each in sessions] == [("Ann", booked.starts_at)]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # only the stand-in forgets
async def test_a_checkout_of_an_earlier_play_counts_as_run_out(database_url: str) -> None:
    async with a_play(database_url) as play:
        card = await _card(play, "Jonas Weber")
        asker = play.guild.asker("Ben")
        house = play.house
        ready = await buy(
            house.db, house.providers, house.public_url, asker, card.mentor_id, Wanted(card.products[0].id)
        )
        assert isinstance(ready, CheckoutReady)

    async with a_play(database_url) as again:
        taken = (await _card(again, "Jonas Weber")).seats_free
        await again.forward(timedelta(hours=1))
        freed = (await _card(again, "Jonas Weber")).seats_free

    assert (taken, freed) == (1, 2)


def test_a_port_that_is_taken_is_given_up_for_another() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]

        assert free_port(taken) != taken
        assert free_port(99_999) > 0
