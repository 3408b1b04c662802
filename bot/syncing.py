"""Whether Discord's list of commands is ours, so that it is changed only when it differs."""

from collections.abc import Iterable, Mapping
from typing import Any

# What Discord adds to a command, or says in other words, and no command of ours sets.
_THEIRS = {"id", "application_id", "guild_id", "version", "dm_permission", "name_localized", "description_localized"}


def differs(ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the lists differ in something that we set; their order does not count."""
    return _by_name(ours) != _by_name(theirs)


def _by_name(payloads: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Any]:
    return {(payload["name"], payload.get("type", 1)): _said(payload) for payload in payloads}


def _said(value: Any) -> Any:
    """The payload without what is empty: Discord leaves defaults out, or spells them."""
    if isinstance(value, Mapping):
        said = {name: _said(part) for name, part in value.items() if name not in _THEIRS}
        return {name: part for name, part in said.items() if part not in (None, False, [], {}, "")}
    if isinstance(value, list | tuple):
        return [_said(part) for part in value]
    return value
