"""Communities, mentors and what they sell, as lists and for set-up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from core.db.seats import occupied_of
from core.db.tables import communities, members, mentor_hours, mentors, products
from core.db.unit import Transaction
from core.rules.hours import WeeklyHours


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
