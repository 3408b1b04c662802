"""Everything that is held of one member, in one document (rule 38)."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping

from core.db.privacy import acts, holdings, members_of_user, names_of
from core.db.unit import Transaction, reading
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker

Json = dict[str, Any]

_OTHERS = {
    "student_id": "student",
    "mentor_id": "mentor",
    "member_id": "member",
    "to_member_id": "to",
    "actor_id": "by",
    "granted_by": "granted_by",
    "decided_by": "decided_by",
    "asked_by": "asked_by",
    "written_by": "written_by",
}
"""Columns that name a member. Whoever reads the document knows them by name, and our numbers tell nothing."""

_LEFT_OUT = {"community_id", "pay_token"}  # whoever holds the token could pay the order, or cancel it
_THEIRS_ALONE = {"name", "user_id", "guild_id", "community_name", "community_id"}  # told at the head


@dataclass(frozen=True, slots=True)
class Exported:
    """What was held at this instant: a document for each community, its lists named for our tables."""

    user_id: int
    at: datetime
    communities: tuple[Json, ...]

    def text(self) -> str:
        """All of it as JSON, with instants in ISO 8601."""
        whole = {"discord_user_id": self.user_id, "exported_at": self.at, "communities": self.communities}
        return json.dumps(whole, indent=2, ensure_ascii=False, default=_written) + "\n"


@reading
async def export_member(tx: Transaction, user_id: int, guild_id: int | None = None) -> Exported | Refused:
    """All of it, notes included: for operators, who answer for the data. In one guild, or in all of them."""
    return await _export(tx, user_id, guild_id, with_notes=True)


@reading
async def export_own(tx: Transaction, asker: Asker) -> Exported | Refused:
    """The asker's own, in this guild. Of notes about them only that there are some: those are between mentor and staff.

    Nobody becomes a member by asking.
    """
    return await _export(tx, asker.user_id, asker.guild_id, with_notes=False)


async def _export(tx: Transaction, user_id: int, guild_id: int | None, *, with_notes: bool) -> Exported | Refused:
    found = await members_of_user(tx, user_id, guild_id)
    if not found:
        return refuse(Reason.NOTHING_HELD)
    documents = [await _document(tx, member, with_notes=with_notes) for member in found]
    return Exported(user_id, tx.now, tuple(documents))


async def _document(tx: Transaction, member: RowMapping, *, with_notes: bool) -> Json:
    held = {name: await tx.all(rows) for name, rows in holdings(member["id"]).items()}
    done = await tx.all(acts(member["id"]))
    names = await names_of(tx, set(_others_in(held)))
    document: Json = {
        "community": {"name": member["community_name"], "discord_server_id": member["guild_id"]},
        "member": {"name": member["name"], "discord_user_id": member["user_id"]}
        | {name: value for name, value in member.items() if name not in _THEIRS_ALONE},
    }
    document |= {table: [_plain(row, names) for row in rows] for table, rows in held.items()}
    document["acts"] = [dict(row) for row in done]
    if not with_notes:
        document["notes"] = [{"at": row["at"]} for row in held["notes"]]
    return document


def _others_in(held: Mapping[str, Sequence[RowMapping]]) -> Iterator[int]:
    for rows in held.values():
        for row in rows:
            yield from (row[column] for column in _OTHERS if row.get(column) is not None)


def _plain(row: RowMapping, names: Mapping[int, str]) -> Json:
    return {
        _OTHERS.get(column, column): names.get(value) if column in _OTHERS else _readable(value)
        for column, value in row.items()
        if column not in _LEFT_OUT
    }


def _written(value: date) -> str:
    return value.isoformat()


def _readable(value: Any) -> Any:
    """A provider's event as the JSON that it is; bytes that are none, in base 64."""
    if not isinstance(value, bytes):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return {"base64": b64encode(value).decode()}
