"""Set a community up, or change how it is set up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.db.history import Change, by_member, record
from core.db.people import community_of_guild, edit_community, insert_community
from core.db.unit import Transaction, transaction
from core.rules.hours import known_zone
from core.rules.money import EXPONENTS
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, known_staff, member_of
from core.usecases.community.names import tidy_name

_STATE = "set_up"


@dataclass(frozen=True, slots=True)
class SetUp:
    """What staff choose for their community."""

    guild_name: str
    time_zone: str
    currency: str
    staff_role_id: int | None = None
    staff_channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Community:
    id: int
    guild_id: int
    name: str
    time_zone: str
    currency: str
    staff_role_id: int | None
    staff_channel_id: int | None
    is_new: bool = False


@transaction
async def set_up(tx: Transaction, asker: Asker, wanted: SetUp) -> Community | Refused:
    """The community stands as wanted. The first time it takes Manage Server, later the staff role is enough (rule 36).

    A new currency or zone is for what begins later: products and mentors keep theirs.
    """
    currency = wanted.currency.strip().upper()
    if not known_zone(wanted.time_zone):
        return refuse(Reason.UNKNOWN_TIME_ZONE, zone=wanted.time_zone)
    if currency not in EXPONENTS:
        return refuse(Reason.BAD_CURRENCY, currency=wanted.currency)
    name = tidy_name(wanted.guild_name)
    if isinstance(name, Refused):
        return name
    values: dict[str, Any] = {
        "name": name,
        "time_zone": wanted.time_zone,
        "currency": currency,
        "staff_role_id": wanted.staff_role_id,
        "staff_channel_id": wanted.staff_channel_id,
    }
    before = await community_of_guild(tx, asker.guild_id)
    if before is not None:
        return await _edit(tx, asker, before, values)
    if not asker.manages_guild:
        return refuse(Reason.NOT_STAFF)
    community_id = await insert_community(tx, guild_id=asker.guild_id, **values)
    by = by_member(await member_of(tx, community_id, asker.user_id, asker.name))
    change = Change("community", community_id, None, _STATE, "set up", facts=values)
    await tx.write_all(record(community_id, tx.now, by, change))
    return Community(id=community_id, guild_id=asker.guild_id, is_new=True, **values)


async def _edit(
    tx: Transaction, asker: Asker, before: Mapping[Any, Any], values: dict[str, Any]
) -> Community | Refused:
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    changed = {name: value for name, value in values.items() if before[name] != value}
    if changed:
        await edit_community(tx, before["id"], **changed)
        change = Change("community", before["id"], _STATE, _STATE, "edit", facts=changed)
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
        staff_role_id=row["staff_role_id"],
        staff_channel_id=row["staff_channel_id"],
    )
