"""Rows for tests, each as the use cases leave it, to be changed in the one point that a test is about.

    pair = await a_pair(db)  # an active seat, a pack of four, nothing booked
    await a_session(db, pair, starts_at=NOW + 2 * DAY)

Every builder writes in one transaction, at the database's clock: its own, or that of `together`. `**row` overrides
columns.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, func, insert, select, update

from core.db import tables
from core.db.unit import Database, Transaction
from core.rules.hours import WeeklyHours
from core.rules.notices import NoticeKind
from core.rules.states import EntryKind, OrderState, PackState, SeatState, SessionState
from core.usecases.asker import Asker
from tests.together import together

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
STAFF_ROLE = 700
STAFF_CHANNEL = 701
DAILY_9_TO_17 = tuple(WeeklyHours(weekday, 9 * 60, 17 * 60) for weekday in range(7))

BESIDE_EXPIRY = tables.notices.c.kind.not_in([NoticeKind.PACK_EXPIRES, NoticeKind.PACK_EXPIRES_SOON])
"""The notices but for those before a pack expires, which whatever gives a student sessions owes along with its own."""

_discord_ids = count(1_000_000)


@dataclass(frozen=True, slots=True)
class Community:
    id: int
    guild_id: int


@dataclass(frozen=True, slots=True)
class Person:
    """A member, and the same one as they ask for something."""

    id: int
    community: Community
    user_id: int
    name: str

    @property
    def asker(self) -> Asker:
        return Asker(self.community.guild_id, self.user_id, self.name)


@dataclass(frozen=True, slots=True)
class Pair:
    """A student with a seat at a mentor."""

    community: Community
    mentor: Person
    student: Person
    product_id: int
    seat_id: int
    pack_id: int

    @property
    def staff(self) -> Asker:
        return staff_of(self.community)


def staff_of(community: Community) -> Asker:
    """Somebody with the staff role, whom the database need not know yet."""
    return Asker(community.guild_id, 99, "Sam", frozenset({STAFF_ROLE}))


def owner_of(community: Community) -> Asker:
    """Somebody with Discord's Manage Server permission."""
    return Asker(community.guild_id, 98, "Olga", manages_guild=True)


async def a_community(db: Database, **row: Any) -> Community:
    """A guild that is set up, in Berlin's time and euros."""
    values = {
        "guild_id": next(_discord_ids),
        "name": "Chess Club",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "staff_role_id": STAFF_ROLE,
        "staff_channel_id": STAFF_CHANNEL,
        "settings": {},
        **row,
    }
    async with db.begin() as tx:
        return Community(await _insert(tx, tables.communities, created_at=tx.now, **values), values["guild_id"])


async def a_member(db: Database, community: Community, name: str = "Stu", **row: Any) -> Person:
    values = {"user_id": next(_discord_ids), "name": name, **row}
    async with db.begin() as tx:
        member_id = await _insert(tx, tables.members, community_id=community.id, created_at=tx.now, **values)
    return Person(member_id, community, values["user_id"], name)


async def a_mentor(
    db: Database,
    community: Community,
    name: str = "Mara",
    hours: Iterable[WeeklyHours] = DAILY_9_TO_17,
    **row: Any,
) -> Person:
    """A mentor of five seats and hours from 9 to 17 UTC on every day; no buffer, a day's notice, sixty days ahead."""
    values = {
        "time_zone": "Etc/UTC",
        "capacity": 5,
        "session_minutes": 60,
        "buffer_minutes": 0,
        "notice_hours": 24,
        "horizon_days": 60,
        **row,
    }
    person = await a_member(db, community, name)
    async with db.begin() as tx:
        await tx.run(
            insert(tables.mentors).values(member_id=person.id, community_id=community.id, created_at=tx.now, **values)
        )
        opened = [
            {
                "mentor_id": person.id,
                "weekday": each.weekday,
                "starts_minute": each.starts_minute,
                "ends_minute": each.ends_minute,
            }
            for each in hours
        ]
        if opened:
            await tx.run(insert(tables.mentor_hours).values(opened))
    return person


async def a_product(db: Database, mentor: Person, **row: Any) -> int:
    """Four sessions within sixty days, for 200 euros."""
    values = {
        "name": "Four sessions",
        "sessions": 4,
        "validity_days": 60,
        "price_minor": 20_000,
        "currency": "EUR",
        **row,
    }
    async with db.begin() as tx:
        return await _insert(
            tx,
            tables.products,
            community_id=mentor.community.id,
            mentor_id=mentor.id,
            created_at=tx.now,
            **values,
        )


async def a_seat(db: Database, student: Person, mentor: Person, state: SeatState = SeatState.ACTIVE, **row: Any) -> int:
    """A seat in this state; in grace it ends in three days, unless `grace_ends_at` says otherwise."""
    async with db.begin() as tx:
        values = {
            "grace_ends_at": tx.now + 3 * DAY if state is SeatState.GRACE else None,
            "grace_number": 1 if state is SeatState.GRACE else 0,
            "released_at": tx.now if state is SeatState.RELEASED else None,
            **row,
        }
        return await _insert(
            tx,
            tables.seats,
            community_id=mentor.community.id,
            student_id=student.id,
            mentor_id=mentor.id,
            state=state,
            created_at=tx.now,
            **values,
        )


async def an_order(
    db: Database, student: Person, product_id: int, state: OrderState = OrderState.OPEN, **row: Any
) -> int:
    """An order of this product as it is now, with a Stripe checkout: open for 35 minutes, or closed."""
    async with db.begin() as tx:
        product = await _row(tx, tables.products, product_id)
        unsettled = state in (OrderState.OPEN, OrderState.PENDING)
        mentor = await tx.one(
            select(tables.mentors.c.session_minutes).where(tables.mentors.c.member_id == product["mentor_id"])
        )
        values = {
            "pay_token": secrets.token_urlsafe(16),
            "product_name": product["name"],
            "sessions": product["sessions"],
            "session_minutes": mentor["session_minutes"] if mentor else 60,
            "validity_days": product["validity_days"],
            "price_minor": product["price_minor"],
            "discount_minor": 0,
            "due_minor": product["price_minor"],
            "currency": product["currency"],
            "pending_at": tx.now if state is OrderState.PENDING else None,
            "settled_at": None if unsettled else tx.now,
            **row,
        }
        order_id = await _insert(
            tx,
            tables.orders,
            community_id=product["community_id"],
            student_id=student.id,
            mentor_id=product["mentor_id"],
            product_id=product_id,
            state=state,
            created_at=tx.now,
            **values,
        )
        await _insert(
            tx,
            tables.checkouts,
            order_id=order_id,
            provider="stripe",
            provider_ref=f"cs_test_{order_id}",
            url=f"https://checkout.example/{order_id}",
            created_at=tx.now,
            opened_at=tx.now,
            expires_at=tx.now + timedelta(minutes=35),
            closed_at=None if unsettled else tx.now,
        )
        return order_id


async def a_pack(
    db: Database,
    student: Person,
    product_id: int,
    *,
    total: int = 4,
    expires_at: datetime | None = None,
    **row: Any,
) -> int:
    """A pack that was bought and paid: a fulfilled order with its payment, and the ledger's first entry."""
    order_id = await an_order(db, student, product_id, OrderState.FULFILLED, sessions=total)
    async with db.begin() as tx:
        order = await _row(tx, tables.orders, order_id)
        values = {
            "state": PackState.ACTIVE,
            "total": total,
            "remaining": total,
            "session_minutes": order["session_minutes"],
            "expires_at": expires_at or tx.now + timedelta(days=order["validity_days"]),
            **row,
        }
        pack_id = await _insert(
            tx,
            tables.packs,
            community_id=order["community_id"],
            student_id=student.id,
            mentor_id=order["mentor_id"],
            order_id=order_id,
            created_at=tx.now,
            **values,
        )
        await _insert(
            tx,
            tables.payments,
            order_id=order_id,
            provider="stripe",
            provider_ref=f"pi_test_{order_id}",
            amount_minor=order["due_minor"],
            tax_minor=0,
            currency=order["currency"],
            livemode=False,
            paid_at=tx.now,
            recorded_at=tx.now,
        )
        await _insert(
            tx, tables.ledger, pack_id=pack_id, kind=EntryKind.PURCHASE, delta=total, balance=total, at=tx.now
        )
        if used := total - values["remaining"]:
            # Not spelled out session by session: one correction by staff says the same to the ledger's sum.
            await _insert(
                tx,
                tables.ledger,
                pack_id=pack_id,
                kind=EntryKind.ADJUST,
                delta=-used,
                balance=total - used,
                reason="used before this test",
                at=tx.now,
            )
        return pack_id


async def a_pair(
    db: Database,
    *,
    community: Community | None = None,
    mentor: Person | None = None,
    student: Person | None = None,
    seat: SeatState = SeatState.ACTIVE,
    **pack: Any,
) -> Pair:
    """A student with an active seat and a fresh pack of four, at a mentor with hours and a product.

    People who are not given are made; `**pack` goes to `a_pack`.
    """
    known = mentor or student
    async with together(db) as rows:
        place = known.community if known else community or await a_community(rows)
        mentor = mentor or await a_mentor(rows, place)
        student = student or await a_member(rows, place)
        product_id = await _product_of(rows, mentor)
        seat_id = await a_seat(rows, student, mentor, seat)
        pack_id = await a_pack(rows, student, product_id, **pack)
    return Pair(place, mentor, student, product_id, seat_id, pack_id)


async def _product_of(db: Database, mentor: Person) -> int:
    products = tables.products
    async with db.look() as tx:
        found: int | None = await tx.value(
            select(products.c.id).where(products.c.mentor_id == mentor.id).order_by(products.c.id).limit(1)
        )
    return await a_product(db, mentor) if found is None else found


async def a_session(
    db: Database, pair: Pair, starts_at: datetime, *, pack_id: int | None = None, buffer_minutes: int = 0
) -> int:
    """A scheduled session of the pair, held by its pack, with both calendars blocked."""
    async with db.begin() as tx:
        pack = await _row(tx, tables.packs, pack_id or pair.pack_id)
        ends_at = starts_at + timedelta(minutes=pack["session_minutes"])
        await tx.run(update(tables.packs).where(tables.packs.c.id == pack["id"]).values(held=tables.packs.c.held + 1))
        session_id = await _insert(
            tx,
            tables.sessions,
            community_id=pair.community.id,
            student_id=pair.student.id,
            mentor_id=pair.mentor.id,
            pack_id=pack["id"],
            state=SessionState.SCHEDULED,
            starts_at=starts_at,
            ends_at=ends_at,
            booked_at=tx.now,
        )
        for member, until in (
            (pair.student, ends_at),
            (pair.mentor, ends_at + timedelta(minutes=buffer_minutes)),
        ):
            await _insert(
                tx,
                tables.calendar_blocks,
                member_id=member.id,
                session_id=session_id,
                starts_at=starts_at,
                ends_at=until,
                live=True,
            )
        return session_id


async def row_of(db: Database, table: Table, row_id: int) -> RowMapping:
    """The row with this id; a mentor's is their member id."""
    async with db.look() as tx:
        return await _row(tx, table, row_id)


async def rows_of(db: Database, table: Table, *conditions: ColumnElement[bool]) -> list[RowMapping]:
    """The rows that meet the conditions, in the order in which they were written."""
    async with db.look() as tx:
        return list(await tx.all(select(table).where(*conditions).order_by(*table.primary_key.columns)))


async def count_of(db: Database, table: Table, *conditions: ColumnElement[bool]) -> int:
    async with db.look() as tx:
        counted: int = await tx.value(select(func.count()).select_from(table).where(*conditions))
        return counted


async def _row(tx: Transaction, table: Table, row_id: int) -> RowMapping:
    (key,) = table.primary_key.columns
    return (await tx.run(select(table).where(key == row_id))).mappings().one()


async def _insert(tx: Transaction, table: Table, **values: Any) -> int:
    made: int = await tx.value(insert(table).values(**values).returning(table.c.id))
    return made
