"""What is held of one member: the rows that are theirs, and the writes after which they are nobody's (rule 38)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, delete, func, not_, or_, select, update
from sqlalchemy.sql.dml import Delete, Update

from core.db import tables
from core.db.history import concerns
from core.db.orders import MONEY_MOVES
from core.db.unit import Transaction
from core.rules.states import Actor, NoticeState, PackState, RefundState, SeatState, SessionState

NOT_HELD: Mapping[str, str] = {
    "communities": "is about nobody",
    "comparisons": "is about nobody",
    "members": "is the member",
    "calendar_blocks": "repeats the sessions",
    "codes": "is about nobody; an order that used one names it",
}
"""Tables without rows that tell more of a member, and why."""

ERASED_NOTICE = "the member was erased"


def pseudonym(member_id: int) -> str:
    """By what name an erased member stands in the books."""
    return f"erased-{member_id}"


def holdings(member_id: int) -> Mapping[str, Select[Any]]:
    """Every row that is about this member, by table; of pairs in which they are the mentor seats and sessions alone.

    Orders, packs and what was written about them are their student's.
    """
    own_orders, own_packs = _own(tables.orders, member_id), _own(tables.packs, member_id)
    own_payments = select(tables.payments.c.id).where(tables.payments.c.order_id.in_(own_orders))
    waiting = select(tables.waiting_list.c.id).where(tables.waiting_list.c.member_id == member_id)
    return {
        **{table.name: _rows(table, table.c.mentor_id == member_id) for table in _OF_MENTOR},
        "mentors": _rows(tables.mentors, tables.mentors.c.member_id == member_id),
        **{table.name: _rows(table, _on_either_side(table, member_id)) for table in (tables.seats, tables.sessions)},
        **{table.name: _rows(table, table.c.student_id == member_id) for table in (tables.orders, tables.packs)},
        **{table.name: _rows(table, table.c.pack_id.in_(own_packs)) for table in (tables.ledger, tables.adjustments)},
        **{
            table.name: _rows(table, table.c.order_id.in_(own_orders))
            for table in (tables.checkouts, tables.payments, tables.provider_events)
        },
        **{
            table.name: _rows(table, table.c.payment_id.in_(own_payments))
            for table in (tables.refunds, tables.disputes)
        },
        "notes": _rows(tables.notes, tables.notes.c.student_id == member_id),
        "waiting_list": _rows(tables.waiting_list, tables.waiting_list.c.member_id == member_id),
        "offers": _rows(tables.offers, tables.offers.c.waiting_id.in_(waiting)),
        "notices": _rows(tables.notices, tables.notices.c.to_member_id == member_id),
        "history": _rows(tables.history, _told_of(member_id)),
    }


def acts(member_id: int) -> Select[Any]:
    """What they did to what is not theirs: when and what. Why, and to whom, is the others'."""
    history = tables.history.c
    done = and_(history.actor_id == member_id, not_(_told_of(member_id)))
    return select(history.at, history.entity, history.verb).where(done).order_by(history.id)


_OF_MENTOR = (tables.mentor_hours, tables.mentor_overrides, tables.products)


def _rows(table: Table, condition: ColumnElement[bool]) -> Select[Any]:
    return select(table).where(condition).order_by(*table.primary_key.columns)


def _own(table: Table, member_id: int) -> Select[Any]:
    return select(table.c.id).where(table.c.student_id == member_id)


def _on_either_side(table: Table, member_id: int) -> ColumnElement[bool]:
    return or_(table.c.student_id == member_id, table.c.mentor_id == member_id)


def _told_of(member_id: int) -> ColumnElement[bool]:
    """Changes of what is theirs as a student, and of themselves."""
    history = tables.history.c
    as_mentor = and_(history.entity == "mentor", history.entity_id == member_id)
    return or_(concerns(member_id, as_mentor=False), as_mentor)


async def members_of_user(
    tx: Transaction, user_id: int, guild_id: int | None, *, lock: bool = False
) -> Sequence[RowMapping]:
    """This Discord user as each community, or the one of that guild, knows them.

    Under a lock nobody else opens anything for them until the transaction ends, and who is erased is not found twice.
    """
    members, communities = tables.members, tables.communities
    found = (
        select(members, communities.c.guild_id, communities.c.name.label("community_name"))
        .join(communities, communities.c.id == members.c.community_id)
        .where(members.c.user_id == user_id)
        .order_by(members.c.id)
    )
    if guild_id is not None:
        found = found.where(communities.c.guild_id == guild_id)
    return await tx.all(found.with_for_update(of=members) if lock else found)


async def names_of(tx: Transaction, member_ids: set[int]) -> Mapping[int, str]:
    members = tables.members
    rows = await tx.all(select(members.c.id, members.c.name).where(members.c.id.in_(member_ids)))
    return {row["id"]: row["name"] for row in rows}


async def ties_of(tx: Transaction, member_id: int) -> RowMapping:
    """What is open of this member."""
    orders, refunds, disputes, payments = tables.orders, tables.refunds, tables.disputes, tables.payments
    seats, sessions, packs, mentors = tables.seats, tables.sessions, tables.packs, tables.mentors
    unsettled = orders.c.state.in_(MONEY_MOVES)
    owed = refunds.c.state.in_((RefundState.INTENDED, RefundState.FAILED))
    own_payments = select(payments.c.id).where(payments.c.order_id.in_(_own(orders, member_id)))
    return (
        (
            await tx.run(
                select(
                    _count(mentors, mentors.c.member_id == member_id, mentors.c.removed_at.is_(None)).label("teaches"),
                    _count(orders, orders.c.student_id == member_id, unsettled).label("orders"),
                    _count(refunds, refunds.c.payment_id.in_(own_payments), owed).label("refunds"),
                    _count(disputes, disputes.c.payment_id.in_(own_payments), disputes.c.closed_at.is_(None)).label(
                        "disputes"
                    ),
                    _count(seats, _on_either_side(seats, member_id), seats.c.state != SeatState.RELEASED).label(
                        "seats"
                    ),
                    _count(
                        sessions, _on_either_side(sessions, member_id), sessions.c.state == SessionState.SCHEDULED
                    ).label("booked"),
                    select(func.coalesce(func.sum(packs.c.remaining - packs.c.held), 0))
                    .where(packs.c.student_id == member_id, packs.c.state == PackState.ACTIVE)
                    .scalar_subquery()
                    .label("left"),
                )
            )
        )
        .mappings()
        .one()
    )


def _count(table: Table, *conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()


async def counts_of(tx: Transaction, member_id: int) -> Mapping[str, int]:
    """How many rows of each table are theirs."""
    counted = await tx.one(
        select(
            *(
                select(func.count()).select_from(rows.order_by(None).subquery()).scalar_subquery().label(name)
                for name, rows in holdings(member_id).items()
            )
        )
    )
    return dict(counted or {})


@dataclass(frozen=True, slots=True)
class InDiscord:
    """What Discord has of them by us, by its ids: private threads with what was said there, and roles of students."""

    threads: tuple[int, ...]
    roles: tuple[int, ...]


async def in_discord(tx: Transaction, member_id: int) -> InDiscord:
    seats = tables.seats
    rows = await tx.all(
        select(seats.c.thread_id, seats.c.role_id, seats.c.student_id).where(_on_either_side(seats, member_id))
    )
    threads = {row["thread_id"] for row in rows} - {None}
    roles = {row["role_id"] for row in rows if row["student_id"] == member_id} - {None}
    return InDiscord(tuple(sorted(threads)), tuple(sorted(roles)))


async def make_nobody(tx: Transaction, member_id: int) -> None:
    """Whoever they were, these rows no longer tell. What happened stays, and money, under a pseudonym.

    One statement after the other: two of them may change one row of the history.
    """
    for write in _erasures(tx, member_id):
        await tx.run(write)


def _erasures(tx: Transaction, member_id: int) -> list[Update | Delete]:
    own_packs = _own(tables.packs, member_id)
    return [
        _rename(tx, member_id),
        *(
            delete(table).where(table.c.mentor_id == member_id)
            for table in (tables.mentor_hours, tables.mentor_overrides)
        ),
        update(tables.mentors)
        .where(tables.mentors.c.member_id == member_id)
        .values(time_zone="Etc/UTC", student_role_id=None),
        delete(tables.notes).where(tables.notes.c.student_id == member_id),
        update(tables.ledger)
        .where(tables.ledger.c.pack_id.in_(own_packs), tables.ledger.c.reason.is_not(None))
        .values(reason=None),
        update(tables.adjustments).where(tables.adjustments.c.pack_id.in_(own_packs)).values(reason=""),
        update(tables.refunds).where(tables.refunds.c.payment_id.in_(_own_payments(member_id))).values(reason=None),
        *_of_history(member_id),
        *_of_notices(tx, member_id),
        update(tables.seats).where(_on_either_side(tables.seats, member_id)).values(thread_id=None),
        # A role that waits to be taken cannot be any more: nobody knows from whom.
        update(tables.seats).where(tables.seats.c.student_id == member_id).values(role_due_at=None, role_id=None),
        update(tables.waiting_list)
        .where(tables.waiting_list.c.member_id == member_id, tables.waiting_list.c.left_at.is_(None))
        .values(left_at=tx.now),
    ]


def _own_payments(member_id: int) -> Select[Any]:
    return select(tables.payments.c.id).where(tables.payments.c.order_id.in_(_own(tables.orders, member_id)))


def _rename(tx: Transaction, member_id: int) -> Update:
    """Discord has no negative ids: the same person who comes back is somebody else to us."""
    gone = dict.fromkeys(("time_zone", "locale", "email", "dm_closed_at", "gone_at"))
    return (
        update(tables.members)
        .where(tables.members.c.id == member_id)
        .values(user_id=-member_id, name=pseudonym(member_id), erased_at=tx.now, **gone)
    )


def _of_history(member_id: int) -> list[Update]:
    """Words that people typed about them are taken away, and what they chose for themselves; the steps stay."""
    history = tables.history
    typed = history.c.actor == Actor.MEMBER
    themselves = and_(history.c.entity.in_(("member", "mentor")), history.c.entity_id == member_id)
    # The reason for which a mentor was removed stands with everything that ended by it.
    removed = and_(concerns(member_id, as_student=False), history.c.verb == "remove")
    return [
        update(history).where(themselves).values(why=None, facts=None),
        update(history).where(typed, or_(concerns(member_id, as_mentor=False), removed)).values(why=None),
    ]


def _of_notices(tx: Transaction, member_id: int) -> list[Update]:
    notices = tables.notices
    theirs = notices.c.to_member_id == member_id
    unsent = notices.c.state.in_((NoticeState.PENDING, NoticeState.QUEUED, NoticeState.DEAD))
    return [
        update(notices).where(theirs).values(message_id=None),
        update(notices).where(theirs, unsent).values(state=NoticeState.DROPPED, why=ERASED_NOTICE, ended_at=tx.now),
    ]
