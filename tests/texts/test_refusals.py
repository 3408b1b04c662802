"""Every no is said in one sentence, with the facts that the rules give and without them."""

import ast
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.rules.refusals import Reason, Refused, refuse
from core.texts.language import reader
from core.texts.refusals import SENTENCES, sentence

CORE = Path(__file__).parents[2] / "core"
AT = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)


def refusals_in_the_code() -> Iterator[tuple[Reason, frozenset[str]]]:
    """Each `refuse(Reason.X, fact=…)` that is written anywhere in the core, with the names of its facts."""
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse"):
                continue
            reason = node.args[0]
            if isinstance(reason, ast.Attribute):
                yield Reason[reason.attr], frozenset(keyword.arg for keyword in node.keywords if keyword.arg)


GIVEN = sorted(set(refusals_in_the_code()), key=lambda given: (given[0], sorted(given[1])))


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_that_needs_no_facts(reason: Reason) -> None:
    said = sentence(Refused(reason))

    assert said.endswith(".")
    assert not names_in(said)


@pytest.mark.parametrize(("reason", "names"), GIVEN)
def test_a_refusal_is_said_with_the_facts_that_its_rule_gives(reason: Reason, names: frozenset[str]) -> None:
    facts = dict.fromkeys(names, 7)

    said = sentence(refuse(reason, **facts))

    without, *told = SENTENCES[reason].forms
    possible = [without, *(each.format_map(facts) for each in told if names_in(each) <= names)]
    assert said in possible
    assert said != without or len(possible) == 1


TOLD = [(reason, told) for reason, said in SENTENCES.items() for told in said.forms[1:]]


@pytest.mark.parametrize(("reason", "told"), TOLD)
def test_a_sentence_needs_only_facts_that_some_rule_gives(reason: Reason, told: str) -> None:
    assert any(names_in(told) <= names for known, names in GIVEN if known is reason)


@pytest.mark.parametrize(
    ("locale", "capacity", "said"),
    [
        ("en", 1, "This mentor has 1 seat, and it is taken. "),
        ("en", 2, "This mentor has 2 seats, and all are taken. "),
        ("de", 1, "Dieser Mentor hat 1 Platz, und der ist vergeben. "),
        ("de", 2, "Dieser Mentor hat 2 Plätze, und alle sind vergeben. "),
    ],
)
def test_a_number_is_said_in_its_form(locale: str, capacity: int, said: str) -> None:
    with reader(locale):
        assert sentence(refuse(Reason.ABOVE_CAPACITY, capacity=capacity)).startswith(said)


def test_an_instant_is_shown_in_the_readers_own_time() -> None:
    said = sentence(refuse(Reason.NOT_STARTED, from_at=AT))

    assert f"<t:{int(AT.timestamp())}:F>" in said


def test_a_page_in_the_browser_writes_instants_its_own_way() -> None:
    said = sentence(refuse(Reason.NOT_STARTED, from_at=AT), moment=lambda at: at.isoformat())

    assert "2026-11-30T15:00:00+00:00" in said


def test_what_somebody_typed_pings_nobody_and_formats_nothing() -> None:
    said = sentence(refuse(Reason.BAD_HOURS, piece="@everyone **{piece}**"))

    assert r"\@everyone \*\*{piece}\*\*" in said


def test_a_fact_that_is_missing_leaves_the_sentence_without_facts() -> None:
    said = sentence(refuse(Reason.TOO_SOON, earliest=None))

    assert said == SENTENCES[Reason.TOO_SOON].without
