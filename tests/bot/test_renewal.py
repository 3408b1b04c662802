"""/buy and /renew: a seat held, a link to pay, and nothing charged before that."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.client import SeatkeeperBot
from bot.replies.codes import codes
from core.db import tables
from core.limits import Limit, Limits
from core.rules.states import OrderState, PackState, SeatState
from core.usecases.buying.settle import settle
from core.usecases.codes.add_code import CodeCard
from tests.bot.world import World, labels, options_of, parts, parts_of, read, reply_to, stamp
from tests.builders import a_pair, a_product, count_of, rows_of
from tests.clocks import NOW
from tests.provider import LedgerProvider


def link_in(shown: object) -> str:
    (button,) = [part for part in parts_of(reply_to(shown)) if "url" in part]  # type: ignore[arg-type]
    return str(button["url"])


async def test_who_buys_gets_a_link_the_price_and_until_when_the_seat_is_held(world: World) -> None:
    shown = await world.eve.slash(world.public, "buy", mentor=str(world.mara.id))

    assert reply_to(shown).ephemeral
    assert "€200.00" in read(shown)
    assert "4 sessions" in read(shown)
    assert stamp(world.clock.now() + timedelta(minutes=35)) in read(shown)
    assert link_in(shown).startswith("https://seats.example/pay/")
    (held,) = await rows_of(world.db, tables.seats, tables.seats.c.state == SeatState.HELD)
    assert held["mentor_id"] == world.mara.id


async def test_asking_again_gives_the_same_link(world: World) -> None:
    first = await world.eve.slash(world.public, "buy", mentor="Mara")
    again = await world.eve.slash(world.public, "buy", mentor="Mara")

    assert link_in(again) == link_in(first)
    assert "still open" in read(again)
    assert await count_of(world.db, tables.orders, tables.orders.c.state == OrderState.OPEN) == 1


async def test_a_mentor_with_several_products_lets_one_choose(world: World) -> None:
    single = await a_product(world.db, world.mara.person, name="One session", sessions=1, price_minor=6_000)

    shown = await world.eve.slash(world.public, "buy", mentor="Mara")
    assert await count_of(world.db, tables.seats, tables.seats.c.state == SeatState.HELD) == 0
    pick = f"pick-product:{world.mara.id}"
    assert str(single) in options_of(shown, pick)
    shown = await world.eve.select(reply_to(shown), [str(single)], custom_id=pick)

    assert "€60.00" in read(shown)
    assert "One session" in read(shown)


async def test_a_product_may_be_named_at_once(world: World) -> None:
    await a_product(world.db, world.mara.person, name="One session", sessions=1, price_minor=6_000)

    suggested = await world.eve.autocomplete(world.public, "buy", "product", "one", mentor=str(world.mara.id))
    shown = await world.eve.slash(world.public, "buy", mentor=str(world.mara.id), product=suggested[0]["value"])

    assert suggested[0]["name"] == "One session · €60.00 · 1 session · good for 60 days"
    assert "€60.00" in read(shown)


async def test_a_product_of_somebody_else_cannot_be_bought_here(world: World) -> None:
    other = await a_product(world.db, world.max.person)

    shown = await world.eve.slash(world.public, "buy", mentor=str(world.mara.id), product=str(other))

    assert "does not sell that" in read(shown)
    assert await count_of(world.db, tables.seats, tables.seats.c.state == SeatState.HELD) == 0


@pytest.mark.parametrize("product", ["cheap", "-1", "9" * 30])
async def test_a_product_that_is_none_is_refused(world: World, product: str) -> None:
    shown = await world.eve.slash(world.public, "buy", mentor="Mara", product=product)

    assert "does not sell that" in read(shown)


async def test_a_mentor_who_is_none_is_refused(world: World) -> None:
    shown = await world.eve.slash(world.public, "buy", mentor="Nobody At All")

    assert "no such mentor" in read(shown)


async def test_when_the_provider_is_away_the_student_learns_that_nothing_was_charged(world: World) -> None:
    world.provider.away = True

    shown = await world.eve.slash(world.public, "buy", mentor="Mara")

    assert "Nothing was charged" in read(shown)


async def test_renewing_means_the_one_mentor_that_one_has(world: World) -> None:
    shown = await world.stu.actor.slash(world.public, "renew")

    assert "Mara" in read(shown)
    assert link_in(shown)


async def test_who_has_two_mentors_chooses_whom_to_renew_with(world: World) -> None:
    await a_pair(world.db, mentor=world.max.person, student=world.stu.person)

    shown = await world.stu.actor.slash(world.public, "renew")
    shown = await world.stu.actor.click(reply_to(shown), label="Max")

    assert "your seat with Max" in read(shown)


async def test_who_has_no_seat_cannot_renew(world: World) -> None:
    assert "/buy" in read(await world.eve.slash(world.public, "renew"))


async def test_a_paid_renewal_shows_in_what_is_left(world: World) -> None:
    await world.stu.actor.slash(world.public, "renew")
    (ref,) = world.provider.checkouts
    await settle(world.db, world.provider.name, world.provider.pay(ref))

    shown = await world.stu.actor.slash(world.public, "remaining")

    assert read(shown).count("**4 of 4** left") == 2
    assert await count_of(world.db, tables.packs, tables.packs.c.state == PackState.ACTIVE) == 2


async def test_the_renew_button_of_a_dm_works_in_the_dm(world: World) -> None:
    message = world.forge(world.stu.actor.user.dm_channel.id, f"renew:{world.mara.id}")
    await world.restart()

    shown = await world.stu.actor.user.click(message, custom_id=f"renew:{world.mara.id}")

    assert "your seat with Mara" in read(shown)
    assert labels(reply_to(shown)) == ["Pay €200.00"]


async def test_a_button_of_a_community_that_one_is_no_member_of_opens_nothing(world: World) -> None:
    elsewhere = await a_pair(world.db)
    message = world.forge(world.stu.actor.user.dm_channel.id, f"renew:{elsewhere.mentor.id}")

    shown = await world.stu.actor.user.click(message, custom_id=f"renew:{elsewhere.mentor.id}")

    assert "no such mentor" in read(shown)
    assert await count_of(world.db, tables.members, tables.members.c.user_id == world.stu.actor.id) == 1
    assert not world.provider.checkouts


async def test_a_code_makes_it_cheaper_and_one_for_all_of_it_gives_the_seat_at_once(world: World) -> None:
    await world.sam.slash(world.public, "staff code add", word="half", percent=50)
    await world.sam.slash(world.public, "staff code add", word="gift", percent=100)

    cheaper = await world.eve.slash(world.public, "buy", mentor="Mara", code="half")
    free = await world.eve.slash(world.public, "buy", mentor="Mara", code="GIFT")
    listed = await world.sam.slash(world.public, "staff code list")

    assert "€100.00 instead of €200.00" in read(cheaper)
    assert "nothing to pay" in read(free)
    assert "`GIFT` · 100 % off · used 1 time" in read(listed)


def test_many_codes_are_shown_in_pages_that_fit_with_those_that_nobody_can_use() -> None:
    card = CodeCard(
        code_id=1,
        word="W" * 40,
        percent=None,
        off_minor=10**9,
        currency="EUR",
        mentor_name="*" * 32,
        most_uses=10**6,
        most_uses_each=10**6,
        ends_at=NOW,
        used=10**6,
    )
    found = [card] * 30 + [replace(card, word="LAST", is_over=True)]

    pages = [codes(found, page) for page in (0, 1, 2, 99)]

    assert [len(each.text.splitlines()) for each in pages] == [15, 15, 1, 1]
    assert all(len(each.text) <= 4_096 for each in pages)
    assert pages[1].footer == "Page 2 of 3"
    assert pages[0].text.endswith("used 1000000 times · used up")
    assert (pages[2].text[:6], pages[2].text[-16:]) == ("`LAST`", "its time is over")


async def test_two_providers_are_both_offered_and_the_other_one_replaces_the_first(world: World) -> None:
    other = LedgerProvider(world.clock, name="paypal")
    both = replace(parts(world.db, None, world.clock), providers={"stripe": world.provider, "paypal": other})
    await world.env.restart_bot(SeatkeeperBot(both, shard_count=1))
    shown = await world.eve.slash(world.public, "buy", mentor="Mara")

    offered = labels(reply_to(shown))

    changed = await world.eve.click(reply_to(shown), label="With PayPal instead")

    assert offered == ["Pay €200.00 with Stripe", "With PayPal instead"]
    assert labels(reply_to(changed)) == ["Pay €200.00 with PayPal", "With Stripe instead"]
    assert len(other.checkouts) == 1


async def test_who_asks_for_checkouts_without_end_is_asked_to_wait_and_nothing_more_is_opened(world: World) -> None:
    limits = Limits()
    for _ in range(Limit.CHECKOUTS.a_minute):
        await limits.note(Limit.CHECKOUTS, f"{world.guild.id}:{world.eve.id}")
    asked_often = replace(parts(world.db, world.provider, world.clock), limits=limits)
    await world.env.restart_bot(SeatkeeperBot(asked_often, shard_count=1))

    shown = await world.eve.slash(world.public, "buy", mentor="Mara")

    assert "very often" in read(shown)
    assert world.provider.checkouts == {}
