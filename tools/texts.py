"""Bring the catalogues in line with the code: `make texts`. What a person reads is found in the code itself.

Sentences are the literals given to `say` and `say_many`, those marked with `_` and `_many`, and what Discord shows of
commands.
"""

import ast
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from core.texts.language import CATALOGUES

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("bot", "core", "webhooks", "dashboard", "seatkeeper/demo")
_NEVER = datetime(2026, 1, 1, tzinfo=UTC)  # catalogues carry no date: it would only ever be a conflict
_WIDTH = 120

Message = str | tuple[str, str]


def messages() -> dict[Message, str]:
    """Every sentence, one or (one, many), with the file in which it stands first."""
    found: dict[Message, str] = {}
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for message in _said_in(ast.parse(path.read_text("utf-8"))):
            found.setdefault(message, path.relative_to(ROOT).as_posix())
    return found


def _said_in(tree: ast.AST) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _said_by(node)


def _said_by(call: ast.Call) -> Iterator[Message]:
    texts = [_literal(argument) for argument in call.args]
    named = {keyword.arg: _literal(keyword.value) for keyword in call.keywords}
    match _name(call.func):
        case "say" | "_":
            yield from texts[:1]
        case "say_many" | "_many":
            yield (texts[0], texts[1]) if all(texts[:2]) else ""
        case "command" | "Group":
            yield named.get("description") or ""
        case "context_menu" | "Choice":
            yield named.get("name") or ""
        case "describe":
            yield from named.values()


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literal(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def in_line(language: str) -> str:
    """The language's catalogue as it must be: every sentence of the code and no other; a new one has no words yet."""
    path = CATALOGUES / f"{language}.po"
    before = read_po(io.BytesIO(path.read_bytes())) if path.exists() else Catalog(locale=language)
    after = Catalog(language, project="Seatkeeper", creation_date=_NEVER, revision_date=_NEVER, fuzzy=False)
    after.header_comment = f"# Seatkeeper in the language {language}."
    for message, where in sorted(messages().items(), key=lambda found: found[1]):
        if not message:
            continue
        known = before.get(message if isinstance(message, str) else message[0])
        after.add(message, known.string if known else None, locations=[(where, 0)])
    written = io.BytesIO()
    write_po(written, after, width=_WIDTH, include_lineno=False)
    return written.getvalue().decode()


def main() -> None:
    for path in CATALOGUES.glob("*.po"):
        path.write_text(in_line(path.stem), "utf-8")


if __name__ == "__main__":
    main()
