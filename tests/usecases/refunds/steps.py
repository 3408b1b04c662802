"""What a provider tells of refunds, and what stands in the books afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from core.db import tables
from core.db.unit import Database
from core.ports import RefundNews
from core.rules.notices import NoticeKind
from core.rules.states import PackState, RefundCause, RefundState, SeatState
from core.usecases.buying.fulfil import intend_refund
from core.usecases.buying.settle import Settled, settle
from tests.answers import given
from tests.builders import Pair, row_of, rows_of


async def payment_of(db: Database, pair: Pair) -> RowMapping:
    """The payment that bought the pair's pack."""
    order_id = (await row_of(db, tables.packs, pair.pack_id))["order_id"]
    return (await rows_of(db, tables.payments, tables.payments.c.order_id == order_id))[0]


async def news_of(db: Database, pair: Pair, amount_minor: int, ref: str = "re_1", **more: Any) -> RefundNews:
    """A refund of the pair's payment as the provider tells it."""
    values = {"currency": "EUR", "at": db.clock.now(), **more}
    return RefundNews((await payment_of(db, pair))["provider_ref"], ref, amount_minor, **values)


async def we_owe(db: Database, pair: Pair, amount_minor: int, cause: RefundCause = RefundCause.STAFF) -> int:
    """A refund that we are about to ask for."""
    payment = await payment_of(db, pair)
    async with db.begin() as tx:
        return await intend_refund(tx, payment["id"], amount_minor, cause)


async def hears(db: Database, *told: RefundNews) -> list[Settled]:
    return [given(await settle(db, "stripe", each)) for each in told]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the pair's money, pack and seat are."""

    refunded_minor: int
    remaining: int
    held: int
    pack: PackState
    seat: SeatState


async def standing(db: Database, pair: Pair) -> Standing:
    pack = await row_of(db, tables.packs, pair.pack_id)
    return Standing(
        refunded_minor=(await payment_of(db, pair))["refunded_minor"],
        remaining=pack["remaining"],
        held=pack["held"],
        pack=pack["state"],
        seat=(await row_of(db, tables.seats, pair.seat_id))["state"],
    )


async def refunds_in(db: Database) -> list[tuple[RefundState, int, int]]:
    """Each refund: how it stands, of how much, with how many sessions."""
    return [(row["state"], row["amount_minor"], row["sessions"]) for row in await rows_of(db, tables.refunds)]


async def told_to(db: Database, pair: Pair) -> Mapping[str, list[NoticeKind]]:
    """What student, mentor and staff are owed."""
    people = {pair.student.id: "student", pair.mentor.id: "mentor", None: "staff"}
    told: dict[str, list[NoticeKind]] = {"student": [], "mentor": [], "staff": []}
    for row in await rows_of(db, tables.notices):
        told[people[row["to_member_id"]]].append(row["kind"])
    return told
