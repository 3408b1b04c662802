"""Sentences come in the reader's language; what we do not speak is said in English."""

import asyncio

import pytest

from core.texts.language import language, languages, read_in, reader, say


@pytest.mark.parametrize(
    ("locale", "language_of_it"),
    [("de", "de"), ("de-AT", "de"), ("de_DE", "de"), ("en-US", "en"), ("xx", "en"), ("../etc", "en"), (None, "en")],
)
def test_a_locale_is_read_in_the_language_that_we_speak_of_it(locale: str | None, language_of_it: str) -> None:
    with reader(locale):
        assert language() == language_of_it

    assert language() == "en"


def test_a_sentence_without_a_translation_is_said_as_it_was_written() -> None:
    with reader("de"):
        assert say("Nobody ever wrote this down: {what}", what="so it stays") == (
            "Nobody ever wrote this down: so it stays"
        )


async def test_one_reader_s_language_is_not_another_s() -> None:

    async def read(locale: str) -> str:
        read_in(locale)
        await asyncio.sleep(0)
        return language()

    assert list(await asyncio.gather(read("de"), read("en-GB"), read("de"))) == ["de", "en", "de"]
    assert language() == "en"


def test_german_is_spoken() -> None:
    assert languages() == {"en", "de"}
