"""Every language says every sentence, with the same facts in it, within Discord's limits."""

import re
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from core.texts.language import CATALOGUES, languages
from tools.texts import in_line, messages

OTHERS = sorted(languages() - {"en"})
QUOTED = re.compile(r"`[^`{}]+`")


def catalogue(language: str) -> Catalog:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file)


def sentences(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def facts(sentence: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(sentence) if field is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_in_line_with_the_code(language: str) -> None:
    assert (CATALOGUES / f"{language}.po").read_text("utf-8") == in_line(language), "run: make texts"


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_missing(language: str) -> None:
    assert [message.id for message in sentences(language) if not all(forms(message.string))] == []
    assert [message.id for message in sentences(language) if message.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_says_the_same_facts_and_names_the_same_commands(language: str) -> None:
    for message in sentences(language):
        meant = forms(message.id)
        for said in filter(None, forms(message.string)):  # what is missing, another test finds
            assert facts(said) == facts(meant[-1]), said
            assert sorted(QUOTED.findall(said)) == sorted(QUOTED.findall(meant[0])), said


def test_sentences_were_found_in_every_room() -> None:
    rooms = {where.split("/")[0] for where in messages().values()}

    assert {"bot", "core", "webhooks"} <= rooms
    assert "Complete" in messages()
