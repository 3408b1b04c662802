"""What became of a student's sessions: every entry of the ledger, with who wrote it and why."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, select

from core.db.packs import earlier_of_pack
from core.db.tables import communities, history, ledger, members, orders, packs, sessions
from core.db.unit import Transaction, reading
from core.rules.refusals import Reason, Refused, refuse
from core.rules.states import EntryKind
from core.usecases.asker import Asker

PAGE = 10


@dataclass(frozen=True, slots=True)
class Meeting:
    """The session that an entry is about, and the verb of the change that wrote the entry, where it is known."""

    starts_at: datetime
    number: int
    verb: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a pack's balance. `by_name` is empty where no other member did it."""

    kind: EntryKind
    delta: int
    balance: int
    total: int
    at: datetime
    mentor_name: str
    by_name: str | None
    reason: str | None
    product_name: str | None
    meeting: Meeting | None


@dataclass(frozen=True, slots=True)
class Entries:
    """One page, counted from 0; there is always one, if an empty one."""

    entries: tuple[Entry, ...]
    page: int
    pages: int


@reading
async def history_of(tx: Transaction, asker: Asker, page: int = 0) -> Entries | Refused:
    """The asker's ledger as a student, the latest first. Two statements; a page that is not there is the nearest."""
    counted = await tx.one(
        select(members.c.id.label("member_id"), func.count(ledger.c.id).label("entries"))
        .select_from(communities)
        .outerjoin(members, (members.c.community_id == communities.c.id) & (members.c.user_id == asker.user_id))
        .outerjoin(packs, packs.c.student_id == members.c.id)
        .outerjoin(ledger, ledger.c.pack_id == packs.c.id)
        .where(communities.c.guild_id == asker.guild_id)
        .group_by(communities.c.id, members.c.id)
    )
    if counted is None:
        return refuse(Reason.NOT_SET_UP)
    pages = max(-(-counted["entries"] // PAGE), 1)
    page = min(max(page, 0), pages - 1)
    if not counted["entries"]:
        return Entries((), page, pages)
    return Entries(tuple(_entry(row) for row in await _page(tx, counted["member_id"], page)), page, pages)


async def _page(tx: Transaction, student_id: int, page: int) -> list[RowMapping]:
    mentor, actor = members.alias("mentor"), members.alias("actor")
    # An outcome, an undo, a waiver writes its entry and its change in one transaction, so at one instant.
    change = (
        select(history.c.verb)
        .where(history.c.entity == "session", history.c.entity_id == ledger.c.session_id, history.c.at == ledger.c.at)
        .order_by(history.c.id.desc())
        .limit(1)
        .correlate(ledger)
        .scalar_subquery()
    )
    rows = await tx.all(
        select(
            ledger,
            packs.c.student_id,
            packs.c.total,
            mentor.c.name.label("mentor_name"),
            actor.c.name.label("actor_name"),
            orders.c.product_name,
            sessions.c.starts_at,
            (earlier_of_pack(packs.c.id, sessions.c.starts_at) + 1).label("number"),
            change.label("verb"),
        )
        .join(packs, packs.c.id == ledger.c.pack_id)
        .join(mentor, mentor.c.id == packs.c.mentor_id)
        .outerjoin(actor, actor.c.id == ledger.c.actor_id)
        .outerjoin(orders, orders.c.id == packs.c.order_id)
        .outerjoin(sessions, sessions.c.id == ledger.c.session_id)
        .where(packs.c.student_id == student_id)
        .order_by(ledger.c.at.desc(), ledger.c.id.desc())
        .limit(PAGE)
        .offset(page * PAGE)
    )
    return list(rows)


def _entry(row: RowMapping) -> Entry:
    return Entry(
        kind=row["kind"],
        delta=row["delta"],
        balance=row["balance"],
        total=row["total"],
        at=row["at"],
        mentor_name=row["mentor_name"],
        by_name=None if row["actor_id"] == row["student_id"] else row["actor_name"],
        reason=row["reason"],
        product_name=row["product_name"],
        meeting=None if row["session_id"] is None else Meeting(row["starts_at"], row["number"], row["verb"]),
    )
