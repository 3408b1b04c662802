"""Sentences in the reader's language. Every sentence that a person reads goes through `say` or `say_many`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "catalogues"
"""One file a language, `de.po`; what the code itself says is English."""

_ENGLISH = "en"
_reader: ContextVar[str] = ContextVar("reader", default=_ENGLISH)

_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<@:-])")
# Zero-width and direction marks would let a name hide or reverse what stands around it; half a pair is no character.
_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)


@contextmanager
def reader(locale: str | None) -> Iterator[None]:
    """Within this block sentences are in this language, or in English where there is no catalogue for it."""
    token = _reader.set(_language_of(locale))
    try:
        yield
    finally:
        _reader.reset(token)


def read_in(locale: str | None) -> None:
    """The same for the rest of this task."""
    _reader.set(_language_of(locale))


def language() -> str:
    """The reader's language, as gettext and Babel name it."""
    return _reader.get()


@cache
def languages() -> frozenset[str]:
    """Those that sentences can be in."""
    return frozenset({_ENGLISH, *(catalogue.stem for catalogue in CATALOGUES.glob("*.po"))})


def say(message: str, /, **values: object) -> str:
    """The sentence, translated, its `{names}` filled in."""
    return _catalogue().gettext(message).format(**values)


def say_many(one: str, many: str, number: int, /, **values: object) -> str:
    """The sentence in the plural form that the number asks for; `{number}` is filled in."""
    return _catalogue().ngettext(one, many, number).format(number=number, **values)


def plain(text: str) -> str:
    """Somebody's own words, so that they look as typed: no markdown, no mention, nothing invisible."""
    return _MARKDOWN.sub(r"\\\1", visible(text))


def visible(text: str) -> str:
    """Somebody's own words without what cannot be seen, breaks of line included."""
    return _INVISIBLE.sub("", text)


def _language_of(locale: str | None) -> str:
    """'de' for 'de' and 'de-AT'; English for what we do not speak."""
    language, _, _ = (locale or _ENGLISH).replace("_", "-").partition("-")
    return language if language in languages() else _ENGLISH


def _catalogue() -> NullTranslations:
    return _catalogue_of(_reader.get())


@cache
def _catalogue_of(language: str) -> NullTranslations:
    """Compiled when first read, so that the text file is all there is of a catalogue."""
    if language == _ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    with (CATALOGUES / f"{language}.po").open("rb") as catalogue:
        write_mo(compiled, read_po(catalogue))
    compiled.seek(0)
    return GNUTranslations(compiled)
