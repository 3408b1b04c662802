"""The history of a community for its staff: who changed what, when and why (rule 37)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, Subquery, and_, case, func, or_, select

from core.db.history import OF_PAIRS, concerns
from core.db.tables import (
    adjustments,
    disputes,
    history,
    members,
    notes,
    notices,
    orders,
    packs,
    payments,
    products,
    provider_events,
    refunds,
    seats,
    sessions,
)
from core.db.unit import Transaction, reading
from core.rules.hours import instant_of
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import Actor
from core.usecases.asker import Asker, staffed

PAGE = 10


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the history is asked for; days are the community's, both ends included.

    The member is known by their Discord id, or by ours on later pages, and concerned as whoever acted, as student or as
    mentor. `upto` is the newest row of the first page, so that later ones do not shift.
    """

    user_id: int | None = None
    member_id: int | None = None
    mentor_id: int | None = None
    since: date | None = None
    until: date | None = None
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One change, with the names of those whom it is about."""

    at: datetime
    entity: str
    entity_id: int
    before: str | None
    after: str
    verb: str
    actor: Actor
    by_name: str | None
    why: str | None
    facts: dict[str, Any]
    student_name: str | None
    mentor_name: str | None
    product_name: str | None
    starts_at: datetime | None
    notice: NoticeKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One page, counted from 0, and what was asked for. `member.id` 0: nobody whom we know."""

    entries: tuple[Audited, ...]
    page: int
    pages: int
    upto: int
    member: Named | None
    mentor: Named | None
    since: date | None
    until: date | None


@reading
async def audit(tx: Transaction, asker: Asker, wanted: Filter, page: int = 0) -> Audit | Refused:
    """The latest first. At most four statements; a page that is not there is the nearest."""
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return community
    people = await _people(tx, community["id"], wanted)
    mentor = people.get("mentor")
    if wanted.mentor_id is not None and mentor is None:
        return refuse(Reason.UNKNOWN_MENTOR)
    member = people.get("member")
    if member is None and (wanted.user_id is not None or wanted.member_id is not None):
        member = Named(0, "")
    asked = _asked(community, wanted, member, mentor)
    counted = await tx.one(select(func.count().label("rows"), func.max(history.c.id).label("upto")).where(asked))
    rows, upto = (counted["rows"], counted["upto"] or 0) if counted else (0, 0)
    pages = max(-(-rows // PAGE), 1)
    page = min(max(page, 0), pages - 1)
    found = await _page(tx, asked, page) if rows else ()
    return Audit(
        entries=tuple(_audited(row) for row in found),
        page=page,
        pages=pages,
        upto=upto,
        member=member,
        mentor=mentor,
        since=wanted.since,
        until=wanted.until,
    )


async def _people(tx: Transaction, community_id: int, wanted: Filter) -> dict[str, Named]:
    """Those whom the filter names, as this community knows them."""
    ids = [each for each in (wanted.member_id, wanted.mentor_id) if each is not None]
    if not ids and wanted.user_id is None:
        return {}
    rows = await tx.all(
        select(members.c.id, members.c.user_id, members.c.name).where(
            members.c.community_id == community_id, or_(members.c.id.in_(ids), members.c.user_id == wanted.user_id)
        )
    )
    found = {}
    for row in rows:
        if row["id"] == wanted.mentor_id:
            found["mentor"] = Named(row["id"], row["name"])
        if row["id"] == wanted.member_id or row["user_id"] == wanted.user_id:
            found["member"] = Named(row["id"], row["name"])
    return found


def _asked(community: RowMapping, wanted: Filter, member: Named | None, mentor: Named | None) -> ColumnElement[bool]:
    zone = ZoneInfo(community["time_zone"])
    asked: list[ColumnElement[bool]] = [history.c.community_id == community["id"]]
    if member is not None:
        asked.append(or_(history.c.actor_id == member.id, concerns(member.id)))
    if mentor is not None:
        asked.append(concerns(mentor.id, as_student=False))
    if wanted.since is not None:
        asked.append(history.c.at >= instant_of(wanted.since, 0, zone))
    if wanted.until is not None:
        asked.append(history.c.at < instant_of(wanted.until + timedelta(days=1), 0, zone))
    if wanted.upto is not None:
        asked.append(history.c.id <= wanted.upto)
    return and_(*asked)


async def _page(tx: Transaction, asked: ColumnElement[bool], page: int) -> Sequence[RowMapping]:
    """The rows with the names that they are told with: joined to the few of the page, not to the whole history."""
    of = select(history).where(asked).order_by(history.c.id.desc()).limit(PAGE).offset(page * PAGE).subquery("of")
    student, mentor, actor = members.alias("student"), members.alias("mentor"), members.alias("actor")
    pack_id, order_id = (
        case((of.c.entity == "pack", of.c.entity_id), else_=adjustments.c.pack_id),
        case((of.c.entity == "order", of.c.entity_id), else_=payments.c.order_id),
    )
    itself = {each: case((of.c.entity == each, of.c.entity_id)) for each in ("member", "mentor")}
    students = [itself["member"], *(table.c.student_id for table in OF_PAIRS.values())]
    mentors = [itself["mentor"], *(table.c.mentor_id for table in OF_PAIRS.values()), products.c.mentor_id]
    return await tx.all(
        select(
            of,
            student.c.name.label("student_name"),
            mentor.c.name.label("mentor_name"),
            actor.c.name.label("by_name"),
            func.coalesce(orders.c.product_name, products.c.name).label("product_name"),
            sessions.c.starts_at,
            notices.c.kind.label("notice"),
        )
        .select_from(of)
        .outerjoin(seats, _is(of, "seat", seats.c.id))
        .outerjoin(sessions, _is(of, "session", sessions.c.id))
        .outerjoin(products, _is(of, "product", products.c.id))
        .outerjoin(notices, _is(of, "notice", notices.c.id))
        .outerjoin(notes, _is(of, "note", notes.c.id))
        .outerjoin(provider_events, _is(of, "event", provider_events.c.id))
        .outerjoin(adjustments, _is(of, "adjustment", adjustments.c.id))
        .outerjoin(packs, packs.c.id == pack_id)
        .outerjoin(refunds, _is(of, "refund", refunds.c.id))
        .outerjoin(disputes, _is(of, "dispute", disputes.c.id))
        .outerjoin(payments, payments.c.id == func.coalesce(refunds.c.payment_id, disputes.c.payment_id))
        .outerjoin(orders, orders.c.id == func.coalesce(order_id, provider_events.c.order_id))
        .outerjoin(student, student.c.id == func.coalesce(*students))
        .outerjoin(mentor, mentor.c.id == func.coalesce(*mentors))
        .outerjoin(actor, actor.c.id == of.c.actor_id)
        .order_by(of.c.id.desc())
    )


def _is(of: Subquery, entity: str, key: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(of.c.entity == entity, key == of.c.entity_id)


def _audited(row: RowMapping) -> Audited:
    return Audited(
        at=row["at"],
        entity=row["entity"],
        entity_id=row["entity_id"],
        before=row["before"],
        after=row["after"],
        verb=row["verb"],
        actor=row["actor"],
        by_name=row["by_name"],
        why=row["why"],
        facts=row["facts"] or {},
        student_name=row["student_name"],
        mentor_name=row["mentor_name"],
        product_name=row["product_name"],
        starts_at=row["starts_at"],
        notice=row["notice"],
    )
