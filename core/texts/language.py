"""Sentences in the reader's language. Every sentence that a person reads goes through `say` or `say_many`."""

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_FOLDER = Path(__file__).parent / "catalogues"
_reader: ContextVar[str] = ContextVar("reader", default="en")

_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<@:-])")
# Zero-width and direction marks would let a name hide or reverse what stands around it.
_INVISIBLE = re.compile("[\u0000-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@contextmanager
def reader(locale: str | None) -> Iterator[None]:
    """Within this block sentences are in this language, or in English where there is no catalogue for it."""
    token = _reader.set((locale or "en").replace("-", "_"))
    try:
        yield
    finally:
        _reader.reset(token)


def say(message: str, /, **values: object) -> str:
    """The sentence, translated, its `{names}` filled in."""
    return _catalogue().gettext(message).format(**values)


def say_many(one: str, many: str, number: int, /, **values: object) -> str:
    """The sentence in the plural form that the number asks for; `{number}` is filled in."""
    return _catalogue().ngettext(one, many, number).format(number=number, **values)


def plain(text: str) -> str:
    """Somebody's own words, so that they look as typed: no markdown, no mention, nothing invisible."""
    return _MARKDOWN.sub(r"\\\1", _INVISIBLE.sub("", text))


def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("seatkeeper", _FOLDER, [_reader.get()], fallback=True)
