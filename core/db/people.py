"""Communities, mentors and what they sell, as lists and for set-up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from core.db.seats import occupied_of
from core.db.tables import communities, history, members, mentor_hours, mentors, products
from core.db.unit import Transaction
from core.rules.hours import WeeklyHours
from core.rules.states import Actor

SETTINGS_IN_DISCORD = ("staff_role_id", "staff_channel_id", "sessions_channel_id")
"""Columns of a community that name what may be deleted in Discord."""


async def community_of_guild(tx: Transaction, guild_id: int) -> RowMapping | None:
    return await tx.one(select(communities).where(communities.c.guild_id == guild_id))


async def insert_community(tx: Transaction, **values: Any) -> int:
    """The id of a new community. Who sets the same guild up at once fires `uq_communities_guild_id`."""
    community_id: int = await tx.value(
        insert(communities).values(created_at=tx.now, settings={}, **values).returning(communities.c.id)
    )
    return community_id


async def edit_community(tx: Transaction, community_id: int, **values: Any) -> None:
    await tx.run(update(communities).where(communities.c.id == community_id).values(**values))


async def forget_setting(tx: Transaction, community_id: int, column: str, discord_id: int) -> bool:
    """Whether the setting named this; it names nothing now. Another that was chosen meanwhile stays."""
    named = (communities.c.id == community_id) & (communities.c[column] == discord_id)
    return (await tx.run(update(communities).where(named).values(**{column: None}))).rowcount == 1


async def forget_student_role(tx: Transaction, community_id: int, role_id: int) -> Sequence[RowMapping]:
    """The mentors whose students were to have this role, and have none from now on: (member_id, paused_at)."""
    named = (mentors.c.community_id == community_id) & (mentors.c.student_role_id == role_id)
    forgotten = await tx.all(
        update(mentors)
        .where(named)
        .values(student_role_id=None)
        .returning(mentors.c.member_id, mentors.c.paused_at, mentors.c.removed_at)
    )
    return sorted(forgotten, key=lambda row: int(row["member_id"]))


async def who_set_up(tx: Transaction, community_id: int) -> int | None:
    """The member who last chose something in /setup: the one of the staff whom we know by name."""
    by_whom = select(history.c.actor_id).where(
        history.c.entity == "community", history.c.entity_id == community_id, history.c.actor == Actor.MEMBER
    )
    member_id: int | None = await tx.value(by_whom.order_by(history.c.id.desc()).limit(1))
    return member_id


async def insert_mentor(tx: Transaction, hours: Sequence[WeeklyHours], **values: Any) -> None:
    """The member sells sessions. A member who does already fires `pk_mentors`."""
    await tx.run(insert(mentors).values(created_at=tx.now, **values))
    await tx.run(
        insert(mentor_hours).values(
            [
                {
                    "mentor_id": values["member_id"],
                    "weekday": entry.weekday,
                    "starts_minute": entry.starts_minute,
                    "ends_minute": entry.ends_minute,
                }
                for entry in hours
            ]
        )
    )


async def insert_product(tx: Transaction, **values: Any) -> int:
    """The id of a new product. A name that the mentor sells already fires `uq_products_live_name`."""
    product_id: int = await tx.value(insert(products).values(created_at=tx.now, **values).returning(products.c.id))
    return product_id


async def mentor_of(tx: Transaction, community_id: int, mentor_id: int) -> RowMapping | None:
    """The mentor with their name, unless they are removed or another community's."""
    return await tx.one(
        select(mentors, members.c.name)
        .join(members, members.c.id == mentors.c.member_id)
        .where(
            mentors.c.member_id == mentor_id,
            mentors.c.community_id == community_id,
            mentors.c.removed_at.is_(None),
        )
    )


async def is_erased(tx: Transaction, member_id: int) -> bool:
    """Whether nobody is behind this member any more (rule 38). Under a lock on them it stays so."""
    return await tx.value(select(members.c.erased_at).where(members.c.id == member_id)) is not None


async def mentors_of_guild(tx: Transaction, guild_id: int) -> Sequence[RowMapping]:
    """The community's mentors by name with their taken places; one row without a mentor if it has none yet."""
    return await tx.all(
        select(
            communities.c.id,
            mentors,
            members.c.user_id,
            members.c.name,
            occupied_of(mentors.c.member_id).correlate(mentors).scalar_subquery().label("occupied"),
        )
        .select_from(communities)
        .outerjoin(mentors, (mentors.c.community_id == communities.c.id) & mentors.c.removed_at.is_(None))
        .outerjoin(members, members.c.id == mentors.c.member_id)
        .where(communities.c.guild_id == guild_id)
        .order_by(func.lower(members.c.name), members.c.id)
    )


async def products_of_mentors(tx: Transaction, mentor_ids: Sequence[int]) -> Sequence[RowMapping]:
    """What these mentors sell now, in the order in which it was put up."""
    return await tx.all(
        select(products)
        .where(products.c.mentor_id.in_(mentor_ids), products.c.retired_at.is_(None))
        .order_by(products.c.id)
    )


async def hours_of_mentors(tx: Transaction, mentor_ids: Sequence[int]) -> Sequence[RowMapping]:
    return await tx.all(
        select(mentor_hours)
        .where(mentor_hours.c.mentor_id.in_(mentor_ids))
        .order_by(mentor_hours.c.weekday, mentor_hours.c.starts_minute)
    )
