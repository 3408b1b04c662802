"""Real Chromium, headless, for tests of pages: the machine's own, driven through playwright."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 20_000.0
"""Milliseconds. What takes longer never comes; tests do not measure with it."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser without windows. It ends with the block, and belongs to the loop that began it."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail(
            "The pages are tested in real Chromium, and there is none. Debian's package is chromium: "
            "apt-get install chromium fonts-liberation"
        )
    async with async_playwright() as playwright:
        # Playwright leaves the sandbox off by default, as root needs it.
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--disable-gpu", "--disable-quic", "--disable-component-update"]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def a_window(browser: Browser, *, width: int = 1280, height: int = 800) -> AsyncIterator[BrowserContext]:
    """A window without cookies or history, in which any number of tabs are opened."""
    window = await browser.new_context(viewport={"width": width, "height": height})
    window.set_default_timeout(PATIENCE)
    try:
        yield window
    finally:
        await window.close()
