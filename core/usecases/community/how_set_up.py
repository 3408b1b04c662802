"""How a guild is set up, and what is still to do before somebody can buy there: a read model for staff."""

from dataclasses import dataclass

from sqlalchemy import exists, select

from core.db.tables import mentors, products
from core.db.unit import Transaction, reading
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, staffed
from core.usecases.community.set_up import Community, community_from


@dataclass(frozen=True, slots=True)
class HowSetUp:
    """`community` is None before the first set-up. `student_role_ids` are given and taken by us (rule 12)."""

    community: Community | None = None
    student_role_ids: tuple[int, ...] = ()
    has_mentors: bool = False
    has_products: bool = False


@reading
async def how_set_up(tx: Transaction, asker: Asker) -> HowSetUp | Refused:
    """For the guild's staff; before the first set-up for whoever may do it. Two statements."""
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        is_first = community.reason is Reason.NOT_SET_UP
        return (HowSetUp() if asker.manages_guild else refuse(Reason.NOT_STAFF)) if is_first else community
    for_sale = exists().where(products.c.mentor_id == mentors.c.member_id, products.c.retired_at.is_(None))
    teaching = await tx.all(
        select(mentors.c.student_role_id, for_sale.label("for_sale"))
        .where(mentors.c.community_id == community["id"], mentors.c.removed_at.is_(None))
        .order_by(mentors.c.member_id)
    )
    roles = dict.fromkeys(row["student_role_id"] for row in teaching if row["student_role_id"] is not None)
    return HowSetUp(
        community=community_from(community),
        student_role_ids=tuple(roles),
        has_mentors=bool(teaching),
        has_products=any(row["for_sale"] for row in teaching),
    )
