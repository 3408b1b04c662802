"""Who teaches in a community, what they sell, and which seats are free: read models."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils
from sqlalchemy import RowMapping

from core.db import people
from core.db.unit import Transaction, reading
from core.rules.hours import WeeklyHours
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.choice import Choice
from core.usecases.community.set_up import Community, community_from

_MOST_CHOICES = 25  # Discord shows no more
_ALIKE = 60  # of 100, as rapidfuzz counts


@dataclass(frozen=True, slots=True)
class ProductCard:
    id: int
    name: str
    sessions: int
    validity_days: int
    price_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class MentorCard:
    """A mentor as the list shows them. `seats_free` is never below 0, whatever a lowered capacity leaves."""

    mentor_id: int
    user_id: int
    name: str
    time_zone: str
    session_minutes: int
    seats_free: int
    paused: bool
    products: tuple[ProductCard, ...]
    hours: tuple[WeeklyHours, ...]


@reading
async def mentors(tx: Transaction, guild_id: int) -> tuple[MentorCard, ...] | Refused:
    """Every mentor of the community, by name. Three statements, whatever the length."""
    rows = await people.mentors_of_guild(tx, guild_id)
    if not rows:
        return refuse(Reason.NOT_SET_UP)
    found = _teaching(rows)
    ids = [row["member_id"] for row in found]
    products = await people.products_of_mentors(tx, ids)
    hours = await people.hours_of_mentors(tx, ids)
    return tuple(_card(row, products, hours) for row in found)


@reading
async def find_mentors(tx: Transaction, guild_id: int, text: str) -> tuple[Choice, ...]:
    """The mentors whose names are like the text, the likest first; without a text the first by name."""
    rows = _teaching(await people.mentors_of_guild(tx, guild_id))
    if not text.strip():
        return tuple(Choice(row["member_id"], row["name"]) for row in rows[:_MOST_CHOICES])
    names = {row["member_id"]: row["name"] for row in rows}
    likest = process.extract(
        text,
        names,
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        limit=_MOST_CHOICES,
        score_cutoff=_ALIKE,
    )
    return tuple(Choice(mentor_id, name) for name, _score, mentor_id in likest)


@reading
async def products_of(tx: Transaction, guild_id: int, mentor_id: int) -> tuple[ProductCard, ...]:
    """What the mentor sells now; nothing if they do not teach in this guild."""
    community = await people.community_of_guild(tx, guild_id)
    if community is None or await people.mentor_of(tx, community["id"], mentor_id) is None:
        return ()
    return products_from(await people.products_of_mentors(tx, [mentor_id]), mentor_id)


@reading
async def community_of(tx: Transaction, guild_id: int) -> Community | None:
    """How the guild is set up, if it is."""
    row = await people.community_of_guild(tx, guild_id)
    return None if row is None else community_from(row)


def _teaching(rows: Iterable[RowMapping]) -> list[RowMapping]:
    return [row for row in rows if row["member_id"] is not None]


def _card(row: RowMapping, products: Sequence[RowMapping], hours: Sequence[RowMapping]) -> MentorCard:
    mentor_id = row["member_id"]
    return MentorCard(
        mentor_id=mentor_id,
        user_id=row["user_id"],
        name=row["name"],
        time_zone=row["time_zone"],
        session_minutes=row["session_minutes"],
        seats_free=max(row["capacity"] - row["occupied"], 0),
        paused=row["paused_at"] is not None,
        products=products_from(products, mentor_id),
        hours=tuple(
            WeeklyHours(each["weekday"], each["starts_minute"], each["ends_minute"])
            for each in hours
            if each["mentor_id"] == mentor_id
        ),
    )


def products_from(rows: Sequence[RowMapping], mentor_id: int) -> tuple[ProductCard, ...]:
    """Those of this mentor among stored rows."""
    return tuple(
        ProductCard(
            id=row["id"],
            name=row["name"],
            sessions=row["sessions"],
            validity_days=row["validity_days"],
            price_minor=row["price_minor"],
            currency=row["currency"],
        )
        for row in rows
        if row["mentor_id"] == mentor_id
    )
