"""What people do in the demo's tabs, with mouse and keyboard."""

import re
from collections.abc import Sequence

from playwright.async_api import BrowserContext, Locator, Page, expect

COMPOSER = "#channel-composer-input"
MESSAGE = ".channel-message"


async def follow(window: BrowserContext, link: Locator) -> Page:
    """The tab that a press on this link opens."""
    async with window.expect_page() as opened:
        await link.click()
    page = await opened.value
    await page.wait_for_load_state()
    return page


async def place(window: BrowserContext, start: Page, key: str) -> Page:
    """A place of the demo, opened from its start page."""
    page = await follow(window, start.locator(f'[data-place="{key}"]'))
    await page.wait_for_selector(COMPOSER)
    return page


async def be(public: Page, name: str) -> None:
    """Say at the top of #mentoring who one is, and wait until one is: the page is laid anew."""
    await public.locator("#viewer-picker").select_option(label=name)
    await expect(public.locator("#action-status")).to_have_text(re.compile("Preview ready|Action completed"))


async def command(page: Page, name: str, options: Sequence[tuple[str, str, str]] = ()) -> None:
    """Type a command; each option is typed and then taken from what is suggested for it."""
    box = page.locator(COMPOSER)
    await box.click()
    await box.fill(f"/{name}")
    await page.locator("#command-picker-listbox [data-entry-key]").filter(has_text=f"/{name}").first.click()
    await page.wait_for_selector("[data-command-chip]")
    for option, typed, taken in options:
        await page.locator(f'input[data-option="{option}"]').fill(typed)
        await page.locator("#command-suggestion-listbox [role=option]").filter(has_text=taken).first.click()
    await page.locator("#send-message").click()
