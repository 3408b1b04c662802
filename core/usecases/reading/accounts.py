"""The accounts of every community, for whoever keeps the books: each movement a line, and whether they agree (31).

They name no asker: nothing of this goes to a person in Discord or on the web.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, func, or_, select

from core.db.tables import communities, disputes, ledger, members, orders, packs, payments, refunds
from core.db.unit import Transaction, reading
from core.rules.accounts import MoneyKind, Movement, lost_shares, sessions_kind
from core.rules.states import DisputeOutcome, RefundState

_student, _mentor = members.alias("student"), members.alias("mentor")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A payment or pack whose stored figure is not what its rows add up to. There is none, or something is broken."""

    what: str
    id: int
    stored: int
    summed: int


@dataclass(frozen=True, slots=True)
class Accounts:
    movements: tuple[Movement, ...]
    disagreements: tuple[Disagreement, ...]  # of all time, whatever the period


@reading
async def accounts(tx: Transaction, since: datetime | None = None, until: datetime | None = None) -> Accounts:
    """Every movement in [since, until) by time, all read at one moment. Eight statements, however many there are."""
    found = [
        *await _payments(tx, since, until),
        *await _refunds(tx, since, until),
        *await _disputes(tx, since, until),
        *await _sessions(tx, since, until),
    ]
    # Sorting is stable: what happened at one instant stays in the order money, then sessions.
    found.sort(key=lambda each: each.at)
    return Accounts(tuple(found), await _disagreements(tx))


async def _payments(tx: Transaction, since: datetime | None, until: datetime | None) -> list[Movement]:
    within = _within(payments.c.paid_at, since, until)
    rows = await tx.all(_of_orders(payments.c.fee_minor, payments.c.paid_at).where(*within).order_by(payments.c.id))
    lines = []
    for row in rows:
        paid = {"reference": row["payment_ref"]}
        lines.append(_money(row, row["paid_at"], MoneyKind.PAYMENT, row["paid_minor"], **paid))
        if row["fee_minor"]:
            lines.append(_money(row, row["paid_at"], MoneyKind.FEE, -row["fee_minor"], **paid))
    return lines


async def _refunds(tx: Transaction, since: datetime | None, until: datetime | None) -> list[Movement]:
    """Those whose money went; of one that failed the way back, too, and when staff paid it in another way.

    Each line stays as it was once told, whatever becomes of the refund: a closed month stays closed.
    """
    rows = await tx.all(
        _of_orders(refunds)
        .join(refunds, refunds.c.payment_id == payments.c.id)
        .where(or_(refunds.c.done_at.is_not(None), refunds.c.by_hand_at.is_not(None)))
        .order_by(refunds.c.id)
    )
    lines = []
    for row in rows:
        told = {"reference": row["provider_ref"], "why": row["reason"] or row["cause"]}
        if row["done_at"] is not None:
            asked = row["amount_minor"] + row["trimmed_minor"]
            lines.append(_money(row, row["done_at"], MoneyKind.REFUND, -asked, **told))
            if row["failed_at"] is not None:
                lines.append(_money(row, row["failed_at"], MoneyKind.REFUND_FAILED, asked, **told))
        if row["by_hand_at"] is not None:
            lines.append(_money(row, row["by_hand_at"], MoneyKind.REFUND, -row["amount_minor"], **told))
            if row["replaced_at"] is not None:
                lines.append(_money(row, row["replaced_at"], MoneyKind.REFUND_REPLACED, row["amount_minor"], **told))
    return [each for each in lines if _is_within(each.at, since, until)]


async def _disputes(tx: Transaction, since: datetime | None, until: datetime | None) -> list[Movement]:
    rows = await tx.all(
        _of_orders(disputes, payments.c.lost_minor)
        .join(disputes, disputes.c.payment_id == payments.c.id)
        .order_by(disputes.c.payment_id, disputes.c.closed_at, disputes.c.id)
    )
    lines = []
    for _, of_payment in groupby(rows, lambda row: row["payment_id"]):
        known = list(of_payment)
        lost = [row for row in known if row["outcome"] is DisputeOutcome.LOST]
        shares = lost_shares(lost[0]["lost_minor"] if lost else 0, [row["amount_minor"] for row in lost])
        share_of = {row["id"]: share for row, share in zip(lost, shares, strict=True)}
        for row in known:
            told = {"reference": row["provider_ref"], "why": row["reason"]}
            lines.append(_money(row, row["opened_at"], MoneyKind.DISPUTE, 0, **told))
            if row["outcome"] is DisputeOutcome.WON:
                lines.append(_money(row, row["closed_at"], MoneyKind.DISPUTE_WON, 0, **told))
            elif row["outcome"] is DisputeOutcome.LOST:
                lines.append(_money(row, row["closed_at"], MoneyKind.DISPUTE_LOST, -share_of[row["id"]], **told))
    return [each for each in lines if _is_within(each.at, since, until)]


async def _sessions(tx: Transaction, since: datetime | None, until: datetime | None) -> list[Movement]:
    rows = await tx.all(
        _with_names(
            select(ledger, packs.c.order_id, orders.c.product_name)
            .join_from(ledger, packs, packs.c.id == ledger.c.pack_id)
            .outerjoin(orders, orders.c.id == packs.c.order_id),
            packs,
        )
        .where(*_within(ledger.c.at, since, until))
        .order_by(ledger.c.id)
    )
    return [
        Movement(
            **_whose(row),
            at=row["at"],
            kind=sessions_kind(row["kind"]),
            sessions=row["delta"],
            balance=row["balance"],
            why=row["reason"],
        )
        for row in rows
    ]


async def _disagreements(tx: Transaction) -> tuple[Disagreement, ...]:
    """Rule 1 for packs; for payments that what went is what its refunds and lost disputes say."""
    done = func.coalesce(_sum_of(refunds, refunds.c.state == RefundState.DONE), 0)
    lost = func.coalesce(_sum_of(disputes, disputes.c.outcome == DisputeOutcome.LOST), 0)
    gone = payments.c.refunded_minor + payments.c.lost_minor
    ways = [
        ("payment", payments.c.id, payments.c.refunded_minor, done, payments.c.refunded_minor != done),
        ("payment", payments.c.id, payments.c.lost_minor, lost, payments.c.lost_minor > lost),
        ("payment", payments.c.id, payments.c.amount_minor, gone, payments.c.amount_minor < gone),
    ]
    entries = select(func.coalesce(func.sum(ledger.c.delta), 0)).where(ledger.c.pack_id == packs.c.id).scalar_subquery()
    ways.append(("pack", packs.c.id, packs.c.remaining, entries, packs.c.remaining != entries))
    found = []
    for what, key, stored, summed, differs in ways:
        query = select(key.label("id"), stored.label("stored"), summed.label("summed")).where(differs).order_by(key)
        found += [Disagreement(what, row["id"], row["stored"], int(row["summed"])) for row in await tx.all(query)]
    return tuple(found)


def _sum_of(table: FromClause, condition: ColumnElement[bool]) -> Any:
    mine = table.c.payment_id == payments.c.id
    return select(func.sum(table.c.amount_minor)).where(mine, condition).correlate(payments).scalar_subquery()


def _of_orders(*more: Any) -> Select[Any]:
    """Payments with whose they are, and these columns beside."""
    figures = select(
        *more,
        payments.c.provider,
        payments.c.provider_ref.label("payment_ref"),
        payments.c.amount_minor.label("paid_minor"),
        payments.c.currency,
        payments.c.livemode,
        payments.c.order_id,
        packs.c.id.label("pack_id"),
        orders.c.product_name,
    )
    joined = figures.join_from(payments, orders, orders.c.id == payments.c.order_id)
    return _with_names(joined.outerjoin(packs, packs.c.order_id == orders.c.id), orders)


def _with_names(query: Select[Any], about: FromClause) -> Select[Any]:
    return (
        query.add_columns(
            about.c.community_id,
            about.c.student_id,
            communities.c.name.label("community"),
            _student.c.name.label("student"),
            _mentor.c.name.label("mentor"),
        )
        .join(communities, communities.c.id == about.c.community_id)
        .join(_student, _student.c.id == about.c.student_id)
        .join(_mentor, _mentor.c.id == about.c.mentor_id)
    )


def _money(row: RowMapping, at: datetime, kind: MoneyKind, amount_minor: int, **told: str | None) -> Movement:
    return Movement(
        **_whose(row),
        **told,  # type: ignore[arg-type]  # texts, by the names of fields that are texts
        at=at,
        kind=kind,
        provider=row["provider"],
        amount_minor=amount_minor,
        currency=row["currency"],
        live=row["livemode"],
    )


def _whose(row: RowMapping) -> dict[str, Any]:
    names = ("community_id", "community", "order_id", "pack_id", "student_id", "student", "mentor")
    return {"product": row["product_name"], **{name: row[name] for name in names}}


def _within(
    at: ColumnElement[datetime], since: datetime | None, until: datetime | None
) -> tuple[ColumnElement[bool], ...]:
    return (*(() if since is None else (at >= since,)), *(() if until is None else (at < until,)))


def _is_within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= at) and (until is None or at < until)
