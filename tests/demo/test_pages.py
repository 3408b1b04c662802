"""The demo as people have it: `seatkeeper demo` in a process of its own, and real Chromium in front of it."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from core.clock import SystemClock
from core.db.unit import Database
from core.rules.states import SeatState
from core.usecases.reading.books import SeatLine, books, communities_kept
from seatkeeper.demo.community import MENTORS, STUDENTS
from tests.browser import PATIENCE, a_window, chromium
from tests.demo.people import MESSAGE, be, command, follow, place
from tests.demo.running import Running, running

log = logging.getLogger(__name__)  # shown by --log-level=INFO -rP

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOMENT = timedelta(minutes=1)  # the clock flows while one looks
CLOCK = ".now time"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One demo for all tests here; each has students of its own."""
    with running(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome() -> AsyncIterator[Browser]:
    async with chromium() as chrome:
        yield chrome


@pytest_asyncio.fixture(loop_scope="module")
async def window(chrome: Browser) -> AsyncIterator[BrowserContext]:
    async with a_window(chrome) as window:
        yield window


@pytest_asyncio.fixture(loop_scope="module")
async def start(window: BrowserContext, demo: Running) -> Page:
    """The start page, open."""
    page = await window.new_page()
    await page.goto(demo.start_url)
    return page


async def shown_time(start: Page) -> datetime:
    return datetime.fromisoformat(await start.locator(CLOCK).get_attribute("datetime") or "")


async def press(start: Page, by: str) -> None:
    """Press a button of the clock and wait until the page shows what came of it."""
    await start.locator(f"button[value='{by}']").click()
    await expect(start.locator("#live button[aria-busy]")).to_have_count(0)


async def seats_of(demo: Running, student: str) -> list[SeatLine]:
    """What the tables say."""
    db = Database(demo.database_url, SystemClock())
    [kept] = await communities_kept(db)
    seats = (await books(db, kept.guild_id)).seats
    await db.close()
    return [seat for seat in seats if seat.student == student]


async def test_the_start_page_says_in_five_lines_what_to_try_and_leads_everywhere(
    demo: Running, window: BrowserContext
) -> None:
    complaints: list[str] = []
    start = await window.new_page()
    start.on("pageerror", lambda error: complaints.append(str(error)))
    start.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)

    await start.goto(demo.start_url)

    log.info("up after %.1f s", demo.up_after)
    linked = {
        await link.locator("b").inner_text(): await link.get_attribute("href")
        for link in await start.locator("[data-place]").all()
    }
    assert await start.locator(".try li").count() == 5
    assert list(linked) == ["#mentoring", *STUDENTS, *(mentor.name for mentor in MENTORS), "#staff"]
    assert linked == {title: url for title, url in demo.places.items() if title != "web server"}
    async with aiohttp.ClientSession() as http:
        for url in demo.places.values():
            async with http.get(url) as answer:
                assert answer.status == 200, url
    assert complaints == []


async def test_each_button_moves_the_clock_by_what_it_says(start: Page) -> None:
    for by, passed in (("1h", timedelta(hours=1)), ("12h", timedelta(hours=12)), ("1d", timedelta(days=1))):
        before = await shown_time(start)

        await press(start, by)

        assert passed <= await shown_time(start) - before < passed + MOMENT


async def test_the_clock_can_be_moved_without_scripts(demo: Running, chrome: Browser) -> None:
    window = await chrome.new_context(java_script_enabled=False)
    start = await window.new_page()
    await start.goto(demo.start_url)
    before = await shown_time(start)

    await start.locator("button[value='1h']").click()
    await start.wait_for_load_state()

    assert timedelta(hours=1) <= await shown_time(start) - before < timedelta(hours=1) + MOMENT
    await window.close()


async def test_who_buys_is_told_in_their_messages_within_moments(
    demo: Running, window: BrowserContext, start: Page
) -> None:
    """As the start page says, by hand; the tab of her messages is open and nobody touches it."""
    messages = await place(window, start, "dm-ann")
    public = await place(window, start, "public")
    await be(public, "Ann")
    await command(public, "buy", [("mentor", "mira", "Mira Thapa")])
    order = await follow(window, public.locator("a", has_text="Pay €180.00"))
    await order.get_by_role("link", name="Pay").click()
    await order.wait_for_url("**/stripe/checkout/*")
    arrival = asyncio.create_task(arrived(messages, "You have a seat with Mira Thapa"))
    seated = asyncio.create_task(arrived(start, "Ann\tMira Thapa\tactive"))

    pressed_at: float = await order.evaluate("Date.now()")
    await order.get_by_role("button", name="Pay €180.00").click()
    waited = {"her messages": await arrival - pressed_at, "the start page": await seated - pressed_at}

    for where, ms in waited.items():
        log.info("seen in %s after %.2f s", where, ms / 1000)
    assert await order.locator("h1").inner_text() == "Paid, thank you!"
    assert await messages.get_by_role("button", name="Book a session").is_visible()
    assert [(seat.mentor, seat.state, seat.remaining) for seat in await seats_of(demo, "Ann")] == [
        ("Mira Thapa", SeatState.ACTIVE, 4)
    ]
    await order.get_by_role("link", name=re.compile("Discord")).click()
    await order.wait_for_url(demo.start_url)


async def arrived(page: Page, words: str) -> float:
    """When these words appeared on the page, as its own clock has it, in milliseconds."""
    return float(
        await page.evaluate(
            """([words, patience]) => new Promise((resolve, reject) => {
              const look = () => document.body.innerText.includes(words) && resolve(Date.now());
              new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
              setTimeout(() => reject(new Error(`"${words}" never appeared`)), patience);
              look();
            })""",
            [words, PATIENCE],
        )
    )


async def test_the_next_due_thing_comes_as_it_was_announced(window: BrowserContext, start: Page) -> None:
    messages = await place(window, start, "dm-dev")
    before = await messages.locator(MESSAGE).count()
    announced = await start.locator(".next").inner_text()

    await press(start, "next")

    came = await start.locator(".happened li").first.inner_text()
    what = announced.partition(": ")[2]
    assert what == "sessions are left that expire soon, for Dev"
    assert came.endswith(what)
    assert (await shown_time(start)).strftime("%a %-d %b, %H:%M") in came
    await messages.locator(MESSAGE).nth(before).wait_for()


async def test_a_payment_is_disputed_on_its_providers_page_and_the_start_page_shows_how_it_stands(
    window: BrowserContext, start: Page
) -> None:
    payment = start.locator("tr", has=start.get_by_role("link", name="at Stripe")).filter(has_text="Grace Lee")
    await expect(payment).to_contain_text("kept")
    at_stripe = await follow(window, payment.get_by_role("link"))

    await at_stripe.get_by_role("button", name="Dispute $150.00").click()
    await expect(payment).to_contain_text("disputed")
    offered = [await each.inner_text() for each in await at_stripe.get_by_role("button").all()]
    await at_stripe.get_by_role("button", name="The bank decides for the seller").click()
    await expect(payment).to_contain_text("kept")
    await at_stripe.get_by_role("button", name="Give $75.00 back").click()
    await expect(payment).to_contain_text("$75.00 kept")

    assert offered == ["The bank decides for the seller", "The bank decides for the buyer"]
    assert await at_stripe.get_by_role("button", name="Give $37.50 back").count() == 1


async def test_what_is_shown_to_one_in_the_guild_another_does_not_see(window: BrowserContext, start: Page) -> None:
    public = await place(window, start, "public")
    await be(public, "Ben")
    await command(public, "mentors")
    answer = public.locator(MESSAGE, has_text="Choose a mentor below")
    await answer.wait_for()

    await be(public, "Chloe")

    assert await answer.count() == 0
    assert await public.locator(MESSAGE, has_text="Welcome!").count() == 1


async def test_no_other_site_can_move_the_clock(demo: Running, window: BrowserContext, start: Page) -> None:
    before = await shown_time(start)
    elsewhere = await window.new_page()
    form = f"""<form method="post" action="{demo.start_url}clock"><button name="by" value="1d">Win!</button></form>"""
    await elsewhere.route("http://elsewhere.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    await elsewhere.goto("http://elsewhere.example/")

    async with elsewhere.expect_response(f"{demo.start_url}clock") as answered:
        await elsewhere.get_by_role("button").click()

    assert (await answered.value).status == 403
    await start.reload()
    assert await shown_time(start) - before < MOMENT


async def test_a_demo_that_is_told_to_stop_says_so_on_its_page_and_ends_well(demo: Running, start: Page) -> None:
    """The last one here: nothing runs after it."""
    await start.wait_for_selector("body:not(.gone)")

    code = await asyncio.to_thread(demo.stop)

    await start.wait_for_selector("body.gone")
    assert code == 0
    assert demo.complaints.read_text() == ""
