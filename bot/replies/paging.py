"""Lists in pages."""

from collections.abc import Sequence
from typing import TypeVar

from bot.actions import Key, custom_id
from core.texts.language import say

T = TypeVar("T")


def of_page(listed: Sequence[T], page: int, a_page: int) -> tuple[int, int, Sequence[T]]:
    """The page that there is nearest to the one asked for, how many there are, and what stands on it."""
    pages = max(1, -(-len(listed) // a_page))
    page = min(max(page, 0), pages - 1)
    return page, pages, listed[page * a_page : (page + 1) * a_page]


def page_keys(action: str, page: int, pages: int, *numbers: int) -> list[Key]:
    """The buttons under a page; none where there is one page only."""
    if pages <= 1:
        return []
    return [
        # A custom_id stands once in a message: what is disabled leads nowhere and needs one of its own.
        Key(say("Back"), custom_id(action, *numbers, page - 1 if page else pages), disabled=page == 0),
        Key(say("Next"), custom_id(action, *numbers, page + 1), disabled=page + 1 >= pages),
    ]


def page_note(page: int, pages: int) -> str:
    return say("Page {page} of {pages}", page=page + 1, pages=pages) if pages > 1 else ""
