"""Take sessions off a pack because their money goes back: bookings, pack, ledger and seat in one step (12 and 28).

Staff's refunds, refunds made on the provider's pages and lost disputes all come here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.sql.dml import UpdateBase

from core.db.disputes import another_is_disputed
from core.db.history import By, Change, note, record
from core.db.notices import Owed, owe
from core.db.orders import move_order, order_of_pair
from core.db.seats import lock_members, move_seat
from core.db.tables import calendar_blocks, ledger, packs, sessions
from core.db.unit import Transaction
from core.rules.balance import usable_remaining
from core.rules.notices import NoticeKind
from core.rules.refunds import Ground, Hold, Move, Plan, SeatAfter, plan_refund
from core.rules.states import EntryKind, OrderState, PackState, SeatState, SessionState
from core.usecases.seats.follow_up import PairState, follow_up, load_pair


@dataclass(frozen=True, slots=True)
class Taking:
    """By whose word sessions are taken, and why; `amount_minor` goes back with them, where staff said how much."""

    by: By
    why: str | None = None
    amount_minor: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What history keeps of it: whoever is told of a change reads there whether money went with it."""
        return {} if self.amount_minor is None else {"amount_minor": self.amount_minor}


@dataclass(frozen=True, slots=True)
class Field:
    """A pack whose sessions may be taken, with its pair, as this transaction finds them under the lock on both."""

    pair: PairState
    mentor_id: int
    ground: Ground


async def field_of(tx: Transaction, student_id: int, mentor_id: int, pack_id: int) -> Field:
    """What taking sessions must know. Takes the lock on the pair, after the one on the order that the caller has."""
    await lock_members(tx, student_id, mentor_id)
    money_moves = await tx.value(select(order_of_pair(student_id, mentor_id)))
    pair = await load_pair(tx, student_id, mentor_id)
    rows = await tx.all(
        select(sessions.c.id, sessions.c.starts_at, sessions.c.attempt)
        .where(sessions.c.pack_id == pack_id, sessions.c.state == SessionState.SCHEDULED)
        .order_by(sessions.c.starts_at, sessions.c.id)
    )
    ground = Ground(
        pack=next(each for each in pair.packs if each.id == pack_id),
        holds=tuple(Hold(row["id"], row["starts_at"], row["attempt"]) for row in rows),
        packs=pair.packs,
        seat_state=pair.seat_state,
        money_moves=bool(money_moves),
        disputed=pair.disputed,
        now=tx.now,
    )
    return Field(pair, mentor_id, ground)


async def take_all(tx: Transaction, payment: RowMapping, taking: Taking) -> Plan | None:
    """A full refund: every unused session of the payment's pack is gone, and the pack is refunded; the order, too.

    What had been done so before stays. None if the payment bought no pack. Whoever calls holds the lock on its order.
    """
    if payment["pack_id"] is None or not payment["is_first"]:
        return None
    await refund_whole_order(tx, payment, taking)
    field = await field_of(tx, payment["student_id"], payment["mentor_id"], payment["pack_id"])
    if field.ground.disputed:
        # Of money that is all gone no bank decides any more: only a dispute about another payment keeps the seat.
        another = another_is_disputed(payment["student_id"], payment["mentor_id"], payment["id"])
        field = replace(field, ground=replace(field.ground, disputed=bool(await tx.value(select(another)))))
    plan = plan_refund(field.ground, None)
    if field.ground.pack.state is not PackState.REFUNDED:
        await take_sessions(tx, field, plan, taking)
    return plan


async def refund_whole_order(tx: Transaction, payment: RowMapping, taking: Taking) -> None:
    """The order is refunded, as all of its money goes back or has gone."""
    if await move_order(tx, payment["order_id"], OrderState.FULFILLED, OrderState.REFUNDED):
        moved = Change("order", payment["order_id"], OrderState.FULFILLED, OrderState.REFUNDED, "refund", taking.why)
        await tx.run(record(payment["community_id"], tx.now, taking.by, moved))


async def take_sessions(tx: Transaction, field: Field, plan: Plan, taking: Taking) -> int:
    """The plan is done: sessions cancelled and moved with a word to both, pack and ledger, what follows for the seat.

    The answer is the id of the pack's change in history.
    """
    await _cancel(tx, field, plan.canceled, taking)
    await _move(tx, field, plan.moved, taking)
    changed = await _take(tx, field, plan, taking)
    if plan.seat is SeatAfter.RELEASED:
        await _release(tx, field, taking)
    else:
        before = usable_remaining(field.pair.packs, tx.now)
        await follow_up(tx, field.pair.student_id, field.mentor_id, before)
    return changed


async def _cancel(tx: Transaction, field: Field, canceled: Sequence[Hold], taking: Taking) -> None:
    if not canceled:
        return
    ids = [hold.session_id for hold in canceled]
    step = SessionState.SCHEDULED, SessionState.CANCELED
    changes = [Change("session", each, *step, "refund", taking.why, taking.facts) for each in ids]
    told = [
        Owed(kind, hold.session_id, member_id, hold.attempt)
        for hold in canceled
        for kind, member_id in (
            (NoticeKind.SESSION_CANCELED, field.pair.student_id),
            (NoticeKind.SESSION_CANCELED_MENTOR, field.mentor_id),
        )
    ]
    await tx.write_all(
        update(sessions)
        .where(sessions.c.id.in_(ids), sessions.c.state == SessionState.SCHEDULED)
        .values(state=SessionState.CANCELED, decided_at=tx.now, decided_by=taking.by.member_id),
        update(calendar_blocks).where(calendar_blocks.c.session_id.in_(ids)).values(live=False),
        record(field.pair.community_id, tx.now, taking.by, *changes),
        owe(tx, field.pair.community_id, *told),
    )


async def _move(tx: Transaction, field: Field, moved: Sequence[Move], taking: Taking) -> None:
    """The bookings stand as they are: only which pack covers them changes."""
    if not moved:
        return
    for pack_id, number in Counter(move.to_pack.id for move in moved).items():
        await tx.run(update(packs).where(packs.c.id == pack_id).values(held=packs.c.held + number))
    stays = SessionState.SCHEDULED
    for move in moved:
        session = update(sessions).where(sessions.c.id == move.hold.session_id, sessions.c.state == stays)
        await tx.run(session.values(pack_id=move.to_pack.id))
    changes = [
        Change(
            "session",
            move.hold.session_id,
            stays,
            stays,
            "cover",
            taking.why,
            {"from_pack": field.ground.pack.id, "to_pack": move.to_pack.id},
        )
        for move in moved
    ]
    await tx.run(record(field.pair.community_id, tx.now, taking.by, *changes))


async def _take(tx: Transaction, field: Field, plan: Plan, taking: Taking) -> int:
    pack = field.ground.pack
    thawed = {"frozen_at": None, "frozen_for": None} if plan.state is PackState.REFUNDED else {}
    changed = await tx.run(
        update(packs)
        .where(packs.c.id == pack.id, packs.c.state == pack.state)
        .where(packs.c.remaining == pack.remaining, packs.c.held == pack.held)
        .values(remaining=plan.left, held=pack.held - plan.held_less, state=plan.state, **thawed)
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"pack {pack.id} changed without the lock on its pair")
    facts = {
        "before": pack.remaining,
        "after": plan.left,
        "canceled": len(plan.canceled),
        "moved": len(plan.moved),
    }
    change = Change("pack", pack.id, pack.state, plan.state, "refund", taking.why, facts)
    noted = await note(tx, field.pair.community_id, taking.by, change)
    writes: list[UpdateBase] = []
    if plan.taking:
        # The student reads it among their sessions: what no person wrote is not a reason to show.
        reason = taking.why if taking.by.member_id is not None else None
        entry = {"kind": EntryKind.REFUND, "delta": -plan.taking, "balance": plan.left, "reason": reason}
        writes.append(insert(ledger).values(pack_id=pack.id, actor_id=taking.by.member_id, at=tx.now, **entry))
    await tx.write_all(*writes)
    return noted


async def _release(tx: Transaction, field: Field, taking: Taking) -> None:
    """The seat is free at once, and all three are told (rule 12)."""
    seat_id, before = field.pair.seat_id, field.pair.seat_state
    if not await move_seat(tx, seat_id, [before], SeatState.RELEASED):
        raise RuntimeError(f"seat {seat_id} moved under its own lock")
    change = Change("seat", seat_id, before, SeatState.RELEASED, "refund", taking.why, taking.facts)
    cycle = await note(tx, field.pair.community_id, taking.by, change)
    await tx.run(
        owe(
            tx,
            field.pair.community_id,
            Owed(NoticeKind.REFUND_RELEASED, seat_id, field.pair.student_id, cycle),
            Owed(NoticeKind.REFUND_RELEASED_MENTOR, seat_id, field.mentor_id, cycle),
            Owed(NoticeKind.REFUND_RELEASED_STAFF, seat_id, None, cycle),
        )
    )
