"""The numbers of a community's rules: how they stand, and changing one of them."""

from dataclasses import dataclass, fields

from sqlalchemy import select

from core.db.history import Change, by_member, record
from core.db.people import edit_community
from core.db.tables import communities
from core.db.unit import Transaction, reading, transaction
from core.rules.refusals import Refused
from core.rules.settings import Settings, bounds_of, settings_from, why_not_set
from core.usecases.asker import Asker, known_staff, staffed


@dataclass(frozen=True, slots=True)
class Setting:
    """One number with its default, and what it can be as the others stand now."""

    name: str
    value: int
    default: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class SettingChanged:
    name: str
    before: int
    value: int


@reading
async def settings_of(tx: Transaction, asker: Asker) -> tuple[Setting, ...] | Refused:
    """Every setting of the community, for its staff. One statement."""
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return community
    standing, defaults = settings_from(community["settings"]), Settings()
    return tuple(
        Setting(name, getattr(standing, name), getattr(defaults, name), *bounds_of(standing, name))
        for name in (field.name for field in fields(Settings))
    )


@transaction
async def change_setting(tx: Transaction, asker: Asker, name: str, value: int) -> SettingChanged | Refused:
    """The setting has this value for what begins from now on; what stands keeps the old one."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    # Two who change different settings at once: the second reads what the first wrote.
    stored = await tx.value(
        select(communities.c.settings).where(communities.c.id == who.community_id).with_for_update(key_share=True)
    )
    standing = settings_from(stored)
    if refused := why_not_set(standing, name, value):
        return refused
    before: int = getattr(standing, name)
    if before != value:
        await edit_community(tx, who.community_id, settings={**stored, name: value})
        change = Change(
            "community", who.community_id, "set_up", "set_up", "set", facts={"name": name, "from": before, "to": value}
        )
        await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return SettingChanged(name, before, value)
