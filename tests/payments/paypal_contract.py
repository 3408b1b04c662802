"""PayPal's published descriptions of its API, and what of a request or an answer does not fit them."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.payments.fake_paypal import Asked, FakePayPal

_FOLDER = Path(__file__).parents[3] / "shared" / "contracts"
_FILES = ("checkout_orders_v2", "payments_payment_v2", "notifications_webhooks_v1")
CONTRACTS = [_FOLDER / f"paypal-{name}.json" for name in _FILES]

Json = dict[str, Any]


def faults_in(paypal: FakePayPal) -> list[str]:
    """What PayPal would refuse of all that we asked of it, and what it would never have answered.

    PayPal's own client is younger than the description, and knows fields that are not in it.
    """
    ours = [each for each in paypal.requests if "aiohttp" in each.headers["User-Agent"]]
    asked = [fault for each in ours for fault in faults_of(each)]
    answered = [
        f"answer to {each.method} {each.path}: {fault}"
        for each, status, told in paypal.answers
        if status < 300 and each.headers.get("Prefer") != "return=minimal"
        for fault in _faults_of_answer(each, status, told)
    ]
    return asked + answered


def faults_of(asked: Asked) -> list[str]:
    """What PayPal would refuse of this request."""
    found = _operation(asked.method, asked.path)
    if found is None:
        return []
    operation, contract = found
    faults = list(_faults_of_parameters(asked, operation, contract))
    if asked.body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        faults += _faults_of_body(asked.body, schema, contract)
    return [f"{asked.method} {asked.path}: {fault}" for fault in faults]


def _faults_of_parameters(asked: Asked, operation: Json, contract: Json) -> Iterator[str]:
    known = [contract["components"]["parameters"][each["$ref"].split("/")[-1]] for each in operation["parameters"]]
    if asked.method == "POST" and not asked.key:
        yield "no PayPal-Request-Id"
    for parameter in known:
        value = {"header": asked.headers, "query": asked.query}.get(parameter["in"], {}).get(parameter["name"])
        if value is not None:
            yield from _messages(value, parameter["schema"], contract)
    yield from (f"no parameter {name}" for name in asked.query.keys() - {each["name"] for each in known})


def _faults_of_body(body: Any, schema: Json, contract: Json) -> list[str]:
    return [*_messages(body, schema, contract), *_unknown(body, schema, contract)]


def _faults_of_answer(asked: Asked, status: int, told: Json) -> list[str]:
    found = _operation(asked.method, asked.path)
    if found is None:
        return []
    operation, contract = found
    if str(status) not in operation["responses"]:
        return [f"no status {status}"]
    return _messages(told, operation["responses"][str(status)]["content"]["application/json"]["schema"], contract)


def _operation(method: str, path: str) -> tuple[Json, Json] | None:
    """PayPal's description of this call; of some of its APIs there is none here."""
    for name in _FILES:
        for template, operations in _contract(name)["paths"].items():
            if method.lower() in operations and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
                return operations[method.lower()], _contract(name)
    return None


@cache
def _contract(name: str) -> Json:
    loaded: Json = json.loads((_FOLDER / f"paypal-{name}.json").read_text())
    return loaded


def _messages(value: Any, schema: Json, contract: Json) -> list[str]:
    validator = Draft202012Validator({**schema, "components": contract["components"]})
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def _unknown(value: Any, schema: Json, contract: Json, where: str = "$") -> Iterator[str]:
    """Fields that the description does not name; PayPal's schemas do not forbid them, so a slip would go unseen."""
    if isinstance(value, list):
        items = _whole(schema, contract).get("items", {})
        for each in value:
            yield from _unknown(each, items, contract, f"{where}[]")
    if isinstance(value, dict):
        named = _properties(schema, contract)
        for name, part in value.items():
            if name not in named:
                yield f"{where}.{name}: no such field"
            else:
                yield from _unknown(part, named[name], contract, f"{where}.{name}")


def _whole(schema: Json, contract: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = contract["components"]["schemas"][schema["$ref"].split("/")[-1]]
    return found


def _properties(schema: Json, contract: Json) -> Json:
    whole = _whole(schema, contract)
    named = dict(whole.get("properties", {}))
    for part in whole.get("allOf", []):
        named |= _properties(part, contract)
    return named
