"""Set a community up, or change how it is set up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.db.history import Change, by_member, record
from core.db.mentors import gives_role
from core.db.people import SETTINGS_IN_DISCORD, community_of_guild, edit_community, insert_community
from core.db.unit import Transaction, transaction
from core.rules.hours import known_zone
from core.rules.money import EXPONENTS
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, known_staff, member_of
from core.usecases.community.names import tidy_name

NONE_ANY_MORE = 0
"""What the id of a role or channel says when there is to be none from now on."""

STATE = "set_up"
"""In which a community is, as history tells it, from the first set-up on."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What staff choose for their community; None stays as it is. Private threads open in the sessions channel."""

    guild_name: str
    time_zone: str | None = None
    currency: str | None = None
    staff_role_id: int | None = None
    staff_channel_id: int | None = None
    sessions_channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Community:
    id: int
    guild_id: int
    name: str
    time_zone: str
    currency: str
    staff_role_id: int | None
    staff_channel_id: int | None
    sessions_channel_id: int | None


@transaction
async def set_up(tx: Transaction, asker: Asker, wanted: SetUp) -> Community | Refused:
    """The community stands as wanted. The first time it takes Manage Server, later the staff role is enough (rule 36).

    A new currency or zone is for what begins later: products and mentors keep theirs.
    """
    values = _values(asker, wanted)
    if isinstance(values, Refused):
        return values
    before = await community_of_guild(tx, asker.guild_id)
    if before is not None:
        return await _edit(tx, asker, before, values)
    if not asker.manages_guild:
        return refuse(Reason.NOT_STAFF)
    if wanted.time_zone is None or wanted.currency is None:
        return refuse(Reason.ZONE_AND_CURRENCY_FIRST)
    community_id = await insert_community(tx, guild_id=asker.guild_id, **values)
    by = by_member(await member_of(tx, community_id, asker.user_id, asker.name))
    change = Change("community", community_id, None, STATE, "set up", facts=values)
    await tx.write_all(record(community_id, tx.now, by, change))
    return community_from(
        {"id": community_id, "guild_id": asker.guild_id, **dict.fromkeys(SETTINGS_IN_DISCORD), **values}
    )


def _values(asker: Asker, wanted: SetUp) -> dict[str, Any] | Refused:
    """The columns that are named."""
    name = tidy_name(wanted.guild_name)
    if isinstance(name, Refused):
        return name
    values: dict[str, Any] = {"name": name}
    if wanted.time_zone is not None:
        if not known_zone(wanted.time_zone):
            return refuse(Reason.UNKNOWN_TIME_ZONE, zone=wanted.time_zone)
        values["time_zone"] = wanted.time_zone
    if wanted.currency is not None:
        values["currency"] = wanted.currency.strip().upper()
        if values["currency"] not in EXPONENTS:
            return refuse(Reason.BAD_CURRENCY, currency=wanted.currency)
    if wanted.staff_role_id == asker.guild_id:  # Discord's @everyone has the guild's id
        return refuse(Reason.EVERYBODY_AS_STAFF)
    named = {column: getattr(wanted, column) for column in SETTINGS_IN_DISCORD}
    return values | {column: value or None for column, value in named.items() if value is not None}


async def _edit(
    tx: Transaction, asker: Asker, before: Mapping[Any, Any], values: dict[str, Any]
) -> Community | Refused:
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    changed = {name: value for name, value in values.items() if before[name] != value}
    staff_role_id = changed.get("staff_role_id")
    if staff_role_id is not None and await gives_role(tx, before["id"], staff_role_id):
        return refuse(Reason.STUDENTS_AS_STAFF)
    if changed:
        await edit_community(tx, before["id"], **changed)
        steps = {name: {"from": before[name], "to": value} for name, value in changed.items()}
        change = Change("community", before["id"], STATE, STATE, "edit", facts=steps)
        await tx.write_all(record(before["id"], tx.now, by_member(who.member_id), change))
    return community_from({**before, **changed})


def community_from(row: Mapping[Any, Any]) -> Community:
    """The community of a stored row."""
    return Community(
        id=row["id"],
        guild_id=row["guild_id"],
        name=row["name"],
        time_zone=row["time_zone"],
        currency=row["currency"],
        **{column: row[column] for column in SETTINGS_IN_DISCORD},
    )
