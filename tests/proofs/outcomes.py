"""What came of many orders, read at once: to be the same whatever the order of the news, and to stay as it is."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import RowMapping, Table, select

from core.db import tables
from core.db.unit import Database
from core.rules.accounts import Movement, totals
from core.rules.notices import NoticeKind, Subject, subject_of
from core.rules.states import EventState, OrderState, SeatState
from core.usecases.reading.accounts import accounts
from tests.builders import rows_of

PASSING = frozenset(
    {
        NoticeKind.PAYMENT_PENDING,
        NoticeKind.PAYMENT_LATE_STAFF,
        NoticeKind.PAYMENT_FAILED,
        NoticeKind.DISPUTED,
        NoticeKind.DISPUTED_STAFF,
        NoticeKind.RECONCILED_STAFF,
    }
)
"""Notices of what stands for a while: owed only if we heard of it before we heard how it ended.

That something was found by a comparison: only if nobody had told us before.
"""


@dataclass(frozen=True)
class Outcome:
    """What a person would say came of an order: states, amounts, sessions, and who was told what, how often."""

    order: str
    money: tuple[tuple[object, ...], ...]
    packs: tuple[tuple[object, ...], ...]
    entries: tuple[tuple[object, ...], ...]
    refunds: tuple[tuple[object, ...], ...]
    sessions_refunded: int
    disputes: tuple[tuple[object, ...], ...]
    seats: tuple[tuple[object, ...], ...]
    is_closed: bool
    to_settle: int
    notices: tuple[tuple[str, int], ...]


async def every_row(db: Database, *, but: Sequence[Table] = ()) -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds."""
    async with db.look() as tx:
        return {
            name: sorted((tuple(row.values()) for row in await tx.all(select(table))), key=repr)
            for name, table in tables.metadata.tables.items()
            if table not in but
        }


async def outcomes(db: Database, passing: frozenset[NoticeKind] = PASSING) -> dict[int, Outcome]:
    """What came of each order. Of notices of the passing kinds nothing is said."""
    t = tables
    orders_of = {"payments": t.payments.c.order_id, "packs": t.packs.c.order_id}
    async with db.look() as tx:
        orders = await tx.all(select(t.orders))
        payments = _by("order_id", await tx.all(select(t.payments)))
        packs = _by("order_id", await tx.all(select(t.packs)))
        entries = _by("order_id", await tx.all(select(t.ledger, orders_of["packs"]).join(t.packs)))
        refunds = _by("order_id", await tx.all(select(t.refunds, orders_of["payments"]).join(t.payments)))
        disputes = _by("order_id", await tx.all(select(t.disputes, orders_of["payments"]).join(t.payments)))
        seats = _by("student_id", await tx.all(select(t.seats)))
        notices = await tx.all(select(t.notices).where(t.notices.c.kind.not_in(passing)))
        checkouts = _by("order_id", await tx.all(select(t.checkouts)))
        events = await tx.all(select(t.provider_events.c.event_id, t.provider_events.c.state))
    waiting = [row["event_id"] for row in events if row["state"] is not EventState.APPLIED]
    unsettled = Counter(int(event_id.rsplit("-", 1)[1]) for event_id in waiting)
    told = _told(orders, packs, seats, disputes, notices)
    return {
        order["id"]: Outcome(
            str(order["state"]),
            _rows(payments[order["id"]], "amount_minor", "refunded_minor", "lost_minor", "next_attempt_at"),
            _rows(packs[order["id"]], "state", "total", "remaining", "held", "frozen_for"),
            _rows(entries[order["id"]], "kind", "delta"),
            _rows(refunds[order["id"]], "state", "amount_minor"),
            sum(row["sessions"] or 0 for row in refunds[order["id"]]),
            _rows(disputes[order["id"]], "outcome", "amount_minor"),
            _rows([row for row in seats[order["student_id"]] if row["state"] is not SeatState.RELEASED], "state"),
            all(row["closed_at"] is not None for row in checkouts[order["id"]]),
            unsettled[order["id"]],
            tuple(sorted(told[order["id"]].items())),
        )
        for order in orders
    }


def _rows(rows: Sequence[RowMapping], *names: str) -> tuple[tuple[object, ...], ...]:
    return tuple(sorted((tuple(_plain(row[name]) for name in names) for row in rows), key=repr))


def _plain(value: object) -> object:
    return str(value) if isinstance(value, StrEnum) else value


def _by(key: str, rows: Sequence[RowMapping]) -> dict[int, list[RowMapping]]:
    sorted_out: dict[int, list[RowMapping]] = defaultdict(list)
    for row in rows:
        sorted_out[row[key]].append(row)
    return sorted_out


def _told(
    orders: Sequence[RowMapping],
    packs: Mapping[int, list[RowMapping]],
    seats: Mapping[int, list[RowMapping]],
    disputes: Mapping[int, list[RowMapping]],
    notices: Sequence[RowMapping],
) -> dict[int, Counter[str]]:
    """By order, how often each kind of notice is owed about it, its pack, its seat or its disputes."""
    by_student = {order["student_id"]: order["id"] for order in orders}
    meant = {(Subject.ORDER, order["id"]): order["id"] for order in orders}
    meant |= {(Subject.PACK, row["id"]): order_id for order_id, rows in packs.items() for row in rows}
    meant |= {(Subject.SEAT, row["id"]): by_student[student_id] for student_id, rows in seats.items() for row in rows}
    meant |= {(Subject.DISPUTE, row["id"]): order_id for order_id, rows in disputes.items() for row in rows}
    told: dict[int, Counter[str]] = defaultdict(Counter)
    for notice in notices:
        told[meant[subject_of(notice["kind"]), notice["subject_id"]]][str(notice["kind"])] += 1
    return told


async def the_books_balance(db: Database) -> bool:
    """Whether what each order brought is kept, refunded or lost, to the last unit (rule 31)."""
    read = await accounts(db)
    by_order: dict[int | None, list[Movement]] = defaultdict(list)
    for each in read.movements:
        by_order[each.order_id].append(each)
    for order_id, payments in _by("order_id", await rows_of(db, tables.payments)).items():
        (total,) = totals(by_order[order_id])
        stored = {name: sum(row[name] for row in payments) for name in ("amount_minor", "refunded_minor", "lost_minor")}
        assert (total.paid_minor, total.refunded_minor, total.lost_minor) == tuple(stored.values()), order_id
        assert 0 <= total.kept_minor == total.paid_minor - total.refunded_minor - total.lost_minor, order_id
    return read.disagreements == ()


async def steps_back(db: Database) -> list[int]:
    """Every order that went from paid back to unpaid."""
    unpaid = (OrderState.OPEN, OrderState.PENDING, OrderState.CLOSED)
    paid = (OrderState.FULFILLED, OrderState.REFUNDED, OrderState.PARKED)
    changes = tables.history.c
    back = await rows_of(
        db, tables.history, changes.entity == "order", changes.before.in_(paid), changes.after.in_(unpaid)
    )
    return [row["entity_id"] for row in back]
