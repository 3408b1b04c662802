"""What the pages name exists: links, pictures, settings, the program's commands, the sentences that they explain."""

import re
from pathlib import Path

import pytest
import typer.main

from core.config import Config
from seatkeeper.cli import app
from tools.texts import messages

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
GUIDES = ("students", "mentors", "staff")


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def the_names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=the_names)
def test_every_link_and_picture_of_a_page_is_there(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))

    missing = [target for target in targets if "://" not in target and not (path.parent / target).exists()]

    assert not missing


def test_the_operators_guide_tells_of_every_setting_and_of_no_other() -> None:
    settings = page("operators").partition("## Settings")[2].partition("\n## ")[0]

    rows = re.findall(r"^\| (`[^|]*) \|", settings, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert told == {name.upper() for name in Config.model_fields}


def test_the_operators_guide_tells_of_every_command_of_the_program_and_of_no_other() -> None:
    command = typer.main.get_command(app)
    known = set(getattr(command, "commands", {})) - {"demo"}

    told = set(re.findall(r"`?seatkeeper ([a-z]+)", page("operators")))

    assert known <= told
    assert told - {"demo", "seatkeeper"} <= known


@pytest.mark.parametrize("guide", GUIDES)
def test_the_answers_and_messages_that_a_guide_explains_are_said_so(guide: str) -> None:
    said = [each for message in messages() for each in ([message] if isinstance(message, str) else message)]
    tables = re.findall(
        r"^\| (?:it says|message in the staff channel) \|.*\n\|[-|]+\n((?:\|.*\n?)+)", page(guide), re.MULTILINE
    )
    quoted = [each for table in tables for row in table.splitlines() for each in row.split("|")[1].strip().split(" / ")]

    unsaid = [quote for quote in quoted if not any(_is_said(quote, text) for text in said)]

    assert quoted
    assert not unsaid


def _is_said(quote: str, text: str) -> bool:
    """Whether the text has the quoted words; … stands for what is filled in, or left out."""
    pieces = [re.escape(piece.strip()) for piece in quote.split("…") if piece.strip()]
    return re.search(".*".join(pieces), text) is not None
