"""A student about whom everything is on record that can be, and with whom all is settled."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, update

from core.db import tables
from core.db.unit import Database
from core.ports import ProviderEvent
from core.rules.states import NoticeState, RefundCause, RefundState
from core.usecases.buying.settle import settle_event
from core.usecases.community.time_zone import choose_time_zone
from core.usecases.completion.complete import complete
from core.usecases.notes.add_note import add_note
from core.usecases.packs.adjust import adjust
from core.usecases.packs.answer_adjustment import answer_adjustment
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release_by_staff import release_by_staff
from tests.answers import given
from tests.builders import HOUR, Pair, a_member, a_session, rows_of, staff_of
from tests.clocks import SettableClock
from tests.usecases.buying.steps import a_shop

NAME, EMAIL, ZONE = "Zanzibar Zoe", "zoe@zanzibar.example", "Africa/Dar_es_Salaam"
TELLING = ("zanzibar", "zoe", "dar_es_salaam")
"""Words of which everything that was typed or chosen by them or about them holds one, in small letters."""


@dataclass(frozen=True, slots=True)
class Life:
    pair: Pair
    session_id: int
    order_id: int


async def a_settled_life(db: Database, clock: SettableClock) -> Life:
    """Zoe bought from Mara, met her once, was noted about, given to, taken from, released; nothing is open."""
    shop = await a_shop(db)
    zoe = await a_member(db, shop.mentor.community, NAME, email=EMAIL, locale="de")
    given(await choose_time_zone(db, zoe.asker, ZONE))
    ready = await shop.buys(zoe.asker)
    body = b'{"id": "evt_z", "customer_details": {"name": "Zanzibar Zoe"}}'
    given(await settle_event(db, ProviderEvent("stripe", "evt_z", "paid", body, await shop.paid(ready))))
    (seat,) = await rows_of(db, tables.seats, tables.seats.c.student_id == zoe.id)
    (pack,) = await rows_of(db, tables.packs, tables.packs.c.student_id == zoe.id)
    pair = Pair(shop.mentor.community, shop.mentor, zoe, shop.product_id, seat["id"], pack["id"])
    session_id = await _met_and_talked_about(db, clock, pair)
    given(await release_by_staff(db, pair.staff, pair.seat_id, "Zanzibar calls Zoe"))
    await _nothing_is_left(db, pair)
    await _what_else_there_can_be(db, pair, ready.order_id)
    return Life(pair, session_id, ready.order_id)


async def _met_and_talked_about(db: Database, clock: SettableClock, pair: Pair) -> int:
    session_id = await a_session(db, pair, clock.now() + HOUR)
    clock.forward(hours=2)
    given(await complete(db, pair.mentor.asker, session_id))
    given(await add_note(db, pair.mentor.asker, pair.seat_id, "Zoe is shy"))
    given(await adjust(db, pair.mentor.asker, pair.seat_id, pair.pack_id, -1, 3, "Zoe came late"))
    (asked,) = await rows_of(db, tables.adjustments)
    given(await answer_adjustment(db, pair.student.asker, asked["id"], yes=True))
    gift = Grant(pair.student.user_id, NAME, pair.mentor.id, 1, "Zoe was ill")
    given(await grant(db, staff_of(pair.community), gift))
    return session_id


async def _nothing_is_left(db: Database, pair: Pair) -> None:
    for pack in await rows_of(db, tables.packs, tables.packs.c.student_id == pair.student.id):
        left = pack["remaining"]
        given(await adjust(db, pair.staff, pair.seat_id, pack["id"], -left, left, "Zoe gets cash in Zanzibar"))


async def _what_else_there_can_be(db: Database, pair: Pair, order_id: int) -> None:
    (payment,) = await rows_of(db, tables.payments, tables.payments.c.order_id == order_id)
    owner = {"community_id": pair.community.id, "mentor_id": pair.mentor.id}
    async with db.begin() as tx:
        made = {"payment_id": payment["id"], "amount_minor": 5, "created_at": tx.now, "done_at": tx.now}
        await tx.run(
            insert(tables.refunds).values(state=RefundState.DONE, cause=RefundCause.STAFF, reason="Zoe was ill", **made)
        )
        told = {"provider_ref": "du_1", "amount_minor": 5, "outcome": "won"}
        await tx.run(
            insert(tables.disputes).values(
                payment_id=payment["id"], opened_at=tx.now, told_at=tx.now, closed_at=tx.now, **told
            )
        )
        place = insert(tables.waiting_list).values(
            member_id=pair.student.id, joined_at=tx.now, place_at=tx.now + timedelta(days=1), **owner
        )
        waiting_id = await tx.value(place.returning(tables.waiting_list.c.id))
        await tx.run(
            insert(tables.offers).values(
                waiting_id=waiting_id, seat_id=pair.seat_id, answer="passed", made_at=tx.now, answered_at=tx.now
            )
        )
        await tx.run(update(tables.seats).where(tables.seats.c.id == pair.seat_id).values(thread_id=9001, role_id=77))
        mine = tables.notices.c.to_member_id == pair.student.id
        dead = update(tables.notices).where(mine, tables.notices.c.kind == "pack_granted")
        await tx.run(dead.values(state=NoticeState.DEAD, why="503 0", ended_at=tx.now, message_id=4711))
