"""Discord's published description of its API, and what of the bot's requests does not fit it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from simcord import Env

CONTRACT = Path(__file__).parents[3] / "shared" / "contracts" / "discord-openapi.json"
_MOST_EXACT = 2**53


@cache
def contract() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(CONTRACT.read_text())
    return loaded


def on_the_wire(value: Any) -> Any:
    """The body as JSON would carry it: the simulation keeps ids as integers where discord.py writes strings."""
    if isinstance(value, dict):
        return {name: on_the_wire(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [on_the_wire(part) for part in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > _MOST_EXACT else value


def with_files(body: Any) -> Any:
    """The body with its new files named as the description has it.

    A file that is sent along is known by its number in the request. The description calls that a snowflake, which is a
    string; Discord's reference writes a number in its examples, and so does discord.py.
    """
    if not isinstance(body, dict) or not body.get("attachments"):
        return body
    return {**body, "attachments": [{**file, "id": str(file["id"])} for file in body["attachments"]]}


def bodies_of(env: Env) -> Iterator[tuple[str, str, Any]]:
    for entry in env.http_requests:
        if entry.json is not None:
            yield entry.method, entry.path, with_files(on_the_wire(entry.json))


def faults_of(method: str, path: str, body: Any) -> tuple[str, ...]:
    """What Discord would refuse in the body."""
    template = _template(method, path)
    assert template is not None, f"Discord has no {method} {path}"
    return tuple(f"{method} {path}: {fault}" for fault in _faults(method, template, json.dumps(body)))


def faults_in(env: Env) -> list[str]:
    """The same of all that the bot has sent; nothing where the description is not beside this checkout."""
    if not CONTRACT.exists():
        return []
    asked = {(entry.method, entry.path) for entry in env.http_requests}
    unknown = [f"Discord has no {method} {path}" for method, path in asked if _template(method, path) is None]
    return unknown or [fault for method, path, body in bodies_of(env) for fault in faults_of(method, path, body)]


def _template(method: str, path: str) -> str | None:
    """Of the paths that Discord has, the one that this one fits with the fewest placeholders."""
    fitting = [
        (template.count("{"), template)
        for template, operations in contract()["paths"].items()
        if method.lower() in operations and _pattern(template).fullmatch(path)
    ]
    return min(fitting)[1] if fitting else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))


@cache
def _validator(method: str, template: str) -> Draft202012Validator:
    content = contract()["paths"][template][method.lower()]["requestBody"]["content"]
    return Draft202012Validator({**content["application/json"]["schema"], "components": contract()["components"]})


@cache
def _faults(method: str, template: str, body: str) -> tuple[str, ...]:
    """Kept, as most tests send the same list of commands."""
    return tuple(error.message[:300] for error in _validator(method, template).iter_errors(json.loads(body)))
