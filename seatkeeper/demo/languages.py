"""Whose Discord is in which language: SimCord says 'en-US' of everybody, so one of its private parts is touched."""

from typing import Any
from weakref import WeakKeyDictionary

import simcord.interactions
from simcord import Env

_spoken: WeakKeyDictionary[Any, dict[int, str]] = WeakKeyDictionary()
_of_simcord = simcord.interactions.base_payload


def speaks(env: Env, user_id: int, locale: str) -> None:
    """From now on what this person types and presses comes from a Discord in this language."""
    simcord.interactions.base_payload = _in_their_language
    _spoken.setdefault(env.backend, {})[user_id] = locale


def _in_their_language(backend: Any, *, user_id: int, **rest: Any) -> tuple[Any, dict[str, Any]]:
    record, payload = _of_simcord(backend, user_id=user_id, **rest)
    payload["locale"] = _spoken.get(backend, {}).get(user_id, payload["locale"])
    return record, payload
