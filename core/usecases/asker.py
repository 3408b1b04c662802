"""Who asks, and what they may do. Checked in every use case, never in a command (rule 36)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, select, update

from core.db import tables
from core.db.unit import Transaction
from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import Settings, settings_from
from core.usecases.community.gone import note_seen


@dataclass(frozen=True, slots=True)
class Asker:
    """A Discord user as the guild knows them at this moment."""

    guild_id: int
    user_id: int
    name: str
    role_ids: frozenset[int] = frozenset()
    manages_guild: bool = False
    locale: str | None = None  # of their Discord; the language in which notices reach them


@dataclass(frozen=True, slots=True)
class Known:
    """The asker as a member of the community."""

    member_id: int
    community_id: int
    user_id: int
    is_staff: bool
    settings: Settings
    currency: str
    time_zone: str  # the member's own, else the community's


async def known(tx: Transaction, asker: Asker) -> Known | Refused:
    """The member behind the asker, made at first sight; `NOT_SET_UP` before staff ran the set-up. Two statements."""
    community = await tx.one(select(tables.communities).where(tables.communities.c.guild_id == asker.guild_id))
    if community is None:
        return refuse(Reason.NOT_SET_UP)
    member = await _member(tx, community["id"], asker)
    return Known(
        member_id=member[0],
        community_id=community["id"],
        user_id=asker.user_id,
        is_staff=asker.manages_guild or community["staff_role_id"] in asker.role_ids,
        settings=settings_from(community["settings"]),
        currency=community["currency"],
        time_zone=member[1] or community["time_zone"],
    )


async def known_staff(tx: Transaction, asker: Asker) -> Known | Refused:
    """The asker, if they are staff here; else `NOT_STAFF`."""
    who = await known(tx, asker)
    if isinstance(who, Refused) or who.is_staff:
        return who
    return refuse(Reason.NOT_STAFF)


async def staffed(tx: Transaction, asker: Asker) -> RowMapping | Refused:
    """The asker's community, if they are staff in it: for read models, which write nothing. One statement."""
    community = await tx.one(select(tables.communities).where(tables.communities.c.guild_id == asker.guild_id))
    if community is None:
        return refuse(Reason.NOT_SET_UP)
    is_staff = asker.manages_guild or community["staff_role_id"] in asker.role_ids
    return community if is_staff else refuse(Reason.NOT_STAFF)


async def _member(tx: Transaction, community_id: int, asker: Asker) -> tuple[int, str | None]:
    members = tables.members
    row = await tx.one(
        select(members.c.id, members.c.time_zone, members.c.name, members.c.locale, members.c.gone_at).where(
            members.c.community_id == community_id, members.c.user_id == asker.user_id
        )
    )
    if row is not None:
        seen = {"name": asker.name[:100], "locale": asker.locale or row["locale"]}
        if any(row[name] != value for name, value in seen.items()):
            # By their Discord id, too: who is erased at this moment is not named again.
            known_still = (members.c.id == row["id"]) & (members.c.user_id == asker.user_id)
            await tx.run(update(members).where(known_still).values(**seen))
        if row["gone_at"] is not None:
            await note_seen(tx, community_id, row["id"])
        return row["id"], row["time_zone"]
    return await member_of(tx, community_id, asker.user_id, asker.name, asker.locale), None


async def member_of(tx: Transaction, community_id: int, user_id: int, name: str, locale: str | None = None) -> int:
    """The id of this Discord user's member row, made if there is none. Two who make it at once get the same one."""
    members = tables.members
    found = select(members.c.id).where(members.c.community_id == community_id, members.c.user_id == user_id)
    existing: int | None = await tx.value(found)
    if existing is not None:
        return existing
    made: int | None = await tx.value(
        tx.insert(members)
        .values(community_id=community_id, user_id=user_id, name=name[:100], locale=locale, created_at=tx.now)
        .on_conflict_do_nothing(index_elements=["community_id", "user_id"])
        .returning(members.c.id)
    )
    if made is not None:
        return made
    raced: int = await tx.value(found)
    return raced
