"""Behind the start page's address: who may ask for it, its buttons, and the checkout's page."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
import pytest_asyncio

from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.place import Wanted
from core.usecases.community.mentors import MentorCard, mentors
from seatkeeper.demo.play import Play
from seatkeeper.demo.seen import page_of
from tests.databases import SqliteDatabases
from tests.demo.plays import a_play

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = ("/", "/live", "/demo.css", "/stripe/checkout/cs_test_1", "/no/such/page")
FOREIGN_HOSTS = (
    "elsewhere.example",
    "127.0.0.1.elsewhere.example",
    "127.0.0.1@elsewhere.example",
    "192.0.2.7:8000",
    "[",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def play(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Play]:
    """One play for all tests here, each with a student and a mentor of its own. HTTP knows no database."""
    with SqliteDatabases(tmp_path_factory.mktemp("front")).migrated() as url:
        async with a_play(url) as play:
            yield play


async def asked(play: Play, path: str, **headers: str) -> int:
    async with play.http.get(f"{play.start_url}{path.removeprefix('/')}", headers=headers) as answer:
        return answer.status


async def moved(play: Play, by: str, **headers: str) -> int:
    """What a press on a button of the clock is answered with."""
    url = f"{play.start_url}clock"
    async with play.http.post(url, data={"by": by}, headers=headers, allow_redirects=False) as answer:
        return answer.status


async def a_checkout(play: Play, student: str, mentor: str) -> str:
    """The student is about to buy; the address at which they pay."""
    card, house = await card_of(play, mentor), play.house
    asker = play.guild.asker(student)
    ready = await buy(house.db, house.providers, house.public_url, asker, card.mentor_id, Wanted(card.products[0].id))
    assert isinstance(ready, CheckoutReady)
    async with play.http.get(ready.pay_url) as answer:
        link = page_of(await answer.text()).find("Pay")
    assert link is not None
    return link.url


async def does(play: Play, url: str, do: str) -> tuple[int, str]:
    """Press a button of the checkout's page: the status, and the title of the page to which it leads."""
    async with play.http.post(url, data={"do": do}) as answer:
        text = await answer.text()
        return answer.status, page_of(text).title or text


async def card_of(play: Play, mentor: str) -> MentorCard:
    cards = await mentors(play.house.db, play.guild.id)
    assert isinstance(cards, tuple)
    return next(card for card in cards if card.name == mentor)


async def test_the_page_is_for_this_machine_alone(play: Play) -> None:
    port = play.start_url.rstrip("/").rpartition(":")[2]
    before = play.clock.ahead

    here = [await asked(play, "/", Host=f"{name}:{port}") for name in ("127.0.0.1", "localhost", "[::1]", "LOCALHOST")]
    foreign = {(host, path): await asked(play, path, Host=host) for host in FOREIGN_HOSTS for path in PATHS}
    presses = [await moved(play, "1d", Host=host) for host in FOREIGN_HOSTS]

    assert here == [200] * 4
    assert {asked: status for asked, status in foreign.items() if status != 403} == {}
    assert presses == [403] * len(FOREIGN_HOSTS)
    assert play.clock.ahead == before


async def test_pages_of_other_sites_may_neither_look_nor_press(play: Play) -> None:
    before = play.clock.ahead

    looks = {path: await asked(play, path, **{"Sec-Fetch-Site": "cross-site"}) for path in PATHS}
    press = await moved(play, "1d", **{"Sec-Fetch-Site": "cross-site"})

    assert set(looks.values()) == {403}
    assert press == 403
    assert play.clock.ahead == before
    assert [await asked(play, "/", **{"Sec-Fetch-Site": site}) for site in ("none", "same-origin")] == [200, 200]


async def test_a_button_that_the_clock_does_not_have_moves_nothing(play: Play) -> None:
    before = play.clock.ahead

    answers = [await moved(play, by) for by in ("", "1y", "-1h")]

    assert answers == [400] * 3
    assert play.clock.ahead == before
    async with play.http.get(f"{play.start_url}clock") as answer:
        assert answer.status == 405


async def test_pages_allow_no_script_of_others_and_no_frame_around_them(play: Play) -> None:
    async with play.http.get(play.start_url) as answer:
        assert answer.headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_who_pays_is_led_to_a_page_that_says_so_though_the_webhook_is_lost(play: Play) -> None:
    checkout = await a_checkout(play, "Ben", "Jonas Weber")
    told_at, play.stripe.told_at = play.stripe.told_at, f"{play.start_url}nowhere"

    async with play.http.post(checkout, data={"do": "pay"}) as answer:
        page = await answer.text()
    again = await does(play, checkout, "pay")

    play.stripe.told_at = told_at
    assert page_of(page).title == "Paid, thank you!"
    assert f'href="{play.start_url}"' in page  # back to Discord, which the demo is here
    assert "discord.com" not in page
    assert again == (409, "This checkout is closed.")
    async with play.http.get(checkout) as answer:
        assert "This checkout is done." in await answer.text()


@pytest.mark.parametrize(
    ("student", "end", "says"),
    [("Ann", "arrive", "Paid, thank you!"), ("Chloe", "bounce", "This checkout is closed")],
    ids=["arrives", "fails"],
)
async def test_a_payment_by_bank_waits_on_the_start_page_until_it_arrives_or_fails(
    play: Play, student: str, end: str, says: str
) -> None:
    checkout = await a_checkout(play, student, "Mira Thapa")

    started = await does(play, checkout, "later")
    async with play.http.get(play.start_url) as answer:
        page = await answer.text()
    ended = await does(play, checkout, end)

    assert started == (200, "Your payment is on its way")
    assert checkout in page
    assert ended == (200, says)
    assert play.stripe.waiting() == []
    assert (await does(play, checkout, end))[0] == 409


async def test_who_leaves_without_paying_gives_the_seat_back(play: Play) -> None:
    before = (await card_of(play, "Jonas Weber")).seats_free
    checkout = await a_checkout(play, "Ann", "Jonas Weber")
    held = (await card_of(play, "Jonas Weber")).seats_free

    left = await does(play, checkout, "leave")

    assert left[0] == 200
    assert held == before - 1
    assert (await card_of(play, "Jonas Weber")).seats_free == before
    assert (await does(play, checkout, "pay"))[0] == 409


async def test_a_checkout_runs_out_with_the_demos_time(play: Play) -> None:
    before = (await card_of(play, "Mira Thapa")).seats_free
    checkout = await a_checkout(play, "Ben", "Mira Thapa")

    await play.forward(timedelta(hours=2))

    async with play.http.get(checkout) as answer:
        assert "The time to pay here is over." in await answer.text()
    assert (await does(play, checkout, "pay"))[0] == 409
    assert (await card_of(play, "Mira Thapa")).seats_free == before


async def test_a_checkout_that_nobody_opened_is_not_there(play: Play) -> None:
    for do in ("pay", "later", "arrive", "leave"):
        status, words = await does(play, f"{play.stripe.at}/checkout/cs_test_0", do)
        assert status == 404
        assert "There is no such checkout" in words


async def test_a_checkout_has_no_other_buttons(play: Play) -> None:
    checkout = await a_checkout(play, "Dev", "Mira Thapa")

    assert (await does(play, checkout, "steal"))[0] == 400


async def test_the_stand_in_is_spoken_to_with_its_key_alone(play: Play) -> None:
    async with aiohttp.ClientSession() as stranger:
        calls = [
            stranger.post(f"{play.stripe.at}/v1/{path}", headers={"Authorization": "Bearer sk_test_guess"})
            for path in ("checkout/sessions", "checkout/sessions/cs_1/expire", "refunds")
        ]
        answers = await asyncio.gather(*calls)

    assert [answer.status for answer in answers] == [401] * 3
