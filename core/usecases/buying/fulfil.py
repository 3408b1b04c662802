"""Fulfil a paid order: pack, ledger, seat, notices, history, in the transaction that records the payment (rule 25)."""

from datetime import datetime, timedelta

from sqlalchemy import RowMapping, func, insert, select
from sqlalchemy.sql.dml import UpdateBase

from core.db import orders as db_orders
from core.db.history import PROVIDER, By, Change, record
from core.db.mentors import is_removed
from core.db.notices import Owed, owe
from core.db.people import is_erased
from core.db.seats import last_released, live_seat, lock_members, move_seat, occupied_of, take_seat
from core.db.tables import ledger, members, mentors, packs, refunds, waiting_list
from core.db.unit import Transaction
from core.ports import Paid
from core.rules.balance import renewed_expiry
from core.rules.notices import NoticeKind
from core.rules.seats import PAID_FOR, why_not_occupy
from core.rules.settings import settings_from
from core.rules.states import EntryKind, OrderState, PackState, RefundCause, RefundState, SeatState
from core.usecases.packs.expiring import owed_before_expiry
from core.usecases.packs.thaw import Thawed, thaw_kept


async def fulfil(
    tx: Transaction, order: RowMapping, payment_id: int, paid: Paid, by: By = PROVIDER, why: str | None = None
) -> OrderState:
    """The order's state after its money came: fulfilled, or refunded when no seat is left to give (rule 27).

    `by` is whoever said so with that reason, where it was not the provider.
    """
    taken = await _seat_for(tx, order, paid)
    if taken is None:
        return await _refund_seatless(tx, order, payment_id, paid)
    seat_id, seat_before, above_capacity = taken
    seated = seat_before not in PAID_FOR
    thawed = await thaw_kept(tx, order["student_id"], order["mentor_id"]) if seated else Thawed()
    latest = thawed.latest(order["latest_expiry"])
    expires_at = renewed_expiry(tx.now, latest, order["validity_days"], order["paused_at"])
    pack_id: int = await tx.value_beside(
        insert(packs)
        .values(
            community_id=order["community_id"],
            student_id=order["student_id"],
            mentor_id=order["mentor_id"],
            order_id=order["id"],
            state=PackState.ACTIVE,
            total=order["sessions"],
            remaining=order["sessions"],
            session_minutes=order["session_minutes"],
            expires_at=expires_at,
            created_at=tx.now,
        )
        .returning(packs.c.id),
        db_orders.order_moves(tx, order["id"], order["state"], OrderState.FULFILLED),
    )
    expiry = owed_before_expiry(pack_id, order["student_id"], expires_at, settings_from(order["settings"]), tx.now)
    changes = [
        Change("order", order["id"], order["state"], OrderState.FULFILLED, "fulfil", why),
        Change("pack", pack_id, None, PackState.ACTIVE, "fulfil"),
        *thawed.changes,
    ]
    if seat_before is not SeatState.ACTIVE:
        changes.append(Change("seat", seat_id, seat_before, SeatState.ACTIVE, "fulfil"))
    await tx.write_all(
        insert(ledger).values(
            pack_id=pack_id, kind=EntryKind.PURCHASE, delta=order["sessions"], balance=order["sessions"], at=tx.now
        ),
        record(order["community_id"], tx.now, by, *changes),
        owe(tx, order["community_id"], *_told(order, seat_id, seat_before, above_capacity), *expiry),
        db_orders.close_checkout(tx, order["checkout_id"], paid.checkout_ref),
        *thawed.writes,
    )
    return OrderState.FULFILLED


def _told(order: RowMapping, seat_id: int, seat_before: SeatState | None, above_capacity: bool) -> list[Owed]:
    renewed = seat_before in (SeatState.ACTIVE, SeatState.GRACE)
    kind = NoticeKind.SEAT_RENEWED if renewed else NoticeKind.PURCHASE_CONFIRMED
    told = [Owed(kind, order["id"], order["student_id"])]
    if not renewed:
        told.append(Owed(NoticeKind.STUDENT_JOINED, seat_id, order["mentor_id"], cycle=order["purchases"] + 1))
    if above_capacity:
        told.append(Owed(NoticeKind.ABOVE_CAPACITY_STAFF, order["id"], None))
    return told


async def _seat_for(tx: Transaction, order: RowMapping, paid: Paid) -> tuple[int, SeatState | None, bool] | None:
    """The seat that the money buys, active now: its id, what it was, and whether it is above the mentor's capacity.

    The pair's live seat; else, for who paid in time, the one released meanwhile (rule 11); else a free one (rule 8).
    None for a mentor who was removed meanwhile, or a student who was erased: both only once the checkout had closed.
    """
    closed = order["state"] is OrderState.CLOSED
    if closed and await _is_nobodys(tx, order):
        return None
    state: SeatState | None = order["seat_state"]
    if state is not None and await move_seat(tx, order["seat_id"], [state], SeatState.ACTIVE):
        return order["seat_id"], state, False
    await lock_members(tx, order["student_id"], order["mentor_id"])
    # It was read without a lock: grace may have begun, or ended, since.
    seat = await live_seat(tx, order["student_id"], order["mentor_id"])
    if seat is not None and await move_seat(tx, seat["id"], [seat["state"]], SeatState.ACTIVE):
        return seat["id"], seat["state"], False
    capacity = await tx.value(select(mentors.c.capacity).where(mentors.c.member_id == order["mentor_id"]))
    full = why_not_occupy(capacity, await tx.value(occupied_of(order["mentor_id"]))) is not None
    if closed and not _paid_in_time(order, paid):
        return None if full else (await _new_seat(tx, order), None, False)
    released = await last_released(tx, order["student_id"], order["mentor_id"])
    if released is None:
        return await _new_seat(tx, order), None, full
    await move_seat(tx, released, [SeatState.RELEASED], SeatState.ACTIVE)
    return released, SeatState.RELEASED, full


def _paid_in_time(order: RowMapping, paid: Paid) -> bool:
    """Whether the provider's own instant of the payment lies before the checkout closed, however late we hear it."""
    paid_at: datetime = order["approved_at"] or paid.paid_at
    closed_at: datetime = order["settled_at"]
    return paid_at < closed_at


async def _is_nobodys(tx: Transaction, order: RowMapping) -> bool:
    """Whether nobody is left to buy or to teach. Under the lock that both removal and erasure take."""
    await lock_members(tx, order["student_id"], order["mentor_id"])
    return await is_removed(tx, order["mentor_id"]) or await is_erased(tx, order["student_id"])


async def _new_seat(tx: Transaction, order: RowMapping) -> int:
    return await take_seat(
        tx,
        community_id=order["community_id"],
        student_id=order["student_id"],
        mentor_id=order["mentor_id"],
        state=SeatState.ACTIVE,
    )


async def _refund_seatless(tx: Transaction, order: RowMapping, payment_id: int, paid: Paid) -> OrderState:
    """Paid, and no seat to give: everything back by itself, and the first place on the waiting list (rule 27)."""
    await db_orders.move_order(tx, order["id"], order["state"], OrderState.REFUNDED)
    first = await tx.value(
        select(func.min(waiting_list.c.place_at)).where(
            waiting_list.c.mentor_id == order["mentor_id"], waiting_list.c.left_at.is_(None)
        )
    )
    place_at = tx.now if first is None else min(first - timedelta(seconds=1), tx.now)
    place = tx.insert(waiting_list).values(
        community_id=order["community_id"],
        mentor_id=order["mentor_id"],
        member_id=order["student_id"],
        joined_at=tx.now,
        place_at=place_at,
        # Who was erased meanwhile waits for nothing, and nobody waits for a mentor who was removed.
        left_at=func.coalesce(
            select(members.c.erased_at).where(members.c.id == order["student_id"]).scalar_subquery(),
            select(mentors.c.removed_at).where(mentors.c.member_id == order["mentor_id"]).scalar_subquery(),
        ),
    )
    refund_id = await intend_refund(tx, payment_id, paid.amount_minor, RefundCause.NO_SEAT)
    await tx.write_all(
        place.on_conflict_do_update(
            index_elements=["mentor_id", "member_id"],
            index_where=waiting_list.c.left_at.is_(None),
            set_={"place_at": place_at},
        ),
        record(
            order["community_id"],
            tx.now,
            PROVIDER,
            Change("order", order["id"], order["state"], OrderState.REFUNDED, "refund", "no seat was free"),
            Change("refund", refund_id, None, RefundState.INTENDED, "refund", "no seat was free"),
        ),
        owe(
            tx,
            order["community_id"],
            Owed(NoticeKind.SEATLESS_PAYMENT, order["id"], order["student_id"]),
            Owed(NoticeKind.SEATLESS_PAYMENT_STAFF, order["id"], None),
        ),
        db_orders.close_checkout(tx, order["checkout_id"], paid.checkout_ref),
    )
    return OrderState.REFUNDED


async def refund_second(tx: Transaction, order: RowMapping, payment_id: int, paid: Paid) -> None:
    """A second payment of an order, or of one that another was bought for instead, is given back in full (rule 25)."""
    refund_id = await intend_refund(tx, payment_id, paid.amount_minor, RefundCause.PAID_TWICE)
    why = "the order was paid twice"
    changes = []
    if order["state"] is OrderState.CLOSED:
        why = "what was bought instead of it is paid"
        await db_orders.move_order(tx, order["id"], OrderState.CLOSED, OrderState.REFUNDED)
        changes.append(Change("order", order["id"], OrderState.CLOSED, OrderState.REFUNDED, "refund", why))
    changes.append(Change("refund", refund_id, None, RefundState.INTENDED, "refund", why))
    writes: list[UpdateBase] = [
        record(order["community_id"], tx.now, PROVIDER, *changes),
        owe(
            tx,
            order["community_id"],
            Owed(NoticeKind.REFUNDED, order["id"], order["student_id"], cycle=refund_id),
            Owed(NoticeKind.PAID_TWICE_STAFF, order["id"], None, cycle=payment_id),
        ),
    ]
    if order["state"] is OrderState.CLOSED:
        writes.append(db_orders.close_checkout(tx, order["checkout_id"], paid.checkout_ref))
    await tx.write_all(*writes)


async def intend_refund(
    tx: Transaction,
    payment_id: int,
    amount_minor: int,
    cause: RefundCause,
    *,
    sessions: int = 0,
    asked_by: int | None = None,
    reason: str | None = None,
) -> int:
    """The id of the refund that we owe now, with the sessions that it takes; the jobs ask the provider for it."""
    refund_id: int = await tx.value(
        insert(refunds)
        .values(
            payment_id=payment_id,
            state=RefundState.INTENDED,
            cause=cause,
            amount_minor=amount_minor,
            sessions=sessions,
            asked_by=asked_by,
            reason=reason,
            created_at=tx.now,
            decided_at=tx.now,
            next_attempt_at=tx.now,
        )
        .returning(refunds.c.id)
    )
    return refund_id
