"""What providers tell us, read with care: bytes within limits become JSON, deliveries become events (rule 30).

Names and texts in what was read may still hold anything: each reader checks what it takes.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from core.ports import News, ProviderEvent

Json = Mapping[str, Any]

_MOST_DIGITS = 20  # of a number; beyond, Python's own conversion takes quadratic time


class Unreadable(ValueError):
    """A provider's words are not those that we know. The text names the field, never its value."""


@dataclass(frozen=True, slots=True)
class BadSignature:
    """Not the provider's, not for this endpoint, or not of now. It does not say which: nobody is to learn from it."""


def parsed(raw: bytes) -> Json:
    """The body as a JSON object."""
    try:
        # Decoded here: `json.loads` would guess UTF-16 and UTF-32 from the bytes.
        found = json.loads(raw.decode(), parse_int=_bounded_int, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except ValueError:
        raise Unreadable("not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("not an object")
    return found


def part_of(values: Json, name: str) -> Json:
    """The object of this name."""
    part = values.get(name)
    if not isinstance(part, dict):
        raise Unreadable(name)
    return part


def event_in(
    raw: bytes,
    provider: str,
    id_of: Callable[[Json], str],
    kind_name: str,
    kinds: re.Pattern[str],
    news_of: Callable[[str, Json], News | None],
) -> ProviderEvent:
    """The event in an authentic body, whose kind stands under that name.

    A body that cannot be read is an event, too, parked under its own id or under its digest (rule 30).
    """
    try:
        event = parsed(raw)
        event_id = id_of(event)
    except Unreadable as error:
        digest = hashlib.sha256(raw).hexdigest()
        return ProviderEvent(provider, f"sha256:{digest}", "unreadable", raw, None, f"unreadable: {error}")
    kind = event.get(kind_name)
    if not isinstance(kind, str) or not kinds.fullmatch(kind):
        return ProviderEvent(provider, event_id, "unreadable", raw, None, f"unreadable: {kind_name}")
    try:
        news = news_of(kind, event)
    except Unreadable as error:
        return ProviderEvent(provider, event_id, kind, raw, None, f"unreadable: {error}")
    return ProviderEvent(provider, event_id, kind, raw, news, None if news else "a kind that nobody here acts on")


def _bounded_int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and the infinities are no JSON
