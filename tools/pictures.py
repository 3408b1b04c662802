"""Take the pictures of README and guides anew: `make pictures`. People play in the demo, in Chromium.

What is shown is what the demo shows today; only the dates are those of the day on which the pictures are taken.
"""

import asyncio
import logging
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from PIL import Image
from playwright.async_api import BrowserContext, Locator, Page

from seatkeeper.demo.community import STAFF
from seatkeeper.demo.pages import make_app
from seatkeeper.demo.play import Play, on_stage
from tests.browser import chromium
from tests.demo.people import COMPOSER, MESSAGE, be, command, follow

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"

_WIDE, _HIGH = 1280, 3000  # so high that no answer needs to be scrolled
_SHARP = 1.5
_SHOWN = 530  # as wide as messages are
_COLOURS = 128  # are enough for a page, and make its picture a third as large
_AIR = 12


@dataclass(frozen=True)
class Photographer:
    """Plays all people, and takes a picture now and then."""

    play: Play
    window: BrowserContext
    whole: BrowserContext  # for pictures of whole pages, which are large
    _open: dict[str, Page] = field(default_factory=dict)

    async def take(self) -> None:
        await self.ann_buys_and_books()
        await self.mira_says_how_it_was()
        await self.ben_is_warned()
        await self.staff_look()
        await self.places()

    async def ann_buys_and_books(self) -> None:
        public = await self.public("Ann")
        await command(public, "mentors")
        await self.picture("mentors", await answer(public, "Mentors"))
        await self.buys(public, "Mira Thapa", picture="checkout")
        messages = await self.place("dm-ann")
        await self.books(messages, picture="booking")

    async def mira_says_how_it_was(self) -> None:
        messages = await self.place("dm-mira.thapa")
        question = await self.until(messages, "How was it with Ann?")
        await self.picture("question", question)
        await question.get_by_role("button", name="Complete").click()
        await answer(messages, "Complete")
        hers = await self.place("dm-ann")
        await self.books(hers)
        public = await self.public("Ann")
        await command(public, "remaining")
        await self.picture("remaining", await answer(public, "What you have left"))
        await self.until(messages, "How was it with Ann?", again=True)

    async def ben_is_warned(self) -> None:
        public = await self.public("Ben")
        await self.buys(public, "Jonas Weber", product="One code review")
        his = await self.place("dm-ben")
        await self.books(his)
        jonas = await self.place("dm-jonas.weber")
        question = await self.until(jonas, "How was it with Ben?")
        await question.get_by_role("button", name="Complete").click()
        warning = await self.until(his, "Last call")
        await self.picture("warning", warning)

    async def staff_look(self) -> None:
        public = await self.public(STAFF)
        await command(public, "setup")
        await self.picture("setup", await answer(public, "Set up"))
        await command(public, "staff tasks")
        await self.picture("tasks", await answer(public, "task"))

    async def places(self) -> None:
        """The demo's start page, and one of the places to which it leads."""
        start = await self.whole.new_page()
        await start.goto(self.play.start_url)
        await start.screenshot(path=PICTURES / "demo-start.png")
        messages = await self.whole.new_page()
        await messages.goto(self.url_of("dm-ben"))
        await messages.locator(MESSAGE).last.scroll_into_view_if_needed()
        await messages.screenshot(path=PICTURES / "demo-student.png")

    # ------------------------------------------------------------ what people do

    async def place(self, key: str) -> Page:
        if key not in self._open:
            page = self._open[key] = await self.window.new_page()
            await page.goto(self.url_of(key))
            await page.wait_for_selector(COMPOSER)
        return self._open[key]

    def url_of(self, key: str) -> str:
        return next(each.url for each in self.play.stage.places if each.key == key)

    async def public(self, name: str) -> Page:
        page = await self.place("public")
        await be(page, name)
        return page

    async def buys(self, public: Page, mentor: str, *, product: str = "", picture: str = "") -> None:
        await command(public, "buy", [("mentor", mentor, mentor)])
        if product:
            await (await answer(public, "What would you like?")).get_by_role("combobox").click()
            await public.get_by_role("option", name=product).click()
        order = await follow(self.window, (await answer(public, "Almost done")).get_by_role("link", name="Pay"))
        if picture:
            await order.set_viewport_size({"width": 760, "height": 560})
            await order.screenshot(path=PICTURES / f"{picture}.png")
        await order.get_by_role("link", name="Pay").click()
        await order.get_by_role("button", name="Pay €").click()
        await order.get_by_role("heading", name="Paid").wait_for()
        await order.close()

    async def books(self, messages: Page, *, picture: str = "") -> None:
        await messages.get_by_role("button", name="Book a session").last.click()
        days = await answer(messages, "Book a session with")
        await days.get_by_role("combobox").click()
        await messages.get_by_role("option", name="Tuesday").first.click()
        times = messages.locator(MESSAGE, has_text="Choose a time.").last
        await times.wait_for()
        await times.get_by_role("combobox").click()
        if picture:
            await self.picture(picture, times, below=190)
        await messages.get_by_role("option").nth(1).click()
        await messages.get_by_role("button", name="Book it").last.click()
        await answer(messages, "Booked")

    async def until(self, messages: Page, title: str, *, again: bool = False) -> Locator:
        """Go from one due thing to the next until this message is there, or one more of them."""
        told = messages.locator(MESSAGE, has_text=title)
        wanted = await told.count() + 1 if again else 1
        for _ in range(12):
            if await told.count() >= wanted:
                return told.last
            await self.play.to_next_due()
            await asyncio.sleep(1)
        raise LookupError(title)

    async def picture(self, name: str, message: Locator, *, below: float = 0) -> None:
        page = message.page
        await page.bring_to_front()
        await page.mouse.move(0, 0)
        await message.scroll_into_view_if_needed()
        box = await message.bounding_box()
        if box is None:
            raise LookupError(f"{name} is not on the page")
        high = box["height"] + 2 * _AIR + below
        await page.screenshot(
            path=PICTURES / f"{name}.png", clip={"x": box["x"], "y": box["y"] - _AIR, "width": _SHOWN, "height": high}
        )


async def answer(page: Page, title: str) -> Locator:
    found = page.locator(MESSAGE, has_text=title).last
    await found.wait_for()
    return found


def _until_noon(now: datetime) -> timedelta:
    """People look at their messages by day."""
    today = datetime.combine(now.date(), time(12), UTC)
    return (today if now < today else today + timedelta(days=1)) - now


async def main() -> None:
    logging.disable(logging.WARNING)  # the jobs wait while a picture is taken
    with tempfile.TemporaryDirectory() as folder:
        async with on_stage(f"sqlite+aiosqlite:///{folder}/demo.db", 0, make_app, fresh=True) as play:
            await play.forward(_until_noon(play.clock.now()))
            await play.stage.open_tabs(lambda: 0)
            async with chromium() as browser:
                window = await browser.new_context(
                    viewport={"width": _WIDE, "height": _HIGH}, device_scale_factor=_SHARP
                )
                whole = await browser.new_context(viewport={"width": _WIDE, "height": 950})
                await Photographer(play, window, whole).take()
    for path in PICTURES.glob("*.png"):
        with Image.open(path) as picture:
            picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    asyncio.run(main())
