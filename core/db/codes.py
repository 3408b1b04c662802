"""Codes, and how often each is used."""

from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from core.db.tables import codes, orders
from core.db.unit import Transaction
from core.rules.codes import Code, Uses
from core.rules.states import OrderState

_USING = (OrderState.OPEN, OrderState.PENDING, OrderState.PARKED, OrderState.FULFILLED)


async def live_code(tx: Transaction, community_id: int, word: str) -> RowMapping | None:
    """The code of this word, locked until the transaction ends, so that its uses can be counted."""
    return await tx.one(
        select(codes)
        .where(codes.c.community_id == community_id, codes.c.word == word, codes.c.retired_at.is_(None))
        .with_for_update()
    )


async def code_by_id(tx: Transaction, code_id: int) -> RowMapping | None:
    """The code, if it was not ended, locked in the same way."""
    return await tx.one(select(codes).where(codes.c.id == code_id, codes.c.retired_at.is_(None)).with_for_update())


def code_of(row: RowMapping) -> Code:
    return Code(
        percent=row["percent"],
        off_minor=row["off_minor"],
        currency=row["currency"],
        mentor_id=row["mentor_id"],
        most_uses=row["most_uses"],
        most_uses_each=row["most_uses_each"],
        ends_at=row["ends_at"],
    )


async def uses_of(tx: Transaction, code_id: int, member_id: int, *, but_order: int | None) -> Uses:
    """How often all, and this member, use the code. The order that is about to be left for another does not count."""
    by_member = func.count().filter(orders.c.student_id == member_id)
    row = await tx.one(
        select(func.count().label("by_all"), by_member.label("by_member")).where(
            orders.c.code_id == code_id, orders.c.state.in_(_USING), orders.c.id != (but_order or 0)
        )
    )
    if row is None:
        raise RuntimeError("a count has one row")
    return Uses(row["by_all"], row["by_member"])


async def insert_code(tx: Transaction, **values: Any) -> int:
    """The new code's id. A word that is taken fires `uq_codes_live_word`."""
    code_id: int = await tx.value(insert(codes).values(created_at=tx.now, **values).returning(codes.c.id))
    return code_id


async def retire_code_row(tx: Transaction, community_id: int, word: str) -> int | None:
    """The id of the code that nobody can use any more; None if there is none of this word."""
    code_id: int | None = await tx.value(
        update(codes)
        .where(codes.c.community_id == community_id, codes.c.word == word, codes.c.retired_at.is_(None))
        .values(retired_at=tx.now)
        .returning(codes.c.id)
    )
    return code_id


async def codes_of(tx: Transaction, community_id: int) -> list[tuple[RowMapping, int]]:
    """The community's codes that are not retired, by word, each with how often it is used."""
    used = func.count(orders.c.id).label("used")
    rows = await tx.all(
        select(codes, used)
        .outerjoin(orders, (orders.c.code_id == codes.c.id) & orders.c.state.in_(_USING))
        .where(codes.c.community_id == community_id, codes.c.retired_at.is_(None))
        .group_by(codes.c.id)
        .order_by(codes.c.word)
    )
    return [(row, row["used"]) for row in rows]
